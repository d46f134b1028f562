/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collecting.h - a collector on the running kernel, something for it to sample, and what was seen of
 * that.
 */
#ifndef TESTS_COLLECTING_H
#define TESTS_COLLECTING_H

#include <stdint.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "collect/collector.h"
#include "unit/tap.h"

#define HZ 499

struct seen {
	uint64_t samples, in_spin, deep, other_pids;
	uint64_t truncated, ends_at_once;
	uint64_t kernel_mode, kernel_stacks, stacks, stacks_bad, below_kernel;
	uint64_t bad, unordered, starts_differ;
	uint64_t execs, forks, exits, mmaps;
	uint64_t last_ns, start_ns, weight_ns;
	uint32_t pid;  /* whose samples are looked at */
	uint32_t cpus; /* bit set, CPUs below 32 */
};

static volatile uint64_t sink;

/* CPU time rather than time: however busy the machine is, the samples are as many. */
static inline uint64_t cpu_time_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* What samples must point into: each in a section of its own, whose bounds the linker gives. */
__attribute__((noinline, used, section("code_spin"))) static void spin_for(uint64_t cpu_ns)
{
	uint64_t until_ns = cpu_time_ns() + cpu_ns;

	while (cpu_time_ns() < until_ns)
		for (int i = 0; i < 100000; i++)
			sink = sink * 3 + 1;
}

__attribute__((noinline, used, section("code_deep"))) static void spin_deep(int depth, uint64_t ns)
{
	if (depth)
		spin_deep(depth - 1, ns);
	else
		spin_for(ns);
	sink++; /* no tail call */
}

/*
 * Two functions: the C library's wrapper keeps no frame, which costs the walk by frame pointer the
 * inner one.
 */
__attribute__((noinline, used, section("code_kernel"))) static void work_in_kernel(void)
{
	static char bytes[64 << 10];

	for (int i = 0; i < 16; i++)
		sink += getrandom(bytes, sizeof(bytes), 0) > 0;
}

__attribute__((noinline, used, section("code_kernel"))) static void spin_in_kernel(uint64_t cpu_ns)
{
	uint64_t until_ns = cpu_time_ns() + cpu_ns;

	while (cpu_time_ns() < until_ns)
		work_in_kernel();
}

extern const char __start_code_kernel[], __stop_code_kernel[];
extern const char __start_code_spin[], __stop_code_spin[], __start_code_deep[], __stop_code_deep[];

static inline uint32_t frames_between(const struct wire_sample *s, const char *from,
				      const char *until)
{
	const uint64_t *user = (const uint64_t *)s->pcs + s->kernel_cnt;
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->user_cnt; i++)
		n += user[i] >= (uintptr_t)from && user[i] < (uintptr_t)until;
	return n;
}

/* Of this process, as the sampler computes it; a copied stack tells. */
static uint64_t space_id;

/* A copied stack must be what is there: the words above the stack pointer of the last frame. */
static inline void look_at_stack(struct seen *seen, const struct wire_sample *s)
{
	const struct wire_stack *stack = wire_sample_stack(s);

	if (!stack)
		return;
	space_id = stack->space_id;
	seen->stacks++;
	seen->stacks_bad += stack->len < 256 || stack->addr > stack->sp ||
			    stack->sp - stack->addr >= 8 || !(s->h.flags & WIRE_F_USER_NO_RULES) ||
			    (stack->regs[DWARF_SP] != stack->sp);
}

static inline void look_at_sample(struct seen *seen, const struct wire_sample *s)
{
	if (s->pid != seen->pid) {
		seen->other_pids++;
		return;
	}
	look_at_stack(seen, s);
	seen->samples++;
	seen->weight_ns += s->weight_ns;
	seen->truncated +=
		(s->h.flags & WIRE_F_USER_TRUNCATED) && s->user_cnt == WIRE_MAX_USER_FRAMES;
	if (s->h.flags & WIRE_F_KERNEL_MODE) {
		seen->kernel_mode++;
		seen->kernel_stacks += s->kernel_cnt && (s->pcs[0] >> 63);
		seen->below_kernel +=
			frames_between(s, __start_code_kernel, __stop_code_kernel) > 0;
	}
	seen->ends_at_once += s->user_cnt == 1 && s->h.flags & WIRE_F_USER_WHOLE;
	seen->starts_differ += seen->start_ns && seen->start_ns != s->start_ns;
	seen->start_ns = s->start_ns;
	if (s->cpu < 32)
		seen->cpus |= 1U << s->cpu;
	seen->in_spin += frames_between(s, __start_code_spin, __stop_code_spin) == 1;
	seen->deep += frames_between(s, __start_code_deep, __stop_code_deep) >= 30;
}

static inline int take(void *arg, const struct wire_header *rec)
{
	struct seen *seen = arg;

	seen->bad += !wire_check(rec, rec->size);
	seen->unordered += rec->time_ns < seen->last_ns;
	seen->last_ns = rec->time_ns;
	switch (rec->type) {
	case WIRE_SAMPLE:
		look_at_sample(seen, (const struct wire_sample *)rec);
		break;
	case WIRE_COMM:
		seen->execs += rec->flags & WIRE_F_EXEC;
		break;
	case WIRE_FORK:
		seen->forks++;
		break;
	case WIRE_EXIT:
		seen->exits++;
		break;
	case WIRE_MMAP:
		seen->mmaps++;
		break;
	}
	return 0;
}

static inline struct collector *start(const struct collector_opts *opts)
{
	struct collector *c = NULL;
	struct err err = {0};
	int r = collector_new(opts, &c, &err);

	ok(!r, "collector_new() loads and attaches");
	if (r)
		printf("# %s\n", err.text);
	return c;
}

#endif
