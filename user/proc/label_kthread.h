/* SPDX-License-Identifier: Apache-2.0 */
/* label_kthread.h - names of kernel threads without what tells one instance from the next. */
#ifndef PROC_LABEL_KTHREAD_H
#define PROC_LABEL_KTHREAD_H

#include "proc/label.h"

/*
 * "[kworker]" for kworker/0:1H-events, "[jbd2]" for jbd2/sda1-8, "[kswapd]" for kswapd0,
 * "[scsi_eh]" for scsi_eh_12. A threaded interrupt keeps its handler: "[irq/nvme]" for
 * irq/45-nvme0q1. A digit that is part of a name stays ("[i915]", "[irq/mlx5_comp]").
 *
 * comm is the kernel's, cut at 15 characters: "[rcu_exp_gp_kthr]" is rcu_exp_gp_kthread_worker.
 */
void label_kthread(struct str comm, struct label *ret);

#endif
