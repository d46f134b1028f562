/* SPDX-License-Identifier: Apache-2.0 */
/* perf.h - opening perf events, with words for what goes wrong. */
#ifndef COLLECT_PERF_H
#define COLLECT_PERF_H

#include "base/compiler.h"
#include "base/err.h"

struct perf_event_attr; /* linux/perf_event.h */

/*
 * Opens an event for every task on `cpu`. Returns the descriptor (close-on-exec), or -errno with a line in err that
 * begins with `what`. -ENODEV: the CPU has just gone offline; callers skip it.
 */
int must_check perf_open(struct perf_event_attr *attr, uint32_t cpu, const char *what,
			 struct err *err);

/* Raises the soft limits on open files and locked memory as far as is allowed; what cannot be raised stays. */
void perf_raise_limits(void);

#endif
