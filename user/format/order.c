// SPDX-License-Identifier: Apache-2.0
/*
 * Nodes are first made canonical: (canonical parent, rank of the frame) gets one number, so nodes
 * that look alike fall together. Sorting the canonical nodes by that pair puts children beside each
 * other, in order; a walk with a stack of its own then hands out the places.
 */
#include "format/order.h"

#include <errno.h>
#include <stdlib.h>

#include "base/idmap.h"
#include "base/text.h"

static int by_text(const void *va, const void *vb, void *arg)
{
	const struct str *texts = arg;

	return str_cmp(texts[*(const uint32_t *)va], texts[*(const uint32_t *)vb]);
}

static uint32_t *make_rank(const struct str *texts, size_t n)
{
	uint32_t *by = malloc((n + 1) * sizeof(*by)), *rank = malloc((n + 1) * sizeof(*rank));
	uint32_t next = 0;

	if (!by || !rank) {
		free(by);
		free(rank);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		by[i] = (uint32_t)i;
	if (n)
		qsort_r(by, n, sizeof(*by), by_text, (void *)texts);
	for (size_t i = 0; i < n; i++) {
		if (i && !str_eq(texts[by[i]], texts[by[i - 1]]))
			next++;
		rank[by[i]] = next;
	}
	free(by);
	return rank;
}

/* Offsets become pointers when the buffer has its last place. */
int order_texts_make(struct order_texts *t, size_t n,
		     void (*add)(void *arg, struct buf *b, size_t i), void *arg)
{
	size_t *starts = malloc((n + 1) * sizeof(*starts));
	int r = -ENOMEM;

	*t = (struct order_texts){0};
	buf_init(&t->bytes, SIZE_MAX / 4);
	t->items = malloc((n + 1) * sizeof(*t->items));
	if (!starts || !t->items)
		goto out;
	for (size_t i = 0; i < n; i++) {
		starts[i] = t->bytes.len;
		add(arg, &t->bytes, i);
	}
	starts[n] = t->bytes.len;
	r = buf_error(&t->bytes);
	if (r)
		goto out;
	for (size_t i = 0; i < n; i++)
		t->items[i] =
			(struct str){buf_str(&t->bytes).p + starts[i], starts[i + 1] - starts[i]};
	t->rank = make_rank(t->items, n);
	r = t->rank ? 0 : -ENOMEM;
out:
	free(starts);
	return r;
}

void order_texts_release(struct order_texts *t)
{
	buf_release(&t->bytes);
	free(t->items);
	free(t->rank);
	*t = (struct order_texts){0};
}

struct canon {
	uint32_t parent, rank; /* sort key */
	uint32_t id;
};

static int by_parent_and_rank(const void *va, const void *vb)
{
	const struct canon *a = va, *b = vb;

	if (a->parent != b->parent)
		return a->parent < b->parent ? -1 : 1;
	return (a->rank > b->rank) - (a->rank < b->rank);
}

/* Fills id_of[] with the canonical number of each node and list[] with the canonical nodes. */
static int canonise(const struct profile *p, const uint32_t *frame_rank, uint32_t *id_of,
		    struct canon *list, uint32_t *ret_cnt)
{
	struct idmap known;
	uint32_t cnt = 1; /* 0: the empty stack */
	uint64_t id;
	int r = 0;

	idmap_init(&known, p->node_cnt);
	id_of[0] = 0;
	for (uint32_t i = 1; !r && i < p->node_cnt; i++) {
		struct canon c = {id_of[p->nodes[i].parent], frame_rank[p->nodes[i].frame], cnt};
		uint64_t key = (uint64_t)c.parent << 32 | c.rank;

		if (!idmap_get(&known, key, &id)) {
			r = idmap_put(&known, key, cnt);
			id = cnt;
			list[cnt - 1] = c;
			cnt++;
		}
		id_of[i] = (uint32_t)id;
	}
	idmap_release(&known);
	*ret_cnt = cnt;
	return r;
}

/* Preorder over list[] (sorted by parent, rank): first[id] is where the children of id begin. */
static void walk(const struct canon *list, uint32_t cnt, uint32_t *first, uint32_t *todo,
		 uint32_t *place)
{
	uint32_t depth = 0, next = 0;

	for (uint32_t id = 0, at = 0; id <= cnt; id++) {
		while (at < cnt - 1 && list[at].parent < id)
			at++;
		first[id] = at;
	}
	todo[depth++] = 0;
	while (depth) {
		uint32_t id = todo[--depth];

		place[id] = next++;
		for (uint32_t k = first[id + 1]; k > first[id]; k--)
			todo[depth++] = list[k - 1].id;
	}
}

int order_nodes(const struct profile *p, const uint32_t *frame_rank, uint32_t **ret_place)
{
	size_t n = p->node_cnt;
	uint32_t *id_of = malloc(n * sizeof(*id_of));
	uint32_t *work = malloc((3 * n + 2) * sizeof(*work)); /* first (n + 1), todo, place by id */
	struct canon *list = malloc((n + 1) * sizeof(*list));
	uint32_t cnt;
	int r = id_of && work && list ? canonise(p, frame_rank, id_of, list, &cnt) : -ENOMEM;

	if (!r) {
		uint32_t *todo = work + n + 1, *by_id = todo + n;

		qsort(list, cnt - 1, sizeof(*list), by_parent_and_rank);
		walk(list, cnt, work, todo, by_id);
		for (size_t i = 0; i < n; i++)
			id_of[i] = by_id[id_of[i]];
		*ret_place = id_of;
		id_of = NULL;
	}
	free(id_of);
	free(work);
	free(list);
	return r;
}

static int by_series_and_place(const void *va, const void *vb)
{
	const struct order_item *a = va, *b = vb;

	if (a->series_rank != b->series_rank)
		return a->series_rank < b->series_rank ? -1 : 1;
	if (a->place != b->place)
		return a->place < b->place ? -1 : 1;
	return (a->sample > b->sample) - (a->sample < b->sample);
}

int order_samples(const struct profile *p, const uint32_t *series_rank, const uint32_t *place,
		  struct order_item **ret_items)
{
	struct order_item *items = malloc((p->sample_cnt + 1) * sizeof(*items));

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < p->sample_cnt; i++) {
		const struct sample *s = &p->samples[i];

		items[i] = (struct order_item){series_rank[s->series], place[s->node], i};
	}
	if (p->sample_cnt)
		qsort(items, p->sample_cnt, sizeof(*items), by_series_and_place);
	*ret_items = items;
	return 0;
}
