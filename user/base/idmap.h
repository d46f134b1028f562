/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap.h - hash map from a 64-bit key to a 64-bit value, with a ceiling.
 *
 * Open addressing with linear probing and deletion by backward shift: no tombstones, so a map that
 * lives for months does not slow down. Iteration order is arbitrary; sort before showing anything.
 */
#ifndef BASE_IDMAP_H
#define BASE_IDMAP_H

#include "base/compiler.h"

struct idmap_slot {
	uint64_t key;
	uint64_t value;
	bool used;
};

struct idmap {
	struct idmap_slot *slots; /* private, as are the others */
	size_t cap;		  /* power of two, or 0 */
	size_t cnt;
	size_t max;
};

void idmap_init(struct idmap *m, size_t max_cnt); /* allocates nothing */
void idmap_release(struct idmap *m);
void idmap_clear(struct idmap *m); /* empties, keeps the memory */
size_t idmap_cnt(const struct idmap *m);

/* True when the key is there; *ret_value (may be NULL) is written only then. */
bool idmap_get(const struct idmap *m, uint64_t key, uint64_t *ret_value);

/* Inserts or replaces. 0; -ENOSPC at the ceiling; -ENOMEM. */
int must_check idmap_put(struct idmap *m, uint64_t key, uint64_t value);

/* True when the key was there; *ret_value (may be NULL) gets its last value. */
bool idmap_remove(struct idmap *m, uint64_t key, uint64_t *ret_value);

/* Walks all entries: start with *pos = 0; false at the end. The map must not change meanwhile. */
bool idmap_next(const struct idmap *m, size_t *pos, uint64_t *ret_key, uint64_t *ret_value);

#endif
