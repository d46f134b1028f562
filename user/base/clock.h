/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - the clocks, behind function pointers so that tests can turn them. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/compiler.h"

struct clock {
	int64_t (*wall_ns)(void *arg);	/* CLOCK_REALTIME */
	uint64_t (*mono_ns)(void *arg); /* CLOCK_MONOTONIC */
	uint64_t (*cpu_ns)(void *arg); /* CLOCK_THREAD_CPUTIME_ID; only who budgets CPU time asks */
	void *arg;
};

extern const struct clock clock_system;

static inline int64_t clock_wall_ns(const struct clock *c)
{
	return c->wall_ns(c->arg);
}

static inline uint64_t clock_mono_ns(const struct clock *c)
{
	return c->mono_ns(c->arg);
}

static inline uint64_t clock_cpu_ns(const struct clock *c)
{
	return c->cpu_ns(c->arg);
}

#endif
