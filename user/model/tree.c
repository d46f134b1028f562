// SPDX-License-Identifier: Apache-2.0
/*
 * The stack nodes of the profile are a trie already, one for all series together. So nothing is
 * looked up by name here; it is ordered once, and then copied out as often as series pass through:
 *
 *	names	get their bytewise rank
 *	nodes	get their place in a walk over all stacks, children by the rank of their name. Where
 *		frames of one name differ in module or kind, their nodes become one first
 *	samples	are sorted by (group of their series, place of their node)
 *	emit	each sample's frames below those that it shares with the one before: what comes out
 *		is the tree in preorder, children sorted by name
 *
 * A trie, not sorted lines: sorting whole lines would tear a frame apart whose name is the
 * beginning of another one's.
 */
#include "model/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/idmap.h"
#include "base/mem.h"
#include "base/sum.h"
#include "base/text.h"
#include "model/tree_order.h"

#define MAX_NODES (1U << 28)

/* A sample and where it goes. */
struct placed {
	uint64_t key; /* group << 32 | place of its node */
	size_t sample;
};

struct planter {
	const struct profile *p;
	const struct str *keys; /* of the groups */
	size_t key_cnt;
	struct tree *t;
	size_t node_cap;

	struct tree_order order;
	uint32_t *name_of;   /* string of the profile -> name + 1, 0 = not met yet */
	uint32_t *group_of;  /* series -> number of its group, in order of the groups' names */
	uint32_t *by_group;  /* a series of each group */
	uint32_t *tree_node; /* stack node -> tree node of the group at hand, if it is one of its */
	uint32_t *path;	     /* frames that are about to be emitted, leaf first */
	uint32_t *ends;	     /* node of each sample, for whoever asked; or NULL */
	uint32_t *open;	     /* label nodes above the group at hand */
};

/* The name of a string of the profile: looked up by its bytes once only. */
static int name_string(struct planter *g, uint32_t string, uint32_t *ret)
{
	struct str s;
	uint32_t id;
	int r;

	if (!g->name_of[string]) {
		s = profile_str(g->p, string);
		r = intern_add(&g->t->names, s.p, s.len, &id);
		if (r)
			return r;
		g->name_of[string] = id + 1;
	}
	*ret = g->name_of[string] - 1;
	return 0;
}

/* ---- groups ---- */

/* Value of a series for a key; into `none` when it has no such label. */
static struct str group_value(const struct planter *g, uint32_t series, size_t key, char none[128])
{
	struct str value = profile_label(g->p, series, g->keys[key]);

	if (value.len)
		return value;
	(void)snprintf(none, 128, "[no %.*s]", (int)g->keys[key].len, g->keys[key].p);
	return str_of(none);
}

/* At which key two series part; key_cnt when they are of one group. */
static size_t part_at(const struct planter *g, uint32_t a, uint32_t b, int *ret_order)
{
	char none[2][128];

	*ret_order = 0;
	for (size_t k = 0; k < g->key_cnt; k++) {
		*ret_order = str_cmp(group_value(g, a, k, none[0]), group_value(g, b, k, none[1]));
		if (*ret_order)
			return k;
	}
	return g->key_cnt;
}

static int by_values(const void *va, const void *vb, void *arg)
{
	int order;

	(void)part_at(arg, *(const uint32_t *)va, *(const uint32_t *)vb, &order);
	return order;
}

static int number_groups(struct planter *g)
{
	uint32_t *series = calloc((size_t)g->p->series_cnt + 1, sizeof(*series)), cnt = 0;
	int order;

	g->group_of = calloc((size_t)g->p->series_cnt + 1, sizeof(*g->group_of));
	g->by_group = calloc((size_t)g->p->series_cnt + 1, sizeof(*g->by_group));
	if (!series || !g->group_of || !g->by_group) {
		free(series);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < g->p->series_cnt; i++)
		series[i] = i;
	if (g->p->series_cnt)
		qsort_r(series, g->p->series_cnt, sizeof(*series), by_values, g);
	for (uint32_t i = 0; i < g->p->series_cnt; i++) {
		if (i && part_at(g, series[i - 1], series[i], &order) < g->key_cnt)
			cnt++;
		g->group_of[series[i]] = cnt;
		g->by_group[cnt] = series[i];
	}
	free(series);
	return 0;
}

