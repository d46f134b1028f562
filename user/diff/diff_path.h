/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff_path.h - the hot path: which chain of calls carries the change of a process.
 *
 * From the process's node it goes to the child whose inclusive delta points the same way and is
 * largest, as long as that child carries at least DIFF_PATH_SHARE of the *process's* delta and
 * DIFF_PATH_MIN_SAMPLES samples of the side that is larger. Compared with the process, not with the
 * parent: of a chain of frames that each lose a fifth the last would carry next to nothing, and the
 * path would still be sold as the cause. So the whole path carries at least 80 % of the change, and
 * where the change splits, it ends at the function that splits it. A path of no frames means: too
 * few samples, no change, or no single way down.
 */
#ifndef DIFF_DIFF_PATH_H
#define DIFF_DIFF_PATH_H

#include "diff/diff.h"

#define DIFF_PATH_SHARE	      0.8
#define DIFF_PATH_MIN_SAMPLES 20

struct diff_path {
	uint32_t *nodes; /* owned; below the process's node, outermost first; labels left out */
	size_t cnt;
};

/* 0 (also with an empty path), -ENOENT for a process that neither side knows, -ENOMEM. */
int must_check diff_path(const struct diff *d, struct str process, struct diff_path *ret_path);
void diff_path_release(struct diff_path *p);

#endif
