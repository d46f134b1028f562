// SPDX-License-Identifier: Apache-2.0
#include "model/timeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sum.h"
#include "base/text.h"

#define MAX_ENTITIES (1U << 20)
#define MAX_WINDOWS  (1U << 24)
#define MAX_CELLS    ((size_t)1 << 28)

#define CACHE_LINE 64

/* Most entities of a machine are rare. */
#define FIRST_CELLS 2
#define MORE_CELLS  4 /* times as many in the next chunk */
#define MOST_CELLS  2048

#define FIRST_SLAB ((size_t)16 << 10)
#define SLAB	   ((size_t)2 << 20) /* a huge page */

/*
 * The cells of an entity come by time, one for each window, in among those of all others. They go
 * where they belong at once, into chunks of the entity's own: nothing need be sorted or copied in
 * the end, and memory is touched once. Chunks are cut from slabs, one after the other.
 */
struct timeline_slab {
	struct timeline_slab *next;
	size_t used, size; /* bytes, this head included */
};

struct timeline *timeline_new(enum profile_unit unit)
{
	struct timeline *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->unit = unit;
	intern_init(&t->names, MAX_ENTITIES, (size_t)MAX_ENTITIES * 128);
	return t;
}

void timeline_free(struct timeline *t)
{
	if (!t)
		return;
	while (t->slabs) {
		struct timeline_slab *next = t->slabs->next;

		free(t->slabs);
		t->slabs = next;
	}
	intern_release(&t->names);
	free(t->windows);
	free(t->rows);
	free(t->name_of);
	free(t);
}

int timeline_window(struct timeline *t, const struct timeline_window *w, uint32_t *ret_id)
{
	int r;

	r = mem_grow(&t->windows, &t->window_cap, (size_t)t->window_cnt + 1, sizeof(*t->windows),
		     MAX_WINDOWS);
	if (r)
		return r;
	*ret_id = t->window_cnt;
	t->windows[t->window_cnt++] = *w;
	return 0;
}

int timeline_entity(struct timeline *t, struct str name, uint32_t *ret_id)
{
	return intern_add(&t->names, name.p, name.len, ret_id);
}

static struct timeline_slab *add_slab(struct timeline *t)
{
	size_t size = t->slabs ? 4 * t->slabs->size : FIRST_SLAB;
	struct timeline_slab *s;

	size = size > SLAB ? SLAB : size;
	s = mem_array(size, 1);
	if (!s)
		return NULL;
	*s = (struct timeline_slab){t->slabs, (sizeof(*s) + 7) & ~(size_t)7, size};
	t->slabs = s;
	return s;
}

/* A chunk at the end of the row, with room for one cell at least. */
static int add_chunk(struct timeline *t, struct timeline_row *row)
{
	uint32_t cap = row->last ? MORE_CELLS * row->last->cnt : FIRST_CELLS;
	struct timeline_slab *slab = t->slabs;
	struct timeline_chunk *c;
	size_t size;

	cap = cap > MOST_CELLS ? MOST_CELLS : cap;
	size = (sizeof(*c) + cap * sizeof(c->cells[0]) + 7) & ~(size_t)7;
	while (!slab || slab->size - slab->used < size) {
		slab = add_slab(t);
		if (!slab)
			return -ENOMEM;
	}
	c = (struct timeline_chunk *)((char *)slab + slab->used);
	slab->used += size;
	*c = (struct timeline_chunk){.cnt = cap};
	if (row->last)
		row->last->next = c;
	else
		row->first = c;
	row->last = c;
	row->next = c->cells;
	row->room = cap;
	return 0;
}

static int need_row(struct timeline *t, uint32_t entity)
{
	int r = mem_grow(&t->rows, &t->row_cap, (size_t)entity + 1, sizeof(*t->rows), MAX_ENTITIES);

	while (!r && t->row_cnt <= entity)
		t->rows[t->row_cnt++] = (struct timeline_row){.first = NULL};
	return r;
}

int timeline_add_cell(struct timeline *t, uint32_t entity, uint32_t window, uint64_t weight)
{
	int r = entity < t->row_cnt ? 0 : need_row(t, entity);
	struct timeline_row *row = t->rows + entity;

	if (r)
		return r;
	if (row->last && row->window == window) {
		row->next[-1].weight = sum_of(row->next[-1].weight, weight);
		return 0;
	}
	if (t->cell_cnt >= MAX_CELLS)
		return -ENOSPC;
	row->is_unordered |= row->last && row->window > window;
	if (!row->room) {
		r = add_chunk(t, row);
		if (r)
			return r;
	}
	/* its next turn comes after those of all others */
	__builtin_prefetch((char *)row->next + CACHE_LINE, 1);
	*row->next++ = (struct timeline_cell){window, weight};
	row->room--;
	row->window = window;
	t->cell_cnt++;
	return 0;
}

