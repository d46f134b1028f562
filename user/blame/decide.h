/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.h - from scores to a verdict (steps D and H). Pure functions on numbers; private to blame.
 *
 * The terms of direction (direction.h) are added to rank.s in decide_rank().
 */
#ifndef BLAME_DECIDE_H
#define BLAME_DECIDE_H

#include "base/compiler.h"
#include "blame/score.h"
#include "blame/verdict.h"

/* Prior weight of "something that was not sampled": another node, waiting, hardware. */
#define DECIDE_PI0 (1.0 / 3)

/* The least chance of being the cause with which one is named. */
#define DECIDE_SURE 0.9

/* Evidence beyond the threshold by so many nats adds nothing: what appears in every incident must
 * not beat what caused most of them. */
#define DECIDE_CAP 2.0

struct rank {
	uint32_t entity;
	struct score score;
	double s;	  /* evidence, capped, and share of the rise; -INFINITY: no rise */
	double posterior; /* 0..1 */
	double e_false;
	double stand_out; /* T of shift.h */
	double p_adj;	  /* against shifted times; NAN: unknown */
	bool linked;
	bool clock_shared;
	bool reacts;	  /* another one rose clearly before it */
	double elsewhere; /* nats that tie it to incidents that are aside, too: it is no cause of these
			     alone */
	struct verdict_direction dir;
};

struct decision {
	double allowed_error;
	uint32_t entity_cnt, recurrences, block_cnt;
	double capacity;    /* 0 = unknown */
	double rise, noise; /* as in struct verdict */
	double p_floor;	    /* no p can be smaller; 0: there are none */
	double choices;	    /* sets of incidents that these were chosen from; 0 = 1 */
};

/* Other times show somebody who stands out as much. */
bool decide_is_common(const struct decision *d, const struct rank *r);

/* Nats of the onset from which a process is said to react. */
#define DECIDE_REACTS 2.0

/* The same for rising after the victims have lost CPU, in standard errors (one-sided 5 %): they mark
 * the symptom. */
#define DECIDE_AFTER_LOSS 1.64

/*
 * Fills s, posterior, e_false, linked, clock_shared, reacts and sorts: best first, equal ones by
 * entity. Called once without terms of direction (dir zeroed), to see who is linked, and again with
 * them.
 */
void decide_rank(const struct decision *d, struct rank *ranks, size_t cnt);

/* The smallest rise that a person would call the cause. */
double decide_least_rise(const struct decision *d);

/*
 * The verdict over sorted ranks, and how many of them, from the first, it should list (at most 5).
 */
enum verdict_kind decide_kind(const struct decision *d, const struct rank *ranks, size_t cnt,
			      size_t *ret_listed);

/* Recurrences that would do for the first rank (all together); -1: no number would. */
int64_t decide_needed(const struct decision *d, const struct rank *first);

#endif
