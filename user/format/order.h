/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order.h - puts what a profile holds into an order that depends on its contents only, so that two
 * profiles that say the same are written the same, whatever order they were built in.
 */
#ifndef FORMAT_ORDER_H
#define FORMAT_ORDER_H

#include "base/buf.h"
#include "base/compiler.h"
#include "model/profile.h"

/*
 * n texts and their bytewise ranks: rank[i] < rank[k] when text i sorts first; equal, when equal.
 */
struct order_texts {
	struct buf bytes; /* private */
	struct str *items;
	uint32_t *rank;
};

/*
 * Has add() append each text in turn. 0, -ENOMEM or the buffer's error; t may always be released.
 */
int must_check order_texts_make(struct order_texts *t, size_t n,
				void (*add)(void *arg, struct buf *b, size_t i), void *arg);
void order_texts_release(struct order_texts *t); /* also of one that is all zeros */

/*
 * Place of each node in a walk over the call tree, parents first, children by the rank of their
 * frame. Nodes whose stacks have the same ranks from root to leaf get the same place. 0 or -ENOMEM;
 * *ret_place is an owned array of p->node_cnt.
 */
int must_check order_nodes(const struct profile *p, const uint32_t *frame_rank,
			   uint32_t **ret_place);

struct order_item {
	uint32_t series_rank;
	uint32_t place;
	size_t sample; /* index into p->samples */
};

/* All samples by (rank of the series, place of the node, index). Owned array of p->sample_cnt. */
int must_check order_samples(const struct profile *p, const uint32_t *series_rank,
			     const uint32_t *place, struct order_item **ret_items);

#endif