int timeline_add(struct timeline *t, struct str name, uint32_t window, uint64_t weight)
{
	uint32_t id;
	int r = timeline_entity(t, name, &id);

	return r ? r : timeline_add_cell(t, id, window, weight);
}

int timeline_add_profile(struct timeline *t, const struct profile *p, const struct matcher *m,
			 struct str group_key)
{
	struct timeline_window w = {
		.start_ns = p->start_ns,
		.length_ns = p->length_ns,
		.capacity_ns = p->capacity_ns,
		.cnt = p->total_cnt,
		.lost = loss_samples(p->lost),
	};
	uint64_t weight = 0;
	char none[128]; /* as in the call tree, so that entities can be found there */
	uint32_t id;
	int r;

	memcpy(w.pressure, p->pressure, sizeof(w.pressure));
	(void)snprintf(none, sizeof(none), "[no %.*s]", (int)group_key.len, group_key.p);
	if (p->unit != t->unit)
		return -EINVAL;
	r = timeline_window(t, &w, &id);
	/* the samples are sorted by series: one cell for each run */
	for (size_t i = 0; !r && i < p->sample_cnt; i++) {
		uint32_t series = p->samples[i].series;

		sum_add(&weight, p->samples[i].weight);
		if (i + 1 < p->sample_cnt && p->samples[i + 1].series == series)
			continue;
		if (matcher_accepts(m, p, series)) {
			struct str value = profile_label(p, series, group_key);

			r = timeline_add(t, value.len ? value : str_of(none), id, weight);
		}
		weight = 0;
	}
	return r;
}

static void end_row(struct timeline_row *row)
{
	if (row->last)
		row->last->cnt -= row->room;
	row->room = 0;
}

/* Puts the cells of `more` behind those of `row`; its windows have other numbers now. */
static void join_rows(struct timeline_row *row, struct timeline_row *more, uint32_t moved)
{
	bool is_unordered = row->is_unordered || more->is_unordered;
	struct timeline_chunk *first = row->first;

	if (!more->last)
		return;
	end_row(row);
	end_row(more);
	for (struct timeline_chunk *c = more->first; c; c = c->next)
		for (uint32_t i = 0; i < c->cnt; i++)
			c->cells[i].window += moved;
	if (row->last)
		row->last->next = more->first;
	*row = *more;
	row->first = first ? first : more->first;
	row->window += moved;
	row->is_unordered = is_unordered;
}

/* The slabs of `other` are full from here on. */
static void take_slabs(struct timeline *t, struct timeline *other)
{
	struct timeline_slab **last = &t->slabs;

	while (*last)
		last = &(*last)->next;
	*last = other->slabs;
	other->slabs = NULL;
}

int timeline_join(struct timeline *t, struct timeline *other)
{
	uint32_t moved = t->window_cnt, id;
	int r = t->unit == other->unit ? 0 : -EINVAL;

	for (uint32_t i = 0; !r && i < other->window_cnt; i++)
		r = timeline_window(t, &other->windows[i], &id);
	take_slabs(t, other); /* what is in t must live as long as t, whatever fails */
	for (uint32_t e = 0; !r && e < intern_cnt(&other->names); e++) {
		r = timeline_entity(t, intern_get(&other->names, e), &id);
		if (!r && id >= t->row_cnt)
			r = need_row(t, id);
		if (!r && e < other->row_cnt)
			join_rows(&t->rows[id], &other->rows[e], moved);
	}
	t->cell_cnt += other->cell_cnt;
	if (!r && t->cell_cnt > MAX_CELLS)
		r = -ENOSPC;
	timeline_free(other);
	return r;
}

struct keyed {
	uint32_t old;
	int64_t start_ns;
	struct str name;
};

static int by_start(const void *va, const void *vb)
{
	const struct keyed *a = va, *b = vb;

	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns ? -1 : 1;
	return (a->old > b->old) - (a->old < b->old);
}

static int by_name(const void *va, const void *vb)
{
	const struct keyed *a = va, *b = vb;

	return str_cmp(a->name, b->name);
}

/* Puts the windows in order of time; new_of[old number] = new number. *ret_moved: some have another
 * number now. */
