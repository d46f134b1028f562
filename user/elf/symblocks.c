// SPDX-License-Identifier: Apache-2.0
/* A table of sets of WAYS places each: a block can be in any place of its set. */
#include "elf/symblocks.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "elf/symformat.h"

#define WAYS 4

struct place {
	uint64_t owner; /* 0: free, or not right yet */
	uint64_t number;
	uint64_t used; /* tick of the last use */
};

struct symblocks {
	struct place *places;
	uint8_t (*bytes)[SYMFORMAT_BLOCK]; /* NULL until there is one */
	size_t sets;
	uint64_t tick, owners;
	struct place *last; /* that room was made in */
};

int symblocks_new(uint32_t blocks, struct symblocks **ret)
{
	struct symblocks *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->sets = (blocks + WAYS - 1) / WAYS;
	c->sets = c->sets ? c->sets : 1;
	c->places = calloc(c->sets * WAYS, sizeof(*c->places));
	if (!c->places) {
		free(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

void symblocks_free(struct symblocks *c)
{
	if (!c)
		return;
	free(c->places);
	free(c->bytes);
	free(c);
}

void symblocks_clear(struct symblocks *c)
{
	for (size_t i = 0; i < c->sets * WAYS; i++)
		c->places[i] = (struct place){.owner = 0};
	free(c->bytes);
	c->bytes = NULL;
}

uint64_t symblocks_owner(struct symblocks *c)
{
	return ++c->owners;
}

static struct place *set_of(const struct symblocks *c, uint64_t owner, uint64_t number)
{
	uint64_t key[2] = {owner, number};

	return &c->places[hash_bytes(key, sizeof(key)) % c->sets * WAYS];
}

const uint8_t *symblocks_find(struct symblocks *c, uint64_t owner, uint64_t number)
{
	struct place *set = set_of(c, owner, number);

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].owner != owner || set[i].number != number)
			continue;
		set[i].used = ++c->tick;
		return c->bytes[&set[i] - c->places];
	}
	return NULL;
}

uint8_t *symblocks_room(struct symblocks *c, uint64_t owner, uint64_t number)
{
	struct place *set = set_of(c, owner, number), *oldest = set;

	if (!c->bytes)
		c->bytes = malloc(c->sets * WAYS * sizeof(*c->bytes));
	if (!c->bytes)
		return NULL;
	for (size_t i = 1; i < WAYS; i++)
		if (set[i].used < oldest->used)
			oldest = &set[i];
	*oldest = (struct place){.owner = 0};
	c->last = oldest;
	return c->bytes[oldest - c->places];
}

void symblocks_keep(struct symblocks *c, uint64_t owner, uint64_t number)
{
	*c->last = (struct place){.owner = owner, .number = number, .used = ++c->tick};
}
