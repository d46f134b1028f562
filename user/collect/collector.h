/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector.h - what the kernel reports, as one stream of wire records in order of time.
 *
 * Behind it: the BPF sampler on a cpu-clock event of every online CPU, and a dummy perf event per
 * CPU that tells of exec, mmap, comm, fork and exit. Whoever takes the records needs to know
 * neither: they are those of culprit/wire.h, have passed wire_check(), and are borrowed for the
 * call.
 *
 *	r = collector_new(&opts, &c, err);
 *	while (!stop && !(r = collector_poll(c, 100, take, arg)))
 *		;
 *	r = collector_stop(c, take, arg);
 *	collector_free(c);
 *
 * Order: a poll delivers what is older than its own start minus a slack of some milliseconds and
 * keeps the rest for the next one, so that records of different CPUs come in order. An event and a
 * sample of the same nanosecond come event first. A CPU that was held up for longer than the slack
 * between taking a time stamp and publishing the record delivers late: the record then comes with
 * its own, older time, and is never dropped for that.
 *
 * Memory: fixed at start. What does not fit is counted in collector_stats().lost[], never silent.
 * CPUs that come online or go offline are followed every other second, as part of polling.
 *
 * Threads: one thread at a time per collector. Needs root, or CAP_BPF and CAP_PERFMON
 * (CAP_SYS_ADMIN before 5.8).
 */
#ifndef COLLECT_COLLECTOR_H
#define COLLECT_COLLECTOR_H

#include <culprit/loss.h>
#include <culprit/unwind.h>

#include "base/compiler.h"
#include "base/err.h"
#include "model/record.h"

#define COLLECTOR_MIN_HZ 1
#define COLLECTOR_MAX_HZ 10000

struct collector;

struct collector_opts {
	uint32_t hz; /* samples per second and CPU, COLLECTOR_MIN_HZ..COLLECTOR_MAX_HZ */

	/*
	 * Process filter, in the initial pid namespace; 0 = all. Processes that descend from it are
	 * included, those that are there already and those that are still to come.
	 */
	uint32_t pid;

	/* The filter starts empty (with `pid` 0): nobody is sampled but what collector_add_pid()
	 * names. */
	bool only_added;

	/*
	 * Cgroup filter: inode of a cgroup v2 directory; 0 = all. Descendants up to 32 levels below
	 * are included: the sampler walks from the task's cgroup towards the root. Both filters
	 * given: both must hold.
	 */
	uint64_t cgroup_id;

	bool no_kernel_stacks;
	bool no_unwind_rules; /* user stacks by frame pointer alone, and no copies of stacks */
	/*
	 * Memory for unwind rules, and how many processes can be unwound by them at a time; 0 = a
	 * default. What the sampler finds no rules for comes with a copy of its stack instead.
	 */
	size_t unwind_bytes;
	uint32_t max_spaces;

	bool copy_all_stacks;	 /* for checking the unwinder: each sample brings its stack along */
	size_t event_ring_bytes; /* ring of task events of each CPU; 0 = 128 KiB */
	size_t ring_bytes; /* all BPF rings together, rounded up to a power of two; 0 = two seconds
			      of samples */
};

struct collector_stats {
	uint64_t started_ns;	 /* CLOCK_MONOTONIC: no sample is older */
	uint64_t samples;	 /* that were taken and have come here */
	uint64_t idle;		 /* ticks that found the CPU idle; no record */
	uint64_t lost[LOSS_CNT]; /* by enum loss; cumulative like all of this */
	uint32_t cpus_online;	 /* CPUs that are being sampled now */
	/*
	 * time that taking samples took, by the programs' own clock: does without what is done
	 * before a sample is begun
	 */
	uint64_t run_ns;
	size_t map_bytes; /* BPF maps and event rings, as the kernel accounts for them */
};

/*
 * Loads and attaches; records flow from here on. 0, or -errno with a line in err: -EPERM, -EINVAL
 * (options), -ENOENT (no BTF), -EMFILE, …
 */
int must_check collector_new(const struct collector_opts *opts, struct collector **ret,
			     struct err *err);

/*
 * Adds a process and those that it will start to the process filter, for a command that is started
 * after attaching. Events of a process that has gone are harmless. -EINVAL without a process
 * filter; -ENOSPC when it is full.
 */
int must_check collector_add_pid(struct collector *c, uint32_t pid);

/*
 * The arena of unwind rules (culprit/unwind.h) that the sampler reads, zeroed at first: borrowed,
 * valid until collector_free(). Its first `bytes` may be touched once collector_reach_arena() has
 * said 0; else -EINVAL (it is smaller) or -errno.
 */
void *collector_arena(const struct collector *c, size_t *ret_bytes);
int must_check collector_reach_arena(struct collector *c, size_t bytes);

uint32_t collector_max_spaces(const struct collector *c);

/* Says where the spans of a process are in it; NULL forgets them. -ENOSPC: too many processes. */
int must_check collector_set_space(struct collector *c, uint32_t pid,
				   const struct unwind_space *space);

/*
 * Changes the rate of all CPUs. Each sample's weight is that of the clock which took it, so totals
 * stay right. Takes up to one new and half an old period. 0 or -errno with a line in err: CPUs that
 * could not change keep their rate and change with the next call.
 */
int must_check collector_set_hz(struct collector *c, uint32_t hz, struct err *err);

/* Something new in fd ends the sleep of collector_poll(), too; borrowed. 0 or -errno. */
int must_check collector_watch(struct collector *c, int fd);

/*
 * Sleeps up to timeout_ms (less when rings fill up, a signal or something watched comes; 0 = not at all), then
 * delivers what is there. 0; what `fn` returned, if not 0: the record it refused and all that
 * follow are kept for the next call.
 */
int must_check collector_poll(struct collector *c, int timeout_ms, record_fn fn, void *arg);

/* Detaches and delivers everything that is left. Further polls deliver nothing. Stats stay
 * readable. */
int must_check collector_stop(struct collector *c, record_fn fn, void *arg);

/* Process and cgroup filters apply to samples; task events are always those of the whole machine.
 */
void collector_stats(const struct collector *c, struct collector_stats *ret);

void collector_free(struct collector *c); /* stops if need be; NULL is fine */

#endif
