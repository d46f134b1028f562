/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intern.h - byte strings to dense numbers and back: 0, 1, 2, … in the order of first appearance.
 *
 * The bytes are copied into chunks that never move, so a struct str handed out stays valid until
 * release. Used for names as well as for small structs taken as bytes (zero their padding).
 */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include "base/compiler.h"

struct intern_chunk;

struct intern {
	struct str *items; /* private, as are the others */
	size_t item_cap;
	uint32_t *table; /* id + 1, 0 = free */
	size_t table_cap;
	struct intern_chunk *chunks;
	size_t bytes;
	size_t max_bytes;
	uint32_t cnt;
	uint32_t max_cnt;
};

void intern_init(struct intern *in, uint32_t max_cnt, size_t max_bytes); /* allocates nothing */
void intern_release(struct intern *in);

/* The number of these bytes, a new one if they are new. 0; -ENOSPC at a ceiling; -ENOMEM. */
int must_check intern_add(struct intern *in, const void *p, size_t len, uint32_t *ret_id);

/* True when the bytes are known; *ret_id is written only then. */
bool intern_find(const struct intern *in, const void *p, size_t len, uint32_t *ret_id);

/* Borrows, valid until release; also followed by a NUL. `id` must be below intern_cnt(). */
struct str intern_get(const struct intern *in, uint32_t id);

uint32_t intern_cnt(const struct intern *in);
size_t intern_bytes(const struct intern *in);

#endif
