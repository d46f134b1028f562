// SPDX-License-Identifier: Apache-2.0
/*
 * gc-service SECONDS [MILLISECONDS] [THREADS] - a service with a heap. It answers a little all the
 * time; at SIGUSR1 its heap is full: the world stops, and THREADS of it mark and sweep for so many
 * milliseconds on the first CPU. The culprit is a process that was there before.
 */
#include "crew.h"

#define OBJECTS (1 << 18)

static uint32_t next_object[OBJECTS];
static uint8_t marked[OBJECTS];
static volatile uint64_t answers;

named static void allocate_heap(void)
{
	uint64_t state = 4711;

	for (uint32_t i = 0; i < OBJECTS; i++)
		next_object[i] = (uint32_t)(target_random(&state) % OBJECTS);
}

named static uint32_t mark_object(uint32_t at)
{
	keep_frame();
	for (int i = 0; i < 4096; i++) {
		marked[at] = 1;
		at = next_object[at];
	}
	return at;
}

named static void sweep(uint32_t from)
{
	keep_frame();
	for (uint32_t i = from; i < from + 4096 && i < OBJECTS; i++)
		marked[i] = 0;
}

named static void *gc_worker(void *arg)
{
	uint32_t at = (uint32_t)(uintptr_t)arg * 4096 % OBJECTS;

	target_pin_first_cpu();
	while (crew_goes_on()) {
		at = (mark_object(at) + 1) % OBJECTS;
		sweep(at);
	}
	return NULL;
}

named static void answer_request(uint64_t *state)
{
	for (int i = 0; i < 40000; i++)
		answers += next_object[target_random(state) % OBJECTS];
}

int main(int argc, char **argv)
{
	unsigned long ms = target_number(argc, argv, 2, 3000);
	unsigned long threads = target_number(argc, argv, 3, 24);
	uint64_t state = 17;

	(void)signal(SIGUSR1, crew_ask);
	target_init(target_number(argc, argv, 1, 60));
	allocate_heap();
	for (;;) {
		answer_request(&state);
		target_sleep(0.01);
		if (crew_asked && crew_run(threads, ms, gc_worker))
			return 2;
		crew_asked = 0;
	}
}
