// SPDX-License-Identifier: Apache-2.0
/*
 * Two steps. First a trie grows: a hash map (parent, name) -> child finds where a sample belongs; a
 * memo from the profile's stack nodes to trie nodes, valid for one series at a time, makes that one
 * look-up for each distinct stack node instead of one for each frame of each sample. Then the
 * children of each trie node are sorted by name and everything is copied out in preorder. A trie,
 * not sorted lines: sorting whole lines would tear a frame apart whose name is the beginning of
 * another one's.
 */
#include "model/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/idmap.h"
#include "base/mem.h"
#include "base/sum.h"
#include "base/text.h"

#define MAX_NODES (1U << 28)

struct trie_node {
	uint32_t name, module, kind, parent;
	uint32_t first_child, next_sibling; /* 0 = none: the root is nobody's child */
	uint64_t self, cnt;
};

struct trie {
	struct trie_node *nodes;
	size_t cnt, cap;
	struct intern *names;  /* the tree's */
	uint32_t *name_of;     /* string of the profile -> name + 1, 0 = not met yet */
	struct idmap children; /* parent << 32 | name */
};

struct memo {
	uint32_t series; /* + 1; the memo of another series is void */
	uint32_t node;
};

static int trie_child(struct trie *trie, uint32_t parent, const struct trie_node *like,
		      uint32_t *ret)
{
	uint64_t key = (uint64_t)parent << 32 | like->name, found;
	int r;

	if (idmap_get(&trie->children, key, &found)) {
		*ret = (uint32_t)found;
		return 0;
	}
	r = mem_grow(&trie->nodes, &trie->cap, trie->cnt + 1, sizeof(*trie->nodes), MAX_NODES);
	if (!r)
		r = idmap_put(&trie->children, key, trie->cnt);
	if (r)
		return r;
	trie->nodes[trie->cnt] = *like;
	trie->nodes[trie->cnt].parent = parent;
	trie->nodes[trie->cnt].next_sibling = trie->nodes[parent].first_child;
	trie->nodes[parent].first_child = (uint32_t)trie->cnt;
	*ret = (uint32_t)trie->cnt++;
	return 0;
}

/* The name of a string of the profile: looked up by its bytes once only. */
static int trie_name(struct trie *trie, const struct profile *p, uint32_t string, uint32_t *ret)
{
	struct str s;
	uint32_t id;
	int r;

	if (!trie->name_of[string]) {
		s = profile_str(p, string);
		r = intern_add(trie->names, s.p, s.len, &id);
		if (r)
			return r;
		trie->name_of[string] = id + 1;
	}
	*ret = trie->name_of[string] - 1;
	return 0;
}

/* The trie node below which the frames of a series stand. */
static int group_node(struct trie *trie, const struct profile *p, uint32_t series,
		      const struct str *keys, size_t key_cnt, uint32_t *ret)
{
	uint32_t at = 0;
	int r;

	for (size_t i = 0; i < key_cnt; i++) {
		struct str value = profile_label(p, series, keys[i]);
		struct trie_node like = {0};
		char none[128];

		if (!value.len) {
			(void)snprintf(none, sizeof(none), "[no %.*s]", (int)keys[i].len,
				       keys[i].p);
			value = str_of(none);
		}
		r = intern_add(trie->names, value.p, value.len, &like.name);
		if (!r)
			r = trie_child(trie, at, &like, &at);
		if (r)
			return r;
	}
	*ret = at;
	return 0;
}

/* Climbs from the leaf to the first node that this series has met, then descends again, filling the
 * memo. */
static int stack_node(struct trie *trie, const struct profile *p, uint32_t series, uint32_t base,
		      uint32_t node, struct memo *memo, uint32_t *path, uint32_t *ret)
{
	uint32_t at = base;
	size_t depth = 0;
	int r;

	for (; node && memo[node].series != series + 1; node = p->nodes[node].parent)
		path[depth++] = node;
	if (node)
		at = memo[node].node;
	while (depth) {
		const struct frame *f = &p->frames[p->nodes[path[--depth]].frame];
		struct trie_node like = {.kind = f->kind};

		r = trie_name(trie, p, f->name, &like.name);
		if (!r)
			r = trie_name(trie, p, f->module, &like.module);
		if (!r)
			r = trie_child(trie, at, &like, &at);
		if (r)
			return r;
		memo[path[depth]] = (struct memo){series + 1, at};
	}
	*ret = at;
	return 0;
}

static int fill(struct trie *trie, const struct profile *p, const struct str *keys, size_t key_cnt)
{
	struct memo *memo = calloc((size_t)p->node_cnt + 1, sizeof(*memo));
	uint32_t *path = calloc((size_t)p->node_cnt + 1, sizeof(*path));
	uint32_t base = 0, at;
	int r;

	trie->name_of = calloc((size_t)intern_cnt(&p->strings) + 1, sizeof(*trie->name_of));
	r = memo && path && trie->name_of ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < p->sample_cnt; i++) {
		const struct sample *s = &p->samples[i];

		if (!i || s->series != p->samples[i - 1].series)
			r = group_node(trie, p, s->series, keys, key_cnt, &base);
		if (!r)
			r = stack_node(trie, p, s->series, base, s->node, memo, path, &at);
		if (!r) {
			sum_add(&trie->nodes[at].self, s->weight);
			sum_add(&trie->nodes[at].cnt, s->cnt);
		}
	}
	free(memo);
	free(path);
	return r;
}

