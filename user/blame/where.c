// SPDX-License-Identifier: Apache-2.0
#include "blame/where.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define SHORT_ID  12 /* digits of a container's id that people know it by */
#define MAX_PLACE (1U << 20)

struct found {
	struct str name; /* owned */
	double weight;
};

static void add_id(struct buf *b, const char *what, struct str id)
{
	buf_addstr(b, what);
	buf_add(b, id.p, id.len < SHORT_ID ? id.len : SHORT_ID);
}

void where_add_place(struct buf *b, const struct profile *p, uint32_t series)
{
	static const struct str names[] = {STR_LIT("namespace"), STR_LIT("pod"),
					   STR_LIT("container")};
	static const struct str paths[] = {STR_LIT(LABEL_UNIT), STR_LIT(LABEL_CGROUP)};
	struct str id = profile_label(p, series, STR_LIT(LABEL_CONTAINER_ID));
	struct str uid = profile_label(p, series, STR_LIT(LABEL_POD_UID));
	size_t before = b->len;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct str part = profile_label(p, series, names[i]);

		if (part.len && b->len > before)
			buf_addch(b, '/');
		buf_add(b, part.p, part.len);
	}
	if (b->len > before)
		return;
	if (id.len)
		add_id(b, "container ", id);
	if (uid.len) {
		buf_addstr(b, id.len ? " of pod " : "pod ");
		buf_add(b, uid.p, uid.len);
	}
	for (size_t i = 0; b->len == before && i < ARRAY_SIZE(paths); i++) {
		struct str part = profile_label(p, series, paths[i]);

		buf_add(b, part.p, part.len);
	}
}

static int by_name(const void *va, const void *vb)
{
	const struct found *a = va, *b = vb;

	return str_cmp(a->name, b->name);
}

static int by_weight(const void *va, const void *vb)
{
	const struct found *a = va, *b = vb;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return str_cmp(a->name, b->name);
}

/* Weight of each series, as the samples add it up; owned. */
static double *weigh_series(const struct profile *p)
{
	double *weights = calloc((size_t)p->series_cnt + 1, sizeof(*weights));

	for (size_t i = 0; weights && i < p->sample_cnt; i++)
		weights[p->samples[i].series] += (double)p->samples[i].weight;
	return weights;
}

static int find_places(const struct profile *p, struct str key, struct str value,
		       const double *weights, struct found *found, size_t *ret_cnt)
{
	struct buf place;
	int r = 0;

	buf_init(&place, MAX_PLACE);
	for (uint32_t s = 0; !r && s < p->series_cnt; s++) {
		if (weights[s] <= 0 || !str_eq(profile_label(p, s, key), value))
			continue;
		buf_clear(&place);
		where_add_place(&place, p, s);
		r = buf_error(&place);
		if (r)
			break;
		found[*ret_cnt] = (struct found){
			{mem_strndup(place.len ? place.data : "", place.len), place.len},
			weights[s]};
		if (found[(*ret_cnt)++].name.p == NULL)
			r = -ENOMEM;
	}
	buf_release(&place);
	return r;
}

/* Those of one name become one. Returns how many are left. */
static size_t merge(struct found *found, size_t cnt)
{
	size_t n = 0;

	qsort(found, cnt, sizeof(*found), by_name);
	for (size_t i = 0; i < cnt; i++) {
		if (n && str_eq(found[n - 1].name, found[i].name)) {
			found[n - 1].weight += found[i].weight;
			free((void *)found[i].name.p);
		} else {
			found[n++] = found[i];
		}
	}
	qsort(found, n, sizeof(*found), by_weight);
	return n;
}

static void keep_first(struct found *found, size_t cnt, struct where *w)
{
	double total = 0;

	for (size_t i = 0; i < cnt; i++)
		total += found[i].weight;
	if (cnt == 1 && !found[0].name.len)
		return;
	for (; w->cnt < cnt && w->cnt < WHERE_MAX; w->cnt++) {
		w->items[w->cnt] =
			(struct where_place){found[w->cnt].name, found[w->cnt].weight / total};
		found[w->cnt].name.p = NULL;
	}
	w->more = cnt - w->cnt;
}

int where_find(const struct profile *p, struct str key, struct str value, struct where *ret)
{
	struct found *found = calloc((size_t)p->series_cnt + 1, sizeof(*found));
	double *weights = weigh_series(p);
	struct where w = {.cnt = 0};
	size_t cnt = 0;
	int r = found && weights ? 0 : -ENOMEM;

	if (!r)
		r = find_places(p, key, value, weights, found, &cnt);
	if (!r) {
		cnt = merge(found, cnt);
		keep_first(found, cnt, &w);
		*ret = w;
	}
	for (size_t i = 0; i < cnt; i++)
		free((void *)found[i].name.p);
	free(found);
	free(weights);
	return r;
}

void where_release(struct where *w)
{
	for (size_t i = 0; i < w->cnt; i++)
		free((void *)w->items[i].name.p);
	*w = (struct where){0};
}
