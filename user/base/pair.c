// SPDX-License-Identifier: Apache-2.0
#include "base/pair.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

struct half {
	void (*fn)(void *arg);
	void *arg;
};

static void *run_half(void *arg)
{
	const struct half *half = arg;

	half->fn(half->arg);
	return NULL;
}

/* Signals go to the thread that was there before, which knows what to do with them. */
static bool start(pthread_t *ret_thread, struct half *half)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before))
		return false;
	r = pthread_create(ret_thread, NULL, run_half, half);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !r;
}

void pair_run(void (*fn)(void *arg), void *a, void *b)
{
	struct half other = {fn, b};
	pthread_t thread;
	bool is_running = start(&thread, &other);

	fn(a);
	if (is_running)
		pthread_join(thread, NULL);
	else
		fn(b);
}
