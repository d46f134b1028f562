/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shift.h - would any time have shown a culprit? (step F). Private to blame.
 *
 * All incidents together are moved along the history, their distances kept, to other times at which
 * nothing is known to have happened; when they share a schedule, by whole periods of it only. At each
 * place it is seen how much the process stands out that stands out most. How often that is as much as
 * the suspect does at the real place is its p-value: corrected for the number of processes, and true to
 * how each of them goes up and down and how they do so together, since nothing but the place changes
 * (the maxT of Westfall and Young, Resampling-Based Multiple Testing, 1993, over circular shifts).
 *
 *	T(e, place) = sum over incidents of -ln((1 + m) / (1 + n))
 *	              + ln(mean rise above the median level / capacity)
 *	              of n levels of the process at all places (real one included), m as high or higher
 *	p(e)        = (1 + places whose greatest T reaches T(e, real place)) / (1 + places)
 *
 * p cannot be below 1 / (1 + places), its floor.
 *
 * When only some of the incidents are judged, others being aside, all of them move, and of each process
 * at each place those that fit it best are taken, as many as are judged: so that p is as large as it
 * has to be for any way of choosing them.
 */
#ifndef BLAME_SHIFT_H
#define BLAME_SHIFT_H

#include "base/compiler.h"
#include "blame/axis.h"
#include "blame/plan.h"
#include "blame/score.h"

#define SHIFT_MAX 1999 /* places: a floor of 0.0005 */

struct shifts {
	uint32_t cnt;	     /* places; 0: none, and no p-value */
	uint32_t all;	     /* incidents that move, */
	uint32_t judged;     /* of which so many count */
	struct stretch *at;  /* cnt x all */
	double *greatest;    /* per place, of the processes counted so far */
	double *sorted;	     /* private: some of the levels of the process */
	double *nats;	     /* private: of a level that so many of them reach */
	double *levels;	     /* private: of the process, (cnt + 1) x all */
	double *best;	     /* private: the highest of them at one place */
	uint32_t sorted_cnt; /* private */
	double capacity;     /* private */
};

/* 0 or -ENOMEM. */
int must_check shifts_init(struct shifts *s, const struct axis *a, const struct plan *p);
void shifts_release(struct shifts *s); /* zeroed is fine */

/* Another one with the same places, which it borrows, to count other processes at the same time.
 * shifts_join() adds what it has counted to the first, and releases it. 0 or -ENOMEM. */
int must_check shifts_split(const struct shifts *s, struct shifts *ret);
void shifts_join(struct shifts *s, struct shifts *other);

/* Takes the process that was scored last into account; returns its T at the real place, -INFINITY
 * without a rise. */
double shifts_count(struct shifts *s, const struct scorer *of);

/* After all were counted. NAN without places. */
double shifts_p(const struct shifts *s, double t);

#endif
