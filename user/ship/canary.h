/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canary.h - a small profile of our own that a backend gets now and then and is asked for again: a
 * 200 says that it was taken, not that it is stored.
 *
 *	push, weight drawn by lot ─► wait ─► SelectSeries of that very series ─► as much as that?
 *
 * Labels are those of a process culprit-canary on this machine, made and pushed as all others are.
 * Its time is the start of a window, so that it fits in with the others; its weight, some
 * microseconds, nobody can guess, and it adds no name to what a backend indexes. Each canary has a
 * thread and two connections of its own.
 */
#ifndef SHIP_CANARY_H
#define SHIP_CANARY_H

#include "ship/parcels.h"
#include "ship/target.h"

#define CANARY_PROCESS	    "culprit-canary"
#define CANARY_MIN_EVERY_NS (5 * NSEC_PER_SEC)

/* What became of one; the names are values of a metric's label. */
enum canary_fate {
	CANARY_VERIFIED,   /* "verified" */
	CANARY_MISSING,	   /* "missing": taken, but not to be found when the time was over */
	CANARY_REFUSED,	   /* "refused": the push */
	CANARY_UNREADABLE, /* "unreadable": taken, but the question was not answered */
	CANARY_FATE_CNT
};

struct canary_opts {
	const struct target *target;
	const struct parcel_policy *policy; /* borrowed, outlives it */
	uint64_t every_ns;		    /* CANARY_MIN_EVERY_NS and a window at least */
	uint64_t window_ns;
};

struct canary;

/* Begins with the first one. 0 or -errno with a line in err. */
int must_check canary_new(const struct canary_opts *opts, struct canary **ret, struct err *err);
void canary_free(struct canary *c); /* soon; NULL is fine */

struct canary_stats {
	uint64_t fates[CANARY_FATE_CNT];
	int64_t last_verified_ns; /* wall clock; 0: none yet */
	uint64_t cpu_ns;	  /* of its thread */
};

void canary_stats(struct canary *c, struct canary_stats *ret);
uint64_t canary_every_ns(const struct canary *c);
const char *canary_fate_name(enum canary_fate fate);

#endif
