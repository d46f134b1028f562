// SPDX-License-Identifier: Apache-2.0
/*
 * threads SECONDS [THREADS] - threads with names of their own (worker-0, worker-1, …) that do
 * different work: the even ones even_work, the odd ones odd_work.
 */
#include "target.h"

#include <pthread.h>

static volatile uint64_t sinks[64];

named static void even_work(unsigned long at)
{
	keep_frame();
	for (unsigned int i = 0; i < 100000; i++)
		sinks[at] += i ^ sinks[at];
}

named static void odd_work(unsigned long at)
{
	keep_frame();
	for (unsigned int i = 0; i < 100000; i++)
		sinks[at] = (sinks[at] ^ i) * 40503;
}

named static void *thread_main(void *arg)
{
	unsigned long at = (unsigned long)(uintptr_t)arg;
	char name[16];

	snprintf(name, sizeof(name), "worker-%u", (unsigned int)at % 64);
	pthread_setname_np(pthread_self(), name);
	for (;;) {
		if (at % 2)
			odd_work(at);
		else
			even_work(at);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long cnt = target_number(argc, argv, 2, 4);
	pthread_t thread;

	target_init(target_number(argc, argv, 1, 10));
	for (unsigned long i = 0; i < cnt && i < 64; i++)
		if (pthread_create(&thread, NULL, thread_main, (void *)(uintptr_t)i))
			return 2;
	for (;;)
		pause();
}
