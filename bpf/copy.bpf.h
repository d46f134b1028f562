/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * copy.bpf.h - registers and stack of a walk that could not go on, for user space to end it.
 *
 * That is what the first samples of a process or of a file look like, and all of those of a process
 * that lives for a few milliseconds. Copies are large, so they are given up first: none is made when
 * the ring is half full.
 */
#ifndef BPF_COPY_BPF_H
#define BPF_COPY_BPF_H

#include "unwind.bpf.h"

#define COPY_STEPS (WIRE_MAX_STACK / COPY_STEP + 1)

static __always_inline bool may_want_copy(const struct wire_sample *s)
{
	return s->user_cnt && (copy_all_stacks || s->h.flags & WIRE_F_USER_NO_RULES);
}

/* How much there is to copy: the first thread's stack ends where its arguments begin. */
static __always_inline __u32 copy_length(struct task_struct *task, __u64 from)
{
	__u64 end = BPF_CORE_READ(task, mm, start_stack);
	__u64 left = ((end - from) & ~7UL) + 16;

	return from <= end && left < WIRE_MAX_STACK ? left : WIRE_MAX_STACK;
}

static __always_inline void describe_walk(struct wire_stack *stack, const struct unwind_walk *w)
{
	const __u64 *regs = copy_all_stacks ? w->entry_regs : w->u.regs;

	stack->sp = w->u.sp;
	stack->fp = w->u.fp;
	stack->other = w->u.other;
	stack->is_interrupted = w->u.is_interrupted;
#pragma unroll
	for (int i = 0; i < WIRE_REGS; i++)
		stack->regs[i] = regs[i];
}

/*
 * Appends a wire_stack to the `at` bytes of the record. Returns its size. Copying goes from one page
 * boundary to the next: the first page that is not there is the end of the stack.
 */
static __always_inline __u32 copy_stack(struct scratch *scratch, struct task_struct *task, __u32 at)
{
	struct unwind_walk *w = &scratch->walk;
	__u64 from = (copy_all_stacks ? w->entry_regs[DWARF_SP] : w->u.sp) & ~7UL;
	__u32 want = copy_length(task, from), len = 0;
	struct wire_stack *stack;

	if (at > sizeof(struct wire_sample) + SCRATCH_FRAMES * sizeof(__u64))
		return 0;
	stack = (struct wire_stack *)(scratch->room + at);
	describe_walk(stack, w);
	stack->space_id = w->space_id;
	stack->addr = from;
	for (int i = 0; i < COPY_STEPS && len < want; i++) {
		__u32 step = COPY_STEP - ((from + len) & (COPY_STEP - 1));

		if (step > want - len)
			step = want - len;
		/* or clang drops the check: it can prove it, the verifier of Linux 6.1 cannot */
		barrier_var(step);
		if (len > WIRE_MAX_STACK || step > COPY_STEP ||
		    bpf_probe_read_user((__u8 *)stack->words + len, step, (void *)(from + len)))
			break;
		len += step;
	}
	stack->len = len;
	return sizeof(*stack) + len;
}

#endif