/* ---- samples in order ---- */

static int by_key(const void *va, const void *vb)
{
	const struct placed *a = va, *b = vb;

	return (a->key > b->key) - (a->key < b->key);
}

/* Owned; NULL: no memory. */
static struct placed *place_samples(const struct planter *g)
{
	const struct profile *p = g->p;
	struct placed *out = mem_array(p->sample_cnt + 1, sizeof(*out));
	bool sorted = true;

	if (!out)
		return NULL;
	for (size_t i = 0; i < p->sample_cnt; i++) {
		const struct sample *s = &p->samples[i];

		out[i].key = (uint64_t)g->group_of[s->series] << 32 | g->order.place[s->node];
		out[i].sample = i;
		sorted = sorted && (!i || out[i - 1].key <= out[i].key);
	}
	if (!sorted)
		qsort(out, p->sample_cnt, sizeof(*out), by_key);
	return out;
}

/* ---- out they go ---- */

static int emit(struct planter *g, uint32_t parent, const struct tree_node *like, uint32_t *ret)
{
	struct tree *t = g->t;
	struct tree_node *n;
	int r;

	r = mem_grow(&t->nodes, &g->node_cap, (size_t)t->node_cnt + 1, sizeof(*t->nodes),
		     MAX_NODES);
	if (r)
		return r;
	n = &t->nodes[t->node_cnt];
	*n = *like;
	n->parent = parent;
	n->depth = t->node_cnt ? t->nodes[parent].depth + 1 : 0;
	if (n->depth > t->max_depth)
		t->max_depth = n->depth;
	*ret = t->node_cnt++;
	return 0;
}

/* The labels of the next group, from where it parts from the last one. */
static int emit_group(struct planter *g, uint32_t group, bool is_first)
{
	uint32_t series = g->by_group[group];
	size_t from = 0;
	int r = 0, order;

	if (!is_first)
		from = part_at(g, g->open[g->key_cnt], series, &order);
	g->open[g->key_cnt] = series;
	for (size_t k = from; !r && k < g->key_cnt; k++) {
		struct tree_node like = {0};
		char none[128];
		struct str value = group_value(g, series, k, none);

		r = intern_add(&g->t->names, value.p, value.len, &like.name);
		if (!r)
			r = emit(g, k ? g->open[k - 1] : 0, &like, &g->open[k]);
	}
	return r;
}

static int emit_frame(struct planter *g, uint32_t parent, uint32_t node)
{
	const struct frame *f = &g->p->frames[g->p->nodes[node].frame];
	struct tree_node like = {.kind = f->kind};
	int r;

	r = name_string(g, f->name, &like.name);
	if (!r)
		r = name_string(g, f->module, &like.module);
	return r ? r : emit(g, parent, &like, &g->tree_node[node]);
}

/*
 * Climbs from the leaf to the first frame that this group has already: in this order it can only
 * be one that is still open. Then the others go out, root first.
 */
static int emit_stack(struct planter *g, uint32_t node, uint32_t *ret)
{
	uint32_t base = g->open[g->key_cnt - 1], at = base;
	size_t depth = 0;
	int r = 0;

	node = g->order.same[node];
	for (; node; node = g->order.same[g->p->nodes[node].parent]) {
		if (g->tree_node[node] > base) {
			at = g->tree_node[node];
			break;
		}
		g->path[depth++] = node;
	}
	while (!r && depth) {
		r = emit_frame(g, at, g->path[--depth]);
		at = g->tree_node[g->path[depth]];
	}
	*ret = at;
	return r;
}

