// SPDX-License-Identifier: Apache-2.0
/*
 * pid_reuse MS [PROGRAM] - one pid, two programs, one after the other: a child burns MS of CPU time
 * in first_life() and dies, then a new child gets the same pid (clone3 with set_tid, which needs
 * CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE), execs PROGRAM (a copy of this one; by default itself)
 * as "second_program" and burns as long in second_life(). Prints the pid; exit status 77 when the
 * kernel does not let us choose it.
 */
#include "target.h"

#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static volatile uint64_t sink;

named static void burn(double until)
{
	while (target_clock(CLOCK_PROCESS_CPUTIME_ID) < until)
		for (unsigned int i = 0; i < 10000; i++)
			sink = (sink ^ i) * 2654435761U;
}

named static void first_life(unsigned long ms)
{
	burn(target_clock(CLOCK_PROCESS_CPUTIME_ID) + (double)ms / 1e3);
	sink++;
}

named static void second_life(unsigned long ms)
{
	burn(target_clock(CLOCK_PROCESS_CPUTIME_ID) + (double)ms / 1e3);
	sink--;
}

static pid_t fork_as(pid_t pid)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uint64_t)(uintptr_t)&pid,
		.set_tid_size = 1,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

int main(int argc, char **argv)
{
	unsigned long ms;
	pid_t first, second;

	if (argc > 2 && !strcmp(argv[1], "second")) {
		target_init(60);
		(void)prctl(PR_SET_NAME, "second_program");
		second_life(target_number(argc, argv, 2, 500));
		return 0;
	}
	ms = target_number(argc, argv, 1, 500);
	target_init(ms / 100 + 60);
	first = fork();
	if (!first) {
		target_init(60);
		(void)prctl(PR_SET_NAME, "first_program");
		first_life(ms);
		_exit(0);
	}
	if (first < 0 || waitpid(first, NULL, 0) != first)
		return 2;
	second = fork_as(first);
	if (second < 0) {
		fprintf(stderr, "%s: clone3 with set_tid: %s\n", argv[0], strerror(errno));
		return 77;
	}
	if (!second) {
		execl(argc > 2 ? argv[2] : "/proc/self/exe", "second_program", "second",
		      argc > 1 ? argv[1] : "500", (char *)NULL);
		_exit(127);
	}
	if (waitpid(second, NULL, 0) != second)
		return 2;
	printf("pid %d\n", (int)first);
	return first == second ? 0 : 2;
}
