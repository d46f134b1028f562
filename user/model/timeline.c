// SPDX-License-Identifier: Apache-2.0
#include "model/timeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sum.h"
#include "base/text.h"

#define MAX_ENTITIES (1U << 20)
#define MAX_WINDOWS  (1U << 24)
#define MAX_CELLS    ((size_t)1 << 28)

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
	intern_release(&t->names);
	free(t->windows);
	free(t->cells);
	free(t->first_cell);
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

int timeline_add_cell(struct timeline *t, uint32_t entity, uint32_t window, uint64_t weight)
{
	int r;

	r = mem_grow(&t->cells, &t->cell_cap, t->cell_cnt + 1, sizeof(*t->cells), MAX_CELLS);
	if (r)
		return r;
	t->cells[t->cell_cnt++] = (struct timeline_cell){entity, window, weight};
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

/* Puts the windows in order of time; new_of[old number] = new number. */
static int sort_windows(struct timeline *t, uint32_t *new_of)
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
	}
	free(order);
	free(t->windows);
	t->windows = sorted;
	t->window_cap = (size_t)t->window_cnt + 1;
	return 0;
}

static int sort_entities(struct timeline *t, uint32_t *new_of)
{
	uint32_t cnt = intern_cnt(&t->names);
	struct keyed *order = calloc((size_t)cnt + 1, sizeof(*order));

	t->name_of = calloc((size_t)cnt + 1, sizeof(*t->name_of));
	if (!order || !t->name_of) {
		free(order);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < cnt; i++)
		order[i] = (struct keyed){.old = i, .name = intern_get(&t->names, i)};
	if (cnt)
		qsort(order, cnt, sizeof(*order), by_name);
	for (uint32_t i = 0; i < cnt; i++) {
		t->name_of[i] = order[i].old;
		new_of[order[i].old] = i;
	}
	t->entity_cnt = cnt;
	free(order);
	return 0;
}

/*
 * One stable pass of a radix sort: moves the cells to `to` in the order of their entity or window.
 * A week of a busy machine has tens of millions of cells; comparing them would be most of the work.
 */
static int sort_by(const struct timeline_cell *from, size_t cnt, bool entity, uint32_t keys,
		   struct timeline_cell *to)
{
	size_t *at = calloc((size_t)keys + 1, sizeof(*at));

	if (!at)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++)
		at[(entity ? from[i].entity : from[i].window) + 1]++;
	for (uint32_t k = 0; k < keys; k++)
		at[k + 1] += at[k];
	for (size_t i = 0; i < cnt; i++)
		to[at[entity ? from[i].entity : from[i].window]++] = from[i];
	free(at);
	return 0;
}

/* Adds up cells of the same entity and window, and finds where each entity begins. */
static void merge_cells(struct timeline *t)
{
	size_t kept = 0, at = 0;

	for (size_t i = 0; i < t->cell_cnt; i++) {
		struct timeline_cell *last = kept ? &t->cells[kept - 1] : NULL;

		if (last && last->entity == t->cells[i].entity &&
		    last->window == t->cells[i].window)
			sum_add(&last->weight, t->cells[i].weight);
		else
			t->cells[kept++] = t->cells[i];
	}
	t->cell_cnt = kept;
	for (uint32_t e = 0; e <= t->entity_cnt; e++) {
		while (at < kept && t->cells[at].entity < e)
			at++;
		t->first_cell[e] = at;
	}
}

/* Sorts the cells under their new numbers: by window, then, stably, by entity. */
static int sort_cells(struct timeline *t, const uint32_t *new_window, const uint32_t *new_entity)
{
	struct timeline_cell *sorted = calloc(t->cell_cnt + 1, sizeof(*sorted));
	int r;

	t->first_cell = calloc((size_t)t->entity_cnt + 1, sizeof(*t->first_cell));
	r = sorted && t->first_cell ? 0 : -ENOMEM;
	for (size_t i = 0; !r && i < t->cell_cnt; i++) {
		t->cells[i].window = new_window[t->cells[i].window];
		t->cells[i].entity = new_entity[t->cells[i].entity];
	}
	if (!r)
		r = sort_by(t->cells, t->cell_cnt, false, t->window_cnt, sorted);
	if (!r)
		r = sort_by(sorted, t->cell_cnt, true, t->entity_cnt, t->cells);
	free(sorted);
	if (!r)
		merge_cells(t);
	return r;
}

int timeline_seal(struct timeline *t)
{
	uint32_t *new_window = calloc((size_t)t->window_cnt + 1, sizeof(*new_window));
	uint32_t *new_entity = calloc((size_t)intern_cnt(&t->names) + 1, sizeof(*new_entity));
	int r = new_window && new_entity ? 0 : -ENOMEM;

	if (!r)
		r = sort_windows(t, new_window);
	if (!r)
		r = sort_entities(t, new_entity);
	if (!r)
		r = sort_cells(t, new_window, new_entity);
	free(new_window);
	free(new_entity);
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
