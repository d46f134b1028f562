/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * copy.bpf.h - registers and stack of a walk that could not go on, for user space to end it.
 *
 * That is what the first samples of a process or of a file look like, and all of those of a process
 * that lives for a few milliseconds. Copies are large, so they are given up first: none is made when
 * the ring is half full.
 *
 * Most stacks fit the scratch record. A deeper one (compilers have frames of half a KiB and a hundred
 * of them) is put together in the ring itself, in a record that is as large as the deepest copy: a
 * reservation has a fixed size.
 */
#ifndef BPF_COPY_BPF_H
#define BPF_COPY_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "unwind.bpf.h"

#define DEEP_ROOM (SCRATCH_ROOM + WIRE_MAX_STACK - COPY_NEAR)

_Static_assert(DEEP_ROOM % 8 == 0, "records are words");

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
 * Copies `want` bytes of user space from `from` on, at most `max`; `to` has room for COPY_STEP more.
 * Returns how many. Copying goes from one page boundary to the next: the first page that is not there
 * is the end of the stack.
 */
static __always_inline __u32 copy_user(__u8 *to, __u64 from, __u32 want, const __u32 max)
{
	__u32 len = 0;

	for (__u32 i = 0; i < max / COPY_STEP + 1 && len < want; i++) {
		__u32 step = COPY_STEP - ((from + len) & (COPY_STEP - 1));

		if (step > want - len)
			step = want - len;
		/* or clang drops the check: it can prove it, the verifier of Linux 6.1 cannot */
		barrier_var(step);
		if (len > max || step > COPY_STEP ||
		    bpf_probe_read_user(to + len, step, (void *)(from + len)))
			break;
		len += step;
	}
	return len;
}

/*
 * Appends a wire_stack to the `at` bytes of the record, with up to COPY_NEAR bytes of the stack.
 * Returns its size, and how many bytes there are behind them.
 */
static __always_inline __u32 copy_stack(struct scratch *scratch, struct task_struct *task, __u32 at,
					__u32 *ret_more)
{
	struct unwind_walk *w = &scratch->walk;
	__u64 from = (copy_all_stacks ? w->entry_regs[DWARF_SP] : w->u.sp) & ~7UL;
	__u32 want = copy_length(task, from);
	__u32 near = want < COPY_NEAR ? want : COPY_NEAR;
	struct wire_stack *stack;

	if (at > sizeof(struct wire_sample) + SCRATCH_FRAMES * sizeof(__u64))
		return 0;
	stack = (struct wire_stack *)(scratch->room + at);
	describe_walk(stack, w);
	stack->space_id = w->space_id;
	stack->addr = from;
	stack->len = copy_user((__u8 *)stack->words, from, near, COPY_NEAR);
	*ret_more = stack->len == COPY_NEAR ? want - COPY_NEAR : 0;
	return sizeof(*stack) + stack->len;
}

/*
 * Sends a record whose stack goes on: the `size` bytes of the scratch record, a wire_stack at `at` of
 * them, and `more` bytes of the stack. `wakeup` as the helpers' flags. False if the ring has no room
 * for that.
 */
static __always_inline bool submit_deep(void *ring, struct scratch *scratch, __u32 at, __u32 size,
					__u32 more, __u64 wakeup)
{
	struct wire_stack *stack;
	__u8 *room;
	__u32 len;

	if (size > SCRATCH_ROOM - COPY_STEP ||
	    at > sizeof(struct wire_sample) + SCRATCH_FRAMES * sizeof(__u64))
		return false;
	room = bpf_ringbuf_reserve(ring, DEEP_ROOM, 0);
	if (!room)
		return false;
	bpf_probe_read_kernel(room, size, scratch->room);
	stack = (struct wire_stack *)(room + at);
	len = copy_user(room + size, ((struct wire_stack *)(scratch->room + at))->addr + COPY_NEAR,
			more, WIRE_MAX_STACK - COPY_NEAR);
	stack->len = COPY_NEAR + len;
	((struct wire_sample *)room)->h.size = size + len;
	bpf_ringbuf_submit(room, wakeup);
	return true;
}

#endif
