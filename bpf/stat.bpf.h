/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stat.bpf.h - counting what happens and what is given up.
 *
 * Plain increments of this CPU's own counters. A sample may interrupt another program between load
 * and store, so each counter belongs to programs of one kind: perf_event programs do not interrupt
 * each other, nor do tracepoints that run with preemption off.
 */
#ifndef BPF_STAT_BPF_H
#define BPF_STAT_BPF_H

#include "maps.bpf.h"

static __always_inline struct kernel_stat *stat_of_cpu(void)
{
	struct cpu *c = cpu_of(bpf_get_smp_processor_id());

	return c ? &c->shared.stat : NULL;
}

static __always_inline void stat_lost(struct kernel_stat *st, enum loss reason)
{
	st->lost[reason]++;
}

#endif
