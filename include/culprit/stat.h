/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * stat.h - what the BPF programs count, one per CPU; user space adds the CPUs up. Not persisted:
 * both sides are always of one build.
 */
#ifndef CULPRIT_STAT_H
#define CULPRIT_STAT_H

#include <culprit/loss.h>

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

struct kernel_stat {
	__u64 stage;	      /* the number of the chunk in the making << 32 | bytes of it */
	__u64 staged;	      /* records in it */
	__u64 ticks;	      /* of the clock event */
	__u64 idle;	      /* those that found the CPU idle */
	__u64 run_ns;	      /* time that making records took */
	__u64 lost[LOSS_CNT]; /* by enum loss */
};

#endif
