// SPDX-License-Identifier: Apache-2.0
/*
 * fork_storm SECONDS [MS] [AT_ONCE] [DEPTH] - children that live 5 to 50 ms (or MS), each started by
 * fork and exec of this program as "fork_storm child MS DEPTH", doing named work: child_main >
 * child_work, with DEPTH (0) frames of child_deep, of more than 1 KiB each, above. AT_ONCE of them
 * live at a time. Prints at its end how many there were and how much CPU time they
 * took: "children 231 cpu_ms 4211".
 */
#include "target.h"

#include <sys/resource.h>
#include <sys/wait.h>

static volatile uint64_t sink;

named static void child_work(void)
{
	keep_frame();
	for (unsigned int i = 0; i < 10000; i++)
		sink = (sink ^ i) * 2654435761U;
}

named static void child_main(unsigned long ms)
{
	double until = target_clock(CLOCK_PROCESS_CPUTIME_ID) + (double)ms / 1e3;

	while (target_clock(CLOCK_PROCESS_CPUTIME_ID) < until)
		child_work();
}

named static void child_deep(unsigned long depth, unsigned long ms)
{
	volatile char pad[1024];

	pad[depth % sizeof(pad)] = 1;
	if (depth)
		child_deep(depth - 1, ms);
	else
		child_main(ms);
	sink += (uint64_t)pad[depth % sizeof(pad)];
}

static bool start_child(unsigned long ms, unsigned long depth)
{
	char ms_text[24], depth_text[24];
	pid_t pid = fork();

	if (!pid) {
		snprintf(ms_text, sizeof(ms_text), "%lu", ms);
		snprintf(depth_text, sizeof(depth_text), "%lu", depth);
		execl("/proc/self/exe", "fork_storm", "child", ms_text, depth_text, (char *)NULL);
		_exit(127);
	}
	return pid > 0;
}

int main(int argc, char **argv)
{
	unsigned long seconds, ms, at_once, depth, alive = 0, children = 0;
	uint64_t random_state = 99;
	struct rusage usage;
	double until;

	if (argc > 2 && !strcmp(argv[1], "child")) {
		target_init(10);
		ms = target_number(argc, argv, 2, 20);
		depth = target_number(argc, argv, 3, 0);
		if (depth)
			child_deep(depth - 1, ms);
		else
			child_main(ms);
		return 0;
	}
	seconds = target_number(argc, argv, 1, 10);
	ms = target_number(argc, argv, 2, 0);
	at_once = target_number(argc, argv, 3, 2);
	depth = target_number(argc, argv, 4, 0);
	target_init(seconds + 10);
	until = target_clock(CLOCK_MONOTONIC) + (double)seconds;
	while (target_clock(CLOCK_MONOTONIC) < until) {
		while (alive < at_once &&
		       start_child(ms ? ms : 5 + target_random(&random_state) % 46, depth)) {
			alive++;
			children++;
		}
		if (wait(NULL) > 0)
			alive--;
	}
	while (wait(NULL) > 0)
		;
	(void)getrusage(RUSAGE_CHILDREN, &usage);
	printf("children %lu cpu_ms %ld\n", children,
	       (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000L +
		       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000L);
	return 0;
}
