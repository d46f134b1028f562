// SPDX-License-Identifier: Apache-2.0
#include "model/tree_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/idmap.h"
#include "base/mem.h"
#include "base/text.h"

#define UNUSED UINT32_MAX

struct named {
	struct str text;
	uint32_t string;
};

static int by_text(const void *va, const void *vb)
{
	const struct named *a = va, *b = vb;

	return str_cmp(a->text, b->text);
}

/* Bytewise rank of each string that names a frame. */
static int rank_names(const struct profile *p, uint32_t *rank)
{
	struct named *names = calloc((size_t)p->frame_cnt + 1, sizeof(*names));
	uint32_t cnt = 0, strings = intern_cnt(&p->strings);

	if (!names)
		return -ENOMEM;
	for (uint32_t i = 0; i < strings; i++)
		rank[i] = UNUSED;
	for (uint32_t i = 0; i < p->frame_cnt; i++) {
		uint32_t string = p->frames[i].name;

		if (rank[string] != UNUSED)
			continue;
		rank[string] = 0;
		names[cnt++] = (struct named){profile_str(p, string), string};
	}
	if (cnt)
		qsort(names, cnt, sizeof(*names), by_text);
	for (uint32_t i = 0; i < cnt; i++)
		rank[names[i].string] = i;
	free(names);
	return 0;
}

/* Ranks of names that several frames bear. False when there are none. */
static bool find_shared(const struct profile *p, const uint32_t *rank_of, bool *shared, bool *seen)
{
	bool any = false;

	for (uint32_t i = 0; i < p->frame_cnt; i++) {
		uint32_t rank = rank_of[p->frames[i].name];

		shared[rank] |= seen[rank];
		any |= seen[rank];
		seen[rank] = true;
	}
	return any;
}

/*
 * Nodes below one parent whose frames bear the same name become one, and so do their children. Only
 * nodes at and below such frames are looked up.
 */
static int unite(const struct profile *p, const uint32_t *rank, const bool *shared, uint32_t *same)
{
	bool *is_twin = calloc((size_t)p->node_cnt + 1, sizeof(*is_twin));
	struct idmap known; /* same parent << 32 | rank of the name -> node */
	int r = is_twin ? 0 : -ENOMEM;

	idmap_init(&known, p->node_cnt);
	for (uint32_t i = 1; !r && i < p->node_cnt; i++) {
		uint32_t parent = p->nodes[i].parent;
		uint64_t key = (uint64_t)same[parent] << 32 | rank[i], first;

		is_twin[i] = shared[rank[i]] || is_twin[parent];
		if (!is_twin[i])
			continue;
		if (idmap_get(&known, key, &first))
			same[i] = (uint32_t)first;
		else
			r = idmap_put(&known, key, i);
	}
	idmap_release(&known);
	free(is_twin);
	return r;
}

struct child {
	uint32_t rank;
	uint32_t node;
};

static int by_rank(const void *va, const void *vb)
{
	const struct child *a = va, *b = vb;

	return (a->rank > b->rank) - (a->rank < b->rank);
}

/* Relinks the children of one node, which has several, in the order of their ranks. */
static int sort_children(const uint32_t *rank, uint32_t *first, uint32_t *next,
			 struct child **scratch, size_t *scratch_cap)
{
	size_t cnt = 0;
	bool sorted = true;
	int r;

	for (uint32_t c = *first; c; c = next[c]) {
		r = mem_grow(scratch, scratch_cap, cnt + 1, sizeof(**scratch), UINT32_MAX);
		if (r)
			return r;
		(*scratch)[cnt] = (struct child){rank[c], c};
		sorted = sorted && (!cnt || (*scratch)[cnt - 1].rank <= rank[c]);
		cnt++;
	}
	if (sorted)
		return 0;
	qsort(*scratch, cnt, sizeof(**scratch), by_rank);
	*first = (*scratch)[0].node;
	for (size_t i = 0; i < cnt; i++)
		next[(*scratch)[i].node] = i + 1 < cnt ? (*scratch)[i + 1].node : 0;
	return 0;
}

