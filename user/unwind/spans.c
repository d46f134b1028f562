// SPDX-License-Identifier: Apache-2.0
#include "unwind/spans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/idmap.h"
#include "base/mem.h"
#include "elf/image.h"

#define MAX_BUILD (UNWIND_MAX_SPANS * UNWIND_MAX_SPANS) /* spans of two levels */

struct list {
	uint64_t version;
	uint32_t unit; /* 0: this entry is free */
	uint32_t refs;
};

struct spans {
	struct units *units;
	struct leaves *leaves;
	struct list *lists;
	size_t list_cnt, list_cap;
	size_t max_lists;
	size_t used;
	size_t free_hint;
	struct idmap by_version;
	struct idmap by_unit;
	struct unwind_span *build; /* of the list that is being made */
	size_t build_cnt, build_cap;
};

int spans_new(struct units *units, struct leaves *leaves, uint32_t max_lists, struct spans **ret)
{
	struct spans *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->units = units;
	s->leaves = leaves;
	s->max_lists = max_lists;
	idmap_init(&s->by_version, max_lists);
	idmap_init(&s->by_unit, max_lists);
	*ret = s;
	return 0;
}

void spans_free(struct spans *s)
{
	if (!s)
		return;
	free(s->lists);
	free(s->build);
	idmap_release(&s->by_version);
	idmap_release(&s->by_unit);
	free(s);
}

/* Appends a span, or lets the last one go on when both say that there are no rules. */
static int add_span(struct spans *s, uint64_t start, uint32_t dir, uint32_t skew)
{
	struct unwind_span *last = s->build_cnt ? &s->build[s->build_cnt - 1] : NULL;
	int r;

	if (last && dir < UNWIND_FIRST && last->dir == dir)
		return 0;
	if (last && last->start == start) { /* a gap of no bytes */
		*last = (struct unwind_span){start, dir, skew};
		return 0;
	}
	r = mem_grow(&s->build, &s->build_cap, s->build_cnt + 1, sizeof(*s->build), MAX_BUILD);
	if (!r)
		s->build[s->build_cnt++] = (struct unwind_span){start, dir, skew};
	return r;
}

/* Code that a JIT keeps in many pieces is one span: what lies between them is asked for by nobody. */
static void join_codes_without_rules(struct spans *s)
{
	size_t cnt = s->build_cnt;

	if (cnt > 1 && s->build[cnt - 1].dir == UNWIND_UNKNOWN &&
	    s->build[cnt - 2].dir == UNWIND_NO_RULE)
		s->build_cnt--;
}

/* A mapping of a file is one span for each directory that it needs. */
static int add_file(struct spans *s, const struct unwind_range *range)
{
	const uint64_t dir_bytes = (uint64_t)UNWIND_MAX_LEAVES * UNWIND_CHUNK;
	uint64_t at = range->start, offset = range->pgoff;

	while (at < range->end) {
		uint64_t first = offset >> UNWIND_CHUNK_SHIFT, skew = offset & (UNWIND_CHUNK - 1);
		uint64_t len = dir_bytes - skew;
		uint32_t dir;
		int r;

		if (len > range->end - at)
			len = range->end - at;
		dir = first > UINT32_MAX - UNWIND_MAX_LEAVES
			      ? UNWIND_NO_RULE
			      : leaves_get(s->leaves, image_id(range->image), (uint32_t)first,
					   (uint32_t)((skew + len - 1) >> UNWIND_CHUNK_SHIFT) + 1);
		r = dir ? add_span(s, at, dir, (uint32_t)skew) : -ENOSPC;
		if (r) {
			if (dir >= UNWIND_FIRST)
				leaves_put(s->leaves, dir);
			return r;
		}
		at += len;
		offset += len;
	}
	return 0;
}

static int build(struct spans *s, const struct unwind_maps *maps)
{
	struct unwind_range range;
	int r;

	s->build_cnt = 0;
	r = add_span(s, 0, UNWIND_UNKNOWN, 0);
	for (size_t i = 0; i < maps->cnt && !r; i++) {
		maps->get(maps->arg, i, &range);
		if (range.image) {
			r = add_file(s, &range);
		} else {
			join_codes_without_rules(s);
			r = add_span(s, range.start, UNWIND_NO_RULE, 0);
		}
		if (!r)
			r = add_span(s, range.end, UNWIND_UNKNOWN, 0);
	}
	return r;
}

