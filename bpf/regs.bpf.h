/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * regs.bpf.h - the registers with which a task left user mode, all of them: few frames need more than
 * those that a walk begins with, so they are read when one does.
 */
#ifndef BPF_REGS_BPF_H
#define BPF_REGS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "maps.bpf.h"
#include "task.bpf.h"

/*
 * Where the current task saved them when it entered the kernel, by a call or an interrupt: at the top of
 * its kernel stack. The helper (5.15) knows exactly where, before that the top is computed.
 */
static __always_inline const void *saved_registers(struct task_struct *task)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (const void *)bpf_task_pt_regs(task);
	return BPF_CORE_READ(task, stack) + thread_bytes - bpf_core_type_size(struct pt_regs);
}

#if defined(__TARGET_ARCH_x86)

/* Into DWARF's order. 0 or -errno. */
static __always_inline long read_registers(__u64 to[WIRE_REGS], const void *saved)
{
	bpf_user_pt_regs_t r;
	long err = bpf_probe_read_kernel(&r, sizeof(r), saved);

	if (err)
		return err;
	to[0] = r.ax;
	to[1] = r.dx;
	to[2] = r.cx;
	to[3] = r.bx;
	to[4] = r.si;
	to[5] = r.di;
	to[6] = r.bp;
	to[7] = r.sp;
	to[8] = r.r8;
	to[9] = r.r9;
	to[10] = r.r10;
	to[11] = r.r11;
	to[12] = r.r12;
	to[13] = r.r13;
	to[14] = r.r14;
	to[15] = r.r15;
	return 0;
}

#elif defined(__TARGET_ARCH_arm64)

/* x0 to x30 and sp, which they begin with, are in DWARF's order. 0 or -errno. */
static __always_inline long read_registers(__u64 to[WIRE_REGS], const void *saved)
{
	return bpf_probe_read_kernel(to, WIRE_REGS * sizeof(to[0]), saved);
}

#endif

/* Completes the registers of a walk; those that cannot be read are 0. */
static __noinline void walk_need_registers(struct unwind_walk *w)
{
	if (w->has_regs)
		return;
	w->has_regs = 1;
	if (read_registers(w->u.regs, saved_registers(current_task())))
		__builtin_memset(w->u.regs, 0, sizeof(w->u.regs));
}

#endif
