/* SPDX-License-Identifier: Apache-2.0 */
/* pclntab_rows.h - the functions and the rules of a table, kept to be asked. */
#ifndef TESTS_PCLNTAB_ROWS_H
#define TESTS_PCLNTAB_ROWS_H

#include <stdlib.h>
#include <string.h>

#include "elf/pclntab.h"

struct row {
	uint64_t at;
	struct unwind_rule rule;
};

struct rows {
	struct row *rows;
	size_t cnt, cap;
};

static inline int rows_add(void *arg, uint64_t vaddr, const struct unwind_rule *rule)
{
	struct rows *r = arg;

	if (r->cnt == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 4096;
		r->rows = realloc(r->rows, r->cap * sizeof(*r->rows));
	}
	r->rows[r->cnt++] = (struct row){vaddr, *rule};
	return 0;
}

/* The row that holds at `pc`, which is at or after the first one. */
static inline const struct row *rows_at(const struct rows *r, uint64_t pc)
{
	size_t low = 0, high = r->cnt;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (r->rows[middle].at <= pc)
			low = middle;
		else
			high = middle;
	}
	return &r->rows[low];
}

#endif
