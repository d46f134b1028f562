// SPDX-License-Identifier: Apache-2.0
#include "unwind/unwinder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/idmap.h"
#include "elf/image.h"
#include "elf/leaf.h"
#include "model/record.h"
#include "unwind/walk.h"

#define DIR_BYTES   1024 /* of the arena, for each directory that there may be */
#define MIN_DIRS    256
#define SPARE_LISTS 64 /* lists of processes that are gone, while their samples are looked at */

struct space {
	uint64_t id;
	uint64_t version; /* of the mappings that the list was made from */
	uint32_t pid;	  /* 0: this entry is free */
	uint32_t list;
	uint64_t used_ns; /* time of its last sample */
};

struct unwinder {
	struct unwind_target target;
	void *own_memory;
	struct units *units;
	struct leaves *leaves;
	struct spans *spans;
	struct space *entries;
	size_t entry_cnt; /* in use, or free again */
	struct idmap by_pid;
	uint16_t tick;
	uint64_t pcs[WIRE_MAX_USER_FRAMES];
	struct unwinder_stats stats;
};

static int make_parts(struct unwinder *u)
{
	size_t bytes = u->target.arena_bytes;
	uint32_t dirs = (uint32_t)(bytes / DIR_BYTES);
	int r;

	if (!u->target.arena) {
		u->own_memory = aligned_alloc(UNWIND_PAGE, bytes / UNWIND_PAGE * UNWIND_PAGE);
		if (!u->own_memory)
			return -ENOMEM;
		memset(u->own_memory, 0, bytes / UNWIND_PAGE * UNWIND_PAGE);
		u->target.arena = u->own_memory;
	}
	u->entries = calloc(u->target.max_spaces, sizeof(*u->entries));
	if (!u->entries)
		return -ENOMEM;
	idmap_init(&u->by_pid, u->target.max_spaces);
	r = units_new(u->target.arena, bytes, u->own_memory ? NULL : u->target.reach_arena,
		      u->target.arg, &u->units);
	if (!r)
		r = leaves_new(u->units, dirs < MIN_DIRS ? MIN_DIRS : dirs, &u->leaves);
	if (!r)
		r = spans_new(u->units, u->leaves, u->target.max_spaces + SPARE_LISTS, &u->spans);
	return r;
}

int unwinder_new(const struct unwind_target *target, struct unwinder **ret)
{
	struct unwinder *u = calloc(1, sizeof(*u));
	int r;

	if (!u)
		return -ENOMEM;
	u->target = *target;
	r = target->max_spaces ? 0 : -EINVAL;
	if (!target->no_rules && !r)
		r = make_parts(u);
	if (r) {
		unwinder_free(u);
		return r;
	}
	*ret = u;
	return 0;
}

void unwinder_free(struct unwinder *u)
{
	if (!u)
		return;
	spans_free(u->spans);
	leaves_free(u->leaves);
	units_free(u->units);
	idmap_release(&u->by_pid);
	free(u->entries);
	free(u->own_memory);
	free(u);
}

/* ---- address spaces that the sampler knows ---------------------------------------------------- */

static struct space *find_space(const struct unwinder *u, uint32_t pid)
{
	uint64_t index;

	return idmap_get(&u->by_pid, pid, &index) ? &u->entries[index] : NULL;
}

static int tell_sampler(struct unwinder *u, uint32_t pid, const struct space *sp)
{
	struct unwind_space value = {0};

	if (!u->target.set_space)
		return 0;
	if (!sp)
		return u->target.set_space(u->target.arg, pid, NULL);
	value.id = sp->id;
	value.list = sp->list;
	value.version = (uint32_t)sp->version;
	return u->target.set_space(u->target.arg, pid, &value);
}

static void drop_space(struct unwinder *u, struct space *sp)
{
	/* What the sampler still believes costs it nothing: the id will not fit anybody else. */
	if (tell_sampler(u, sp->pid, NULL))
		sp->id = 0;
	(void)idmap_remove(&u->by_pid, sp->pid, NULL);
	spans_put(u->spans, sp->list);
	*sp = (struct space){0};
	u->stats.spaces--;
}

/* A free entry, if need be that of the process that was sampled longest ago. */
static struct space *free_entry(struct unwinder *u)
{
	struct space *oldest = &u->entries[0];

	if (u->entry_cnt < u->target.max_spaces)
		return &u->entries[u->entry_cnt++];
	for (size_t i = 0; i < u->entry_cnt; i++) {
		struct space *sp = &u->entries[i];

		if (!sp->pid)
			return sp;
		if (sp->used_ns < oldest->used_ns)
			oldest = sp;
	}
	drop_space(u, oldest);
	u->stats.evicted_spaces++;
	return oldest;
}