static int sort_windows(struct timeline *t, uint32_t *new_of, bool *ret_moved)
{
	struct keyed *order = calloc((size_t)t->window_cnt + 1, sizeof(*order));
	struct timeline_window *sorted = calloc((size_t)t->window_cnt + 1, sizeof(*sorted));

	if (!order || !sorted) {
		free(order);
		free(sorted);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < t->window_cnt; i++)
		order[i] = (struct keyed){.old = i, .start_ns = t->windows[i].start_ns};
	qsort(order, t->window_cnt, sizeof(*order), by_start);
	for (uint32_t i = 0; i < t->window_cnt; i++) {
		sorted[i] = t->windows[order[i].old];
		new_of[order[i].old] = i;
		*ret_moved |= order[i].old != i;
	}
	free(order);
	free(t->windows);
	t->windows = sorted;
	t->window_cap = (size_t)t->window_cnt + 1;
	return 0;
}

static int sort_entities(struct timeline *t)
{
	uint32_t cnt = intern_cnt(&t->names);
	struct keyed *order = calloc((size_t)cnt + 1, sizeof(*order));
	struct timeline_row *sorted = calloc((size_t)cnt + 1, sizeof(*sorted));

	t->name_of = calloc((size_t)cnt + 1, sizeof(*t->name_of));
	if (!order || !sorted || !t->name_of) {
		free(order);
		free(sorted);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < cnt; i++)
		order[i] = (struct keyed){.old = i, .name = intern_get(&t->names, i)};
	if (cnt)
		qsort(order, cnt, sizeof(*order), by_name);
	for (uint32_t i = 0; i < cnt; i++) {
		t->name_of[i] = order[i].old;
		if (order[i].old < t->row_cnt)
			sorted[i] = t->rows[order[i].old];
	}
	t->entity_cnt = cnt;
	free(order);
	free(t->rows);
	t->rows = sorted;
	return 0;
}

static int by_window(const void *va, const void *vb)
{
	const struct timeline_cell *a = va, *b = vb;

	return (a->window > b->window) - (a->window < b->window);
}

/* Adds up sorted cells of the same window. Returns how many are left. */
static size_t merge_cells(struct timeline_cell *cells, size_t cnt)
{
	size_t kept = 0;

	for (size_t i = 0; i < cnt; i++) {
		struct timeline_cell *last = kept ? &cells[kept - 1] : NULL;

		if (last && last->window == cells[i].window)
			last->weight = sum_of(last->weight, cells[i].weight);
		else
			cells[kept++] = cells[i];
	}
	return kept;
}

/* Sorts a row whose windows did not come in order. */
static int sort_row(struct timeline *t, struct timeline_row *row)
{
	struct timeline_cell *all;
	size_t cnt = 0, kept, at = 0;

	for (struct timeline_chunk *c = row->first; c; c = c->next)
		cnt += c->cnt;
	all = mem_array(cnt + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (struct timeline_chunk *c = row->first; c; at += c->cnt, c = c->next)
		memcpy(all + at, c->cells, c->cnt * sizeof(*all));
	qsort(all, cnt, sizeof(*all), by_window);
	kept = merge_cells(all, cnt);
	t->cell_cnt -= cnt - kept;
	at = 0;
	for (struct timeline_chunk *c = row->first; c; c = c->next) {
		if (c->cnt >= kept - at) {
			c->cnt = (uint32_t)(kept - at);
			c->next = NULL;
			row->last = c;
		}
		memcpy(c->cells, all + at, c->cnt * sizeof(*all));
		at += c->cnt;
	}
	free(all);
	return 0;
}

static void renumber_row(struct timeline_row *row, const uint32_t *new_window)
{
	uint32_t before = 0;

	row->is_unordered = false;
	for (struct timeline_chunk *c = row->first; c; c = c->next)
		for (uint32_t i = 0; i < c->cnt; i++) {
			uint32_t window = new_window[c->cells[i].window];

			row->is_unordered |= window < before;
			c->cells[i].window = before = window;
		}
}

int timeline_seal(struct timeline *t)
{
	uint32_t *new_window = calloc((size_t)t->window_cnt + 1, sizeof(*new_window));
	bool moved = false;
	int r = new_window ? sort_windows(t, new_window, &moved) : -ENOMEM;

	if (!r)
		r = sort_entities(t);
	for (uint32_t e = 0; !r && e < t->entity_cnt; e++) {
		struct timeline_row *row = &t->rows[e];

		end_row(row);
		if (moved)
			renumber_row(row, new_window);
		if (row->is_unordered)
			r = sort_row(t, row);
	}
	free(new_window);
	return r;
}

struct str timeline_name(const struct timeline *t, uint32_t entity)
{
	return intern_get(&t->names, t->name_of[entity]);
}

int timeline_find(const struct timeline *t, struct str name, uint32_t *ret_entity)
{
	uint32_t low = 0, high = t->entity_cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int c = str_cmp(timeline_name(t, mid), name);

		if (!c) {
			*ret_entity = mid;
			return 0;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return -ENOENT;
}
