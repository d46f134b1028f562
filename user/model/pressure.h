/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pressure.h - how much of a stretch of time somebody waited for a resource: the kernel's pressure
 * stall information, its lines "some" (Documentation/accounting/psi.rst).
 *
 * Where the kernel has none, nothing was watched, which is not the same as no pressure.
 */
#ifndef MODEL_PRESSURE_H
#define MODEL_PRESSURE_H

#include "base/compiler.h"
#include "base/sum.h"

/* Persisted: append-only. */
enum pressure_resource {
	PRESSURE_CPU = 0, /* runnable, without a CPU */
	PRESSURE_IO = 1,
	PRESSURE_MEMORY = 2, /* reclaim, swap-in, refaults */
	PRESSURE_CNT
};

struct pressure {
	uint64_t stalled_ns; /* at least one task waited */
	uint64_t watched_ns; /* of so much time; 0 = nobody knows */
};

/* "cpu", "io", "memory" */
static inline const char *pressure_name(enum pressure_resource resource)
{
	static const char *const names[] = {"cpu", "io", "memory"};

	return names[resource];
}

static inline void pressure_add(struct pressure *sum, const struct pressure *p)
{
	sum_add(&sum->stalled_ns, p->stalled_ns);
	sum_add(&sum->watched_ns, p->watched_ns);
}

/* 0..1; only where something was watched. */
static inline double pressure_share(const struct pressure *p)
{
	double share = p->watched_ns ? (double)p->stalled_ns / (double)p->watched_ns : 0;

	return share < 1 ? share : 1;
}

#endif
