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
#include <bpf/bpf_helpers.h>

#include "regs.bpf.h"
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

/* Those by which nearly all frames are found. */
static __always_inline void walk_set_registers(struct unwind_walk *w, const bpf_user_pt_regs_t *r)
{
	w->u.ip = r->ip;
	w->u.sp = r->sp;
	w->u.fp = r->bp;
	w->u.other = r->bx;
}

#elif defined(__TARGET_ARCH_arm64)

/* PSR_MODE_MASK; EL0 in AArch64 state is 0 */
static __always_inline bool regs_are_user(const bpf_user_pt_regs_t *regs)
{
	return (CTX_WORD(regs->pstate) & 0xf) == 0;
}

static __always_inline void walk_set_registers(struct unwind_walk *w, const bpf_user_pt_regs_t *r)
{
	w->u.ip = r->pc;
	w->u.sp = r->sp;
	w->u.fp = r->regs[29];
	w->u.other = r->regs[30];
}

#endif

/* The registers with which the current task left user mode. False when it never was there. */
static __noinline bool walk_set_saved_registers(struct unwind_walk *w, struct task_struct *task)
{
	bpf_user_pt_regs_t regs;

	if (bpf_probe_read_kernel(&regs, sizeof(regs), saved_registers(task)) ||
	    !regs_are_user(&regs))
		return false;
	walk_set_registers(w, &regs);
	return true;
}

/*
 * Where the spans of an address space are, if anything is known of it. Not to be read before the epoch,
 * which arm64 does only where an address depends on it.
 */
static __always_inline void find_space(struct known_process *k, __u32 pid)
{
	__u32 none = k->epoch;

	asm volatile("%0 ^= %1" : "+r"(none) : "r"(k->epoch));
	k->list = UNWIND_UNKNOWN;
	if (!unwind_rules)
		return;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < UNWIND_SPACE_PROBES; i++) {
		__u32 index = (pid + none + i) & space_mask;
		volatile struct unwind_space *space = bpf_map_lookup_elem(&spaces, &index);
		__u32 list, version;

		if (!space)
			return;
		if (space->id != k->space_id || space->pid != pid)
			continue;
		list = space->list;
		version = space->version;
		if (space->id != k->space_id)
			return;
		k->list = list;
		k->version = version;
		return;
	}
}

/* What this CPU knows of the process of a sample: as it found it before, or finds it now. */
static __always_inline struct known_process *know_process(struct cpu *c, __u32 pid, __u64 space_id)
{
	struct known_process *k = &c->known[pid % KNOWN_CNT];
	__u32 epoch = *(volatile __u32 *)&c->shared.epoch;

	if (k->space_id == space_id && k->pid == pid && k->epoch == epoch)
		return k;
	k->space_id = space_id;
	k->pid = pid;
	k->epoch = epoch;
	k->css_set = 0;
	find_space(k, pid);
	return k;
}

/* Begins at the registers that walk_set_registers() has set. */
static __always_inline void walk_begin(struct unwind_walk *w, const struct known_process *k)
{
	w->u.is_interrupted = 1;
	w->u.flags = 0;
	w->space_id = k->space_id;
	w->list = k->list;
	w->generation = ~0UL; /* of none */
	if (w->list != UNWIND_UNKNOWN)
		w->generation = (__u64)k->version << 32 | w->tick / RULE_KEEP_TICKS;
	w->has_regs = 0;
	w->span_start = w->span_end = 0;
	w->window_words = 0;
	w->window_start = 0;
}

#endif
