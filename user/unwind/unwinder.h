/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwinder.h - keeps the sampler supplied with unwind rules, and ends the walks that it could not.
 *
 * Nothing is loaded ahead: a process gets its list of spans with its first sample, a file its rules
 * chunk by chunk where samples were seen. Until then a sample brings a copy of its stack, which is
 * walked here by the same rules; so the first sample is as good as the thousandth, and a process may
 * be gone before anybody has looked at it.
 *
 *	unwinder_sample(u, &process, sample, &stack)     for each sample with user frames
 *	unwinder_forget(u, pid)                          when a process has ended
 *	unwinder_tick(u, mono_ns)                        often
 *
 * Memory is that of the arena, and some bookkeeping in proportion to it. Single thread.
 */
#ifndef UNWIND_UNWINDER_H
#define UNWIND_UNWINDER_H

#include <culprit/wire.h>

#include "base/compiler.h"
#include "unwind/spans.h"

struct unwinder;

/* Where the rules are put so that the sampler finds them. */
struct unwind_target {
	bool no_rules; /* nothing is loaded, and the rest does not count: walks are as they came */
	void *arena; /* borrowed; NULL: memory of our own, of arena_bytes (a replay has no sampler) */
	size_t arena_bytes;
	uint32_t max_spaces;
	/* As collector_reach_arena(), collector_set_space(); may be NULL. */
	int (*reach_arena)(void *arg, size_t bytes);
	int (*set_space)(void *arg, uint32_t pid, const struct unwind_space *space);
	void *arg;
};

int must_check unwinder_new(const struct unwind_target *target, struct unwinder **ret);
void unwinder_free(struct unwinder *u); /* NULL is fine */

struct unwind_process {
	uint32_t pid;
	bool is_alive;
	struct unwind_maps maps;
};

/* How a stack ends. */
enum unwind_end {
	UNWIND_END_NONE = 0, /* there is no user stack */
	UNWIND_END_WHOLE,
	UNWIND_END_TRUNCATED,
	UNWIND_END_BROKEN,     /* at a frame with a rule */
	UNWIND_END_NO_RULE,    /* at a frame in a file, without a rule, or without any rules */
	UNWIND_END_JIT,	       /* at a frame in code without a file */
	UNWIND_END_UNKNOWN,    /* at an address in no mapping */
	UNWIND_END_UNFINISHED, /* where rules were not at hand and memory was not copied */
	UNWIND_END_CNT
};

struct unwind_stack {
	const uint64_t *pcs; /* leaf first; borrowed until the next call, or of the sample */
	size_t cnt;
	enum unwind_end end;
	bool has_fp; /* some frames were found by frame pointer, for want of a rule */
};

/* Never fails: what cannot be done shows in *ret. */
void unwinder_sample(struct unwinder *u, const struct unwind_process *process,
		     const struct wire_sample *s, struct unwind_stack *ret);

void unwinder_forget(struct unwinder *u, uint32_t pid);
void unwinder_tick(struct unwinder *u, uint64_t mono_ns);

struct unwinder_stats {
	uint64_t ends[UNWIND_END_CNT]; /* samples by how their stack ends, ever */
	uint64_t by_fp;		       /* samples with frames found by frame pointer, ever */
	uint64_t continued;	       /* samples whose walk was ended here, ever */
	size_t spaces, lists;
	uint64_t evicted_spaces; /* ever */
	size_t arena_bytes, arena_used;
	struct leaves_stats leaves;
};

void unwinder_stats(const struct unwinder *u, struct unwinder_stats *ret);

#endif
