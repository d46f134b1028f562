// SPDX-License-Identifier: Apache-2.0
#include "proc/mappings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "elf/image.h"

struct mappings {
	struct mappings_limits *limits;
	uint32_t refs;
	uint32_t anon_cnt;
	uint64_t version;
	size_t cnt;
	size_t cap;
	struct mapping *items; /* sorted, disjoint */
};

static void item_ref(const struct mapping *it)
{
	if (it->image)
		(void)image_ref(it->image);
	(void)rcstr_ref(it->name);
}

static void item_unref(const struct mapping *it)
{
	image_unref(it->image);
	rcstr_unref(it->name);
}

struct mappings *mappings_ref(struct mappings *m)
{
	if (m)
		m->refs++;
	return m;
}

void mappings_unref(struct mappings *m)
{
	if (!m || --m->refs)
		return;
	for (size_t i = 0; i < m->cnt; i++)
		item_unref(&m->items[i]);
	m->limits->room -= m->cap;
	free(m->items);
	free(m);
}

/* Room for `need` ranges in a table, within what all tables may have. */
static int grow(struct mappings *m, size_t need)
{
	struct mappings_limits *l = m->limits;
	size_t before = m->cap;
	int r;

	if (need <= before)
		return 0;
	if (l->room > l->max_room || need - before > l->max_room - l->room)
		return -ENOSPC;
	r = mem_grow(&m->items, &m->cap, need, sizeof(*m->items), l->max_cnt + 2);
	l->room += m->cap - before;
	return r;
}

/* Makes *m a table of its own with room for two more: a range that falls inside another leaves
 * three. */
static int make_own(struct mappings **m, struct mappings_limits *limits)
{
	struct mappings *old = *m, *own = old;
	size_t cnt = old ? old->cnt : 0;
	int r;

	if (!old || old->refs > 1) {
		own = calloc(1, sizeof(*own));
		if (!own)
			return -ENOMEM;
		own->refs = 1;
		own->limits = limits;
	}
	r = grow(own, cnt + 2);
	if (r) {
		if (own != old)
			free(own);
		return r;
	}
	if (own == old)
		return 0;
	for (size_t i = 0; i < cnt; i++) {
		own->items[i] = old->items[i];
		item_ref(&own->items[i]);
	}
	own->cnt = cnt;
	own->anon_cnt = old ? old->anon_cnt : 0;
	mappings_unref(old);
	*m = own;
	return 0;
}

/* Index of the first range that ends behind addr. */
static size_t first_behind(const struct mappings *m, uint64_t addr)
{
	size_t lo = 0, hi = m->cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->items[mid].end > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static void insert_at(struct mappings *m, size_t i, const struct mapping *it)
{
	memmove(m->items + i + 1, m->items + i, (m->cnt - i) * sizeof(*m->items));
	m->items[i] = *it;
	item_ref(&m->items[i]);
	m->anon_cnt += it->kind == PLACE_ANON;
	m->cnt++;
}

static void remove_range(struct mappings *m, size_t i, size_t end)
{
	for (size_t k = i; k < end; k++) {
		m->anon_cnt -= m->items[k].kind == PLACE_ANON;
		item_unref(&m->items[k]);
	}
	memmove(m->items + i, m->items + end, (m->cnt - end) * sizeof(*m->items));
	m->cnt -= end - i;
}

static void cut_front(struct mapping *it, uint64_t start)
{
	if (it->kind != PLACE_ANON)
		it->pgoff += start - it->start;
	it->start = start;
}

/* Frees [start, end); returns the index at which a range that begins at start belongs. */
static size_t make_hole(struct mappings *m, uint64_t start, uint64_t end)
{
	size_t i = first_behind(m, start), last;

	if (i < m->cnt && m->items[i].start < start) {
		struct mapping *it = &m->items[i];

		if (it->end > end) {
			struct mapping rest = *it;

			cut_front(&rest, end);
			it->end = start;
			insert_at(m, i + 1, &rest);
			return i + 1;
		}
		it->end = start;
		i++;
	}
	for (last = i; last < m->cnt && m->items[last].end <= end; last++)
		;
	remove_range(m, i, last);
	if (i < m->cnt && m->items[i].start < end)
		cut_front(&m->items[i], end);
	return i;
}

static bool continues(const struct mapping *a, const struct mapping *b)
{
	if (a->end != b->start || a->kind != b->kind || a->image != b->image || a->name != b->name)
		return false;
	return a->kind == PLACE_ANON ||
	       (a->kind == PLACE_FILE && a->pgoff + (a->end - a->start) == b->pgoff);
}

static void join_next(struct mappings *m, size_t i)
{
	if (i + 1 >= m->cnt || !continues(&m->items[i], &m->items[i + 1]))
		return;
	m->items[i].end = m->items[i + 1].end;
	remove_range(m, i + 1, i + 2);
}

int mappings_add(struct mappings **m, const struct mapping *add, struct mappings_limits *limits)
{
	struct mapping it = *add;
	size_t i;
	int r;

	if (it.end <= it.start)
		return 0;
	if (it.kind == PLACE_ANON)
		it.pgoff = 0;
	r = make_own(m, limits);
	if (r)
		return r;
	(*m)->version = ++limits->version;
	i = make_hole(*m, it.start, it.end);
	insert_at(*m, i, &it);
	join_next(*m, i);
	if (i)
		join_next(*m, i - 1);
	if ((*m)->cnt <= limits->max_cnt)
		return 0;
	/*
	 * alone where it is, since it was one too many: the new one goes, then the rest of a range
	 * cut in two
	 */
	for (i = first_behind(*m, it.start); (*m)->cnt > limits->max_cnt;)
		remove_range(*m, i, i + 1);
	return -ENOSPC;
}

const struct mapping *mappings_find(const struct mappings *m, uint64_t addr)
{
	size_t i;

	if (!m)
		return NULL;
	i = first_behind(m, addr);
	return i < m->cnt && m->items[i].start <= addr ? &m->items[i] : NULL;
}

size_t mappings_cnt(const struct mappings *m)
{
	return m ? m->cnt : 0;
}

uint64_t mappings_version(const struct mappings *m)
{
	return m ? m->version : 0;
}

const struct mapping *mappings_get(const struct mappings *m, size_t i)
{
	return &m->items[i];
}

bool mappings_has_anon(const struct mappings *m)
{
	return m && m->anon_cnt;
}
