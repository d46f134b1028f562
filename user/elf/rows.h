/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.h - unwind rules by address, as a stream of rows, and several sources of them as one.
 *
 * A source answers for a range of a file's virtual addresses: it calls back once per row, ascending,
 * the first at `from`; a row holds until the next one begins, the last until `to`. Where the source
 * knows nothing it gives UNWIND_CFA_NONE. CFI is one source, Go's tables are another; they are
 * asked in order of trust, each for what those before it did not know.
 */
#ifndef ELF_ROWS_H
#define ELF_ROWS_H

#include "base/compiler.h"
#include "culprit/unwind.h"

#define ROWS_MAX_SOURCES 8

/* Takes one row; what is not 0 ends the walk and is what the source returns. Copies *rule. */
typedef int (*cfi_row_fn)(void *arg, uint64_t vaddr, const struct unwind_rule *rule);

struct row_source {
	int (*rows)(void *data, uint64_t from, uint64_t to, cfi_row_fn fn, void *arg);
	void *data; /* borrowed */
};

static inline bool unwind_rule_equal(const struct unwind_rule *a, const struct unwind_rule *b)
{
	return a->cfa == b->cfa && a->fp == b->fp && a->other == b->other;
}

static inline enum unwind_cfa unwind_rule_kind(const struct unwind_rule *rule)
{
	return (enum unwind_cfa)(rule->cfa & UNWIND_CFA_MASK);
}

static inline int32_t unwind_rule_offset(const struct unwind_rule *rule)
{
	return (int32_t)rule->cfa >> UNWIND_CFA_BITS;
}

/*
 * The rows of [from, to) out of `cnt` <= ROWS_MAX_SOURCES sources: a source is asked for the ranges
 * where all before it said NONE. Equal neighbours are merged. 0; what `fn` or a source returned.
 */
int must_check rows_fill(const struct row_source *sources, size_t cnt, uint64_t from, uint64_t to,
			 cfi_row_fn fn, void *arg);

#endif
