/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symblocks.h - the blocks of symbol files (symfile.h) that were read last, checked already: reading
 * and checking a block costs microseconds, and names that are asked for lie close together. Of a
 * fixed size, shared by all symbol files of a cache. Single thread.
 */
#ifndef ELF_SYMBLOCKS_H
#define ELF_SYMBLOCKS_H

#include "base/compiler.h"

struct symblocks;

int must_check symblocks_new(uint32_t blocks, struct symblocks **ret); /* 0 or -ENOMEM */
void symblocks_free(struct symblocks *c);			       /* NULL is fine */
void symblocks_clear(struct symblocks *c);			       /* gives the memory back */

/* A number for the blocks of one file, never used again. */
uint64_t symblocks_owner(struct symblocks *c);

/* SYMFORMAT_BLOCK bytes, valid until the next symblocks_room(); NULL: they must be read. */
const uint8_t *symblocks_find(struct symblocks *c, uint64_t owner, uint64_t number);

/*
 * Room for the bytes of a block, in place of one that was used longer ago; NULL when out of memory.
 * They are found only after symblocks_keep() has said that they are right.
 */
uint8_t *symblocks_room(struct symblocks *c, uint64_t owner, uint64_t number);
void symblocks_keep(struct symblocks *c, uint64_t owner, uint64_t number);

#endif
