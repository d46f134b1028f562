// SPDX-License-Identifier: Apache-2.0
/*
 * error-service SECONDS [MILLISECONDS] [WORKERS] - a service whose errors cost more than its
 * answers. WORKERS answer 20 requests a second each, 0.1 ms of work. At SIGUSR1 what it depends on
 * is gone for so many milliseconds: each request then fails, and is tried again at once, with a
 * stack trace and a log record put together each time.
 */
#include "crew.h"

static volatile bool broken;
static volatile uint64_t sink;

named static void happy_path(uint64_t *state)
{
	for (int i = 0; i < 30000; i++)
		sink = target_random(state);
}

named static size_t format_stack_trace(char *text, size_t size, uint64_t *state)
{
	size_t len = 0;

	for (int frame = 0; frame < 32 && len + 80 < size; frame++)
		len += (size_t)snprintf(text + len, size - len, "  at %016llx in module %d\n",
					(unsigned long long)target_random(state), frame);
	return len;
}

named static uint64_t compress_record(const char *text, size_t len)
{
	uint64_t h = 5381;

	for (int pass = 0; pass < 8; pass++)
		for (size_t i = 0; i < len; i++)
			h = h * 33 + (unsigned char)text[i];
	return h;
}

named static void error_path(uint64_t *state)
{
	char text[4096];

	for (int i = 0; i < 40; i++)
		sink += compress_record(text, format_stack_trace(text, sizeof(text), state));
}

named static void *serve(void *arg)
{
	uint64_t state = 97 * ((uintptr_t)arg + 1);

	while (crew_goes_on()) {
		if (broken) {
			error_path(&state); /* and again, at once */
		} else {
			happy_path(&state);
			target_sleep(0.05);
		}
	}
	return NULL;
}

/* Watches the dependency: it is away for `arg` milliseconds whenever a signal says so. */
static void *depend(void *arg)
{
	while (crew_goes_on()) {
		target_sleep(0.01);
		if (!crew_asked)
			continue;
		crew_asked = 0;
		broken = true;
		target_sleep((double)(uintptr_t)arg / 1e3);
		broken = false;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long seconds = target_number(argc, argv, 1, 60);
	pthread_t watcher;

	(void)signal(SIGUSR1, crew_ask);
	target_init(seconds + 5);
	target_pin_first_cpu();
	crew_deadline = target_clock(CLOCK_MONOTONIC) + (double)seconds;
	if (pthread_create(&watcher, NULL, depend,
			   (void *)(uintptr_t)target_number(argc, argv, 2, 3000)))
		return 2;
	return crew_run(target_number(argc, argv, 3, 24), seconds * 1000, serve);
}
