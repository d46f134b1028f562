/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agg.h - samples into windows: adds up what is the same, seals a profile when its time is over.
 *
 * Windows are aligned to wall-clock multiples of their length (10 s windows begin at :00, :10, …),
 * so that windows of different nodes match. They are timed by the monotonic clock all the same: a
 * wall clock that is set back or forth moves the label of the next window, and loses no sample.
 *
 *	watched from here          boundary           boundary        agg_finish()
 *	      |------ window 1 ------|----- window 2 -----|---- window 3 ---|
 *
 * Windows in which nothing ran are sealed too: that nothing ran is knowledge. The first and the
 * last one are shorter; a profile says how long it is.
 *
 * The rate may change at any time: each sample has its own weight. A window's rate is that of its
 * samples, count by weight, so that one stands for 1 / hz on the average. Not thread-safe.
 */
#ifndef AGG_AGG_H
#define AGG_AGG_H

#include "base/compiler.h"
#include "model/profile.h"

struct agg;
struct builder_limits;
struct source_line;

#define AGG_MAX_MORE 8

/*
 * More labels of a series, from the control group of its process: up to AGG_MAX_MORE pairs, whose
 * texts stay valid until the next call. Returns how many. Called once a series and window.
 */
typedef size_t (*agg_describe_fn)(void *arg, struct str cgroup, struct str labels[][2]);

struct agg_opts {
	uint64_t window_ns; /* 0: one window, from agg_new() to agg_finish() */
	uint32_t cpus;	    /* that are being sampled; may be changed by agg_set_cpus() */
	double hz;	  /* samples per second and CPU, as long as samples do not say otherwise */
	uint64_t mono_ns; /* now: from here on the machine is watched */
	int64_t wall_offset_ns;		     /* wall clock = monotonic clock + this */
	bool moments;			     /* keep when each sample was taken (struct moment) */
	const struct builder_limits *limits; /* of a window; NULL: builder_limits_window */
	agg_describe_fn describe;	     /* NULL: process and control group are all */
	void *describe_arg;
};

struct agg_frame {
	struct str name; /* borrowed for the call, as is module */
	struct str module;
	enum frame_kind kind;
	const struct source_line *at; /* borrowed for the call; NULL: no line is known */
};

struct agg_sample {
	uint64_t mono_ns;
	uint64_t weight_ns;
	struct str process; /* borrowed for the call, as is cgroup */
	struct str cgroup;  /* may be empty */
	uint32_t node;	    /* of agg_stack(), in this window; 0: no stack */
};

/*
 * Gets each sealed window; takes it (profile_free()). Anything but 0 is returned to who caused the
 * seal.
 */
typedef int (*agg_sink_fn)(void *arg, struct profile *window);

int must_check agg_new(const struct agg_opts *opts, agg_sink_fn sink, void *arg,
		       struct agg **ret_agg);
void agg_free(struct agg *a); /* an unfinished window is thrown away; NULL is fine */

/*
 * Seals the windows that end at mono_ns or before. First of all for each sample: its frames are of
 * the window that is open then. 0, -ENOMEM, or what the sink said.
 */
int must_check agg_open(struct agg *a, uint64_t mono_ns);

/* How many windows were sealed: as long as it stays the same, so do the numbers of frames and
 * nodes. */
uint64_t agg_sealed(const struct agg *a);

/* The number of a frame in the open window. 0; -ENOSPC when its tables are full; -ENOMEM. */
int must_check agg_frame(struct agg *a, const struct agg_frame *frame, uint32_t *ret_id);

/* The node of a frame above a node (0: it is the root). As agg_frame(). */
int must_check agg_stack(struct agg *a, uint32_t parent, uint32_t frame, uint32_t *ret_node);

/*
 * Adds a sample to the open window. One older than the window is counted as LOSS_LATE; one that
 * finds a table full as LOSS_SERIES_FULL or LOSS_STACKS_FULL. When there are more moments than a
 * window may have, the sample counts without its time. 0 or -ENOMEM.
 */
int must_check agg_sample(struct agg *a, const struct agg_sample *s);

/* All samples older than mono_ns have been given: seals what ended before. */
int must_check agg_advance(struct agg *a, uint64_t mono_ns, int64_t wall_offset_ns);

/* Seals the last window, cut at mono_ns. */
int must_check agg_finish(struct agg *a, uint64_t mono_ns);

/* Counts a loss in the current window. */
void agg_lost(struct agg *a, enum loss reason, uint64_t cnt);

/*
 * How long somebody has waited for each resource since the machine started, at mono_ns; those whose
 * bit in `known` is not set are unknown. What was waited between two calls is spread evenly over the
 * time between them. Call it several times a window: what comes after a window's seal is not told of
 * it, and a window says how much of it was watched.
 */
void agg_pressure(struct agg *a, uint64_t mono_ns, const uint64_t stalled_ns[PRESSURE_CNT],
		  uint32_t known);

void agg_set_cpus(struct agg *a, uint32_t cpus);

#endif
