// SPDX-License-Identifier: Apache-2.0
/*
 * checkout-service FILE SECONDS [REQUESTS_PER_SECOND [LOCK]] - the service whose users complain.
 *
 * Requests arrive at fixed times, whether or not the one before is done (an open loop, as users
 * are), and each takes about 2 ms of CPU time in named functions. For every finished request one
 * line "unix_time latency_ms" goes to FILE; the latency counts from the arrival, so that waiting
 * in the queue is in it. Who has waited for two seconds is turned away. It runs on the first CPU
 * it may use and takes 6 % of it: well in the company of some others, but not of two dozen. With a
 * file LOCK it holds its lock (flock) during each request, and waits for whoever else has it.
 */
#include "../targets/target.h"

#include <fcntl.h>
#include <sys/file.h>

#define REQUEST_CPU_MS	3.0
#define GIVE_UP_SECONDS 2.0

static uint64_t random_state = 88172645463325252ULL;
static volatile uint64_t sink;

named static uint64_t lookup_price(uint64_t key, unsigned int rounds)
{
	keep_frame();
	for (unsigned int i = 0; i < rounds; i++)
		key = (key ^ (key >> 31)) * 0x9e3779b97f4a7c15ULL;
	return key;
}

named static uint64_t price_cart(unsigned int rounds)
{
	uint64_t sum = 0;

	for (unsigned int item = 0; item < 4; item++)
		sum += lookup_price(target_random(&random_state), rounds / 4);
	return sum;
}

named static uint64_t encode_response(uint64_t sum, unsigned int rounds)
{
	uint64_t crc = sum;

	keep_frame();
	for (unsigned int i = 0; i < rounds; i++)
		crc = (crc >> 1) ^ (-(crc & 1) & 0xc96c5795d7870f42ULL);
	return crc;
}

named static void handle_request(unsigned int rounds)
{
	uint64_t sum = price_cart(rounds);

	sink = encode_response(sum, rounds / 2);
}

/* `lock` < 0: there is none. */
named static void handle_locked(unsigned int rounds, int lock)
{
	if (lock >= 0)
		(void)flock(lock, LOCK_EX);
	handle_request(rounds);
	if (lock >= 0)
		(void)flock(lock, LOCK_UN);
}

/* How many rounds make one request, in CPU time: contention does not change the measure. */
static unsigned int calibrate(void)
{
	unsigned int rounds = 1 << 14;
	double best = 1e9;

	for (int i = 0; i < 20; i++) {
		double before = target_clock(CLOCK_THREAD_CPUTIME_ID), took;

		handle_request(rounds);
		took = target_clock(CLOCK_THREAD_CPUTIME_ID) - before;
		if (took > 0 && took < best)
			best = took;
	}
	return (unsigned int)(rounds * (REQUEST_CPU_MS / 1e3) / best);
}

int main(int argc, char **argv)
{
	unsigned long seconds = target_number(argc, argv, 2, 60);
	unsigned long rate = target_number(argc, argv, 3, 30);
	unsigned int rounds;
	double arrival;
	int lock = -1;
	FILE *log;

	if (argc < 2 || !rate) {
		fprintf(stderr, "usage: %s FILE SECONDS [REQUESTS_PER_SECOND [LOCK]]\n", argv[0]);
		return 2;
	}
	if (argc > 4)
		lock = open(argv[4], O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (argc > 4 && lock < 0) {
		fprintf(stderr, "%s: %s: %s\n", argv[0], argv[4], strerror(errno));
		return 2;
	}
	log = fopen(argv[1], "w");
	if (!log) {
		fprintf(stderr, "%s: %s: %s\n", argv[0], argv[1], strerror(errno));
		return 2;
	}
	setvbuf(log, NULL, _IOLBF, 0);
	target_init(seconds);
	target_pin_first_cpu();
	rounds = calibrate();
	for (arrival = target_clock(CLOCK_MONOTONIC);; arrival += 1.0 / (double)rate) {
		double done;

		target_sleep(arrival - target_clock(CLOCK_MONOTONIC));
		if (target_clock(CLOCK_MONOTONIC) - arrival < GIVE_UP_SECONDS)
			handle_locked(rounds, lock);
		done = target_clock(CLOCK_MONOTONIC);
		fprintf(log, "%.3f %.3f\n", target_clock(CLOCK_REALTIME), (done - arrival) * 1e3);
	}
}
