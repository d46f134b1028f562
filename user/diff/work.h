/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work.h - what sort of work a process's change is, told by the names of the functions in its stacks.
 *
 * Who waits for a lock, tries again or writes errors down does so because of something else; who
 * reclaims memory, receives packets or collects garbage may be cause or victim, but a reader wants to
 * know. A frame belongs to the work of the outermost function that tells: a mutex inside of
 * log_error() is logging, the LRU lock inside of shrink_node() is reclaim.
 *
 * Names are looked at in two ways: whole, for functions of kernels and runtimes (futex_wait,
 * __lll_lock_wait, runtime.lock2), and by their words, cut where case changes and at what is neither
 * letter nor digit: RetryPolicy::runWithBackoff is "retry policy run with backoff". "log" alone
 * tells nothing (log2, login's kin, redo logs): it takes a level beside it, as in log_error.
 *
 * Sources of whole names: Linux kernel/futex/, kernel/locking/, mm/vmscan.c, mm/compaction.c,
 * kernel/softirq.c; glibc nptl/lowlevellock.c; Go runtime/lock_futex.go, runtime/sema.go; OpenJDK
 * runtime/objectMonitor.cpp; PostgreSQL storage/lmgr/; abseil synchronization/mutex.cc.
 */
#ifndef DIFF_WORK_H
#define DIFF_WORK_H

#include "base/compiler.h"
#include "diff/diff.h"

enum work {
	WORK_OTHER,
	WORK_LOCKS,
	WORK_RETRIES,
	WORK_LOGGING,
	WORK_RECLAIM,
	WORK_PACKETS,
	WORK_GARBAGE,
	WORK_CNT
};

enum work work_of(struct str function);

/* "waiting for locks"; NULL for other work */
const char *work_words(enum work w);
const char *work_key(enum work w); /* "locks": for machines */

/* Does a process do this because of others? */
bool work_reacts(enum work w);

/*
 * The change of the subtree at `process` by the work of its frames' own time, in the diff's unit; the sum
 * is the change of the process. 0 or -ENOMEM.
 */
int must_check work_split(const struct diff *d, uint32_t process, double ret_delta[WORK_CNT]);

#endif