/*
 * Links each node's children in the order of their ranks. Nodes stand near their parents, so lists
 * are made in the nodes' order; few have more than one child to be put in order.
 */
static int link_children(const struct profile *p, const uint32_t *rank, const uint32_t *same,
			 uint32_t *first, uint32_t *next)
{
	struct child *scratch = NULL;
	size_t scratch_cap = 0;
	int r = 0;

	for (uint32_t i = p->node_cnt; --i;) {
		uint32_t parent = same[p->nodes[i].parent];

		if (same[i] != i)
			continue;
		next[i] = first[parent];
		first[parent] = i;
	}
	for (uint32_t i = 0; !r && i < p->node_cnt; i++)
		if (first[i] && next[first[i]])
			r = sort_children(rank, &first[i], next, &scratch, &scratch_cap);
	free(scratch);
	return r;
}

static void number(const struct profile *p, const uint32_t *same, const uint32_t *first,
		   const uint32_t *next, uint32_t *place)
{
	uint32_t at = 0, cnt = 0;

	place[0] = cnt++;
	for (;;) {
		if (first[at]) {
			at = first[at];
		} else {
			while (at && !next[at])
				at = same[p->nodes[at].parent];
			if (!at)
				break;
			at = next[at];
		}
		place[at] = cnt++;
	}
	for (uint32_t i = 1; i < p->node_cnt; i++)
		place[i] = place[same[i]];
}

/* Working arrays, by node or by rank. */
struct scratch {
	uint32_t *rank_of; /* string -> rank */
	uint32_t *rank;	   /* node -> rank of its frame's name */
	uint32_t *first, *next;
	bool *shared, *seen;
};

static bool scratch_init(struct scratch *s, const struct profile *p)
{
	size_t n = (size_t)p->node_cnt + 1, frames = (size_t)p->frame_cnt + 1;

	s->rank_of = malloc(((size_t)intern_cnt(&p->strings) + 1) * sizeof(*s->rank_of));
	s->rank = mem_array(n, sizeof(*s->rank));
	s->first = mem_zarray(n, sizeof(*s->first));
	s->next = mem_zarray(n, sizeof(*s->next));
	s->shared = calloc(frames, sizeof(*s->shared));
	s->seen = calloc(frames, sizeof(*s->seen));
	return s->rank_of && s->rank && s->first && s->next && s->shared && s->seen;
}

static void scratch_release(struct scratch *s)
{
	free(s->rank_of);
	free(s->rank);
	free(s->first);
	free(s->next);
	free(s->shared);
	free(s->seen);
}

static int make(const struct profile *p, struct scratch *s, struct tree_order *o)
{
	int r;

	r = rank_names(p, s->rank_of);
	if (r)
		return r;
	for (uint32_t i = 0; i < p->node_cnt; i++) {
		s->rank[i] = s->rank_of[p->frames[p->nodes[i].frame].name];
		o->same[i] = i;
	}
	if (find_shared(p, s->rank_of, s->shared, s->seen))
		r = unite(p, s->rank, s->shared, o->same);
	if (!r)
		r = link_children(p, s->rank, o->same, s->first, s->next);
	if (!r)
		number(p, o->same, s->first, s->next, o->place);
	return r;
}

int tree_order_make(const struct profile *p, struct tree_order *ret)
{
	struct scratch s = {0};
	int r = -ENOMEM;

	ret->same = mem_array((size_t)p->node_cnt + 1, sizeof(*ret->same));
	ret->place = mem_array((size_t)p->node_cnt + 1, sizeof(*ret->place));
	if (ret->same && ret->place && scratch_init(&s, p))
		r = make(p, &s, ret);
	scratch_release(&s);
	return r;
}

void tree_order_release(struct tree_order *o)
{
	free(o->same);
	free(o->place);
	*o = (struct tree_order){0};
}
