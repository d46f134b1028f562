/* SPDX-License-Identifier: Apache-2.0 */
/* name.h - which block a window belongs to, and what that block's file is called. Pure functions.
 */
#ifndef STORE_NAME_H
#define STORE_NAME_H

#include "base/buf.h"
#include "base/compiler.h"

#define BLOCK_MAX_PART 999

/* What a file's name says: windows whose middle is in [from_ns, from_ns + length_ns) may be in it.
 */
struct block_name {
	int64_t from_ns;    /* whole seconds */
	uint64_t length_ns; /* whole seconds, at least one */
	unsigned int part;  /* 0: the first file for this time */
};

/* False when it is not exactly what block_name_add() writes. */
bool block_name_parse(const char *file, struct block_name *ret);
void block_name_add(struct buf *b, const struct block_name *name);
/* Can the name be written and read back? Not so before 1678 and after 2261. */
bool block_name_is_valid(const struct block_name *name);
int64_t block_name_until(const struct block_name *name); /* saturated */

/* The aligned block of `length_ns` in which a point of time lies. */
struct block_name block_name_at(int64_t ns, uint64_t length_ns);

/* Middle of a window, which decides where it belongs. */
int64_t block_middle(int64_t start_ns, int64_t end_ns);

#endif
