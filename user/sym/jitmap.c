// SPDX-License-Identifier: Apache-2.0
/*
 * lines ──► regions sorted by start ──► a sweep over the addresses, with a heap of the regions that are
 * open, the latest line on top ──► spans that do not overlap. Names stay where they are, in the text.
 */
#include "sym/jitmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

struct region {
	uint64_t start, end;
	uint32_t name; /* offset in the text: grows with the number of the line */
	uint32_t len;
};

struct jitmap {
	char *text;
	size_t text_len;
	struct region *spans; /* sorted, disjoint */
	size_t cnt, cap;
};

struct heap {
	struct region *items;
	size_t cnt;
};

static void heap_push(struct heap *h, const struct region *add)
{
	size_t i = h->cnt++;

	for (; i && h->items[(i - 1) / 2].name < add->name; i = (i - 1) / 2)
		h->items[i] = h->items[(i - 1) / 2];
	h->items[i] = *add;
}

static void heap_pop(struct heap *h)
{
	struct region last = h->items[--h->cnt];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= h->cnt)
			break;
		if (child + 1 < h->cnt && h->items[child + 1].name > h->items[child].name)
			child++;
		if (h->items[child].name < last.name)
			break;
		h->items[i] = h->items[child];
		i = child;
	}
	h->items[i] = last;
}

static int compare_regions(const void *pa, const void *pb)
{
	const struct region *a = pa, *b = pb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->name > b->name) - (a->name < b->name);
}

static int emit(struct jitmap *map, uint64_t start, uint64_t end, const struct region *of,
		size_t max)
{
	struct region *last = map->cnt ? &map->spans[map->cnt - 1] : NULL;
	int r;

	if (last && last->name == of->name && last->end == start) {
		last->end = end;
		return 0;
	}
	r = mem_grow(&map->spans, &map->cap, map->cnt + 1, sizeof(*map->spans), max);
	if (!r)
		map->spans[map->cnt++] = (struct region){start, end, of->name, of->len};
	return r;
}

static int flatten(struct jitmap *map, const struct region *regions, size_t cnt)
{
	struct heap open = {.items = malloc((cnt ? cnt : 1) * sizeof(*regions))};
	uint64_t at = 0;
	size_t i = 0;
	int r = open.items ? 0 : -ENOMEM;

	while (!r && (i < cnt || open.cnt)) {
		uint64_t next;

		if (!open.cnt)
			at = regions[i].start;
		while (i < cnt && regions[i].start <= at)
			heap_push(&open, &regions[i++]);
		while (open.cnt && open.items[0].end <= at)
			heap_pop(&open);
		if (!open.cnt)
			continue;
		next = open.items[0].end;
		if (i < cnt && regions[i].start < next)
			next = regions[i].start;
		r = emit(map, at, next, &open.items[0], 2 * cnt);
		at = next;
	}
	free(open.items);
	return r;
}

static bool parse_hex(struct str s, uint64_t *ret)
{
	if (s.len > 2 && s.p[0] == '0' && (s.p[1] == 'x' || s.p[1] == 'X'))
		s = (struct str){s.p + 2, s.len - 2};
	return !num_parse_hex(s, ret);
}

static bool parse_line(const struct jitmap *map, struct str line, struct region *ret)
{
	struct str start, size;
	uint64_t len;

	if (!str_split(&line, ' ', &start) || !str_split(&line, ' ', &size) || !line.p)
		return false;
	line = str_trim(line);
	if (!line.len || !parse_hex(start, &ret->start) || !parse_hex(size, &len))
		return false;
	if (!len || len > UINT64_MAX - ret->start)
		return false;
	ret->end = ret->start + len;
	ret->name = (uint32_t)(line.p - map->text);
	ret->len = (uint32_t)line.len;
	return true;
}

/* Cuts the last line off *text; false when nothing is left. */
static bool split_last(struct str *text, struct str *ret_line)
{
	const char *newline;

	if (!text->len)
		return false;
	newline = memrchr(text->p, '\n', text->len);
	*ret_line = *text;
	text->len = 0;
	if (newline) {
		text->len = (size_t)(newline - text->p);
		*ret_line = (struct str){newline + 1, ret_line->len - text->len - 1};
	}
	return true;
}

/* From the end, so that it is the oldest lines that fall behind the ceiling. */
static int parse_lines(struct jitmap *map, size_t max_lines, uint64_t *ret_rejected)
{
	struct str text = {map->text, map->text_len}, line;
	struct region *regions = NULL, region;
	size_t cnt = 0, cap = 0;
	int r = 0;

	while (!r && split_last(&text, &line)) {
		if (!str_trim(line).len)
			continue;
		if (cnt == max_lines || !parse_line(map, line, &region)) {
			++*ret_rejected;
			continue;
		}
		r = mem_grow(&regions, &cap, cnt + 1, sizeof(*regions), max_lines);
		if (!r)
			regions[cnt++] = region;
	}
	if (!r && cnt)
		qsort(regions, cnt, sizeof(*regions), compare_regions);
	if (!r)
		r = flatten(map, regions, cnt);
	free(regions);
	return r;
}

/* The spans grew by halves; most maps are read once and kept. */
static void shrink(struct jitmap *map)
{
	struct region *shrunk = map->cnt ? realloc(map->spans, map->cnt * sizeof(*shrunk)) : NULL;

	if (!shrunk)
		return;
	map->spans = shrunk;
	map->cap = map->cnt;
}

int jitmap_parse(char *text, size_t len, size_t max_lines, struct jitmap **ret,
		 uint64_t *ret_rejected)
{
	struct jitmap *map = calloc(1, sizeof(*map));
	uint64_t rejected = 0;
	int r;

	if (!map || len > UINT32_MAX) {
		free(map);
		free(text);
		return -ENOMEM;
	}
	map->text = text;
	map->text_len = len;
	r = parse_lines(map, max_lines, &rejected);
	if (r) {
		jitmap_free(map);
		return r;
	}
	shrink(map);
	*ret = map;
	*ret_rejected = rejected;
	return 0;
}

void jitmap_free(struct jitmap *map)
{
	if (!map)
		return;
	free(map->spans);
	free(map->text);
	free(map);
}

bool jitmap_find(const struct jitmap *map, uint64_t address, struct str *ret_name)
{
	size_t low = 0, high = map->cnt;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (map->spans[mid].start <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || address >= map->spans[low - 1].end)
		return false;
	*ret_name = (struct str){map->text + map->spans[low - 1].name, map->spans[low - 1].len};
	return true;
}

size_t jitmap_bytes(const struct jitmap *map)
{
	return sizeof(*map) + map->text_len + map->cap * sizeof(*map->spans);
}
