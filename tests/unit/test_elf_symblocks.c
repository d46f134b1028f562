// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "elf/symblocks.h"
#include "elf/symformat.h"
#include "unit/tap.h"

#define BLOCKS 32

/* Fills the place of a block with what only it has. */
static void put(struct symblocks *c, uint64_t owner, uint64_t number)
{
	uint8_t *room = symblocks_room(c, owner, number);

	memset(room, (int)(owner * 16 + number), SYMFORMAT_BLOCK);
	symblocks_keep(c, owner, number);
}

static bool is_right(struct symblocks *c, uint64_t owner, uint64_t number)
{
	const uint8_t *bytes = symblocks_find(c, owner, number);

	return bytes && bytes[0] == (uint8_t)(owner * 16 + number) &&
	       bytes[SYMFORMAT_BLOCK - 1] == bytes[0];
}

int main(void)
{
	struct symblocks *c = NULL;
	uint64_t a, b;
	size_t found = 0, wrong = 0, lost = 0;
	uint8_t *room;

	ok(!symblocks_new(BLOCKS, &c), "made");
	a = symblocks_owner(c);
	b = symblocks_owner(c);
	ok(a && b && a != b, "owners differ");
	ok(!symblocks_find(c, a, 0), "nothing is there at first");
	put(c, a, 0);
	put(c, b, 0);
	ok(is_right(c, a, 0) && is_right(c, b, 0), "two files' blocks of one number");
	ok(!symblocks_find(c, a, 1), "another number is not found");

	for (uint64_t i = 0; i < 10 * BLOCKS; i++) {
		put(c, b, i);
		wrong += !is_right(c, b, i);
		lost += !is_right(c, a, 0);
	}
	is_u64(wrong, 0, "what was put last is found");
	is_u64(lost, 0, "what is used all the time stays");
	for (uint64_t i = 0; i < 10 * BLOCKS; i++)
		if (symblocks_find(c, b, i))
			found++;
	ok(found && found < BLOCKS, "no more than there is room for (%zu)", found);

	room = symblocks_room(c, a, 7);
	ok(room && !symblocks_find(c, a, 7), "what was not said to be right is not found");
	symblocks_clear(c);
	ok(!symblocks_find(c, a, 0), "nothing after it was cleared");
	put(c, a, 3);
	ok(is_right(c, a, 3), "and it goes on");
	symblocks_free(c);
	symblocks_free(NULL);
	return tap_done();
}