/* Takes over the reference to `list`. */
static void set_space(struct unwinder *u, const struct unwind_process *p, uint64_t id,
		      uint64_t time_ns, uint32_t list)
{
	struct space *sp = find_space(u, p->pid);

	if (!sp) {
		sp = free_entry(u);
		if (idmap_put(&u->by_pid, p->pid, (uint64_t)(sp - u->entries))) {
			spans_put(u->spans, list);
			return;
		}
		u->stats.spaces++;
	} else {
		spans_put(u->spans, sp->list);
	}
	*sp = (struct space){.id = id,
			     .version = p->maps.version,
			     .pid = p->pid,
			     .list = list,
			     .used_ns = time_ns};
	if (tell_sampler(u, p->pid, sp))
		drop_space(u, sp);
}

/*
 * The list for a sample's process, with a reference of the caller's. The sampler learns of it when
 * it does not know this address space, or its mappings have changed since.
 */
static uint32_t follow_space(struct unwinder *u, const struct unwind_process *p,
			     const struct wire_sample *s, const struct wire_stack *stack)
{
	struct space *sp = find_space(u, p->pid);
	uint64_t id = stack ? stack->space_id : sp ? sp->id : 0;
	uint32_t list;

	if (sp && sp->id == id && sp->version == p->maps.version) {
		sp->used_ns = s->h.time_ns;
		return 0;
	}
	if (!id || !p->maps.cnt)
		return 0;
	list = spans_get(u->spans, &p->maps);
	if (list && p->is_alive)
		set_space(u, p, id, s->h.time_ns, spans_get(u->spans, &p->maps));
	return list;
}

void unwinder_forget(struct unwinder *u, uint32_t pid)
{
	struct space *sp = u->target.no_rules ? NULL : find_space(u, pid);

	if (sp)
		drop_space(u, sp);
}

/* ---- rules for walking here ------------------------------------------------------------------- */

struct lookup {
	struct unwinder *u;
	const struct unwind_maps *maps;
	uint32_t list;
	enum unwind_end end; /* what a walk that breaks at the last looked-up address ended in */
};

static bool find_range(const struct unwind_maps *maps, uint64_t addr, struct unwind_range *ret)
{
	size_t lo = 0, hi = maps->cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		maps->get(maps->arg, mid, ret);
		if (addr < ret->start)
			hi = mid;
		else if (addr >= ret->end)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

static const struct unwind_span *find_span(const struct unwinder *u, uint32_t unit, uint64_t addr)
{
	const struct unwind_list *list = units_at(u->units, unit);
	size_t lo = 0, hi = list->cnt;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (list->spans[mid].start <= addr)
			lo = mid;
		else
			hi = mid;
	}
	if (list->levels && list->spans[lo].dir >= UNWIND_FIRST)
		return find_span(u, list->spans[lo].dir, addr);
	return &list->spans[lo];
}

/* The leaf at a byte of a span's directory, loaded if need be; UNWIND_UNKNOWN if that fails. */
static uint32_t load_leaf(struct unwinder *u, const struct unwind_span *span, uint64_t byte,
			  struct image *image)
{
	const struct unwind_dir *dir = units_at(u->units, span->dir);
	uint32_t chunk = (uint32_t)(byte >> UNWIND_CHUNK_SHIFT);

	if (chunk >= dir->cnt)
		return UNWIND_UNKNOWN;
	if (dir->leaves[chunk] == UNWIND_UNKNOWN && leaves_load(u->leaves, span->dir, chunk, image))
		return UNWIND_UNKNOWN;
	return dir->leaves[chunk];
}

static bool rule_of(void *arg, uint64_t addr, struct unwind_rule *ret)
{
	struct lookup *l = arg;
	const struct unwind_span *span;
	struct unwind_range range;
	uint64_t byte;
	uint32_t leaf;

	*ret = (struct unwind_rule){0};
	l->end = UNWIND_END_UNKNOWN;
	if (!find_range(l->maps, addr, &range))
		return false;
	l->end = UNWIND_END_JIT;
	ret->other = !range.image;
	if (!range.image)
		return true;
	l->end = UNWIND_END_UNFINISHED;
	span = l->list ? find_span(l->u, l->list, addr) : NULL;
	if (!span || span->dir < UNWIND_FIRST)
		return false;
	byte = addr - span->start + span->skew;
	leaf = load_leaf(l->u, span, byte, range.image);
	if (leaf == UNWIND_UNKNOWN)
		return false;
	l->end = UNWIND_END_NO_RULE;
	if (leaf != UNWIND_NO_RULE)
		*ret = *leaf_find(units_at(l->u->units, leaf), byte & (UNWIND_CHUNK - 1));
	if ((ret->cfa & UNWIND_CFA_MASK) != UNWIND_CFA_NONE)
		l->end = UNWIND_END_BROKEN;
	return true;
}

