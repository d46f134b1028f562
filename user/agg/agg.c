// SPDX-License-Identifier: Apache-2.0
#include "agg/agg.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/idmap.h"
#include "model/builder.h"

struct agg {
	struct agg_opts opts;
	agg_sink_fn sink;
	void *arg;
	struct builder *builder;
	struct idmap series; /* (process, control group), as strings of the window, to its series */
	uint64_t sealed;
	uint64_t start_mono_ns;
	uint64_t end_mono_ns; /* UINT64_MAX: when agg_finish() says so */
	int64_t start_wall_ns;
	uint64_t samples, weight_ns; /* in the open window */
	double hz;		     /* of the last window that had samples */
	bool sealed_one;
	struct reading {
		uint64_t mono_ns, total_ns;
		bool known;
		/* between the reading before and this one */
		uint64_t from_ns, waited_ns;
	} readings[PRESSURE_CNT];
	struct pressure pressure[PRESSURE_CNT]; /* in the open window */
};

/* Adds the part of the time between the last two readings that lies in the open window. */
static void share_reading(struct agg *a, enum pressure_resource i)
{
	const struct reading *r = &a->readings[i];
	uint64_t from = r->from_ns > a->start_mono_ns ? r->from_ns : a->start_mono_ns;
	uint64_t until = r->mono_ns < a->end_mono_ns ? r->mono_ns : a->end_mono_ns;

	if (!r->from_ns || until <= from)
		return;
	a->pressure[i].watched_ns += until - from;
	a->pressure[i].stalled_ns += (uint64_t)((double)r->waited_ns * (double)(until - from) /
						(double)(r->mono_ns - r->from_ns));
}

void agg_pressure(struct agg *a, uint64_t mono_ns, const uint64_t stalled_ns[PRESSURE_CNT],
		  uint32_t known)
{
	for (unsigned int i = 0; i < PRESSURE_CNT; i++) {
		struct reading *r = &a->readings[i];

		if (!(known & 1U << i) || (r->known && mono_ns <= r->mono_ns))
			continue;
		r->from_ns = 0;
		if (r->known && stalled_ns[i] >= r->total_ns) {
			r->from_ns = r->mono_ns;
			r->waited_ns = stalled_ns[i] - r->total_ns;
		}
		r->mono_ns = mono_ns;
		r->total_ns = stalled_ns[i];
		r->known = true;
		/* the kernel's clock and ours may differ by a little */
		if (r->from_ns && r->waited_ns > mono_ns - r->from_ns)
			r->waited_ns = mono_ns - r->from_ns;
		share_reading(a, i);
	}
}

/*
 * Opens a window at a point of the monotonic clock. A start that lies within a hundredth of a
 * window before a boundary belongs to that boundary: the clocks drift against each other, and
 * nobody wants windows of a millisecond.
 */
static void open_window(struct agg *a, uint64_t mono_ns)
{
	uint64_t length = a->opts.window_ns, into;

	a->start_mono_ns = mono_ns;
	/* unsigned: a raw file's header may name any offset */
	a->start_wall_ns = (int64_t)(mono_ns + (uint64_t)a->opts.wall_offset_ns);
	a->end_mono_ns = UINT64_MAX;
	into = length ? (uint64_t)a->start_wall_ns % length : 0;
	if (length)
		a->end_mono_ns = mono_ns + length - into;
	if (length && length - into <= length / 100) {
		a->start_wall_ns += (int64_t)(length - into);
		a->end_mono_ns += length;
	} else if (length && into <= length / 100) {
		a->start_wall_ns -= (int64_t)into;
	}
	for (unsigned int i = 0; i < PRESSURE_CNT; i++) {
		a->pressure[i] = (struct pressure){0};
		share_reading(a, i);
	}
}

int agg_new(const struct agg_opts *opts, agg_sink_fn sink, void *arg, struct agg **ret_agg)
{
	struct agg *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->opts = *opts;
	a->hz = opts->hz;
	a->sink = sink;
	a->arg = arg;
	idmap_init(&a->series, SIZE_MAX / sizeof(struct idmap_slot));
	a->builder = builder_new(opts->limits ? opts->limits : &builder_limits_window,
				 PROFILE_NANOSECONDS);
	if (!a->builder) {
		free(a);
		return -ENOMEM;
	}
	open_window(a, opts->mono_ns);
	*ret_agg = a;
	return 0;
}

void agg_free(struct agg *a)
{
	if (!a)
		return;
	builder_free(a->builder);
	idmap_release(&a->series);
	free(a);
}

/* Weights are whole nanoseconds: what is as near as that to the rate that was asked for, is it. */
static double rate(struct agg *a)
{
	double hz;

	if (!a->weight_ns)
		return a->hz;
	hz = (double)a->samples * NSEC_PER_SEC / (double)a->weight_ns;
	a->hz = fabs(hz - a->opts.hz) <= hz * hz / NSEC_PER_SEC ? a->opts.hz : hz;
	return a->hz;
}

