// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * unwind.bpf.c - one frame of a user stack: from its address to its rule, and to its caller.
 *
 *	spaces[pid] ─► list of spans ─► directory of the file ─► leaf of the chunk ─► rule
 *
 * All but the first are in pages of the arena, each reached by one lookup; searches run inside a
 * page, without guesses: which half it is becomes arithmetic. At some hundred samples a second code
 * and tables are cold, and each cache line of them a miss: so what was found is kept in a slot of
 * one line (struct rule_slot), what nearly all frames need is in one piece, and the rest, loops and
 * all, in functions out of its way.
 *
 * What is read in the arena may be half written or already reused for something else, so each offset
 * is masked to its page. The worst that comes of it is one wrong stack.
 */
#include "unwind.bpf.h"

#define UNITS_A_PAGE (UNWIND_PAGE / UNWIND_UNIT)

/* 2^8 spans in a list, 2^12 rows in a leaf are more than a page holds. */
#define SPAN_STEPS 8
#define ROW_STEPS  12

static __always_inline struct arena_page *page_of(__u32 unit)
{
	__u32 page = unit / UNITS_A_PAGE;

	return bpf_map_lookup_elem(&arena, &page);
}

static __always_inline __u32 offset_of(__u32 unit)
{
	return unit % UNITS_A_PAGE * UNWIND_UNIT;
}

#define AT(type, page, offset) \
	(*(type *)((page)->bytes + ((offset) & (UNWIND_PAGE - sizeof(type)))))

/* All ones when a <= b, which are below 2^63. */
static __always_inline __u64 not_above(__u64 a, __u64 b)
{
	return ~(__u64)((__s64)(b - a) >> 63);
}

/* The last span of a list that begins at addr or before; its offset in the page. */
static __always_inline __u32 search_list(struct arena_page *page, __u32 list, __u64 addr)
{
	__u32 at = list + sizeof(struct unwind_list), base = 0, cnt = AT(__u16, page, list);

#pragma clang loop unroll(disable)
	for (int i = 0; i < SPAN_STEPS && cnt > 1; i++) {
		__u32 half = cnt >> 1;
		__u64 start = AT(__u64, page, at + (base + half) * sizeof(struct unwind_span));

		base += half & (__u32)not_above(start, addr);
		cnt -= half;
	}
	return at + base * sizeof(struct unwind_span);
}

/* Finds the span of addr in one list and remembers it; `end` is where the list's own part ends. */
static __always_inline bool enter_span(struct unwind_walk *w, __u32 list, __u64 addr, __u64 end,
				       bool *ret_is_list)
{
	struct arena_page *page = page_of(list);
	__u32 offset = offset_of(list), span, last;

	if (!page)
		return false;
	span = search_list(page, offset, addr);
	last = offset + sizeof(struct unwind_list) +
	       (AT(__u16, page, offset) - 1) * sizeof(struct unwind_span);
	w->span_start = AT(__u64, page, span);
	w->span_dir = AT(__u32, page, span + offsetof(struct unwind_span, dir));
	w->span_skew = AT(__u32, page, span + offsetof(struct unwind_span, skew));
	w->span_end = span < last ? AT(__u64, page, span + sizeof(struct unwind_span)) : end;
	*ret_is_list = AT(__u16, page, offset + offsetof(struct unwind_list, levels)) &&
		       w->span_dir >= UNWIND_FIRST;
	return true;
}

static __always_inline bool find_span(struct unwind_walk *w, __u64 addr)
{
	bool is_list;

	if (addr >= w->span_start && addr < w->span_end)
		return true;
	w->span_end = 0; /* nothing is remembered if this fails half-way */
	if (w->list < UNWIND_FIRST || !enter_span(w, w->list, addr, USER_END, &is_list))
		return false;
	return !is_list || enter_span(w, w->span_dir, addr, w->span_end, &is_list);
}

/* The leaf for a byte of the span's file: a unit, or UNWIND_UNKNOWN or UNWIND_NO_RULE. */
static __always_inline __u32 find_leaf(struct unwind_walk *w, __u64 byte)
{
	__u64 chunk = byte >> UNWIND_CHUNK_SHIFT;
	__u32 offset = offset_of(w->span_dir);
	struct arena_page *page;

	if (w->span_dir < UNWIND_FIRST)
		return w->span_dir;
	page = page_of(w->span_dir);
	if (!page || chunk >= AT(__u32, page, offset))
		return UNWIND_UNKNOWN;
	return AT(__u32, page, offset + sizeof(struct unwind_dir) + (__u32)chunk * sizeof(__u32));
}

