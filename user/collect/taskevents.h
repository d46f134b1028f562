/* SPDX-License-Identifier: Apache-2.0 */
/*
 * taskevents.h - exec, mmap, comm, fork and exit of the whole machine, told by the kernel as they
 * happen.
 *
 * One "dummy" perf event per CPU: it never counts, but its ring receives these records
 * (perf_event_open(2)). That is how a process that lives 20 ms is known by name and mappings before
 * its samples are looked at.
 */
#ifndef COLLECT_TASKEVENTS_H
#define COLLECT_TASKEVENTS_H

#include "base/compiler.h"
#include "base/err.h"
#include "collect/cpus.h"
#include "model/record.h"

struct taskevents;

/* ring_bytes: per CPU; rounded up to a power of two of pages. No ring is open yet. */
int must_check taskevents_new(size_t ring_bytes, struct taskevents **ret);

/*
 * Opens rings for CPUs that are new in the list. The ring of a CPU that is gone is read once more
 * by the next drain, then closed by the next follow. 0 or -errno with a line in err.
 */
int must_check taskevents_follow(struct taskevents *te, const struct cpu_list *online,
				 struct err *err);

/* Lets taskevents_wait() end too when something new can be read from fd. 0 or -errno. */
int must_check taskevents_watch(struct taskevents *te, int fd);

/*
 * Sleeps up to timeout_ms (0 = not at all), less when a ring is half full or a signal comes. True
 * when a ring asks for its reader, or somebody who is watched does.
 */
bool taskevents_wait(struct taskevents *te, int timeout_ms);

/*
 * Empties all rings, one after the other, each in its own order, as far as they were filled at the
 * call. Stops at the first record that `fn` refuses, which is lost, and returns what it returned.
 */
int must_check taskevents_drain(struct taskevents *te, record_fn fn, void *arg);

uint64_t
taskevents_lost(const struct taskevents *te); /* records dropped by the kernel or malformed */
size_t taskevents_bytes(const struct taskevents *te); /* memory of the rings */
void taskevents_free(struct taskevents *te);

#endif
