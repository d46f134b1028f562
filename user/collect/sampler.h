/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampler.h - the BPF object: opened, set up, loaded; its rings, filters and counters.
 *
 * What makes it run are the clock events of ticks.h. Threads: as collector.h.
 */
#ifndef COLLECT_SAMPLER_H
#define COLLECT_SAMPLER_H

#include <culprit/stat.h>
#include <culprit/unwind.h>

#include "base/compiler.h"
#include "base/err.h"
#include "collect/cpus.h"
#include "model/record.h"

struct sampler;

struct sampler_opts {
	size_t ring_bytes;  /* all rings together */
	uint32_t cpus;	    /* CPUs there may be: decides on the number of rings */
	uint64_t cgroup_id; /* 0 = all */
	bool filter_pids;   /* only whom sampler_allow_pid() names, and who descends from them */
	bool kernel_stacks;
	bool unwind_rules;
	size_t unwind_bytes; /* the arena of unwind rules; rounded up to pages, a few at least */
	uint32_t max_spaces; /* processes that can be unwound by rules at a time */
	bool copy_all_stacks;
};

/*
 * Loads, and attaches what follows fork and exit if there is a process filter. 0 or -errno with a
 * line in err.
 */
int must_check sampler_new(const struct sampler_opts *opts, struct sampler **ret, struct err *err);

/* The program for the clock events; owned by the sampler. */
int sampler_prog_fd(const struct sampler *s);

/* 0; -EINVAL without a process filter; -ENOSPC when it is full. */
int must_check sampler_allow_pid(struct sampler *s, uint32_t pid);

/*
 * The arena of culprit/unwind.h, zeroed: borrowed, valid as long as s. What is written to it is seen
 * by the programs at once. Only as far as was reached for it may be touched: maparea_reach().
 */
void *sampler_arena(const struct sampler *s, size_t *ret_bytes);
int must_check sampler_reach_arena(struct sampler *s, size_t bytes);

/* Says where the spans of a process are; NULL forgets them. -ENOSPC when there are too many. */
int must_check sampler_set_space(struct sampler *s, uint32_t pid, const struct unwind_space *space);

/*
 * Set before waiting for the rings: the next sample that finds no rules makes one of them readable,
 * once.
 */
void sampler_set_asleep(struct sampler *s, bool asleep);

/*
 * Hands out all samples that there are by now, one ring after the other and then what is not in a ring
 * yet. Lengths are checked by the caller. 0 or -errno, also of fn: see stages_fn.
 */
int must_check sampler_drain(struct sampler *s, int (*fn)(void *arg, const void *bytes, size_t len),
			     void *arg);

/* The rings, each of which becomes readable when it should not wait any longer; borrowed. */
const int *sampler_rings(const struct sampler *s, size_t *ret_cnt);

/*
 * Has each of these CPUs had a tick of the clock event since this was asked last? It costs nothing; to
 * ask the events means an interrupt on each CPU.
 */
bool sampler_all_tick(struct sampler *s, const struct cpu_list *cpus);

/* No program runs any more: the next time is the last. */
void sampler_end(struct sampler *s);

uint64_t sampler_handed(const struct sampler *s); /* samples that were handed out, so far */

/* Summed over CPUs. */
void sampler_stat(const struct sampler *s, struct kernel_stat *ret);
size_t sampler_map_bytes(const struct sampler *s);
size_t sampler_waiting_bytes(const struct sampler *s); /* that rings and stages can hold */
void sampler_free(struct sampler *s);

#endif
