// SPDX-License-Identifier: Apache-2.0
#include "elf/readtime.h"

#include "base/sandbox.h"
#include "elf/jobs.h"

bool readtime_may(const struct readtime *t)
{
	return t->paid_until_ns <= clock_mono_ns(t->clock) + t->burst_ns * t->share;
}

/* CPU time, since on a busy machine the time on the clock says little. */
uint64_t readtime_begin(const struct readtime *t)
{
	return clock_cpu_ns(t->clock);
}

static void charge(struct readtime *t, uint64_t spent_ns)
{
	uint64_t now_ns = clock_mono_ns(t->clock);

	if (t->paid_until_ns < now_ns)
		t->paid_until_ns = now_ns;
	t->paid_until_ns += spent_ns * t->share;
	t->spent_ns += spent_ns;
}

void readtime_charge_children(struct readtime *t)
{
	struct sandbox_stats stats;
	uint64_t all_ns;

	if (!t->sandbox)
		return;
	sandbox_stats(t->sandbox, &stats);
	all_ns = stats.job_cpu_ns[JOB_SYMBOLS] + stats.job_cpu_ns[JOB_RULES];
	if (all_ns == t->children_ns)
		return;
	charge(t, all_ns - t->children_ns);
	t->children_ns = all_ns;
}

void readtime_end(struct readtime *t, uint64_t before_ns)
{
	charge(t, readtime_begin(t) - before_ns);
	readtime_charge_children(t);
}
