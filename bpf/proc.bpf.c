// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * proc.bpf.c - keeps the process filter to a family: children enter it with their parent, the dead
 * leave it.
 *
 * Loaded only when there is a process filter. Typed tracepoints need neither tracefs nor kprobes.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "maps.bpf.h"
#include "stat.bpf.h"

SEC("tp_btf/sched_process_fork")
int BPF_PROG(filter_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 parent_pid = parent->tgid, pid = child->tgid;
	struct kernel_stat *st;
	__u8 one = 1;

	if (pid == parent_pid || !bpf_map_lookup_elem(&pid_filter, &parent_pid))
		return 0;
	if (bpf_map_update_elem(&pid_filter, &pid, &one, BPF_ANY)) {
		st = stat_of_cpu();
		if (st)
			stat_lost(st, LOSS_PROCESSES_FULL);
	}
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(filter_exit, struct task_struct *task)
{
	__u32 pid = task->tgid;

	/*
	 * do_exit() counts the thread off before it comes here: 0 means that this was the last one
	 */
	if (!task->signal->live.counter)
		bpf_map_delete_elem(&pid_filter, &pid);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
