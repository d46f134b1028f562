/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaf.h - one leaf (culprit/unwind.h): put together row by row, checked, and looked into.
 */
#ifndef ELF_LEAF_H
#define ELF_LEAF_H

#include "base/buf.h"
#include "culprit/unwind.h"

#define LEAF_MAX_ROWS  ((UNWIND_LEAF_MAX - sizeof(struct unwind_leaf)) / 3)
#define LEAF_MAX_RULES 256

struct leaf_builder {
	uint32_t row_cnt;
	uint32_t rule_cnt;
	bool is_full; /* from the last row on, which is NONE */
	uint16_t starts[LEAF_MAX_ROWS];
	uint8_t which[LEAF_MAX_ROWS];
	struct unwind_rule rules[LEAF_MAX_RULES];
};

void leaf_builder_init(struct leaf_builder *b);

/*
 * The rule from offset `start` of the chunk on, which must ascend from 0. A row that does not fit
 * makes the rest of the leaf NONE. Returns whether it is in.
 */
bool leaf_builder_add(struct leaf_builder *b, uint32_t start, const struct unwind_rule *rule);

/* Appends the size and the leaf, a size of 0 when there is no rule in it. Returns the size. */
uint32_t leaf_builder_finish(const struct leaf_builder *b, struct buf *out);

/*
 * Is this a leaf that may be given to the unwinder: counts, offsets, order, indexes, known kinds?
 * `leaf` needs no alignment.
 */
bool leaf_is_valid(const void *leaf, size_t size);

/* The rule of a valid leaf, aligned to 4 bytes, for an offset in its chunk; borrowed from the leaf. */
const struct unwind_rule *leaf_find(const struct unwind_leaf *leaf, uint32_t offset);

#endif
