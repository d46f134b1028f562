// SPDX-License-Identifier: Apache-2.0
#include "sym/jitmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct jitmap {
	char *table;
	size_t len;
	const struct jitmap_head *head;
	const struct jitmap_span *spans;
	const char *names;
};

static bool spans_are_right(const struct jitmap *map)
{
	uint64_t at = 0;

	for (size_t i = 0; i < map->head->span_cnt; i++) {
		const struct jitmap_span *s = &map->spans[i];

		if (s->start < at || s->end <= s->start || !s->len)
			return false;
		if (s->name > map->head->names_len || s->len > map->head->names_len - s->name)
			return false;
		at = s->end;
	}
	return true;
}

static bool table_is_right(struct jitmap *map)
{
	size_t left;

	if (map->len < sizeof(*map->head))
		return false;
	left = map->len - sizeof(*map->head);
	map->head = (const struct jitmap_head *)map->table;
	if (map->head->span_cnt > left / sizeof(*map->spans))
		return false;
	left -= map->head->span_cnt * sizeof(*map->spans);
	if (map->head->names_len != left)
		return false;
	map->spans = (const struct jitmap_span *)(map->table + sizeof(*map->head));
	map->names = (const char *)(map->spans + map->head->span_cnt);
	return spans_are_right(map);
}

int jitmap_load(char *table, size_t len, struct jitmap **ret)
{
	struct jitmap *map = calloc(1, sizeof(*map));

	if (!map) {
		free(table);
		return -ENOMEM;
	}
	map->table = table;
	map->len = len;
	if (!table_is_right(map)) {
		jitmap_free(map);
		return -EBADMSG;
	}
	*ret = map;
	return 0;
}

void jitmap_free(struct jitmap *map)
{
	if (!map)
		return;
	free(map->table);
	free(map);
}

bool jitmap_find(const struct jitmap *map, uint64_t address, struct str *ret_name)
{
	size_t low = 0, high = map->head->span_cnt;
	const struct jitmap_span *found;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (map->spans[mid].start <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || address >= map->spans[low - 1].end)
		return false;
	found = &map->spans[low - 1];
	*ret_name = (struct str){map->names + found->name, found->len};
	return true;
}

const struct jitmap_head *jitmap_head(const struct jitmap *map)
{
	return map->head;
}

size_t jitmap_bytes(const struct jitmap *map)
{
	return sizeof(*map) + map->len;
}
