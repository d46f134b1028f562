// SPDX-License-Identifier: Apache-2.0
/*
 * log-shipper FILE SECONDS [MICROSECONDS] - an innocent one that reacts: it follows the log of the
 * latency probe and ships slow requests (over 50 ms), at so much CPU each (default 2000). It is
 * busy in every incident, always because of it, and always late.
 */
#include "../../targets/target.h"

static volatile uint64_t sink;

named static void ship_record(double cpu_seconds)
{
	double until = target_clock(CLOCK_THREAD_CPUTIME_ID) + cpu_seconds;
	uint64_t state = 3;

	while (target_clock(CLOCK_THREAD_CPUTIME_ID) < until)
		for (int i = 0; i < 1000; i++)
			sink = target_random(&state);
}

named static void follow(FILE *log, double cpu_seconds)
{
	double at, latency_ms;

	while (fscanf(log, "%lf %lf", &at, &latency_ms) == 2)
		if (latency_ms > 50)
			ship_record(cpu_seconds);
}

int main(int argc, char **argv)
{
	double cpu_seconds = (double)target_number(argc, argv, 3, 2000) / 1e6;
	FILE *log = NULL;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE SECONDS [MICROSECONDS]\n", argv[0]);
		return 2;
	}
	target_init(target_number(argc, argv, 2, 60));
	for (;;) {
		target_sleep(0.2);
		if (!log)
			log = fopen(argv[1], "r");
		if (!log)
			continue;
		follow(log, cpu_seconds);
		clearerr(log);
	}
}
