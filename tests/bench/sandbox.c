// SPDX-License-Identifier: Apache-2.0
/*
 * sandbox [RUNS] - what one question to a sandbox costs that does nothing: a child forked, confined,
 * asked, answered, ended.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/sandbox.h"
#include "base/text.h"

static int nothing(const int *fds, size_t fd_cnt, struct str request, struct buf *reply,
		   void **state)
{
	return 0;
}

static const struct sandbox_job jobs[] = {{"nothing", nothing}};

static uint64_t own_cpu_ns(void)
{
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u))
		return 0;
	return ((uint64_t)u.ru_utime.tv_sec + (uint64_t)u.ru_stime.tv_sec) * NSEC_PER_SEC +
	       ((uint64_t)u.ru_utime.tv_usec + (uint64_t)u.ru_stime.tv_usec) * 1000;
}

int main(int argc, char **argv)
{
	static const struct sandbox_limits limits = {
		.memory_bytes = 32u << 20,
		.cpu_ms = 1000,
		.wall_ms = 5000,
	};
	uint64_t runs = 1000, failed = 0, wall_ns, cpu_ns;
	struct sandbox_stats stats;
	struct sandbox *sb = NULL;
	struct buf reply;
	struct err err;

	sandbox_serve(argc, argv, jobs, ARRAY_SIZE(jobs));
	if (argc > 1 && num_parse_u64(str_of(argv[1]), &runs))
		return 2;
	if (sandbox_new(&sb, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	buf_init(&reply, 0);
	wall_ns = clock_mono_ns(&clock_system);
	cpu_ns = own_cpu_ns();
	for (uint64_t i = 0; i < runs; i++)
		failed += sandbox_run(sb, 0, NULL, 0, STR_LIT(""), &limits, &reply) != 0;
	wall_ns = clock_mono_ns(&clock_system) - wall_ns;
	cpu_ns = own_cpu_ns() - cpu_ns;
	sandbox_stats(sb, &stats);
	printf("sandbox: %.0f us a run by the clock, %.0f us CPU here, %.0f us CPU in zygote and "
	       "child;"
	       " %" PRIu64 " runs, %" PRIu64 " failed, filter %s\n",
	       (double)wall_ns / 1e3 / (double)runs, (double)cpu_ns / 1e3 / (double)runs,
	       (double)stats.cpu_ns / 1e3 / (double)runs, runs, failed,
	       stats.has_seccomp ? "on" : "off");
	sandbox_free(sb);
	return failed != 0;
}
