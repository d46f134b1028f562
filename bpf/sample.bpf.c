// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * sample.bpf.c - the on-CPU sampler: one record for each tick of a CPU's clock event.
 *
 * Runs in the interrupt that ends the period. Filters come first, then the record is put together
 * in this CPU's scratch and copied to the ring with just the bytes it needs. User space comes by
 * itself; it is woken when the ring fills up before that, or by a process that it does not know.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "begin.bpf.h"
#include "copy.bpf.h"
#include "maps.bpf.h"
#include "stat.bpf.h"
#include "task.bpf.h"

#define CGROUP_MAX_LEVELS 32

/* How full the ring is is looked at with each so many records of a CPU: they are small. */
#define RECORDS_A_LOOK 16

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
					   struct unwind_walk *w, struct task_struct *task)
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
	walk_begin(w, s, task_space_id(task, s->start_ns));
	walk_user(s->cpu);
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

static __always_inline void fill(struct bpf_perf_event_data *ctx, struct scratch *scratch,
				 struct task_struct *task, __u32 cpu, struct kernel_stat *st)
{
	struct wire_sample *s = &scratch->sample;

	s->h.type = WIRE_SAMPLE;
	s->h.flags = 0;
	s->h.time_ns = bpf_ktime_get_ns();
	s->start_ns = task_start_ns(task);
	s->cgroup_id = task_cgroup_id(task);
	s->weight_ns = ctx->sample_period; /* of the event that fired: rates change */
	s->pid = TASK_READ(task, tgid);
	s->tid = TASK_READ(task, pid);
	s->cpu = cpu;
	s->kernel_cnt = 0;
	s->user_cnt = 0;
	task_comm(task, s->comm);
	if (!regs_are_user(&ctx->regs)) {
		s->h.flags |= WIRE_F_KERNEL_MODE;
		if (kernel_stacks)
			add_kernel_stack(ctx, s, st);
	}
	add_user_stack(ctx, s, &scratch->walk, task);
}

/*
 * The reader comes by itself, in time for what is known. Whoever is new may be gone by then, and
 * with it what /proc says of it.
 */
static __always_inline bool should_wake(const struct wire_sample *s, __u64 waiting)
{
	if (waiting > ring_bytes / 4)
		return true;
	if (!may_want_copy(s) || !reader_sleeps)
		return false;
	reader_sleeps = false;
	return true;
}

static __always_inline __u32 record_size(const struct wire_sample *s)
{
	__u32 frames = (s->kernel_cnt + s->user_cnt) & SCRATCH_FRAME_MASK;

	return sizeof(*s) + frames * sizeof(s->pcs[0]);
}

/* With a copy of the stack, if there is room for it. 0 or -errno. */
static __noinline int submit_with_stack(void *ring, struct scratch *scratch,
					struct task_struct *task)
{
	__u64 waiting = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA), wakeup;
	struct wire_sample *s = &scratch->sample;
	__u32 size = record_size(s), at = size, more = 0;

	if (waiting < ring_bytes / 2) {
		s->h.flags |= WIRE_F_STACK;
		size += copy_stack(scratch, task, at, &more);
	}
	s->h.size = size;
	wakeup = should_wake(s, waiting) ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
	if (more && waiting < ring_bytes / 4 && submit_deep(ring, scratch, at, size, more, wakeup))
		return 0;
	return bpf_ringbuf_output(ring, s, size, wakeup);
}

static __always_inline int submit_plain(void *ring, struct wire_sample *s,
					const struct kernel_stat *st)
{
	__u64 waiting = 0;

	if (!((st->samples + st->lost[LOSS_RING_FULL]) % RECORDS_A_LOOK))
		waiting = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA);
	s->h.size = record_size(s);
	return bpf_ringbuf_output(ring, s, s->h.size,
				  should_wake(s, waiting) ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

static __always_inline void submit(struct scratch *scratch, struct task_struct *task,
				   struct kernel_stat *st)
{
	struct wire_sample *s = &scratch->sample;
	__u32 index = s->cpu & ring_mask;
	void *ring = bpf_map_lookup_elem(&rings, &index);
	int r;

	if (!ring)
		r = -1;
	else if (may_want_copy(s))
		r = submit_with_stack(ring, scratch, task);
	else
		r = submit_plain(ring, s, st);
	if (r)
		stat_lost(st, LOSS_RING_FULL);
	else
		st->samples++;
	st->run_ns += bpf_ktime_get_ns() - s->h.time_ns;
}

SEC("perf_event")
int sample_on_cpu(struct bpf_perf_event_data *ctx)
{
	struct task_struct *task = current_task();
	__u32 cpu = bpf_get_smp_processor_id();
	struct kernel_stat *st = bpf_map_lookup_elem(&stats, &cpu);
	struct scratch *scratch = scratch_of(cpu);

	if (!st || !scratch)
		return 0;
	if (!TASK_READ(task, pid)) {
		st->idle++;
		return 0;
	}
	if (!pid_allowed(TASK_READ(task, tgid)) || !cgroup_allowed(task))
		return 0;
	if (scratch->busy) {
		stat_lost(st, LOSS_SCRATCH_BUSY);
		return 0;
	}
	scratch->busy = 1;
	barrier();
	fill(ctx, scratch, task, cpu, st);
	submit(scratch, task, st);
	barrier();
	scratch->busy = 0;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