/* Writes spans as one list of the given depth. Its unit, or 0. */
static uint32_t write_list(struct spans *s, const struct unwind_span *spans, size_t cnt,
			   unsigned int levels)
{
	uint32_t unit = units_alloc(s->units, sizeof(struct unwind_list) + cnt * sizeof(*spans));
	struct unwind_list *list;

	if (!unit)
		return 0;
	list = units_at(s->units, unit);
	list->cnt = (uint16_t)cnt;
	list->levels = (uint16_t)levels;
	list->reserved = 0;
	memcpy(list->spans, spans, cnt * sizeof(*spans));
	return unit;
}

static uint32_t write_levels(struct spans *s)
{
	struct unwind_span roots[UNWIND_MAX_SPANS];
	size_t cnt = 0;

	if (s->build_cnt <= UNWIND_MAX_SPANS)
		return write_list(s, s->build, s->build_cnt, 0);
	for (size_t i = 0; i < s->build_cnt; i += UNWIND_MAX_SPANS) {
		size_t n = s->build_cnt - i;
		uint32_t unit;

		if (n > UNWIND_MAX_SPANS)
			n = UNWIND_MAX_SPANS;
		unit = write_list(s, s->build + i, n, 0);
		if (!unit)
			break;
		roots[cnt++] = (struct unwind_span){i ? s->build[i].start : 0, unit, 0};
	}
	if (cnt * UNWIND_MAX_SPANS >= s->build_cnt) {
		uint32_t root = write_list(s, roots, cnt, 1);

		if (root)
			return root;
	}
	while (cnt)
		units_release(s->units, roots[--cnt].dir);
	return 0;
}

static struct list *free_entry(struct spans *s)
{
	for (; s->free_hint < s->list_cnt; s->free_hint++)
		if (!s->lists[s->free_hint].unit)
			return &s->lists[s->free_hint];
	if (mem_grow(&s->lists, &s->list_cap, s->list_cnt + 1, sizeof(*s->lists), s->max_lists))
		return NULL;
	s->lists[s->list_cnt] = (struct list){0};
	return &s->lists[s->list_cnt++];
}

static int register_list(struct spans *s, uint64_t version, uint32_t unit)
{
	struct list *list = free_entry(s);
	uint64_t index = list ? (uint64_t)(list - s->lists) : 0;
	int r = list ? idmap_put(&s->by_version, version, index) : -ENOSPC;

	if (!r)
		r = idmap_put(&s->by_unit, unit, index);
	if (r) {
		(void)idmap_remove(&s->by_version, version, NULL);
		return r;
	}
	*list = (struct list){.version = version, .unit = unit, .refs = 1};
	s->used++;
	return 0;
}

static void put_dirs(struct spans *s, const struct unwind_span *spans, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		if (spans[i].dir >= UNWIND_FIRST)
			leaves_put(s->leaves, spans[i].dir);
}

static void free_list(struct spans *s, uint32_t unit)
{
	const struct unwind_list *list = units_at(s->units, unit);

	for (size_t i = 0; i < list->cnt; i++) {
		uint32_t below = list->spans[i].dir;

		if (below < UNWIND_FIRST)
			continue;
		if (!list->levels) {
			leaves_put(s->leaves, below);
			continue;
		}
		put_dirs(s, ((const struct unwind_list *)units_at(s->units, below))->spans,
			 ((const struct unwind_list *)units_at(s->units, below))->cnt);
		units_release(s->units, below);
	}
	units_release(s->units, unit);
}

uint32_t spans_get(struct spans *s, const struct unwind_maps *maps)
{
	uint64_t index;
	uint32_t unit = 0;

	if (idmap_get(&s->by_version, maps->version, &index)) {
		s->lists[index].refs++;
		return s->lists[index].unit;
	}
	if (!build(s, maps))
		unit = write_levels(s);
	if (!unit) {
		put_dirs(s, s->build, s->build_cnt);
		return 0;
	}
	if (!register_list(s, maps->version, unit))
		return unit;
	free_list(s, unit);
	return 0;
}

void spans_put(struct spans *s, uint32_t list)
{
	uint64_t index;
	struct list *l;

	if (!list || !idmap_get(&s->by_unit, list, &index))
		return;
	l = &s->lists[index];
	if (--l->refs)
		return;
	free_list(s, list);
	(void)idmap_remove(&s->by_version, l->version, NULL);
	(void)idmap_remove(&s->by_unit, list, NULL);
	l->unit = 0;
	if (index < s->free_hint)
		s->free_hint = index;
	s->used--;
}

size_t spans_cnt(const struct spans *s)
{
	return s->used;
}
