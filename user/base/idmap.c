// SPDX-License-Identifier: Apache-2.0
#include "base/idmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

void idmap_init(struct idmap *m, size_t max_cnt)
{
	*m = (struct idmap){.max = max_cnt};
}

void idmap_release(struct idmap *m)
{
	free(m->slots);
	*m = (struct idmap){.max = m->max};
}

void idmap_clear(struct idmap *m)
{
	if (m->slots)
		memset(m->slots, 0, m->cap * sizeof(*m->slots));
	m->cnt = 0;
}

size_t idmap_cnt(const struct idmap *m)
{
	return m->cnt;
}

/* The slot of the key, or the free slot where it would go. The table is never full. */
static struct idmap_slot *find(const struct idmap *m, uint64_t key)
{
	size_t i = hash_u64(key) & (m->cap - 1);

	while (m->slots[i].used && m->slots[i].key != key)
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

static int grow(struct idmap *m)
{
	struct idmap old = *m;
	size_t cap = old.cap ? old.cap * 2 : 16;

	m->slots = calloc(cap, sizeof(*m->slots));
	if (!m->slots) {
		*m = old;
		return -ENOMEM;
	}
	m->cap = cap;
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].used)
			*find(m, old.slots[i].key) = old.slots[i];
	free(old.slots);
	return 0;
}

bool idmap_get(const struct idmap *m, uint64_t key, uint64_t *ret_value)
{
	struct idmap_slot *slot;

	if (!m->cnt)
		return false;
	slot = find(m, key);
	if (!slot->used)
		return false;
	if (ret_value)
		*ret_value = slot->value;
	return true;
}

int idmap_put(struct idmap *m, uint64_t key, uint64_t value)
{
	struct idmap_slot *slot;
	int r;

	if ((m->cnt + 1) * 4 > m->cap * 3) { /* also when cap is 0 */
		r = grow(m);
		if (r)
			return r;
	}
	slot = find(m, key);
	if (!slot->used) {
		if (m->cnt >= m->max)
			return -ENOSPC;
		m->cnt++;
	}
	*slot = (struct idmap_slot){.key = key, .value = value, .used = true};
	return 0;
}

bool idmap_remove(struct idmap *m, uint64_t key, uint64_t *ret_value)
{
	struct idmap_slot *slot;
	size_t mask = m->cap - 1, hole, i;

	if (!m->cnt)
		return false;
	slot = find(m, key);
	if (!slot->used)
		return false;
	if (ret_value)
		*ret_value = slot->value;
	/* Pull back every later entry of the run that may stand nearer to its home slot. */
	hole = (size_t)(slot - m->slots);
	for (i = (hole + 1) & mask; m->slots[i].used; i = (i + 1) & mask) {
		size_t home = hash_u64(m->slots[i].key) & mask;

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			m->slots[hole] = m->slots[i];
			hole = i;
		}
	}
	m->slots[hole].used = false;
	m->cnt--;
	return true;
}

bool idmap_next(const struct idmap *m, size_t *pos, uint64_t *ret_key, uint64_t *ret_value)
{
	for (; *pos < m->cap; (*pos)++) {
		if (!m->slots[*pos].used)
			continue;
		*ret_key = m->slots[*pos].key;
		*ret_value = m->slots[*pos].value;
		(*pos)++;
		return true;
	}
	return false;
}