static __always_inline bool search_leaf(__u32 leaf, __u32 byte, struct unwind_rule *ret)
{
	struct arena_page *page = page_of(leaf);
	__u32 offset = offset_of(leaf), rows, which, cnt, base = 0, rule;
	__u16 tick = unwind_tick;

	if (!page)
		return false;
	cnt = AT(__u16, page, offset);
	rows = offset + sizeof(struct unwind_leaf);
	which = rows + cnt * sizeof(__u16);
#pragma clang loop unroll(disable)
	for (int i = 0; i < ROW_STEPS && cnt > 1; i++) {
		__u32 half = cnt >> 1;
		__u32 start = AT(__u16, page, rows + (base + half) * sizeof(__u16));

		base += half & (__u32)not_above(start, byte);
		cnt -= half;
	}
	rule = offset + AT(__u16, page, offset + offsetof(struct unwind_leaf, rules_at)) +
	       AT(__u8, page, which + base) * sizeof(struct unwind_rule);
	ret->cfa = AT(__u32, page, rule);
	ret->fp = AT(__s16, page, rule + offsetof(struct unwind_rule, fp));
	ret->other = AT(__s16, page, rule + offsetof(struct unwind_rule, other));
	/* Only when it changes: the cache line then stays shared among the CPUs. */
	if (AT(__u16, page, offset + offsetof(struct unwind_leaf, used)) != tick)
		AT(__u16, page, offset + offsetof(struct unwind_leaf, used)) = tick;
	return true;
}

/* Finds the rule of addr for this slot. False: nothing is known there, yet. */
static __attribute__((noinline)) bool find_rule(struct unwind_walk *w, __u64 addr,
						struct rule_slot *slot)
{
	__u64 byte;
	__u32 leaf;

	slot->addr = 0;
	if (!find_span(w, addr))
		return false;
	byte = addr - w->span_start + w->span_skew;
	leaf = find_leaf(w, byte);
	if (leaf == UNWIND_UNKNOWN)
		return false;
	slot->rule.cfa = UNWIND_CFA_NONE;
	slot->rule.other = w->span_dir == UNWIND_NO_RULE;
	if (leaf == UNWIND_NO_RULE)
		return true;
	if (!search_leaf(leaf, byte & (UNWIND_CHUNK - 1), &slot->rule))
		return false;
	/* That there is none may change: its file could not be read, say. */
	if ((slot->rule.cfa & UNWIND_CFA_MASK) != UNWIND_CFA_NONE) {
		slot->addr = addr;
		slot->generation = w->generation;
	}
	return true;
}

static __attribute__((noinline)) bool read_stack(struct unwind_state *u, __u64 addr, __u64 *ret)
{
	struct unwind_walk *w = (struct unwind_walk *)u; /* its first member */

	if (addr & 7)
		return !bpf_probe_read_user(ret, sizeof(*ret), (void *)addr);
	w->window_start = addr;
	w->window_words = 0;
	if (!bpf_probe_read_user(w->window, sizeof(w->window), (void *)addr))
		w->window_words = WINDOW_WORDS;
	else if (!bpf_probe_read_user(w->window, sizeof(*ret), (void *)addr))
		w->window_words = 1; /* close to the end of the stack's memory */
	else
		return false;
	*ret = w->window[0];
	return true;
}

static __always_inline bool read_window(struct unwind_state *u, __u64 addr, __u64 *ret)
{
	struct unwind_walk *w = (struct unwind_walk *)u;
	__u64 offset = addr - w->window_start;

	if (offset & 7 || offset >> 3 >= w->window_words)
		return read_stack(u, addr, ret);
	*ret = w->window[offset >> 3 & (WINDOW_WORDS - 1)];
	return true;
}

static __attribute__((noinline)) bool read_anywhere(struct unwind_state *u, __u64 addr, __u64 *ret)
{
	return read_window(u, addr, ret);
}

static __attribute__((noinline)) int rare_frame(struct unwind_walk *w, struct unwind_rule *rule)
{
	if ((rule->cfa & UNWIND_CFA_MASK) == UNWIND_CFA_NONE)
		return unwind_by_frame_pointer(&w->u, !rule->other, read_anywhere);
	return unwind_by_rare_rule(&w->u, rule, read_anywhere);
}

int unwind_frame(__u32 unused)
{
	struct scratch *scratch;
	struct rule_cache *cache;
	struct rule_slot *slot;
	__u32 zero = 0;
	__u64 addr;

	scratch = bpf_map_lookup_elem(&scratches, &zero);
	cache = bpf_map_lookup_elem(&rule_caches, &zero);
	if (!scratch || !cache)
		return UNWIND_NO_RULES;
	if (!unwind_rules)
		return unwind_by_frame_pointer(&scratch->walk.u, true, read_anywhere);
	addr = unwind_lookup_address(&scratch->walk.u);
	slot = &cache->slots[addr * 0x9e3779b97f4a7c15UL >> (64 - RULE_SLOT_BITS)];
	if ((slot->addr != addr || slot->generation != scratch->walk.generation) &&
	    !find_rule(&scratch->walk, addr, slot))
		return UNWIND_NO_RULES;
	if (unwind_is_plain(&slot->rule))
		return unwind_by_plain_rule(&scratch->walk.u, &slot->rule, read_window);
	return rare_frame(&scratch->walk, &slot->rule);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
