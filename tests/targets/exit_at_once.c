// SPDX-License-Identifier: Apache-2.0
/*
 * exit_at_once MS [CHILDREN] - burns MS (30) of CPU time in short_burst() and ends. With CHILDREN
 * it does so in that many forked children, one after the other, which never exec: each is gone
 * before anybody can look into /proc.
 */
#include "target.h"

#include <sys/wait.h>

static volatile uint64_t sink;

named static void short_burst(double seconds)
{
	double until = target_clock(CLOCK_PROCESS_CPUTIME_ID) + seconds;

	while (target_clock(CLOCK_PROCESS_CPUTIME_ID) < until)
		for (unsigned int i = 0; i < 10000; i++)
			sink = (sink ^ i) * 2654435761U;
}

int main(int argc, char **argv)
{
	double seconds = (double)target_number(argc, argv, 1, 30) / 1e3;
	unsigned long children = target_number(argc, argv, 2, 0);

	target_init(120);
	if (!children)
		short_burst(seconds);
	for (unsigned long i = 0; i < children; i++) {
		pid_t pid = fork();

		if (!pid) {
			short_burst(seconds);
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return 2;
	}
	return 0;
}
