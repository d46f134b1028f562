/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replicates.h - a diff learns how much its values scatter: the windows of its sides are laid over
 * it once more, one after the other, and forgotten.
 *
 *	replicates_new(d, &opt, &r)
 *	for each side, for each window: replicates_add(r, side, window)
 *		where a stretch ends that stands for itself: replicates_cut(r, side)
 *	replicates_finish(r)
 *
 * What a replicate is the caller says: a window, a range of time, a file. They need not be of one
 * length. Costs one look-up for each stack node of a window, and memory for the nodes of the diff,
 * however many windows there are. Stacks that the diff does not know (a window more has arrived in
 * the store since) are left out.
 */
#ifndef DIFF_REPLICATES_H
#define DIFF_REPLICATES_H

#include "diff/diff.h"

struct replicates;

/* `d` is borrowed until replicates_finish(); `opt` as it was made with. 0 or -ENOMEM. */
int must_check replicates_new(struct diff *d, const struct diff_options *opt,
			      struct replicates **ret);
void replicates_free(struct replicates *r); /* NULL is fine */

/* Adds a window to the side's open replicate. 0 or -ENOMEM. */
int must_check replicates_add(struct replicates *r, enum diff_which side, const struct profile *w);

/* Ends the side's open replicate; without one it does nothing. */
void replicates_cut(struct replicates *r, enum diff_which side);

/*
 * Writes what was found into the diff: diff_side.replicate_cnt, noise_basis, scatter. A side with
 * one replicate stays without; when both have one, the diff stays as it was. 0 or -ENOMEM.
 */
int must_check replicates_finish(struct replicates *r);

#endif
