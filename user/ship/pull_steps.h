/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pull_steps.h - how long the windows of a backend's profiles are and when they begin, found out from
 * what it tells in steps of a second (pull.h).
 */
#ifndef SHIP_PULL_STEPS_H
#define SHIP_PULL_STEPS_H

#include "ship/querier.h"

struct pull_steps {
	uint64_t step_ns; /* whole seconds */
	int64_t phase_ns; /* starts are within the second before phase + n x step */
	bool is_known; /* false: too few windows to tell; 15 s is assumed, Pyroscope's usual step */
};

/* Looks at the beginning of the range, and if there is little, at its end. */
int must_check pull_steps_find(struct querier *q, struct time_range range, struct pull_steps *ret,
			       struct err *err);

/* The same from times of points, in any order, none negative: a pure function. */
void pull_steps_from(const int64_t *at_ms, size_t cnt, struct pull_steps *ret);

/* The first phase + n x step that is not before from_ns. */
int64_t pull_steps_align(const struct pull_steps *s, int64_t from_ns);

/* When the window began that a point at at_ms stands for, to half a second. */
int64_t pull_steps_start(const struct pull_steps *s, int64_t at_ms);

/* So much may be asked for at once: whole steps, and no more points than an answer should have. */
uint64_t pull_steps_longest(const struct pull_steps *s);

#endif
