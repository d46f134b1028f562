// SPDX-License-Identifier: Apache-2.0
#include "unwind/leaves.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/idmap.h"
#include "base/reader.h"
#include "elf/image.h"
#include "elf/leaf.h"

/*
 * Chunks that are loaded together: a child process is made for each load, and who was seen in a
 * chunk will soon be seen in its neighbours.
 */
#define LOAD_CHUNKS 16
#define MAX_REPLY   (LOAD_CHUNKS * (UNWIND_LEAF_MAX + sizeof(uint32_t)))

#define RETRY_TICKS 300

#define AGES 17 /* by powers of two of ticks, which have 16 bits */

struct dir {
	uint32_t image_id;
	uint32_t first_chunk;
	uint32_t cnt;  /* 0: this entry is free */
	uint32_t unit; /* in the arena */
	uint32_t refs;
	uint32_t leaf_cnt;
	bool has_failed; /* some of its chunks count as without rules because reading failed */
};

struct leaves {
	struct units *units;
	struct dir *dirs;
	uint32_t dir_cnt; /* entries in use or free again */
	uint32_t max_dirs;
	uint32_t free_dir; /* where to look for a free entry first */
	struct idmap by_key;
	struct idmap by_unit;
	uint16_t tick;
	struct buf reply;
	struct leaves_stats stats;
};

int leaves_new(struct units *units, uint32_t max_dirs, struct leaves **ret)
{
	struct leaves *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->units = units;
	l->max_dirs = max_dirs;
	idmap_init(&l->by_key, max_dirs);
	idmap_init(&l->by_unit, max_dirs);
	buf_init(&l->reply, MAX_REPLY);
	l->dirs = calloc(max_dirs, sizeof(*l->dirs));
	if (!l->dirs) {
		leaves_free(l);
		return -ENOMEM;
	}
	*ret = l;
	return 0;
}

void leaves_free(struct leaves *l)
{
	if (!l)
		return;
	free(l->dirs);
	idmap_release(&l->by_key);
	idmap_release(&l->by_unit);
	buf_release(&l->reply);
	free(l);
}

static uint64_t dir_key(uint32_t image_id, uint32_t first_chunk, uint32_t cnt)
{
	uint32_t key[3] = {image_id, first_chunk, cnt};

	return hash_bytes(key, sizeof(key));
}

static struct dir *find_dir(const struct leaves *l, uint32_t unit)
{
	uint64_t index;

	return idmap_get(&l->by_unit, unit, &index) ? &l->dirs[index] : NULL;
}

/* The words of a directory are read by BPF at any time: they are written one by one. */
static void set_leaf(const struct leaves *l, const struct dir *d, uint32_t index, uint32_t value)
{
	struct unwind_dir *u = units_at(l->units, d->unit);

	__atomic_store_n(&u->leaves[index], value, __ATOMIC_RELEASE);
}

static uint32_t get_leaf(const struct leaves *l, const struct dir *d, uint32_t index)
{
	const struct unwind_dir *u = units_at(l->units, d->unit);

	return u->leaves[index];
}

static struct dir *free_entry(struct leaves *l)
{
	for (; l->free_dir < l->dir_cnt; l->free_dir++)
		if (!l->dirs[l->free_dir].cnt)
			return &l->dirs[l->free_dir];
	return l->dir_cnt < l->max_dirs ? &l->dirs[l->dir_cnt] : NULL;
}

static int register_dir(struct leaves *l, struct dir *d, uint64_t key)
{
	uint64_t index = (uint64_t)(d - l->dirs);
	int r = idmap_put(&l->by_key, key, index);

	if (!r)
		r = idmap_put(&l->by_unit, d->unit, index);
	if (r)
		(void)idmap_remove(&l->by_key, key, NULL);
	return r;
}

