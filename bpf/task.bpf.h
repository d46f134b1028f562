/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * task.bpf.h - what a sample asks of the current task.
 *
 * Since 5.11 a helper gives the task as a pointer whose type the verifier knows: a load is a load.
 * Before that each arrow is a helper call. A kernel sees one of the two only.
 */
#ifndef BPF_TASK_BPF_H
#define BPF_TASK_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <culprit/wire.h>

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

#define HAS_TYPED_TASK bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)

#define TASK_READ(task, field) (HAS_TYPED_TASK ? (task)->field : BPF_CORE_READ(task, field))

static __always_inline struct task_struct *current_task(void)
{
	return HAS_TYPED_TASK ? bpf_get_current_task_btf()
			      : (struct task_struct *)bpf_get_current_task();
}

static __always_inline bool task_is_kthread(struct task_struct *task)
{
	return TASK_READ(task, flags) & PF_KTHREAD;
}

/* False while it exits: its memory is gone. */
static __always_inline bool task_has_memory(struct task_struct *task)
{
	return TASK_READ(task, mm);
}

/*
 * In execve, between the end of the old program's memory and the start of the new one: the registers
 * that are saved are still those of the old one. A new address space is zeroed, and the last that a
 * loader sets is where its code begins (begin_new_exec() in fs/exec.c, load_elf_binary()); what is left
 * then takes some hundred nanoseconds.
 */
static __always_inline bool task_is_between_programs(struct task_struct *task)
{
	return HAS_TYPED_TASK ? !task->mm->start_code : !BPF_CORE_READ(task, mm, start_code);
}

static __always_inline __u64 task_start_ns(struct task_struct *task)
{
	return HAS_TYPED_TASK ? task->group_leader->start_boottime
			      : BPF_CORE_READ(task, group_leader, start_boottime);
}

/* In the hierarchy of cgroup v2. */
static __always_inline __u64 task_cgroup_id(struct task_struct *task)
{
	return HAS_TYPED_TASK ? task->cgroups->dfl_cgrp->kn->id : bpf_get_current_cgroup_id();
}

/* In words: the verifier lets them pass, and each load of its own would be checked on its own. */
static __always_inline void task_comm(struct task_struct *task, char ret[WIRE_COMM_LEN])
{
	if (!HAS_TYPED_TASK) {
		bpf_get_current_comm(ret, WIRE_COMM_LEN);
		return;
	}
	((__u64 *)ret)[0] = ((__u64 *)task->comm)[0];
	((__u64 *)ret)[1] = ((__u64 *)task->comm)[1];
}

/* Who has this address space: a pid that is used again, or an execve, gives another number. */
static __always_inline __u64 task_space_id(struct task_struct *task, __u64 start_ns)
{
	return start_ns + TASK_READ(task, self_exec_id) * 0x9e3779b97f4a7c15UL;
}

#endif
