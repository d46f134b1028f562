// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * unwind.bpf.c - the frames of a user stack: from an address to its rule, and to its caller.
 *
 *	spaces[pid] ─► list of spans ─► directory of the file ─► leaf of the chunk ─► rule
 *
 * All but the first are in pages of the arena, each reached by one lookup; searches run inside a
 * page, without guesses: which half it is becomes arithmetic. At some hundred samples a second code
 * and tables are cold, and each cache line of them a miss: so what was found is kept where one line
 * tells of it (struct rule_set), what nearly all frames need is in one piece, and the rest, loops and
 * all, in functions out of its way.
 *
 * What is read in the arena may be half written or already reused for something else, so each offset
 * is masked to its page. The worst that comes of it is one wrong stack.
 */
#include "unwind.bpf.h"

#include "regs.bpf.h"

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

static __always_inline bool search_leaf(__u32 leaf, __u32 byte, __u16 tick, struct unwind_rule *ret)
{
	struct arena_page *page = page_of(leaf);
	__u32 offset = offset_of(leaf), rows, which, cnt, base = 0, rule;

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

/*
 * What is kept is found by one number: two frames that are not the same have the same one about once
 * in 2^63 times, since the products of small differences and this factor are nowhere near each other.
 */
#define GOLDEN_RATIO 0x9e3779b97f4a7c15UL

static __always_inline __u64 tag_of(const struct unwind_walk *w, __u64 addr)
{
	return addr + w->generation * GOLDEN_RATIO;
}

static __always_inline struct rule_set *set_of(struct cpu *c, __u64 tag)
{
	return &c->sets[tag * GOLDEN_RATIO >> (64 - RULE_SET_BITS)];
}

/* Pushes out the one that was kept for longest. */
static __always_inline void keep_rule(struct cpu *c, __u64 tag)
{
	struct rule_set *set = set_of(c, tag);

#pragma unroll
	for (int i = RULE_SET_WAYS - 1; i > 0; i--)
		set->ways[i] = set->ways[i - 1];
	set->ways[0].rule = c->walk.rule;
	set->ways[0].tag = tag;
}

/* Finds the rule of addr for this frame. 0: nothing is known there, yet. */
__noinline int find_rule(__u32 cpu, __u64 addr)
{
	struct cpu *c = cpu_of(cpu);
	struct unwind_walk *w;
	__u64 byte;
	__u32 leaf;

	if (!c)
		return 0;
	w = &c->walk;
	if (!unwind_rules) { /* none is kept, either: the frame pointer has to do, everywhere */
		w->rule = (struct unwind_rule){.cfa = UNWIND_CFA_NONE};
		return 1;
	}
	if (!find_span(w, addr))
		return 0;
	byte = addr - w->span_start + w->span_skew;
	leaf = find_leaf(w, byte);
	if (leaf == UNWIND_UNKNOWN)
		return 0;
	w->rule.cfa = UNWIND_CFA_NONE;
	w->rule.other = w->span_dir == UNWIND_NO_RULE;
	if (leaf == UNWIND_NO_RULE)
		return 1;
	if (!search_leaf(leaf, byte & (UNWIND_CHUNK - 1), w->tick, &w->rule))
		return 0;
	/* That there is none may change: its file could not be read, say. */
	if ((w->rule.cfa & UNWIND_CFA_MASK) != UNWIND_CFA_NONE)
		keep_rule(c, tag_of(w, addr));
	return 1;
}

/* The rule of addr into this frame's place. False: nothing is known there, yet. */
static __always_inline bool get_rule(__u32 cpu, struct cpu *c, __u64 addr)
{
	struct unwind_walk *w = &c->walk;
	__u64 tag = tag_of(w, addr);
	struct rule_set *set = set_of(c, tag);

#pragma unroll
	for (int i = 0; i < RULE_SET_WAYS; i++) {
		if (set->ways[i].tag == tag) {
			w->rule = set->ways[i].rule;
			return true;
		}
	}
	return find_rule(cpu, addr);
}

/*
 * Moves the window to a word of the stack, and to what is around it as far as can be. Registers are
 * saved below the return address, which is read first. 0: that word cannot be read.
 */
__noinline int read_stack(__u32 cpu, __u64 addr)
{
	struct cpu *c = cpu_of(cpu);
	struct unwind_walk *w;
	__u64 start;

	if (!c)
		return 0;
	w = &c->walk;
	w->window_words = 0;
	start = addr - WINDOW_BELOW;
	if (start < w->u.sp)
		start = w->u.sp < addr ? w->u.sp : addr;
	start &= ~(__u64)(CACHE_LINE - 1);
	if (!(addr & 7) && !bpf_probe_read_user(w->window, sizeof(w->window), (void *)start)) {
		w->window_words = WINDOW_WORDS;
	} else { /* no word of a window, or close to the end of the stack's memory */
		start = addr;
		if (bpf_probe_read_user(w->window, sizeof(w->window[0]), (void *)addr))
			return 0;
	}
	w->window_start = start;
	return 1;
}

static __always_inline bool read_window(struct unwind_state *u, __u64 addr, __u64 *ret)
{
	struct unwind_walk *w = (struct unwind_walk *)u; /* its first member */
	__u64 offset = addr - w->window_start;

	if (offset & 7 || offset >> 3 >= w->window_words) {
		if (!read_stack(w->cpu, addr))
			return false;
		offset = addr - w->window_start;
	}
	*ret = w->window[offset >> 3 & (WINDOW_WORDS - 1)];
	return true;
}

static __noinline bool read_anywhere(struct unwind_state *u, __u64 addr, __u64 *ret)
{
	return read_window(u, addr, ret);
}

/* A step by a rule of a kind that is not plain. */
__noinline int rare_frame(__u32 cpu)
{
	struct cpu *c = cpu_of(cpu);
	struct unwind_rule *rule;
	struct unwind_state *u;
	__u32 kind;

	if (!c)
		return UNWIND_BROKEN;
	rule = &c->walk.rule;
	u = &c->walk.u;
	kind = rule->cfa & UNWIND_CFA_MASK;
	if (kind == UNWIND_CFA_REG || kind == UNWIND_CFA_SIGNAL)
		walk_need_registers(&c->walk);
	if (kind == UNWIND_CFA_NONE)
		return unwind_by_frame_pointer(u, !rule->other, read_anywhere);
	return unwind_by_rare_rule(u, rule, read_anywhere);
}

/* From a frame to its caller. */
static __always_inline int unwind_frame(__u32 cpu, struct cpu *c)
{
	struct unwind_walk *w = &c->walk;

	if (!get_rule(cpu, c, unwind_lookup_address(&w->u)))
		return UNWIND_NO_RULES;
	if (unwind_is_plain(&w->rule))
		return unwind_by_plain_rule(&w->u, &w->rule, read_window);
	if ((w->rule.cfa & UNWIND_CFA_MASK) == UNWIND_CFA_END) /* of every stack that is whole */
		return UNWIND_END;
	return rare_frame(cpu);
}

/*
 * The frames from the nth on, up to so many: a call for each would cost as much as the frame, and a
 * loop over all of them is looked at by the verifier frame by frame, which takes it long.
 */
__noinline int walk_frames(__u32 cpu, __u32 n)
{
	struct cpu *c = cpu_of(cpu);
	struct wire_sample *s;
	int r = UNWIND_MORE;

	if (!c)
		return UNWIND_BROKEN;
	s = record_of(c);
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < FRAMES_A_CALL && r == UNWIND_MORE; i++) {
		if (n >= WIRE_MAX_USER_FRAMES)
			break;
		s->pcs[(s->kernel_cnt + n) & FRAME_MASK] = unwind_recorded(&c->walk.u, n == 0);
		n++;
		r = unwind_frame(cpu, c);
	}
	s->user_cnt = n;
	return r;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