static int emit_samples(struct planter *g, const struct placed *samples)
{
	const struct profile *p = g->p;
	uint32_t group = 0, at = 0;
	int r = 0;

	for (size_t i = 0; !r && i < p->sample_cnt; i++) {
		const struct sample *s = &p->samples[samples[i].sample];

		if (!i || samples[i].key >> 32 != group) {
			group = (uint32_t)(samples[i].key >> 32);
			r = emit_group(g, group, !i);
		}
		if (!r)
			r = emit_stack(g, s->node, &at);
		if (!r) {
			sum_add(&g->t->nodes[at].self, s->weight);
			sum_add(&g->t->nodes[at].cnt, s->cnt);
			if (g->ends)
				g->ends[samples[i].sample] = at;
		}
	}
	return r;
}

/* Children stand behind their parents: one pass backwards adds everything up. */
static void add_up(struct tree *t)
{
	for (uint32_t n = t->node_cnt; n--;) {
		struct tree_node *node = &t->nodes[n], *parent = &t->nodes[node->parent];

		if (!node->end)
			node->end = n + 1;
		sum_add(&node->total, node->self);
		if (!n)
			break;
		if (parent->end < node->end)
			parent->end = node->end;
		sum_add(&parent->total, node->total);
		sum_add(&parent->cnt, node->cnt);
	}
}

static int plant(struct planter *g)
{
	const struct profile *p = g->p;
	const struct tree_node root = {0};
	struct placed *samples = NULL;
	uint32_t id;
	int r;

	g->name_of = calloc((size_t)intern_cnt(&p->strings) + 1, sizeof(*g->name_of));
	g->tree_node = mem_zarray((size_t)p->node_cnt + 1, sizeof(*g->tree_node));
	g->path = mem_array((size_t)p->node_cnt + 1, sizeof(*g->path));
	g->open = calloc(g->key_cnt + 1, sizeof(*g->open));
	if (!g->name_of || !g->tree_node || !g->path || !g->open)
		return -ENOMEM;
	r = intern_add(&g->t->names, "", 0, &id);
	/* a stack node that belongs to one group, as most do, is one tree node */
	if (!r)
		r = mem_grow(&g->t->nodes, &g->node_cap, (size_t)p->node_cnt + 1,
			     sizeof(*g->t->nodes), MAX_NODES);
	if (!r)
		r = emit(g, 0, &root, &id);
	if (!r)
		r = number_groups(g);
	if (!r)
		r = tree_order_make(p, &g->order);
	if (!r)
		r = (samples = place_samples(g)) ? emit_samples(g, samples) : -ENOMEM;
	if (!r)
		add_up(g->t);
	free(samples);
	return r;
}

int tree_new(const struct profile *p, const struct str *group_keys, size_t group_cnt,
	     struct tree **ret_tree)
{
	return tree_new_placed(p, group_keys, group_cnt, NULL, ret_tree);
}

int tree_new_placed(const struct profile *p, const struct str *group_keys, size_t group_cnt,
		    uint32_t *ret_nodes, struct tree **ret_tree)
{
	static const struct str by_process[] = {STR_LIT(LABEL_PROCESS)};
	struct planter g = {.p = p, .keys = group_keys, .key_cnt = group_cnt, .ends = ret_nodes};
	struct tree *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	if (!group_cnt) {
		g.keys = by_process;
		g.key_cnt = 1;
	}
	t->group_cnt = (uint32_t)g.key_cnt;
	g.t = t;
	intern_init(&t->names, MAX_NODES, SIZE_MAX / 2);
	r = plant(&g);
	free(g.name_of);
	free(g.group_of);
	free(g.by_group);
	free(g.tree_node);
	free(g.path);
	free(g.open);
	tree_order_release(&g.order);
	if (r) {
		tree_free(t);
		return r;
	}
	*ret_tree = t;
	return 0;
}

void tree_free(struct tree *t)
{
	if (!t)
		return;
	intern_release(&t->names);
	free(t->nodes);
	free(t);
}

struct str tree_name(const struct tree *t, uint32_t node)
{
	return intern_get(&t->names, t->nodes[node].name);
}

struct str tree_module(const struct tree *t, uint32_t node)
{
	return intern_get(&t->names, t->nodes[node].module);
}
