/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - memory for a message that is taken apart or put together and then thrown away whole:
 * handing out is a pointer's step, there is a ceiling, and nothing is freed one by one.
 */
#ifndef FORMAT_ARENA_H
#define FORMAT_ARENA_H

#include "base/compiler.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;
	size_t used; /* bytes in all chunks */
	size_t max;
	bool full; /* the ceiling was hit, or there was no memory */
};

void arena_init(struct arena *a, size_t max_bytes); /* allocates nothing */
void arena_release(struct arena *a);

/*
 * Borrows, aligned to 16, not cleared; valid until release. NULL at the ceiling or out of memory.
 */
void *arena_alloc(struct arena *a, size_t len);

/* Room for cnt things of that size, cleared. */
void *arena_zalloc(struct arena *a, size_t cnt, size_t size);

#endif
