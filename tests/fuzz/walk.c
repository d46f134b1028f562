// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=2048 */
/*
 * A walk over a stack that a process has written, by rules of a file that it has written, too: 16
 * rules, chosen by the address; then a wire_stack, which is made to be one that wire_check() passes.
 */
#include "fuzz/fuzz.h"
#include "unwind/walk.h"

#define RULES	16
#define NO_CODE UINT32_MAX

static bool find_rule(void *arg, uint64_t addr, struct unwind_rule *ret)
{
	const struct unwind_rule *rules = arg;

	*ret = rules[addr % RULES];
	return ret->cfa != NO_CODE;
}

static struct wire_stack *make_stack(const uint8_t *data, size_t size)
{
	struct wire_stack *stack = malloc(size & ~(size_t)7);

	must(stack);
	memcpy(stack, data, size & ~(size_t)7);
	stack->len = (uint32_t)((size & ~(size_t)7) - sizeof(*stack));
	stack->addr &= ~UINT64_C(7);
	if (stack->addr > UINT64_MAX - WIRE_MAX_STACK)
		stack->addr = 0;
	return stack;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unwind_rule rules[RULES];
	struct walk_result r = {.cnt = 1};
	struct wire_stack *stack;
	uint64_t *pcs = calloc(WIRE_MAX_USER_FRAMES, sizeof(*pcs));
	unsigned int ends;

	must(pcs);
	if (size < sizeof(rules) + sizeof(*stack) ||
	    size > sizeof(rules) + sizeof(*stack) + WIRE_MAX_STACK) {
		free(pcs);
		return 0;
	}
	memcpy(rules, data, sizeof(rules));
	stack = make_stack(data + sizeof(rules), size - sizeof(rules));
	pcs[0] = stack->space_id;
	walk_on(stack, pcs, WIRE_MAX_USER_FRAMES, find_rule, rules, &r);
	must(r.cnt >= 1 && r.cnt <= WIRE_MAX_USER_FRAMES);
	ends = r.flags & (WIRE_F_USER_WHOLE | WIRE_F_USER_TRUNCATED | WIRE_F_USER_BROKEN);
	must(ends && !(ends & (ends - 1)));
	must(!(ends & WIRE_F_USER_TRUNCATED) || r.cnt == WIRE_MAX_USER_FRAMES);
	free(stack);
	free(pcs);
	return 0;
}
