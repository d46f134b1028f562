// SPDX-License-Identifier: Apache-2.0
#include "format/arena.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)256 << 10)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	_Alignas(16) char data[];
};

void arena_init(struct arena *a, size_t max_bytes)
{
	*a = (struct arena){.max = max_bytes};
}

void arena_release(struct arena *a)
{
	struct arena_chunk *chunk, *next;

	for (chunk = a->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	arena_init(a, a->max);
}

static struct arena_chunk *add_chunk(struct arena *a, size_t len)
{
	bool is_large = len > CHUNK_BYTES / 4;
	size_t size = is_large ? len : CHUNK_BYTES;
	struct arena_chunk *chunk;

	if (size > a->max || a->used > a->max - size)
		return NULL;
	chunk = malloc(sizeof(*chunk) + size);
	if (!chunk)
		return NULL;
	chunk->used = 0;
	chunk->size = size;
	a->used += size;
	if (is_large && a->chunks) { /* the small things go on filling the first chunk */
		chunk->next = a->chunks->next;
		a->chunks->next = chunk;
	} else {
		chunk->next = a->chunks;
		a->chunks = chunk;
	}
	return chunk;
}

void *arena_alloc(struct arena *a, size_t len)
{
	struct arena_chunk *chunk = a->chunks;

	if (len > SIZE_MAX / 2) {
		a->full = true;
		return NULL;
	}
	len = (len + 15) & ~(size_t)15;
	if (!chunk || chunk->size - chunk->used < len)
		chunk = add_chunk(a, len);
	if (!chunk) {
		a->full = true;
		return NULL;
	}
	chunk->used += len;
	return chunk->data + chunk->used - len;
}

void *arena_zalloc(struct arena *a, size_t cnt, size_t size)
{
	size_t len;
	void *p;

	if (__builtin_mul_overflow(cnt, size, &len)) {
		a->full = true;
		return NULL;
	}
	p = arena_alloc(a, len);
	if (p)
		memset(p, 0, len);
	return p;
}
