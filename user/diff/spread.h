/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spread.h - how much numbered things (frames, functions) scatter from one replicate to the next, in
 * memory that does not grow with the replicates. Private to diff.
 *
 * A replicate offers x: seconds, or weight, or just 1. Of each thing only the sums of w, w^2
 * and w x over the replicates are kept. They are all that the variance of a ratio sum(w) / sum(x) needs
 * (noise.h), replicates may differ in x, and what is absent from one costs nothing: its w is 0.
 */
#ifndef DIFF_SPREAD_H
#define DIFF_SPREAD_H

#include "base/compiler.h"

struct spread_cell {
	double sum;  /* of w, over the replicates that are closed */
	double sq;   /* sum of w * w */
	double by_x; /* sum of w * x */
	double now;  /* weight in the open one */
	bool listed; /* in touched[] */
};

struct spread {
	struct spread_cell *cells; /* cnt of them */
	uint32_t *touched;	   /* in the open replicate */
	uint32_t cnt, touched_cnt;
};

/* For things 0 … cnt - 1. 0 or -ENOMEM. */
int must_check spread_init(struct spread *s, uint32_t cnt);
void spread_release(struct spread *s); /* also of one that is all zeros */

/* Adds to the open replicate. */
void spread_add(struct spread *s, uint32_t id, double weight);

/* Puts the touched ones in order, largest number first. */
void spread_sort(struct spread *s);

/* Ends the replicate: the sums take it in. */
void spread_close(struct spread *s, double x);

#endif
