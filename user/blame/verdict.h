/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict.h - the answer of blame, with all the evidence that a reader needs to doubt it.
 *
 * Made by blame_run() (blame.h), read by renderers and by the command line. It owns everything in
 * it and borrows nothing from the timeline. Read-only once made, from any thread. Levels are in the
 * unit that `measure` says; with MEASURE_CORES they are busy CPUs (CPU-seconds per second).
 */
#ifndef BLAME_VERDICT_H
#define BLAME_VERDICT_H

#include "base/compiler.h"
#include "model/pressure.h"

enum verdict_kind {
	VERDICT_NAMED = 1,	     /* one process, with the error that was asked for */
	VERDICT_SHORTLIST,	     /* tied to the incidents, but more than one may be the cause */
	VERDICT_SCHEDULE_CONFOUNDED, /* tied to a clock that the incidents share */
	VERDICT_CPU_DID_NOT_RISE,    /* nothing took more CPU than it does anyway */
	VERDICT_NEED_MORE,	     /* too few recurrences or too short a history */
};

enum verdict_role {
	ROLE_CULPRIT = 1, /* the named one */
	ROLE_SUSPECT,	  /* took more CPU during the incidents */
	ROLE_VICTIM,	  /* lost CPU during the incidents */
	ROLE_REACTS,	  /* took more CPU because of them; told by terms of direction only */
};

enum verdict_measure {
	MEASURE_CORES = 1, /* CPU-seconds per second */
	MEASURE_SAMPLES,   /* samples per second: nobody knows what one is worth */
	MEASURE_SHARE,	   /* share of the window's samples: its length is unknown */
};

/* Which part of the evidence a stretch of time belongs to. */
enum verdict_side {
	SIDE_NEITHER = 0, /* guard, gap or outside the history */
	SIDE_INCIDENT,
	SIDE_BASELINE,
};

struct blame_incident {
	int64_t from_ns, until_ns; /* wall clock, until excluded */
};

/* What the rise of a process came after, if that is known. */
enum direction_after {
	DIRECTION_AFTER_NOTHING = 0, /* nothing, or slots too coarse to tell */
	DIRECTION_AFTER_ENTITY = 1,
	DIRECTION_AFTER_VICTIMS = 2, /* the loss of CPU of the victims */
};

/* Step E: who started it. Nats that were added to the rank, each weak and bounded. */
struct verdict_direction {
	double onset;	     /* 0 .. -recurrences: another one came first */
	double dose;	     /* -1 .. 1: its level precedes what the victims lose */
	double displacement; /* -1 .. 0: on a full node it took less than others lost */
	double signature;    /* -ln 2: what rose in it is waiting, retrying, logging */
	uint32_t timed;	     /* incidents in which the start of its rise is clear */
	double lag_s;	     /* mean of those, seconds after the label's start */
	double after_loss; /* standard errors by which it rose after the victims fell; < 0: before */
	uint32_t loss_timed; /* incidents in which that could be compared */
	bool late;	     /* no loss to compare with, and it rose after the label's start */
	enum direction_after after;
	double behind_s;       /* seconds after that, mean */
	uint32_t after_entity; /* private: number in the timeline */
};

/* What one process did in one recurrence. */
struct verdict_recurrence {
	double level;  /* in the incident */
	double usual;  /* what it is measured against: near it and at its time of day, the larger
			  median (of a victim the smaller) */
	double change; /* level - usual */
	bool busy;     /* at or above the level of its weakest hit */
	bool hit;      /* and above what is usual */
	bool timed;    /* is it clear when its change began? */
	double onset_s, onset_error_s; /* after the marked start, and its standard error */
};

#define VERDICT_MAX_WHY 8

#define VERDICT_MAX_WHY 8

/* All there is to say about one process. */
struct verdict_evidence {
	uint32_t rank;				/* 1: first of entity_cnt */
	double tau;				/* from this level on it counts as busy */
	double threshold;			/* nats of log_bf from which one is linked */
	struct verdict_recurrence *recurrences; /* as many as the verdict has, by time */
	char *why[VERDICT_MAX_WHY];		/* why it is not named: half sentences; owned */
	size_t why_cnt;				/* 0: it is named */
};

/* What the kernel says of waiting for one resource; shares of the time. */
struct verdict_pressure {
	double baseline; /* median of the stretches */
	double incident; /* mean of the incidents */
	uint32_t rose;	 /* in so many incidents it rose, */
	uint32_t of;	 /* of so many where it is known; 0: nothing is known of it */
	bool has_risen;	 /* and that is no luck */
};

