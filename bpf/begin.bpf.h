/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * begin.bpf.h - where the walk of a user stack begins: the registers with which the task left user
 * mode, also when the sample hit the kernel, since what lies below a system call belongs to the stack;
 * and what is known of its address space.
 *
 *	walk_set_registers() or walk_set_saved_registers() ─► walk_begin() ─► walk_user()
 */
#ifndef BPF_BEGIN_BPF_H
#define BPF_BEGIN_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "unwind.bpf.h"

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

/*
 * Sets the registers that the current task saved when it entered the kernel. They sit at the top of
 * its kernel stack; the helper (5.15) knows exactly where, before that the top is computed. False
 * when it never came from user mode.
 */
static __noinline bool walk_set_saved_registers(struct unwind_walk *w, struct task_struct *task)
{
	bpf_user_pt_regs_t regs;
	const void *saved;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		saved = (const void *)bpf_task_pt_regs(task);
	else
		saved = BPF_CORE_READ(task, stack) + thread_bytes -
			bpf_core_type_size(struct pt_regs);
	if (bpf_probe_read_kernel(&regs, sizeof(regs), saved) || !regs_are_user(&regs))
		return false;
	walk_set_registers(w, &regs);
	return true;
}

/* What is known of the process's address space, if it is this one. */
static __always_inline void walk_find_space(struct unwind_walk *w, __u32 pid, __u64 space_id)
{
	w->list = UNWIND_UNKNOWN;
	w->generation = ~0UL; /* of none */
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
		w->generation = (__u64)version << 32 | w->tick / RULE_KEEP_TICKS;
		return;
	}
}

/* Begins at the registers that walk_set_registers() has set. */
static __always_inline void walk_begin(struct unwind_walk *w, const struct wire_sample *s,
				       __u64 space_id)
{
	w->u.is_interrupted = 1;
	w->u.flags = 0;
	w->space_id = space_id;
	if (copy_all_stacks)
		__builtin_memcpy(w->entry_regs, w->u.regs, sizeof(w->u.regs));
	w->cpu = s->cpu;
	w->tick = unwind_tick_of(s->h.time_ns);
	walk_find_space(w, s->pid, space_id);
	w->span_start = w->span_end = 0;
	w->window_words = 0;
	w->window_start = 0;
}

#endif