/* At which kind of frame did BPF's walk break? */
static enum unwind_end broken_at(struct lookup *l, const struct unwind_stack *st)
{
	struct unwind_rule rule;
	uint64_t addr = st->pcs[st->cnt - 1] - (st->cnt > 1);

	(void)rule_of(l, addr, &rule);
	return l->end;
}

static enum unwind_end end_of(uint16_t flags, struct lookup *l, const struct unwind_stack *st)
{
	if (flags & WIRE_F_USER_WHOLE)
		return UNWIND_END_WHOLE;
	if (flags & WIRE_F_USER_TRUNCATED)
		return UNWIND_END_TRUNCATED;
	if (flags & WIRE_F_USER_BROKEN)
		return broken_at(l, st);
	return UNWIND_END_UNFINISHED;
}

/* ---- samples ---------------------------------------------------------------------------------- */

static void finish_walk(struct unwinder *u, struct lookup *l, const struct wire_stack *stack,
			struct unwind_stack *st)
{
	struct walk_result r = {.cnt = st->cnt};

	memcpy(u->pcs, st->pcs, st->cnt * sizeof(u->pcs[0]));
	walk_on(stack, u->pcs, WIRE_MAX_USER_FRAMES, rule_of, l, &r);
	u->stats.continued++;
	st->pcs = u->pcs;
	st->cnt = r.cnt;
	st->has_fp |= (r.flags & WIRE_F_USER_FP) != 0;
	if (r.is_short)
		st->end = UNWIND_END_UNFINISHED;
	else if (r.flags & WIRE_F_USER_BROKEN)
		st->end = l->end;
	else
		st->end = end_of(r.flags, l, st);
}

/* A chain of frame pointers looks whole when it ends with 0, which in a JIT's code says nothing. */
static enum unwind_end end_by_frame_pointer(uint16_t flags, const struct unwind_maps *maps,
					    const struct unwind_stack *st)
{
	struct unwind_range range;

	if (flags & WIRE_F_USER_TRUNCATED)
		return UNWIND_END_TRUNCATED;
	if (!find_range(maps, st->pcs[st->cnt - 1] - (st->cnt > 1), &range))
		return flags & WIRE_F_USER_WHOLE ? UNWIND_END_WHOLE : UNWIND_END_UNKNOWN;
	if (!range.image)
		return UNWIND_END_JIT;
	return flags & WIRE_F_USER_WHOLE ? UNWIND_END_WHOLE : UNWIND_END_NO_RULE;
}

/* The stack as far as the rules go that are there, or can be had. */
static void follow_rules(struct unwinder *u, const struct unwind_process *process,
			 const struct wire_sample *s, struct unwind_stack *ret)
{
	const struct wire_stack *stack = wire_sample_stack(s);
	struct lookup l = {.u = u, .maps = &process->maps};
	struct unwind_stack st = *ret;
	struct space *sp;
	uint32_t list;

	list = follow_space(u, process, s, stack);
	sp = find_space(u, process->pid);
	l.list = list ? list : sp ? sp->list : 0;
	if (s->h.flags & WIRE_F_USER_NO_RULES && stack)
		finish_walk(u, &l, stack, &st);
	else
		st.end = s->h.flags & WIRE_F_USER_NO_RULES ? UNWIND_END_UNFINISHED
							   : end_of(s->h.flags, &l, &st);
	spans_put(u->spans, list);
	*ret = st;
}

void unwinder_sample(struct unwinder *u, const struct unwind_process *process,
		     const struct wire_sample *s, struct unwind_stack *ret)
{
	struct unwind_stack st = {.pcs = (const uint64_t *)&s->pcs[s->kernel_cnt],
				  .cnt = s->user_cnt,
				  .has_fp = s->user_cnt && s->h.flags & WIRE_F_USER_FP};

	if (st.cnt && u->target.no_rules)
		st.end = end_by_frame_pointer(s->h.flags, &process->maps, &st);
	else if (st.cnt)
		follow_rules(u, process, s, &st);
	if (st.cnt) {
		u->stats.ends[st.end]++;
		u->stats.by_fp += st.has_fp;
	}
	*ret = st;
}

void unwinder_tick(struct unwinder *u, uint64_t mono_ns)
{
	uint16_t tick = unwind_tick_of(mono_ns);

	if (tick == u->tick || u->target.no_rules)
		return;
	u->tick = tick;
	leaves_tick(u->leaves, tick);
	units_tick(u->units);
}

void unwinder_stats(const struct unwinder *u, struct unwinder_stats *ret)
{
	*ret = u->stats;
	if (u->target.no_rules)
		return;
	ret->lists = spans_cnt(u->spans);
	ret->arena_bytes = units_bytes(u->units);
	ret->arena_used = units_used(u->units);
	leaves_stats(u->leaves, &ret->leaves);
}
