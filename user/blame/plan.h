/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - which stretches of the history are incidents, which are baseline, and what each incident
 * is compared with. The same for every process. Private to blame.
 *
 *	history  ......[guard][incident][guard]....|block|block|block|....[guard][incident]…
 *
 * Blocks are runs of whole windows, about as long as an incident, cut from what is left outside
 * guards. Reference sets of an incident are blocks near it (60 min), blocks at its time of day on
 * other days (30 min), and all; besides, when the incidents share a clock, the times at that phase
 * without an incident.
 */
#ifndef BLAME_PLAN_H
#define BLAME_PLAN_H

#include "base/compiler.h"
#include "base/err.h"
#include "blame/axis.h"
#include "blame/blame.h"
#include "blame/verdict.h"

#define PLAN_MAX_PERIODS 7

struct plan_block {
	struct stretch at;
	int64_t from_ns, until_ns;
};

/* Blocks first … end - 1. */
struct plan_run {
	uint32_t first, end;
};

struct plan_incident {
	struct blame_incident range;
	struct stretch at;
	struct plan_run near;	 /* blocks within an hour */
	struct plan_run between; /* blocks after the incident before this one, before this one */
	uint32_t clock_first, clock_end; /* into plan.clock[] */
};

/* One time at the incidents' phase without an incident, cut early, in the middle and late, because
 * labels are not that exact. */
struct plan_phase {
	struct stretch at[3];
};

struct plan_period {
	uint64_t period_ns;
	struct plan_phase *phases;
	uint32_t phase_cnt;
};

/* One that was marked. `aside`: known, but not to be judged. */
struct plan_given {
	struct blame_incident range;
	bool aside;
};

struct plan {
	const struct axis *axis;
	struct plan_given *given; /* merged, by time, those without data too */
	size_t given_cnt;
	struct plan_incident *incidents; /* those with data: first the judged, by time, */
	uint32_t incident_cnt;		 /* so many of them, */
	uint32_t aside_cnt;		 /* then so many that are aside (range and at only) */
	struct blame_incident *baseline; /* outside guards */
	size_t baseline_cnt, baseline_cap;
	struct plan_block *blocks;
	uint32_t block_cnt;
	size_t block_cap;
	struct plan_run *clock; /* runs of blocks at an incident's time of day */
	size_t clock_cnt, clock_cap;
	struct plan_run *local; /* the blocks in runs of about two hours */
	size_t local_cnt, local_cap;
	struct plan_period periods[PLAN_MAX_PERIODS];
	uint32_t period_cnt;
	uint64_t block_ns;
	uint64_t guard_ns, guard_min_ns;
	bool separate; /* as of blame_opts */
};

/*
 * Notes what was merged and left out in v. `axis` is borrowed as long as the plan lives. On failure
 * the plan is released: -EINVAL, -ERANGE (no incident has data), -ENOMEM.
 */
int must_check plan_init(struct plan *p, const struct axis *axis, const struct blame_incident *inc,
			 size_t cnt, const struct blame_opts *o, struct verdict *v,
			 struct err *err);
void plan_release(struct plan *p);

/* First block that starts at or after the time, block_cnt if none. */
uint32_t plan_find_block(const struct plan *p, int64_t at_ns);

/* The whole windows that stand for an incident: those that it fills at least half, else the one that
 * it fills most. */
struct blame_incident plan_windows(const struct plan *p, const struct plan_incident *inc);

/* plan_schedule.c: fills periods; called by plan_init(). 0 or -ENOMEM. */
int must_check plan_find_periods(struct plan *p);

#endif
