// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts); /* cannot fail for these clocks */
	return (int64_t)ts.tv_sec * (int64_t)NSEC_PER_SEC + ts.tv_nsec;
}

static int64_t system_wall_ns(void *arg)
{
	(void)arg;
	return read_clock(CLOCK_REALTIME);
}

static uint64_t system_mono_ns(void *arg)
{
	(void)arg;
	return (uint64_t)read_clock(CLOCK_MONOTONIC);
}

static uint64_t system_cpu_ns(void *arg)
{
	(void)arg;
	return (uint64_t)read_clock(CLOCK_THREAD_CPUTIME_ID);
}

const struct clock clock_system = {
	.wall_ns = system_wall_ns, .mono_ns = system_mono_ns, .cpu_ns = system_cpu_ns};