struct child {
	struct str name;
	uint32_t node;
};

static int by_name(const void *va, const void *vb)
{
	const struct child *a = va, *b = vb;

	return str_cmp(a->name, b->name);
}

/* Relinks the children of one node so that their names ascend. */
static int sort_children(struct trie *trie, const struct intern *names, uint32_t parent,
			 struct child **scratch, size_t *scratch_cap)
{
	struct trie_node *nodes = trie->nodes;
	size_t cnt = 0;
	int r;

	if (!nodes[parent].first_child || !nodes[nodes[parent].first_child].next_sibling)
		return 0;
	for (uint32_t c = nodes[parent].first_child; c; c = nodes[c].next_sibling) {
		r = mem_grow(scratch, scratch_cap, cnt + 1, sizeof(**scratch), MAX_NODES);
		if (r)
			return r;
		(*scratch)[cnt++] = (struct child){intern_get(names, nodes[c].name), c};
	}
	qsort(*scratch, cnt, sizeof(**scratch), by_name);
	nodes[parent].first_child = (*scratch)[0].node;
	for (size_t i = 0; i < cnt; i++)
		nodes[(*scratch)[i].node].next_sibling = i + 1 < cnt ? (*scratch)[i + 1].node : 0;
	return 0;
}

static uint32_t emit(struct tree *t, const struct trie_node *from, uint32_t parent)
{
	struct tree_node *n = &t->nodes[t->node_cnt];

	*n = (struct tree_node){
		.name = from->name,
		.module = from->module,
		.kind = from->kind,
		.parent = parent,
		.depth = t->node_cnt ? t->nodes[parent].depth + 1 : 0,
		.self = from->self,
		.total = from->self,
		.cnt = from->cnt,
	};
	if (n->depth > t->max_depth)
		t->max_depth = n->depth;
	return t->node_cnt++;
}

/* Copies the trie out in preorder: down to the first child, else to the next sibling of the nearest
 * ancestor. */
static void emit_all(struct tree *t, const struct trie *trie)
{
	uint32_t from = 0, at = emit(t, &trie->nodes[0], 0);

	for (;;) {
		if (trie->nodes[from].first_child) {
			from = trie->nodes[from].first_child;
			at = emit(t, &trie->nodes[from], at);
			continue;
		}
		t->nodes[at].end = t->node_cnt;
		while (from && !trie->nodes[from].next_sibling) {
			from = trie->nodes[from].parent;
			at = t->nodes[at].parent;
			t->nodes[at].end = t->node_cnt;
		}
		if (!from)
			break;
		from = trie->nodes[from].next_sibling;
		at = emit(t, &trie->nodes[from], t->nodes[at].parent);
	}
	/* children stand behind their parents: one pass backwards adds everything up */
	for (uint32_t n = t->node_cnt - 1; n; n--) {
		sum_add(&t->nodes[t->nodes[n].parent].total, t->nodes[n].total);
		sum_add(&t->nodes[t->nodes[n].parent].cnt, t->nodes[n].cnt);
	}
}

static int sort_and_emit(struct tree *t, struct trie *trie)
{
	struct child *scratch = NULL;
	size_t scratch_cap = 0;
	int r = 0;

	t->nodes = calloc(trie->cnt, sizeof(*t->nodes));
	if (!t->nodes)
		return -ENOMEM;
	for (size_t n = 0; !r && n < trie->cnt; n++)
		r = sort_children(trie, &t->names, (uint32_t)n, &scratch, &scratch_cap);
	free(scratch);
	if (!r)
		emit_all(t, trie);
	return r;
}

int tree_new(const struct profile *p, const struct str *group_keys, size_t group_cnt,
	     struct tree **ret_tree)
{
	static const struct str by_process[] = {STR_LIT(LABEL_PROCESS)};
	struct tree *t = calloc(1, sizeof(*t));
	struct trie trie = {0};
	uint32_t id;
	int r;

	if (!t)
		return -ENOMEM;
	if (!group_cnt) {
		group_keys = by_process;
		group_cnt = 1;
	}
	t->group_cnt = (uint32_t)group_cnt;
	trie.names = &t->names;
	intern_init(&t->names, MAX_NODES, SIZE_MAX / 2);
	idmap_init(&trie.children, MAX_NODES);
	r = intern_add(&t->names, "", 0, &id);
	if (!r)
		r = mem_grow(&trie.nodes, &trie.cap, 1, sizeof(*trie.nodes), MAX_NODES);
	if (!r) {
		trie.nodes[0] = (struct trie_node){0};
		trie.cnt = 1;
		r = fill(&trie, p, group_keys, group_cnt);
	}
	if (!r)
		r = sort_and_emit(t, &trie);
	free(trie.nodes);
	free(trie.name_of);
	idmap_release(&trie.children);
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
