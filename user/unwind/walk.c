// SPDX-License-Identifier: Apache-2.0
#include "unwind/walk.h"

#include <culprit/unwind_step.h>
#include <string.h>

struct walk {
	struct unwind_state u;
	const struct wire_stack *stack;
	bool is_short;
};

static bool read_copy(struct unwind_state *u, __u64 addr, __u64 *ret)
{
	struct walk *w = (struct walk *)u; /* its first member */
	const struct wire_stack *stack = w->stack;
	uint64_t offset = addr - stack->addr;

	if (addr < stack->addr || offset >= stack->len || stack->len - offset < sizeof(*ret)) {
		w->is_short = addr >= stack->addr;
		return false;
	}
	memcpy(ret, (const char *)stack->words + offset, sizeof(*ret));
	return true;
}

static enum unwind_result step(struct walk *w, walk_rule_fn rule_of, void *arg)
{
	struct unwind_rule rule;

	if (!rule_of(arg, unwind_lookup_address(&w->u), &rule))
		return UNWIND_BROKEN;
	if ((rule.cfa & UNWIND_CFA_MASK) == UNWIND_CFA_NONE)
		return unwind_by_frame_pointer(&w->u, !rule.other, read_copy);
	if (unwind_is_plain(&rule))
		return unwind_by_plain_rule(&w->u, &rule, read_copy);
	return unwind_by_rare_rule(&w->u, &rule, read_copy);
}

void walk_on(const struct wire_stack *stack, uint64_t *pcs, size_t max, walk_rule_fn rule,
	     void *arg, struct walk_result *ret)
{
	struct walk w = {
		.u = {.ip = pcs[ret->cnt - 1] - (ret->cnt > 1 && stack->is_interrupted),
		      .sp = stack->sp,
		      .fp = stack->fp,
		      .other = stack->other,
		      .is_interrupted = stack->is_interrupted},
		.stack = stack,
	};
	enum unwind_result r;

	memcpy(w.u.regs, stack->regs, sizeof(w.u.regs));
	while ((r = step(&w, rule, arg)) == UNWIND_MORE && ret->cnt < max)
		pcs[ret->cnt++] = unwind_recorded(&w.u, false);
	ret->flags = w.u.flags | (r == UNWIND_END    ? WIRE_F_USER_WHOLE
				  : r == UNWIND_MORE ? WIRE_F_USER_TRUNCATED
						     : WIRE_F_USER_BROKEN);
	ret->is_short = r == UNWIND_BROKEN && w.is_short;
}
