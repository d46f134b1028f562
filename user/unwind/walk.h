/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.h - the end of a walk that BPF began: same rules, same steps (culprit/unwind_step.h), over the
 * copy of the stack that came with the sample.
 */
#ifndef UNWIND_WALK_H
#define UNWIND_WALK_H

#include <culprit/unwind.h>
#include <culprit/wire.h>

#include "base/compiler.h"

/* The rule for the code at addr; UNWIND_CFA_NONE: none. False: addr is no code that is known of. */
typedef bool (*walk_rule_fn)(void *arg, uint64_t addr, struct unwind_rule *ret);

struct walk_result {
	uint16_t flags; /* WIRE_F_USER_*: how it ended, and WIRE_F_USER_FP */
	size_t cnt;	/* addresses in pcs */
	bool is_short;	/* broken because the copy of the stack ends there */
};

/*
 * Goes on from where `stack` says that the sample's walk stopped. pcs has room for `max` addresses,
 * leaf first, of which *ret->cnt (at least 1) are there already; the last of them is the frame that
 * had no rule. Appends the others.
 */
void walk_on(const struct wire_stack *stack, uint64_t *pcs, size_t max, walk_rule_fn rule,
	     void *arg, struct walk_result *ret);

#endif
