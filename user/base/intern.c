// SPDX-License-Identifier: Apache-2.0
#include "base/intern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define CHUNK_BYTES 65536

struct intern_chunk {
	struct intern_chunk *next;
	size_t used, size;
	char data[];
};

void intern_init(struct intern *in, uint32_t max_cnt, size_t max_bytes)
{
	*in = (struct intern){.max_cnt = max_cnt, .max_bytes = max_bytes};
}

void intern_release(struct intern *in)
{
	struct intern_chunk *chunk, *next;

	for (chunk = in->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(in->items);
	free(in->table);
	intern_init(in, in->max_cnt, in->max_bytes);
}

/* The place in the table of these bytes, or the free place where they would go. */
static size_t find(const struct intern *in, const void *p, size_t len)
{
	size_t mask = in->table_cap - 1;
	size_t i = hash_bytes(p, len) & mask;

	for (; in->table[i]; i = (i + 1) & mask) {
		struct str s = in->items[in->table[i] - 1];

		if (s.len == len && (!len || !memcmp(s.p, p, len)))
			break;
	}
	return i;
}

static int grow_table(struct intern *in)
{
	uint32_t *old = in->table;
	size_t old_cap = in->table_cap;

	in->table_cap = old_cap ? old_cap * 2 : 64;
	in->table = calloc(in->table_cap, sizeof(*in->table));
	if (!in->table) {
		in->table = old;
		in->table_cap = old_cap;
		return -ENOMEM;
	}
	for (uint32_t id = 0; id < in->cnt; id++)
		in->table[find(in, in->items[id].p, in->items[id].len)] = id + 1;
	free(old);
	return 0;
}

/* Small strings share a chunk; one that would waste most of a chunk gets one of its own. */
static char *chunk_alloc(struct intern *in, size_t len)
{
	struct intern_chunk *chunk = in->chunks;
	size_t size = len > CHUNK_BYTES / 4 ? len : CHUNK_BYTES;

	if (!chunk || chunk->size - chunk->used < len) {
		chunk = malloc(sizeof(*chunk) + size);
		if (!chunk)
			return NULL;
		chunk->used = 0;
		chunk->size = size;
		if (in->chunks && size != CHUNK_BYTES) { /* keep filling the shared one */
			chunk->next = in->chunks->next;
			in->chunks->next = chunk;
		} else {
			chunk->next = in->chunks;
			in->chunks = chunk;
		}
	}
	chunk->used += len;
	return chunk->data + chunk->used - len;
}

static int append(struct intern *in, const void *p, size_t len)
{
	char *copy;
	int r;

	if (in->cnt >= in->max_cnt || len >= in->max_bytes || in->bytes > in->max_bytes - len - 1)
		return -ENOSPC;
	r = mem_grow(&in->items, &in->item_cap, (size_t)in->cnt + 1, sizeof(*in->items),
		     in->max_cnt);
	if (r)
		return r;
	copy = chunk_alloc(in, len + 1);
	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, p, len);
	copy[len] = '\0';
	in->bytes += len + 1;
	in->items[in->cnt++] = (struct str){copy, len};
	return 0;
}

int intern_add(struct intern *in, const void *p, size_t len, uint32_t *ret_id)
{
	size_t at;
	int r;

	if (((size_t)in->cnt + 1) * 2 > in->table_cap) {
		r = grow_table(in);
		if (r)
			return r;
	}
	at = find(in, p, len);
	if (!in->table[at]) {
		r = append(in, p, len);
		if (r)
			return r;
		in->table[at] = in->cnt;
	}
	*ret_id = in->table[at] - 1;
	return 0;
}

bool intern_find(const struct intern *in, const void *p, size_t len, uint32_t *ret_id)
{
	size_t at;

	if (!in->cnt)
		return false;
	at = find(in, p, len);
	if (!in->table[at])
		return false;
	*ret_id = in->table[at] - 1;
	return true;
}

struct str intern_get(const struct intern *in, uint32_t id)
{
	return in->items[id];
}

uint32_t intern_cnt(const struct intern *in)
{
	return in->cnt;
}

size_t intern_bytes(const struct intern *in)
{
	return in->bytes;
}
