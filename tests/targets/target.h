/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.h - what the programs share that exist only to be profiled.
 *
 * Each of them ends by itself: with its parent (PR_SET_PDEATHSIG) and after the lifetime it was
 * given, with exit status 0. They are small on purpose and do not link the library.
 */
#ifndef TESTS_TARGET_H
#define TESTS_TARGET_H

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* A function that a test looks for by its name must stay a function, also under clang. */
#define named	  __attribute__((noinline, used))
#define unused_ok __attribute__((unused))

/*
 * gcc gives a leaf function that touches no stack no frame even under -fno-omit-frame-pointer, and
 * a walk by frame pointer then misses its caller. Asking for the address of the frame makes it.
 */
#define keep_frame() __asm__ volatile("" : : "r"(__builtin_frame_address(0)))

static unused_ok void target_time_is_up(int sig)
{
	(void)sig;
	_exit(0);
}

/* Argument `i` as a number, `fallback` when it is not given; a usage error ends the program. */
static unused_ok unsigned long target_number(int argc, char **argv, int i, unsigned long fallback)
{
	unsigned long v;
	char *end;

	if (i >= argc)
		return fallback;
	errno = 0;
	v = strtoul(argv[i], &end, 10);
	if (errno || end == argv[i] || *end) {
		fprintf(stderr, "%s: argument %d: '%s' is not a number\n", argv[0], i, argv[i]);
		exit(2);
	}
	return v;
}

/* Dies with the parent, and after `seconds` at the latest. */
static unused_ok void target_init(unsigned long seconds)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa)); /* no initializer by name: it is a macro, which C++ rejects */
	sa.sa_handler = target_time_is_up;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)sigaction(SIGALRM, &sa, NULL);
	(void)alarm(seconds ? (unsigned int)seconds : 1);
}

static unused_ok double target_clock(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static unused_ok void target_sleep(double seconds)
{
	struct timespec ts = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

	while (seconds > 0 && nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/*
 * Pins the calling thread, and those it will start, to the first CPU it may run on: programs that
 * do this contend for one CPU on a machine of any size.
 */
static unused_ok void target_pin_first_cpu(void)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		(void)sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

/*
 * xorshift64: enough to look like data, the same in every run for one seed (which must not be 0).
 */
static unused_ok uint64_t target_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
