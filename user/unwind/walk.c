// SPDX-License-Identifier: Apache-2.0
#include "unwind/walk.h"

#include <string.h>

struct unwind_walk {
	__u64 ip, sp, fp, other;
	__u64 regs[WIRE_REGS];
	__u32 is_interrupted;
	__u16 flags;
	bool is_short;
	const struct wire_stack *stack;
};

#include <culprit/unwind_step.h>

static bool unwind_read(struct unwind_walk *w, __u64 addr, __u64 *ret)
{
	const struct wire_stack *stack = w->stack;
	uint64_t offset = addr - stack->addr;

	if (addr < stack->addr || offset >= stack->len || stack->len - offset < sizeof(*ret)) {
		w->is_short = addr >= stack->addr;
		return false;
	}
	memcpy(ret, (const char *)stack->words + offset, sizeof(*ret));
	return true;
}

static enum unwind_result step(struct unwind_walk *w, walk_rule_fn rule_of, void *arg)
{
	struct unwind_rule rule;

	if (!rule_of(arg, unwind_lookup_address(w), &rule))
		return UNWIND_BROKEN;
	if ((rule.cfa & UNWIND_CFA_MASK) == UNWIND_CFA_NONE)
		return unwind_by_frame_pointer(w);
	return unwind_by_rule(w, &rule);
}

void walk_on(const struct wire_stack *stack, uint64_t *pcs, size_t max, walk_rule_fn rule,
	     void *arg, struct walk_result *ret)
{
	struct unwind_walk w = {
		.ip = pcs[ret->cnt - 1],
		.sp = stack->sp,
		.fp = stack->fp,
		.other = stack->other,
		.is_interrupted = stack->is_interrupted,
		.stack = stack,
	};
	enum unwind_result r;

	memcpy(w.regs, stack->regs, sizeof(w.regs));
	while ((r = step(&w, rule, arg)) == UNWIND_MORE && ret->cnt < max)
		pcs[ret->cnt++] = w.ip;
	ret->flags = w.flags | (r == UNWIND_END	   ? WIRE_F_USER_WHOLE
				: r == UNWIND_MORE ? WIRE_F_USER_TRUNCATED
						   : WIRE_F_USER_BROKEN);
	ret->is_short = r == UNWIND_BROKEN && w.is_short;
}
