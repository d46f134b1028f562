// SPDX-License-Identifier: Apache-2.0
/*
 * nightly-report [MILLISECONDS] [THREADS] - the job that nobody suspects: for a few seconds it
 * takes all it can get of the first CPU, in named functions, and is gone again.
 */
#include "../targets/target.h"

#include <pthread.h>

#define ROWS 4096

static double deadline;

named static uint64_t hash_row(const uint64_t *row, unsigned int columns)
{
	uint64_t h = 1469598103934665603ULL;

	keep_frame();
	for (unsigned int i = 0; i < columns; i++)
		h = (h ^ row[i]) * 1099511628211ULL;
	return h;
}

named static uint64_t aggregate_rows(uint64_t *rows, unsigned int cnt)
{
	uint64_t groups[64] = {0}, sum = 0;

	for (unsigned int i = 0; i + 16 < cnt; i++)
		groups[hash_row(rows + i, 16) % 64] += rows[i];
	for (unsigned int i = 0; i < 64; i++)
		sum ^= groups[i];
	return sum;
}

named static void sort_groups(uint64_t *rows, unsigned int cnt)
{
	keep_frame();
	for (unsigned int gap = cnt / 2; gap > cnt / 8; gap /= 2)
		for (unsigned int i = gap; i < cnt; i++) {
			uint64_t row = rows[i];
			unsigned int at = i;

			for (; at >= gap && rows[at - gap] > row; at -= gap)
				rows[at] = rows[at - gap];
			rows[at] = row;
		}
}

named static void build_report(uint64_t *rows, uint64_t *random_state)
{
	for (unsigned int i = 0; i < ROWS; i++)
		rows[i] = target_random(random_state);
	for (unsigned int pass = 0; pass < 8; pass++)
		rows[pass] = aggregate_rows(rows, ROWS);
	sort_groups(rows, ROWS);
}

named static void *report_worker(void *arg)
{
	uint64_t random_state = 0x2545f4914f6cdd1dULL + (uint64_t)(uintptr_t)arg;
	uint64_t *rows = calloc(ROWS, sizeof(*rows));

	while (rows && target_clock(CLOCK_MONOTONIC) < deadline)
		build_report(rows, &random_state);
	free(rows);
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long ms = target_number(argc, argv, 1, 4000);
	unsigned long cnt = target_number(argc, argv, 2, 24);
	pthread_t threads[32];

	if (!cnt || cnt > sizeof(threads) / sizeof(threads[0])) {
		fprintf(stderr, "usage: %s [MILLISECONDS] [THREADS, 1 to 32]\n", argv[0]);
		return 2;
	}
	target_init(ms / 1000 + 5);
	target_pin_first_cpu();
	deadline = target_clock(CLOCK_MONOTONIC) + (double)ms / 1e3;
	for (unsigned long i = 0; i < cnt; i++)
		if (pthread_create(&threads[i], NULL, report_worker, (void *)(uintptr_t)i))
			return 2;
	for (unsigned long i = 0; i < cnt; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
