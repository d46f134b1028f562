/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * unwind.bpf.h - user stacks, walked by us.
 *
 * The kernel's own helper for user stacks is never used: it walks frame pointers only, and has
 * crashed kernels. Here every read is bpf_probe_read_user(), which fails instead of faulting.
 *
 * The walk starts at the registers with which the task left user mode, also when the sample hit the
 * kernel: what lies below a system call belongs to the stack.
 *
 *	walk_begin() or walk_begin_in_kernel() ─► walk_user() ─► copy_stack(), if rules were missing
 */
#ifndef BPF_UNWIND_BPF_H
#define BPF_UNWIND_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "maps.bpf.h"

/* What unwind_frame() returns beside enum unwind_result. */
#define UNWIND_NO_RULES 3

/*
 * One frame: from the walk in this CPU's scratch to its caller. A global function, so that the
 * verifier looks at it once instead of for each of 127 frames: that is what makes one program serve
 * kernels with and without bpf_loop(). Takes a number since it must take something.
 */
int unwind_frame(__u32 unused);

/*
 * Context loads must be whole words: volatile keeps clang from narrowing them to the byte that is
 * looked at.
 */
#define CTX_WORD(field) (*(volatile unsigned long *)&(field))

#if defined(__TARGET_ARCH_x86)

static __always_inline bool regs_are_user(const bpf_user_pt_regs_t *regs)
{
	return (CTX_WORD(regs->cs) & 3) == 3;
}

static __always_inline void walk_set_registers(struct unwind_walk *w, const bpf_user_pt_regs_t *r)
{
	w->u.regs[0] = r->ax;
	w->u.regs[1] = r->dx;
	w->u.regs[2] = r->cx;
	w->u.regs[3] = w->u.other = r->bx;
	w->u.regs[4] = r->si;
	w->u.regs[5] = r->di;
	w->u.regs[6] = w->u.fp = r->bp;
	w->u.regs[7] = w->u.sp = r->sp;
	w->u.regs[8] = r->r8;
	w->u.regs[9] = r->r9;
	w->u.regs[10] = r->r10;
	w->u.regs[11] = r->r11;
	w->u.regs[12] = r->r12;
	w->u.regs[13] = r->r13;
	w->u.regs[14] = r->r14;
	w->u.regs[15] = r->r15;
	w->u.ip = r->ip;
}

#elif defined(__TARGET_ARCH_arm64)

/* PSR_MODE_MASK; EL0 in AArch64 state is 0 */
static __always_inline bool regs_are_user(const bpf_user_pt_regs_t *regs)
{
	return (CTX_WORD(regs->pstate) & 0xf) == 0;
}

static __always_inline void walk_set_registers(struct unwind_walk *w, const bpf_user_pt_regs_t *r)
{
#pragma unroll
	for (int i = 0; i < 31; i++)
		w->u.regs[i] = r->regs[i];
	w->u.regs[31] = w->u.sp = r->sp;
	w->u.fp = r->regs[29];
	w->u.other = r->regs[30];
	w->u.ip = r->pc;
}

#endif

/* What is known of the process's address space, if it is this one. */
static __always_inline void walk_find_space(struct unwind_walk *w, __u32 pid, __u64 space_id)
{
	w->list = UNWIND_UNKNOWN;
	w->generation = ~0UL; /* of no slot */
	if (!unwind_rules)
		return;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < UNWIND_SPACE_PROBES; i++) {
		__u32 index = (pid + i) & space_mask;
		volatile struct unwind_space *space = bpf_map_lookup_elem(&spaces, &index);
		__u32 list, version;

		if (!space)
			return;
		if (space->id != space_id || space->pid != pid)
			continue;
		list = space->list;
		version = space->version;
		if (space->id != space_id)
			return;
		w->list = list;
		w->generation = (__u64)version << 32 | unwind_tick / RULE_SLOT_TICKS;
		return;
	}
}

static __always_inline void walk_begin(struct unwind_walk *w, const bpf_user_pt_regs_t *regs,
				       __u32 pid, __u64 space_id)
{
	walk_set_registers(w, regs);
	w->u.is_interrupted = 1;
	w->u.flags = 0;
	w->space_id = space_id;
	if (copy_all_stacks)
		__builtin_memcpy(w->entry_regs, w->u.regs, sizeof(w->u.regs));
	walk_find_space(w, pid, space_id);
	w->span_start = w->span_end = 0;
	w->window_words = 0;
	w->window_start = 0;
}

/*
 * The registers that the current task saved when it entered the kernel. They sit at the top of its
 * kernel stack; the helper (5.15) knows exactly where, before that the top is computed. False when
 * it never came from user mode.
 */
static __always_inline bool walk_begin_in_kernel(struct unwind_walk *w, struct task_struct *task,
						 __u32 pid, __u64 space_id)
{
	bpf_user_pt_regs_t regs;
	const void *saved;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		saved = (const void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	else
		saved = BPF_CORE_READ(task, stack) + thread_bytes -
			bpf_core_type_size(struct pt_regs);
	if (bpf_probe_read_kernel(&regs, sizeof(regs), saved) || !regs_are_user(&regs))
		return false;
	walk_begin(w, &regs, pid, space_id);
	return true;
}

/* Appends the user stack to the record's kernel_cnt addresses; flags and user_cnt tell how it went. */
static __always_inline void walk_user(struct unwind_walk *w, struct wire_sample *s)
{
	__u32 base = s->kernel_cnt;
	int r = 0;
	__u32 n;

	for (n = 0; n < WIRE_MAX_USER_FRAMES; n++) {
		s->pcs[(base + n) & SCRATCH_FRAME_MASK] = unwind_recorded(&w->u, n == 0);
		r = unwind_frame(n);
		if (r)
			break;
	}
	if (!r) {
		w->u.flags |= WIRE_F_USER_TRUNCATED;
		s->user_cnt = WIRE_MAX_USER_FRAMES;
		return;
	}
	s->user_cnt = n + 1;
	if (r == UNWIND_NO_RULES)
		w->u.flags |= WIRE_F_USER_NO_RULES;
	else
		w->u.flags |= r == UNWIND_END ? WIRE_F_USER_WHOLE : WIRE_F_USER_BROKEN;
}

#endif
