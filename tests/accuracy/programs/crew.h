/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crew.h - many threads that do one thing on the first CPU until it is time: so that the latency
 * probe, which lives there, is hurt by as many as are runnable on a machine of any size.
 */
#ifndef TESTS_ACCURACY_PROGRAMS_CREW_H
#define TESTS_ACCURACY_PROGRAMS_CREW_H

#include "../../targets/target.h"

#include <pthread.h>

#define CREW_MAX 64

static double crew_deadline;

static unused_ok bool crew_goes_on(void)
{
	return target_clock(CLOCK_MONOTONIC) < crew_deadline;
}

/* Runs fn(number of the thread) in `cnt` threads; they ask crew_goes_on(). 0, or 1 with a word. */
static unused_ok int crew_run(unsigned long cnt, unsigned long ms, void *(*fn)(void *))
{
	pthread_t threads[CREW_MAX];
	unsigned long started = 0;

	crew_deadline = target_clock(CLOCK_MONOTONIC) + (double)ms / 1e3;
	while (started < cnt && started < CREW_MAX &&
	       !pthread_create(&threads[started], NULL, fn, (void *)(uintptr_t)started))
		started++;
	for (unsigned long i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
	if (started == cnt)
		return 0;
	fprintf(stderr, "only %lu of %lu threads could be started\n", started, cnt);
	return 1;
}

/* For a service that has episodes: SIGUSR1 asks for one. */
static volatile sig_atomic_t crew_asked;

static unused_ok void crew_ask(int sig)
{
	(void)sig;
	crew_asked = 1;
}

#endif
