/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * copy.bpf.h - registers and stack of a walk that could not go on, for user space to end it.
 *
 * That is what the first samples of a process or of a file look like, and all of those of a process
 * that lives for a few milliseconds. Copies are large, so they are given up first: none is made when
 * the ring is half full.
 *
 * Most stacks fit the room of a CPU. A deeper one (compilers have frames of half a KiB and a hundred
 * of them) is put together in the ring itself, in a record that is as large as the deepest copy: a
 * reservation has a fixed size.
 */
#ifndef BPF_COPY_BPF_H
#define BPF_COPY_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "regs.bpf.h"
#include "stage.bpf.h"
#include "unwind.bpf.h"

#define DEEP_ROOM (sizeof(struct room) + WIRE_MAX_STACK - COPY_NEAR)

_Static_assert(DEEP_ROOM % 8 == 0, "records are words");

/* How much there is to copy: the first thread's stack ends where its arguments begin. */
static __always_inline __u32 copy_length(struct task_struct *task, __u64 from)
{
	__u64 end = BPF_CORE_READ(task, mm, start_stack);
	__u64 left = ((end - from) & ~7UL) + 16;

	return from <= end && left < WIRE_MAX_STACK ? left : WIRE_MAX_STACK;
}

/* Where the walk is; with copy_all_stacks the registers are those it began with. */
static __always_inline void describe_walk(struct wire_stack *stack, struct unwind_walk *w)
{
	if (copy_all_stacks)
		w->has_regs = 0;
	walk_need_registers(w);
	stack->sp = w->u.sp;
	stack->fp = w->u.fp;
	stack->other = w->u.other;
	stack->is_interrupted = w->u.is_interrupted;
#pragma unroll
	for (int i = 0; i < WIRE_REGS; i++)
		stack->regs[i] = w->u.regs[i];
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
 * Appends a wire_stack to the `at` bytes of the record in the room, with up to COPY_NEAR bytes of the
 * stack. Returns its size, and how many bytes there are behind them.
 */
static __always_inline __u32 copy_stack(struct room *room, struct unwind_walk *w,
					struct task_struct *task, __u32 at, __u32 *ret_more)
{
	struct wire_stack *stack;
	__u32 want, near;
	__u64 from;

	if (at > RECORD_BYTES)
		return 0;
	stack = (struct wire_stack *)(room->bytes + at);
	describe_walk(stack, w);
	from = (copy_all_stacks ? stack->regs[DWARF_SP] : w->u.sp) & ~7UL;
	want = copy_length(task, from);
	near = want < COPY_NEAR ? want : COPY_NEAR;
	stack->space_id = w->space_id;
	stack->addr = from;
	stack->len = copy_user((__u8 *)stack->words, from, near, COPY_NEAR);
	*ret_more = stack->len == COPY_NEAR ? want - COPY_NEAR : 0;
	return sizeof(*stack) + stack->len;
}

/*
 * Sends a record whose stack goes on: that of the room, a wire_stack at `at` of it, and `more` bytes of
 * the stack. `wakeup` as the helpers' flags. False if the ring has no room for that.
 */
static __always_inline bool submit_deep(void *ring, struct room *room, __u32 at, __u32 more,
					__u64 wakeup)
{
	__u32 size = room->head.len, len;
	struct wire_stack *stack;
	struct room *deep;

	if (size > ROOM_BYTES - COPY_STEP || at > RECORD_BYTES)
		return false;
	deep = bpf_ringbuf_reserve(ring, DEEP_ROOM, 0);
	if (!deep)
		return false;
	bpf_probe_read_kernel(deep, sizeof(room->head) + size, room);
	stack = (struct wire_stack *)(deep->bytes + at);
	len = copy_user(deep->bytes + size,
			((struct wire_stack *)(room->bytes + at))->addr + COPY_NEAR, more,
			WIRE_MAX_STACK - COPY_NEAR);
	stack->len = COPY_NEAR + len;
	((struct wire_sample *)deep->bytes)->h.size = size + len;
	deep->head.len = size + len;
	bpf_ringbuf_submit(deep, wakeup);
	return true;
}

/*
 * Sends the record of a stage by itself, with a copy of the stack. `waiting` bytes are in the ring. 0 or
 * -errno.
 */
static __always_inline int submit_with_stack(void *ring, struct wire_sample *s,
					     struct unwind_walk *w, struct task_struct *task,
					     __u64 waiting, __u64 wakeup)
{
	__u32 cpu = s->cpu, at = record_size(s), more = 0;
	struct room *room = bpf_map_lookup_elem(&rooms, &cpu);
	struct wire_sample *copy;

	if (!room || at > RECORD_BYTES || bpf_probe_read_kernel(room->bytes, at, s))
		return -1;
	copy = (struct wire_sample *)room->bytes;
	room->head = (struct chunk){.cpu = cpu, .is_apart = 1};
	copy->h.flags |= WIRE_F_STACK;
	copy->h.size = room->head.len = at + copy_stack(room, w, task, at, &more);
	if (more && waiting < ring_bytes / 4 && submit_deep(ring, room, at, more, wakeup))
		return 0;
	if (copy->h.size > ROOM_BYTES)
		return -1;
	return bpf_ringbuf_output(ring, room, sizeof(room->head) + copy->h.size, wakeup);
}

#endif
