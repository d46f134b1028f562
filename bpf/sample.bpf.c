// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * sample.bpf.c - the on-CPU sampler: one record for each tick of a CPU's clock event.
 *
 * Runs in the interrupt that ends the period. Filters come first, then the record is put together on
 * this CPU's stage, behind those that wait there. One with a copied stack goes to the ring by itself,
 * and wakes user space for a process that it does not know.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "begin.bpf.h"
#include "copy.bpf.h"
#include "maps.bpf.h"
#include "stage.bpf.h"
#include "stat.bpf.h"
#include "task.bpf.h"

#define CGROUP_MAX_LEVELS 32

static __always_inline bool pid_allowed(__u32 pid)
{
	return !filter_pids || bpf_map_lookup_elem(&pid_filter, &pid);
}

/*
 * The task's cgroup or one above it is allowed. bpf_get_current_ancestor_cgroup_id() would want the
 * level, counted from a root that a cgroup namespace hides from user space, and perf_event programs
 * of 5.10 do not have it.
 */
static __always_inline bool cgroup_allowed(struct task_struct *task)
{
	struct cgroup *cgrp;
	int i;

	if (!filter_cgroups)
		return true;
	cgrp = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	for (i = 0; i < CGROUP_MAX_LEVELS && cgrp; i++) {
		__u64 id = BPF_CORE_READ(cgrp, kn, id);

		if (bpf_map_lookup_elem(&cgroup_filter, &id))
			return true;
		/*
		 * css_set's cgroups are css's with `self` as first member: a parent css is a cgroup
		 */
		cgrp = (struct cgroup *)BPF_CORE_READ(cgrp, self.parent);
	}
	return false;
}

static __noinline int add_kernel_stack(struct bpf_perf_event_data *ctx, struct wire_sample *s,
				       struct kernel_stat *st)
{
	long n = bpf_get_stack(ctx, s->pcs, WIRE_MAX_KERNEL_FRAMES * sizeof(s->pcs[0]), 0);

	if (n > 0) {
		s->kernel_cnt = n / sizeof(s->pcs[0]);
		return 0;
	}
	s->h.flags |= WIRE_F_KERNEL_FAILED;
	stat_lost(st, LOSS_KERNEL_FAILED);
	return 0;
}

static __always_inline void add_user_stack(struct bpf_perf_event_data *ctx, struct wire_sample *s,
					   struct unwind_walk *w, struct task_struct *task,
					   const struct known_process *k)
{
	if (task_is_kthread(task)) {
		s->h.flags |= WIRE_F_KTHREAD;
		return;
	}
	if (!task_has_memory(task))
		return;
	if (!(s->h.flags & WIRE_F_KERNEL_MODE))
		walk_set_registers(w, &ctx->regs);
	else if (!walk_set_saved_registers(w, task))
		return;
	if (!is_user_address(w->u.ip))
		return;
	walk_begin(w, k);
	walk_user(w, s->cpu);
	/* A stack that is whole was there; for the others it is worth to look. */
	if (s->h.flags & WIRE_F_KERNEL_MODE &&
	    (!(w->u.flags & WIRE_F_USER_WHOLE) || s->user_cnt == 1) &&
	    task_is_between_programs(task)) {
		s->user_cnt = 0;
		s->h.flags |= WIRE_F_IN_EXEC;
		return;
	}
	s->h.flags |= w->u.flags;
}

/* In the hierarchy of cgroup v2. Three pages are on the way to it. */
static __always_inline __u64 cgroup_id(struct known_process *k, struct task_struct *task,
				       __u32 tick)
{
	__u64 css_set = (__u64)TASK_READ(task, cgroups);

	if (k->css_set == css_set && k->cgroup_tick == tick)
		return k->cgroup_id;
	k->css_set = css_set;
	k->cgroup_tick = tick;
	k->cgroup_id = task_cgroup_id(task);
	return k->cgroup_id;
}

static __always_inline void fill(struct bpf_perf_event_data *ctx, struct cpu *c,
				 struct wire_sample *s, struct task_struct *task, __u32 cpu)
{
	struct unwind_walk *w = &c->walk;
	struct known_process *k;

	s->h.type = WIRE_SAMPLE;
	s->h.flags = 0;
	s->h.time_ns = bpf_ktime_get_ns();
	s->start_ns = task_start_ns(task);
	s->weight_ns = ctx->sample_period; /* of the event that fired: rates change */
	s->pid = TASK_READ(task, tgid);
	s->tid = TASK_READ(task, pid);
	s->cpu = w->cpu = cpu;
	s->kernel_cnt = 0;
	s->user_cnt = 0;
	task_comm(task, s->comm);
	w->tick = unwind_tick_of(s->h.time_ns);
	k = know_process(c, s->pid, task_space_id(task, s->start_ns));
	s->cgroup_id = cgroup_id(k, task, w->tick);
	if (!regs_are_user(&ctx->regs)) {
		s->h.flags |= WIRE_F_KERNEL_MODE;
		if (kernel_stacks)
			add_kernel_stack(ctx, s, &c->shared.stat);
	}
	add_user_stack(ctx, s, w, task, k);
}

/* Whoever is new may be gone before the reader comes, and with it what /proc says of it. */
static __always_inline __u64 wake_for_new(__u64 waiting)
{
	if (!reader_sleeps)
		return waiting > ring_bytes / 4 ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
	reader_sleeps = false;
	return BPF_RB_FORCE_WAKEUP;
}

/* By itself, with a copy of the stack. False when there is no room for that. */
static __noinline bool submit_apart(struct wire_sample *s, struct unwind_walk *w,
				    struct task_struct *task)
{
	void *ring = ring_of(s->cpu);
	__u64 waiting;

	if (!ring)
		return false;
	waiting = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA);
	return waiting < ring_bytes / 2 &&
	       !submit_with_stack(ring, s, w, task, waiting, wake_for_new(waiting));
}

static __always_inline void submit(struct cpu *c, struct wire_sample *s, struct task_struct *task,
				   bool copy_all)
{
	struct kernel_stat *st = &c->shared.stat;
	bool wants_copy = s->user_cnt && (copy_all || s->h.flags & WIRE_F_USER_NO_RULES);

	if (!wants_copy || !submit_apart(s, &c->walk, task)) {
		s->h.size = record_size(s);
		stage_commit(c, s->cpu, s->h.size);
	}
	st->run_ns += bpf_ktime_get_ns() - s->h.time_ns;
}

SEC("perf_event")
int sample_on_cpu(struct bpf_perf_event_data *ctx)
{
	struct task_struct *task = current_task();
	__u32 cpu = bpf_get_smp_processor_id();
	struct cpu *c = cpu_of(cpu);
	bool is_unusual, copy_all;
	struct wire_sample *s;

	if (!c)
		return 0;
	c->shared.stat.ticks++;
	if (!TASK_READ(task, pid)) {
		c->shared.stat.idle++;
		return 0;
	}
	is_unusual = c->shared.is_unusual;
	if (is_unusual && (!pid_allowed(TASK_READ(task, tgid)) || !cgroup_allowed(task)))
		return 0;
	if (c->busy) {
		stat_lost(&c->shared.stat, LOSS_SCRATCH_BUSY);
		return 0;
	}
	c->busy = 1;
	barrier();
	copy_all = is_unusual && copy_all_stacks;
	c->walk.record = c->shared.stat.stage;
	s = record_of(c);
	fill(ctx, c, s, task, cpu);
	submit(c, s, task, copy_all);
	barrier();
	c->busy = 0;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
