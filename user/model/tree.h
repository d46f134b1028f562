/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - a profile as a call tree: what flame graphs, tables and diffs are made of.
 *
 * Node 0 is the root and stands for everything. Below it stand the values of the grouping labels
 * (the process, unless asked otherwise), below them the frames, root of the stack first. Children
 * of one node have distinct names: two frames are the same function when their names are equal
 * bytes, whatever module or kind they came with, so that profiles of different formats can be
 * compared.
 *
 * Nodes are stored in preorder, children sorted by name bytewise: the subtree of n is nodes[n] …
 * nodes[n].end - 1; its first child is n + 1 (if n + 1 < end), the next sibling of a child c is
 * nodes[c].end. total = self + sum of the children's totals, exactly (a sum over 2^64 stays at
 * UINT64_MAX).
 *
 * A value made from a profile; owned, read-only, independent of the profile afterwards.
 */
#ifndef MODEL_TREE_H
#define MODEL_TREE_H

#include "base/compiler.h"
#include "base/intern.h"
#include "model/profile.h"

struct tree_node {
	uint32_t name;	 /* into names; the root has the empty name */
	uint32_t module; /* into names; of the first frame of that name, "" for labels */
	uint32_t kind;	 /* enum frame_kind, of the first frame of that name */
	uint32_t parent; /* the root is its own */
	uint32_t end;	 /* one past the last node of the subtree */
	uint32_t depth;	 /* root 0 */
	uint64_t self;	 /* weight of the samples that end here */
	uint64_t total;	 /* weight of the samples that pass here */
	uint64_t cnt;	 /* samples that pass here */
};

struct tree {
	struct intern names;
	struct tree_node *nodes;
	uint32_t node_cnt; /* at least 1 */
	uint32_t max_depth;
	uint32_t group_cnt; /* so many levels below the root are labels, not frames */
};

/*
 * Builds the tree. `group_keys`: labels whose values become the first levels; NULL with group_cnt 0
 * means {process}. A series without such a label shows as "[no <key>]". Deep stacks are no problem
 * (nothing recurses). 0, -ENOSPC, -ENOMEM.
 */
int must_check tree_new(const struct profile *p, const struct str *group_keys, size_t group_cnt,
			struct tree **ret_tree);
void tree_free(struct tree *t);

/* The same, and where each sample ends: p->sample_cnt nodes into ret_nodes. */
int must_check tree_new_placed(const struct profile *p, const struct str *group_keys,
			       size_t group_cnt, uint32_t *ret_nodes, struct tree **ret_tree);

struct str tree_name(const struct tree *t, uint32_t node);   /* borrowed */
struct str tree_module(const struct tree *t, uint32_t node); /* borrowed */

#endif
