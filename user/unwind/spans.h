/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spans.h - the address spaces of processes as lists of spans in the arena.
 *
 * A list is made from a table of mappings and shared by all processes that have the very same table:
 * a fork has its parent's until one of them changes. Single thread.
 */
#ifndef UNWIND_SPANS_H
#define UNWIND_SPANS_H

#include "base/compiler.h"
#include "unwind/leaves.h"

struct spans;

/* One executable mapping. */
struct unwind_range {
	uint64_t start;
	uint64_t end;
	uint64_t pgoff;	     /* file offset of start */
	struct image *image; /* borrowed; NULL: code without a file that could be read */
};

/* The executable mappings of a process, in the order of addresses, as their owner keeps them. */
struct unwind_maps {
	uint64_t version; /* another one whenever they differ; 0 = there are none */
	size_t cnt;
	void (*get)(const void *arg, size_t i, struct unwind_range *ret);
	const void *arg;
};

int must_check spans_new(struct units *units, struct leaves *leaves, uint32_t max_lists,
			 struct spans **ret);
void spans_free(struct spans *s); /* NULL is fine */

/* The unit of the list for these mappings, with a reference for spans_put(); 0 when there is no room. */
uint32_t spans_get(struct spans *s, const struct unwind_maps *maps);
void spans_put(struct spans *s, uint32_t list); /* 0 is fine */

size_t spans_cnt(const struct spans *s); /* lists */

#endif
