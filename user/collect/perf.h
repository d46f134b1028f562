/* SPDX-License-Identifier: Apache-2.0 */
/* perf.h - opening perf events, with words for what goes wrong. */
#ifndef COLLECT_PERF_H
#define COLLECT_PERF_H

#include "base/compiler.h"
#include "base/err.h"

struct perf_event_attr; /* linux/perf_event.h */

/*
 * Opens an event for every task on `cpu`. Returns the descriptor (close-on-exec), or -errno with a
 * line in err that begins with `what`. -ENODEV: the CPU has just gone offline; callers skip it.
 */
int must_check perf_open(struct perf_event_attr *attr, uint32_t cpu, const char *what,
			 struct err *err);

/*
 * True while the event is part of its CPU. One whose CPU went offline is not, even when the CPU is
 * back: it stays dead, without any sign but that its time stands still. `last_ns` is the caller's
 * memory for one event, 0 at first; the event must have been opened by perf_open(), be enabled, and
 * not be asked twice within a microsecond.
 */
bool perf_is_alive(int fd, uint64_t *last_ns);

/*
 * Raises the soft limits on open files and locked memory as far as is allowed; what cannot be
 * raised stays.
 */
void perf_raise_limits(void);

#endif
