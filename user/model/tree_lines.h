/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_lines.h - where in its source each node of a call tree was: of the lines of all frames that
 * the node was made of, the one with the most weight.
 *
 * A tree tells functions apart, not lines. For who points at a node the line is a fact about it.
 */
#ifndef MODEL_TREE_LINES_H
#define MODEL_TREE_LINES_H

#include "base/compiler.h"
#include "model/tree.h"

struct tree_line {
	uint32_t line;	 /* in the profile's lines[]; 0: unknown */
	uint32_t others; /* further lines of this node */
	uint64_t weight; /* of the samples that pass at that line */
};

/*
 * `t` and `ends` are what tree_new_placed() has made of `p`. *ret has an element for each node of
 * the tree and is the caller's to free. 0, -ENOSPC, -ENOMEM.
 */
int must_check tree_lines_new(const struct profile *p, const struct tree *t, const uint32_t *ends,
			      struct tree_line **ret);

#endif