static uint32_t make_dir(struct leaves *l, uint32_t image_id, uint32_t first_chunk, uint32_t cnt)
{
	size_t bytes = sizeof(struct unwind_dir) + cnt * sizeof(uint32_t);
	struct dir *d = free_entry(l);
	struct unwind_dir *u;
	uint32_t unit;

	unit = d ? units_alloc(l->units, bytes) : 0;
	if (!unit) {
		l->stats.no_room++;
		return 0;
	}
	u = units_at(l->units, unit);
	memset(u, 0, bytes);
	u->cnt = cnt;
	*d = (struct dir){.image_id = image_id,
			  .first_chunk = first_chunk,
			  .cnt = cnt,
			  .unit = unit,
			  .refs = 1};
	if (register_dir(l, d, dir_key(image_id, first_chunk, cnt))) {
		d->cnt = 0;
		units_release(l->units, unit);
		return 0;
	}
	if (d == &l->dirs[l->dir_cnt])
		l->dir_cnt++;
	l->stats.dirs++;
	return unit;
}

uint32_t leaves_get(struct leaves *l, uint32_t image_id, uint32_t first_chunk, uint32_t cnt)
{
	uint64_t index;
	struct dir *d;

	if (!cnt || cnt > UNWIND_MAX_LEAVES)
		return 0;
	if (idmap_get(&l->by_key, dir_key(image_id, first_chunk, cnt), &index)) {
		d = &l->dirs[index];
		if (d->image_id == image_id && d->first_chunk == first_chunk && d->cnt == cnt) {
			d->refs++;
			return d->unit;
		}
	}
	return make_dir(l, image_id, first_chunk, cnt);
}

/* A directory without references and leaves is given up: nothing leads to it any more. */
static void drop_if_unused(struct leaves *l, struct dir *d)
{
	uint64_t key = dir_key(d->image_id, d->first_chunk, d->cnt), index;

	if (d->refs || d->leaf_cnt)
		return;
	if (idmap_get(&l->by_key, key, &index) && &l->dirs[index] == d)
		(void)idmap_remove(&l->by_key, key, NULL);
	(void)idmap_remove(&l->by_unit, d->unit, NULL);
	units_release(l->units, d->unit);
	d->cnt = 0;
	if (d - l->dirs < l->free_dir)
		l->free_dir = (uint32_t)(d - l->dirs);
	l->stats.dirs--;
}

void leaves_put(struct leaves *l, uint32_t dir)
{
	struct dir *d = find_dir(l, dir);

	if (!d || !d->refs)
		return;
	d->refs--;
	drop_if_unused(l, d);
}

/* Puts one leaf of a reply into the arena. */
static int install(struct leaves *l, struct dir *d, uint32_t index, const void *bytes, size_t size)
{
	struct unwind_leaf *leaf;
	uint32_t unit;

	if (!size || !leaf_is_valid(bytes, size)) {
		l->stats.invalid += size != 0;
		set_leaf(l, d, index, UNWIND_NO_RULE);
		return 0;
	}
	unit = units_alloc(l->units, size);
	if (!unit) {
		l->stats.no_room++;
		return -ENOSPC;
	}
	leaf = units_at(l->units, unit);
	memcpy(leaf, bytes, size);
	leaf->used = l->tick;
	set_leaf(l, d, index, unit);
	d->leaf_cnt++;
	l->stats.leaves++;
	l->stats.loaded++;
	return 0;
}

/* The reply is a size and so many bytes for each chunk; it is as hostile as the file. */
static int install_all(struct leaves *l, struct dir *d, uint32_t first, uint32_t cnt)
{
	struct str reply = buf_str(&l->reply);
	struct reader r;
	int err = 0;

	reader_init(&r, reply.p, reply.len);
	for (uint32_t i = first; i < first + cnt && !err; i++) {
		uint32_t size = reader_u32(&r);
		const uint8_t *bytes = reader_bytes(&r, size);

		if (r.failed || size > UNWIND_LEAF_MAX)
			size = 0;
		if (get_leaf(l, d, i) == UNWIND_UNKNOWN)
			err = install(l, d, i, bytes, size);
	}
	return err;
}