static int seal(struct agg *a, uint64_t end_mono_ns)
{
	uint64_t length = end_mono_ns - a->start_mono_ns;
	struct profile *window;
	int r;

	/* what open_window() moved to a boundary has, by its label, the full length */
	if (a->opts.window_ns && length < a->opts.window_ns &&
	    length >= a->opts.window_ns - a->opts.window_ns / 100)
		length = a->opts.window_ns;
	if (a->opts.window_ns && length > a->opts.window_ns)
		length = a->opts.window_ns;
	a->sealed_one = true;
	builder_window(a->builder, a->start_wall_ns, length, a->opts.cpus, rate(a));
	for (unsigned int i = 0; i < PRESSURE_CNT; i++)
		builder_pressure(a->builder, i, &a->pressure[i]);
	a->samples = a->weight_ns = 0;
	r = builder_seal(a->builder, &window);
	idmap_clear(&a->series);
	a->sealed++;
	return r ? r : a->sink(a->arg, window);
}

static int seal_until(struct agg *a, uint64_t mono_ns)
{
	int r = 0;

	while (!r && a->opts.window_ns && mono_ns >= a->end_mono_ns) {
		uint64_t end = a->end_mono_ns;

		r = seal(a, end);
		open_window(a, end);
	}
	return r;
}

int agg_open(struct agg *a, uint64_t mono_ns)
{
	return seal_until(a, mono_ns);
}

uint64_t agg_sealed(const struct agg *a)
{
	return a->sealed;
}

int agg_frame(struct agg *a, const struct agg_frame *frame, uint32_t *ret_id)
{
	return builder_frame_at(a->builder, frame->name, frame->module, frame->kind, frame->at,
				ret_id);
}

int agg_stack(struct agg *a, uint32_t parent, uint32_t frame, uint32_t *ret_node)
{
	return builder_stack(a->builder, parent, frame, ret_node);
}

/* By the clock of the window's label, and inside of it. */
static int64_t wall_time(const struct agg *a, uint64_t mono_ns)
{
	uint64_t into = mono_ns - a->start_mono_ns;

	if (a->opts.window_ns && into >= a->opts.window_ns)
		into = a->opts.window_ns - 1;
	return (int64_t)((uint64_t)a->start_wall_ns + into);
}

static int make_series(struct agg *a, const struct agg_sample *s, uint32_t *ret)
{
	struct str labels[2 + AGG_MAX_MORE][2] = {
		{STR_LIT(LABEL_PROCESS), s->process},
		{STR_LIT(LABEL_CGROUP), s->cgroup},
	};
	size_t cnt = 2;

	if (a->opts.describe && s->cgroup.len)
		cnt += a->opts.describe(a->opts.describe_arg, s->cgroup, &labels[2]);
	return builder_series(a->builder, (const struct str(*)[2])labels, cnt, ret);
}

/* A series is described once a window, not once a sample. */
static int find_series(struct agg *a, const struct agg_sample *s, uint32_t *ret)
{
	uint32_t process, cgroup;
	uint64_t known, key;
	int r = builder_string(a->builder, s->process, &process);

	if (!r)
		r = builder_string(a->builder, s->cgroup, &cgroup);
	if (r)
		return r;
	key = (uint64_t)process << 32 | cgroup;
	if (idmap_get(&a->series, key, &known)) {
		*ret = (uint32_t)known;
		return 0;
	}
	r = make_series(a, s, ret);
	return r ? r : idmap_put(&a->series, key, *ret);
}

static int add(struct agg *a, const struct agg_sample *s, enum loss *ret_full)
{
	struct builder *b = a->builder;
	uint32_t series;
	int r;

	*ret_full = LOSS_SERIES_FULL;
	r = find_series(a, s, &series);
	if (r)
		return r;
	*ret_full = LOSS_STACKS_FULL;
	r = builder_sample(b, series, s->node, s->weight_ns, 1);
	if (r || !a->opts.moments || !s->weight_ns)
		return r;
	r = builder_moment(b, series, s->node, wall_time(a, s->mono_ns), s->weight_ns, 1);
	return r == -ENOSPC ? 0 : r;
}

int agg_sample(struct agg *a, const struct agg_sample *s)
{
	enum loss full;
	int r;

	if (s->mono_ns < a->start_mono_ns) {
		if (a->sealed_one)
			builder_lost(a->builder, LOSS_LATE, 1);
		return 0;
	}
	r = add(a, s, &full);
	if (r == -ENOSPC) {
		builder_lost(a->builder, full, 1);
		return 0;
	}
	if (!r) {
		a->samples++;
		a->weight_ns += s->weight_ns;
	}
	return r;
}

int agg_advance(struct agg *a, uint64_t mono_ns, int64_t wall_offset_ns)
{
	a->opts.wall_offset_ns = wall_offset_ns;
	return seal_until(a, mono_ns);
}

int agg_finish(struct agg *a, uint64_t mono_ns)
{
	int r = seal_until(a, mono_ns);

	if (!r && mono_ns > a->start_mono_ns)
		r = seal(a, mono_ns);
	a->start_mono_ns = mono_ns;
	return r;
}

void agg_lost(struct agg *a, enum loss reason, uint64_t cnt)
{
	builder_lost(a->builder, reason, cnt);
}

void agg_set_cpus(struct agg *a, uint32_t cpus)
{
	a->opts.cpus = cpus;
}
