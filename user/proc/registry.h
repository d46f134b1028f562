/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry.h - which process is this sample's, and where are its addresses?
 *
 * Identity is (pid, start time, exec generation): a pid alone names two programs as soon as it is
 * reused, and one pid is two programs before and after execve. The registry is fed with wire
 * records only, in the order of time:
 *
 *	registry_take(r, rec)    WIRE_PROC, WIRE_MMAP, WIRE_COMM, WIRE_FORK, WIRE_EXIT; others are ignored
 *	registry_sample(r, s)    WIRE_SAMPLE; then process_label(), process_cgroup(), process_place()
 *
 * Files are opened when their mapping is learned, while the process lives, so that a process that
 * has died is still named. A process that died is kept for 10 s of record time, for samples that
 * come late.
 *
 * With `proc_root` the registry looks at /proc by itself: after an execve (arguments, cgroup), for
 * the pid of a sample that it does not know or that was reused, and, at most once in 10 s a
 * process, when a sample's address is in no known mapping. Each record that it takes from there is
 * shown to `on_snapshot`. Whoever writes a raw file writes task and mapping records before
 * registry_take() and samples after registry_sample(): replayed in this order, without `proc_root`,
 * the file gives the same answers.
 *
 * Records must have passed wire_check(). Single thread.
 */
#ifndef PROC_REGISTRY_H
#define PROC_REGISTRY_H

#include <culprit/wire.h>

#include "base/compiler.h"
#include "elf/place.h"
#include "model/loss.h"
#include "model/record.h"

struct image_cache;
struct mappings;
struct process;
struct registry;

struct registry_opts {
	uint32_t max_processes;	    /* dead ones included; at least 1 */
	uint32_t max_mappings;	    /* of one process; at least 1 */
	uint32_t max_all_mappings;  /* of all processes; shared ones count once. At least 1 */
	const char *proc_root;	    /* "/proc"; NULL: replay, /proc is never looked at. Copied. */
	struct image_cache *images; /* borrowed, outlives the registry */
	record_fn on_snapshot;	    /* see above; may be NULL. What it returns is ignored */
	void *arg;		    /* of on_snapshot */
};

/* 0; -EINVAL for a limit of 0; -ENOMEM; what opening proc_root says. */
int must_check registry_new(const struct registry_opts *o, struct registry **ret);
void registry_free(struct registry *r);

/* 0, or -ENOMEM; all else that goes wrong costs knowledge only, and is counted. */
int must_check registry_take(struct registry *r, const struct wire_header *rec);

/*
 * The process that a sample belongs to: borrowed, valid until the next registry_take() or
 * registry_sample(). One that is gone and was never heard of is made up from the sample's comm and
 * counted as LOSS_NO_PROCESS. NULL only when out of memory.
 */
struct process *registry_sample(struct registry *r, const struct wire_sample *s);

/* The process that has the pid now has not ended, as far as is known: some thread of it runs. */
bool registry_is_alive(const struct registry *r, uint32_t pid);

/* Processes that are known now, dead ones included. */
size_t registry_cnt(const struct registry *r);

/* Adds nothing up: writes the cumulative count of each reason for which something was given up
 * here. */
void registry_lost(const struct registry *r, uint64_t lost[LOSS_CNT]);

uint32_t process_pid(const struct process *p);	/* in the initial pid namespace */
uint32_t process_ppid(const struct process *p); /* 0 = unknown */
uint64_t process_start(
	const struct process *p); /* CLOCK_BOOTTIME ns, to a clock tick at worst; 0 = unknown */
uint32_t process_generation(
	const struct process *p); /* how many execve were seen; of which this is the last */

/* The process label of label.h; never empty. Borrowed as p is; raw bytes, clean them before
 * showing. */
struct str process_label(const struct process *p);

/* Path in the unified (or else the systemd) hierarchy; empty when unknown. Borrowed as p is. */
struct str process_cgroup(const struct process *p);

/* Its executable mappings (proc/mappings.h): borrowed as p is; NULL when none are known. */
const struct mappings *process_mappings(const struct process *p);

/* False: its end was reported. */
bool process_is_alive(const struct process *p);

/* Where a user address is. What *ret borrows is valid as long as p. */
void process_place(const struct process *p, uint64_t addr, struct place *ret);

#endif