int leaves_load(struct leaves *l, uint32_t dir, uint32_t index, struct image *image)
{
	struct dir *d = find_dir(l, dir);
	uint32_t first, cnt;
	int r;

	if (!d || index >= d->cnt)
		return -EINVAL;
	first = index / LOAD_CHUNKS * LOAD_CHUNKS;
	cnt = d->cnt - first < LOAD_CHUNKS ? d->cnt - first : LOAD_CHUNKS;
	buf_clear(&l->reply);
	r = image_rules(image, d->first_chunk + first, cnt, &l->reply);
	if (r == -EAGAIN || r == -ENOMEM)
		return r;
	if (r) { /* this file's rules cannot be had, for now */
		buf_clear(&l->reply);
		d->has_failed = true;
	}
	return install_all(l, d, first, cnt);
}

/* ---- giving up what is not looked at ---------------------------------------------------------- */

static unsigned int age_class(const struct leaves *l, uint32_t unit)
{
	const struct unwind_leaf *leaf = units_at(l->units, unit);
	uint16_t age = (uint16_t)(l->tick - leaf->used);

	if (age > UINT16_MAX - 2) /* the sampler's clock has ticked, ours not yet */
		age = 0;
	return age ? 32u - (unsigned int)__builtin_clz(age) : 0;
}

static size_t leaf_bytes(const struct leaves *l, uint32_t unit)
{
	const struct unwind_leaf *leaf = units_at(l->units, unit);

	return leaf->rules_at + leaf->rule_cnt * sizeof(struct unwind_rule);
}

static void evict_leaf(struct leaves *l, struct dir *d, uint32_t index, uint32_t unit)
{
	set_leaf(l, d, index, UNWIND_UNKNOWN);
	units_release(l->units, unit);
	d->leaf_cnt--;
	l->stats.leaves--;
	l->stats.evicted++;
}

/* Calls for each leaf; `limit` above AGES: only adds their bytes up by age. */
static void sweep(struct leaves *l, unsigned int limit, size_t by_age[AGES])
{
	for (uint32_t i = 0; i < l->dir_cnt; i++) {
		struct dir *d = &l->dirs[i];

		for (uint32_t k = 0; k < d->cnt && d->leaf_cnt; k++) {
			uint32_t unit = get_leaf(l, d, k);
			unsigned int age;

			if (unit < UNWIND_FIRST)
				continue;
			age = age_class(l, unit);
			if (limit > AGES)
				by_age[age] += leaf_bytes(l, unit);
			else if (age >= limit)
				evict_leaf(l, d, k, unit);
		}
		if (d->cnt)
			drop_if_unused(l, d);
	}
}

/* A file could not be read perhaps because the machine was overloaded: it gets another chance. */
static void forgive_failures(struct leaves *l)
{
	for (uint32_t i = 0; i < l->dir_cnt; i++) {
		struct dir *d = &l->dirs[i];

		for (uint32_t k = 0; k < d->cnt && d->has_failed; k++)
			if (get_leaf(l, d, k) == UNWIND_NO_RULE)
				set_leaf(l, d, k, UNWIND_UNKNOWN);
		d->has_failed = false;
	}
}

void leaves_tick(struct leaves *l, uint16_t tick)
{
	size_t by_age[AGES] = {0}, all = units_bytes(l->units), sum = 0;
	size_t free_bytes = all - units_used(l->units) + units_waiting(l->units);
	unsigned int limit = AGES;

	if (tick / RETRY_TICKS != l->tick / RETRY_TICKS)
		forgive_failures(l);
	l->tick = tick;
	if (free_bytes >= all / 8)
		return;
	sweep(l, AGES + 1, by_age);
	/* age class 2 begins at two ticks: what was used since the last tick but one stays */
	while (limit > 2 && sum < all / 8)
		sum += by_age[--limit];
	if (sum)
		sweep(l, limit, NULL);
}

void leaves_stats(const struct leaves *l, struct leaves_stats *ret)
{
	*ret = l->stats;
}