struct verdict_entity {
	struct str name; /* owned, raw bytes */
	enum verdict_role role;
	bool linked;	    /* step C: more than luck ties it to the incidents */
	bool clock_shared;  /* linked only if the schedule they share is overlooked */
	bool flat;	    /* f rests on no busy block at all: the history is the limit */
	double posterior;   /* 0..1 of being the cause, something unsampled included */
	double log_bf;	    /* nats for "tied to the incidents" against "luck" */
	double e_false;	    /* innocent processes expected to match as well by luck */
	double p_adj;	    /* other times that show somebody like this; NAN: unknown (shift.h) */
	uint32_t place_cnt; /* so many other times were looked at; 0: none */
	double f;	    /* share of the baseline in which it is that busy */
	double delta;	    /* rise, averaged over the incidents; negative for victims */
	double delta_low, delta_high;	   /* 95 % block bootstrap of it */
	double incident;		   /* level, averaged over the incidents */
	double baseline;		   /* median level of the baseline blocks */
	double baseline_p10, baseline_p90; /* and the band of the middle 80 % */
	uint32_t hits;			   /* incidents in which it was that busy */
	uint32_t runs;			   /* hits that are separate: it was seen calm in between */
	uint32_t tie_group; /* equal numbers > 0: the evidence does not order them; 0 = alone */
	struct verdict_direction direction;
	struct str after; /* owned: name of the process whose rise came first; NULL: none */
	double *levels;	  /* recurrences of them, in order of time */
	bool *hit;	  /* recurrences of them */
	struct verdict_evidence
		*evidence; /* owned; of suspects and of who was asked about, else NULL */
};

/*
 * One cause of several (causes.h), or the only one that is named. When there are more, the evidence of
 * its suspect, rise and levels "in incidents" included, is that of the incidents it was judged by.
 */
struct verdict_cause {
	size_t suspect;	     /* number of it in `suspects` */
	uint32_t *incidents; /* that it explains: their numbers, by time; owned */
	uint32_t incident_cnt;
	uint32_t judged; /* incidents it was judged by: those that nobody else explains */
	double choices;	 /* sets of so many incidents that evidence and E_false are charged for */
};

struct verdict {
	enum verdict_kind kind;
	enum verdict_measure measure;
	uint32_t recurrences;	 /* incidents that were looked at: merged, those without data out */
	int64_t needed;		 /* recurrences that would do, all together; -1 = does not apply */
	double history_needed_s; /* baseline that would do instead; 0 = does not apply */

	struct verdict_entity *suspects; /* best first: culprit, suspects */
	size_t suspect_cnt;
	struct verdict_entity *victims; /* greatest loss first */
	size_t victim_cnt;

	struct verdict_cause *causes; /* of a "named" verdict; as many as there are culprits */
	size_t cause_cnt;
	/* incidents that no cause explains, and who leads there, not surely; owned; NULL: nobody */
	uint32_t open_cnt;
	struct str open_leader;

	uint32_t entity_cnt;   /* processes that had any CPU */
	uint32_t linked_cnt;   /* of them, tied to the incidents */
	uint32_t block_cnt;    /* baseline blocks, */
	uint64_t block_ns;     /* each of this length */
	double baseline_s;     /* seconds of baseline watched */
	uint64_t guard_ns;     /* largest stretch beside an incident that was left out, */
	uint64_t guard_min_ns; /* and the smallest */
	uint64_t period_ns;    /* shortest period that the incidents' starts share; 0 = none */
	uint32_t phase_cnt;    /* times at that phase without an incident */
	double capacity;       /* of the node, in the unit of the levels; 0 = unknown */
	double node_incident, node_baseline; /* all processes together; baseline: median */
	double rise;  /* sum of all processes' rises, averaged over the incidents */
	double noise; /* the rise that mere luck would give (mean of the baseline + 2 sd) */
	double lost;  /* share of samples lost in the windows used */
	struct verdict_pressure pressure[PRESSURE_CNT];

	int64_t history_from_ns, history_until_ns;
	struct blame_incident *incidents; /* `recurrences` of them, by time */
	struct blame_incident *windows;	  /* the whole windows that stand for each: what to read
					     from a store */
	struct blame_incident *baseline;  /* stretches that the baseline is made of, by time */
	size_t baseline_cnt;
	struct verdict_entity *explained; /* whom somebody asked about, as in the lists, of which it
					     need not be; NULL: nobody asked */
	char **notes;			  /* one sentence each: what a reader must know */
	size_t note_cnt;
};

void verdict_free(struct verdict *v); /* NULL and half-built are fine */
void verdict_entity_release(struct verdict_entity *e);

const char *verdict_kind_name(enum verdict_kind kind); /* "schedule-confounded", … */
const char *verdict_role_name(enum verdict_role role); /* "culprit", … */

/* The side that holds the middle of a window, as a store reads the ranges `windows` and `baseline`.
 */
enum verdict_side verdict_side(const struct verdict *v, int64_t start_ns, uint64_t length_ns);

/* Adds a sentence; 0 or -ENOMEM, -ENOSPC after 64. */
int must_check verdict_note(struct verdict *v, const char *fmt, ...) printf_like(2, 3);

#endif
