/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.h - the one currency: what was sampled in a stretch of time, immutable.
 *
 * The agent seals one per window; the store, the pprof writer, diff and show read it. It is a small
 * relational database in arrays: strings, frames, a tree of stacks, series (label sets), samples.
 * Index 0 of strings, frames and nodes is "none": the empty string, the frame without a name, the
 * empty stack.
 *
 *	samples[i] ──► series ──► labels ──► strings    {process="nightly-report", …}
 *	     └───────► node ──► parent ──► … ──► 0       the stack: the sample has its leaf,
 *	                 └────► frame ──► name, module   node 0 is below its root
 *
 * A node's parent has a smaller number than the node. Every series has the label "process"
 * (LABEL_PROCESS), which is the answer culprit gives; stacks do not repeat it as a frame. Weights
 * are CPU nanoseconds (PROFILE_NANOSECONDS) or, when nobody knows the rate, bare samples. Strings
 * are raw bytes from outside: cleaned by who shows them.
 *
 * Whoever asks for it gets moments, too: when samples were taken, in steps of MOMENT_NS. They are
 * no further weight; not every sample need have them.
 *
 * Ownership: made by builder_seal() (builder.h) only; owned by whoever got it; profile_free().
 * Read-only for everyone, from any thread.
 */
#ifndef MODEL_PROFILE_H
#define MODEL_PROFILE_H

#include "base/compiler.h"
#include "base/intern.h"
#include "base/times.h"
#include "model/loss.h"
#include "model/pressure.h"

/* Keys of labels */
#define LABEL_PROCESS "process" /* executable, or interpreter and script; see proc/label.h */
#define LABEL_COMM    "comm"	/* name of the thread */
#define LABEL_CGROUP  "cgroup"	/* path of the control group */

/* What the path of the control group says (meta/cgroup.h) */
#define LABEL_CONTAINER_ID "container_id"
#define LABEL_POD_UID	   "pod_uid"
#define LABEL_UNIT	   "unit" /* of systemd: "nginx.service" */

enum profile_unit {
	PROFILE_SAMPLES = 1,
	PROFILE_NANOSECONDS = 2,
};

/* Where a frame's code lives. Persisted: append-only. */
enum frame_kind {
	FRAME_UNKNOWN = 0, /* from a format that does not say */
	FRAME_USER = 1,
	FRAME_KERNEL = 2,
	FRAME_JIT = 3, /* named by a perf-PID.map */
	FRAME_INLINED = 4,
	FRAME_KIND_CNT
};

struct frame {
	uint32_t name;	 /* string: function, demangled, or "[libfoo.so]" */
	uint32_t module; /* string: base name of the file, "[kernel]", or "" */
	uint32_t kind;	 /* enum frame_kind */
	uint32_t line; /* in lines[]; 0 = unknown. Call trees and the store take no notice of it */
};

/* A line of source; many profiles have none but [0], which says nothing. */
struct frame_line {
	uint32_t file;	/* string; "" = unknown */
	uint32_t line;	/* where execution is, or the call; 0 = unknown */
	uint32_t start; /* where the function begins; 0 = unknown */
};

struct stack_node {
	uint32_t parent;
	uint32_t frame;
};

struct label {
	uint32_t key;	/* string */
	uint32_t value; /* string */
};

struct series {
	uint32_t first_label; /* into labels[]; sorted by key, keys are distinct */
	uint32_t label_cnt;
};

struct sample {
	uint32_t series;
	uint32_t node;
	uint64_t weight; /* in the profile's unit, > 0 */
	uint64_t cnt;	 /* how many samples make it up; 0 = unknown */
};

/*
 * Samples of one (series, node) that were taken in one step of time. The weights of a sample's
 * moments add up to its own weight, unless some of its times are unknown.
 */
struct moment {
	int64_t at_ns; /* the step's begin, a multiple of MOMENT_NS: wall clock, or perf's own clock
			    where the profile's start is unknown */
	uint64_t weight; /* in the profile's unit */
	uint32_t sample; /* into samples[] */
	uint32_t cnt;	 /* how many samples, > 0 */
};

#define MOMENT_NS ((int64_t)20000000) /* fifty to a second */

struct profile {
	enum profile_unit unit;
	int64_t start_ns;   /* wall clock, of the earliest window; 0 = unknown */
	int64_t end_ns;	    /* wall clock, of the latest window's end */
	uint64_t length_ns; /* how much time was watched: the windows' lengths added; 0 = unknown */
	uint64_t
		capacity_ns; /* CPU time there was: the windows' length x CPUs added; 0 = unknown */
	uint32_t window_cnt; /* windows merged into this one, at least 1 */
	uint32_t cpus;	     /* largest number of CPUs of a window; 0 = unknown */
	double hz;	     /* sampling rate of the last window; 0 = unknown */
	uint64_t lost[LOSS_CNT];
	struct pressure pressure[PRESSURE_CNT]; /* on the machine, whoever it was */

	struct intern strings; /* read with profile_str() */
	struct frame *frames;
	struct frame_line *lines;
	struct stack_node *nodes;
	struct label *labels;
	struct series *series;
	struct sample *samples; /* sorted by (series, node), no pair twice */
	uint32_t frame_cnt, line_cnt, node_cnt, label_cnt, series_cnt;
	size_t sample_cnt;
	struct moment *moments; /* sorted by (at_ns, sample), no pair twice */
	size_t moment_cnt;
	uint64_t total;	    /* sum of the weights */
	uint64_t total_cnt; /* sum of the counts */
};

void profile_free(struct profile *p); /* NULL is fine */

/* Borrows, valid as long as the profile. */
struct str profile_str(const struct profile *p, uint32_t id);

/* Value of a label of a series, borrowed; {NULL, 0} when it has none of that name. */
struct str profile_label(const struct profile *p, uint32_t series, struct str key);

/* The step that a time lies in. */
static inline int64_t moment_step(int64_t at_ns)
{
	int64_t rest = at_ns % MOMENT_NS;

	/* unsigned: a damaged file may name any time */
	return (int64_t)((uint64_t)at_ns - (uint64_t)(rest < 0 ? rest + MOMENT_NS : rest));
}

/* Samples that have a moment. */
uint64_t profile_timed_cnt(const struct profile *p);

/* Share of samples lost, 0..1; 0 when nothing was counted. */
double profile_lost_share(const struct profile *p);

#endif
