/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epidemic.h - stretches of a series that lie above what is usual around them and end again: change
 * points in pairs ("epidemic" changes), as incidents make them.
 *
 * CAPA (Fisch, Eckley and Fearnhead, "A linear time method for the detection of collective and
 * point anomalies", Statistical Analysis and Data Mining 15:494, 2022), for a mean that rises: the
 * stretches that do not overlap and gain most,
 *
 *	max over sets of stretches of  sum (S^2 / length - penalty),  S = sum of z in a stretch
 *
 * by dynamic programming, O(points x longest). z = (x - local median) / scale, cut off at +-6 so
 * that no single point makes a stretch; scale = 1.4826 x the median of
 * the residuals below 0 (what rises does not widen it). For independent normal
 * noise S^2 / length is chi-squared with one degree of freedom and there are at most points x
 * longest stretches, so
 *
 *	penalty = 2 ln(points x longest / false_alarm) x (1 + r) / (1 - r)
 *
 * with r = lag-1 autocorrelation of the residuals (the usual correction of the variance of a mean,
 * at most 20). Pure functions; same input, same answer.
 */
#ifndef INCIDENT_EPIDEMIC_H
#define INCIDENT_EPIDEMIC_H

#include "base/compiler.h"

#define EPIDEMIC_MAX_POINTS  1000000
#define EPIDEMIC_MAX_LONGEST 720

struct epidemic_opts {
	size_t shortest, longest; /* points in a stretch; 1 <= shortest <= longest */
	double false_alarm;	  /* chance of any stretch in a series of noise, 0..1 */
};

struct epidemic {
	size_t from, until; /* points, until excluded */
	double rise;	    /* mean above the local median, unit of the series */
	double score;	    /* S^2 / length above the penalty, > 0 */
};

struct epidemic_list {
	struct epidemic *items; /* by time; owned */
	size_t cnt;
	double median, scale; /* of the series; scale 0: it is constant, nothing is found */
	double correlation;   /* r */
};

/*
 * NaN in x is a gap, which no stretch goes across. *ret is written on success: release with
 * epidemic_list_release(). 0; -EINVAL (opts); -E2BIG (points, or longest); -ENOMEM.
 */
int must_check epidemic_find(const double *x, size_t cnt, const struct epidemic_opts *o,
			     struct epidemic_list *ret);
void epidemic_list_release(struct epidemic_list *l);

#endif
