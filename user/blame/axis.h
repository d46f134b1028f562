/* SPDX-License-Identifier: Apache-2.0 */
/*
 * axis.h - the timeline's windows as a measuring rule: the level of a process in any stretch.
 *
 * Windows become slots that do not overlap (one that a later one overlaps ends where that begins).
 * Windows of the same start and length - of several sources, or one for each process - are added
 * up. A slot without data counts for nothing: it is a gap, not a zero. Private to blame.
 */
#ifndef BLAME_AXIS_H
#define BLAME_AXIS_H

#include "base/compiler.h"
#include "blame/verdict.h"
#include "model/timeline.h"

struct axis_slot {
	int64_t from_ns, until_ns;
	double seconds; /* how much of it counts; 0: lost */
	double scale;	/* weight of the window -> level x seconds */
	double lost;	/* share of its samples, 0..1 */
};

struct axis {
	struct axis_slot *slots; /* one for each window of the timeline, same order */
	uint32_t *slot_of;	 /* of a window; those of one time share the last one's slot */
	double *seconds_before;	 /* cnt + 1 of them: prefix sums */
	uint32_t cnt;
	enum verdict_measure measure;
	uint64_t typical_ns; /* median length of a slot */
	double capacity;     /* of the node in the unit of a level; 0 = unknown */
	uint32_t overlapping, dropped, shared;
};

/* A stretch of time cut out of the slots. Windows first … end - 1; the outer ones count in part. */
struct stretch {
	uint32_t first, end;
	double first_part, last_part;
	double seconds; /* covered by data; 0: none */
};

/* -EINVAL when no window has data, or one has an impossible time; -ENOMEM. `cpus`: 0 = what the
 * windows say. */
int must_check axis_init(struct axis *a, const struct timeline *t, uint32_t cpus);
void axis_release(struct axis *a);

struct stretch axis_cut(const struct axis *a, int64_t from_ns, int64_t until_ns);

/* Whole slots first … end - 1. */
struct stretch axis_slots(const struct axis *a, uint32_t first, uint32_t end);

/* The first slot that ends after `at_ns`, cnt if none. */
uint32_t axis_find(const struct axis *a, int64_t at_ns);

/*
 * Puts an entity on the axis: value[i] (cnt) is level x seconds in slot i, before[i] (cnt + 1) the
 * sum of those before it. For axis_level().
 */
void axis_project(const struct axis *a, const struct timeline *t, uint32_t entity, double *value,
		  double *before);

/* Mean level in a stretch with seconds > 0. */
static inline double axis_level(const struct stretch *s, const double *value, const double *before)
{
	double sum = before[s->end] - before[s->first];

	sum -= value[s->first] * (1 - s->first_part);
	sum -= value[s->end - 1] * (1 - s->last_part);
	return sum > 0 ? sum / s->seconds : 0;
}

#endif
