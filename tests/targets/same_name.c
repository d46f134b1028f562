// SPDX-License-Identifier: Apache-2.0
/*
 * same_name SECONDS [left|right] - two processes with one comm ("twin") and one executable that
 * do different work: left_work and right_work. Without the second argument both are started, the
 * left one by fork alone, and the pids are printed: "left 123 right 124".
 */
#include "target.h"

static volatile uint64_t sink;

named static void left_work(void)
{
	keep_frame();
	for (unsigned int i = 0; i < 100000; i++)
		sink += i ^ sink;
}

named static void right_work(void)
{
	keep_frame();
	for (unsigned int i = 0; i < 100000; i++)
		sink = (sink ^ i) * 40503;
}

int main(int argc, char **argv)
{
	unsigned long seconds = target_number(argc, argv, 1, 10);
	bool both = argc < 3, left = both || !strcmp(argv[2], "left");
	pid_t pid = 0;

	target_init(seconds);
	(void)prctl(PR_SET_NAME, "twin");
	if (both) {
		pid = fork();
		if (pid < 0)
			return 2;
		if (!pid) {
			left = false;
			target_init(seconds);
		} else {
			printf("left %d right %d\n", (int)getpid(), (int)pid);
			fflush(stdout);
		}
	}
	for (;;) {
		if (left)
			left_work();
		else
			right_work();
	}
}
