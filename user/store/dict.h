/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dict.h - what the windows of a block have in common: strings, frames, stacks, series, and pairs
 * of the last two.
 *
 * Numbers are given in order of first appearance and never change, so the dictionary on disk is a
 * row of segments, each with what is new since the one before; a window and the segment that it
 * needs are one transaction.
 */
#ifndef STORE_DICT_H
#define STORE_DICT_H

#include "base/buf.h"
#include "base/idmap.h"
#include "base/intern.h"
#include "model/profile.h"

#define DICT_MAX_LABELS 64 /* of one series, as builder.h has it */

struct dict_pair {
	uint32_t series;
	uint32_t node;
};

struct dict_counts {
	uint32_t strings, frames, nodes, series, pairs;
};

struct dict {
	/* For reading, as in struct profile: string, frame and node 0 are "none". */
	struct intern strings;
	struct frame *frames;
	struct stack_node *nodes;
	struct series *series;
	struct label *labels;
	struct dict_pair *pairs;
	struct dict_counts cnt;
	uint32_t label_cnt;
	/* private */
	struct dict_counts written; /* what the segments so far hold */
	bool lookup;
	struct intern frame_ids; /* struct frame as bytes */
	struct intern label_sets;
	struct idmap node_ids;
	struct idmap pair_ids;
	size_t frame_cap, node_cap, series_cap, label_cap, pair_cap;
};

/* `lookup`: dict_add() will be used, so keep the tables that finding needs. 0 or -ENOMEM. */
int must_check dict_init(struct dict *d, bool lookup);
void dict_release(struct dict *d);

/* Numbers all that the samples of `p` use; pairs[i] is that of p->samples[i]. -ENOSPC at the
 * ceilings of 32 bits, -ENOMEM. */
int must_check dict_add(struct dict *d, const struct profile *p, uint32_t *pairs);

/* Is anything not in a segment yet? */
bool dict_is_dirty(const struct dict *d);

/* Appends a segment with all that is new to *out, and takes it as written. */
void dict_encode(struct dict *d, struct buf *out);

/* Appends a segment's contents. -EBADMSG (the dictionary then keeps what it had, or part of the
 * segment), -ENOMEM. */
int must_check dict_decode(struct dict *d, struct str segment);

/* Is it so large that the block should be continued in a fresh file? */
bool dict_is_full(const struct dict *d);

/* The labels of a series, borrowed from the dictionary; returns how many. */
size_t dict_labels(const struct dict *d, uint32_t series, struct str (*ret)[2]);

#endif
