/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descend.h - inside of one process: which calls and which functions carry its change.
 *
 *	path	  the narrowest chain of calls that carries 80 % of it (diff_path.h)
 *	branches  where that path ends, the calls that share the change
 *	leaves	  functions by their own time, whoever called them: a hot leaf under many callers
 *		  (memcpy, a lock) is on no single path
 *	moves	  work that only changed its place: a call whose own change is next to nothing while one
 *		  of its callees rose and another fell. Neither is where the process got slower.
 *	work	  what sort of work the change is: waiting for locks, logging, … (work.h)
 *
 * What is listed changed by at least DESCEND_SHARE of the process's change, with DESCEND_SAMPLES
 * samples on the larger side, and by more than its noise where that is known. Names are borrowed
 * from the diff. Numbers are in the diff's unit.
 */
#ifndef DIFF_DESCEND_H
#define DIFF_DESCEND_H

#include "base/compiler.h"
#include "diff/diff.h"
#include "diff/work.h"

#define DESCEND_SHARE	 0.05
#define DESCEND_SAMPLES	 20
#define DESCEND_BRANCHES 6
#define DESCEND_LEAVES	 8
#define DESCEND_MOVES	 3
#define DESCEND_REACTS \
	0.5 /* from which share of its work on a process looks like one that reacts */

struct descend_part {
	struct str name;
	double delta;
	double share; /* of the process's change; below 0: against it */
	double noise; /* standard error of delta; 0 = unknown */
	bool moved;   /* it took part in a move */
};

struct descend_move {
	struct str below, from,
		to;    /* the call that stayed as it was, its callee that fell, that rose */
	double amount; /* the smaller of the two changes, > 0 */
};

struct descend {
	const struct str *frames; /* the path, outermost first; the array is owned */
	size_t frame_cnt;
	double delta; /* of the process */
	double share; /* of it that the path carries; 0: no path */
	struct descend_part branches[DESCEND_BRANCHES];
	struct descend_part leaves[DESCEND_LEAVES];
	struct descend_move moves[DESCEND_MOVES];
	size_t branch_cnt, leaf_cnt, move_cnt;
	size_t leaf_more;      /* that found no room */
	double work[WORK_CNT]; /* shares of the process's change; all 0: too few samples to say */
};

/* 0 (also when nothing is found), -ENOENT for a process that neither side knows, -ENOMEM. */
int must_check descend(const struct diff *d, struct str process, struct descend *ret);
/* The share of the change that a process does because of others. */
double descend_reacting(const struct descend *x);
void descend_release(struct descend *x); /* zeroed is fine */

#endif
