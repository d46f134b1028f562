// SPDX-License-Identifier: Apache-2.0
/*
 * log-rotate [MILLISECONDS] - an innocent neighbour that comes as cron does: started at regular
 * times, it compresses for a fraction of a second and ends.
 */
#include "../targets/target.h"

#define LOG_BYTES 65536

static uint8_t text[LOG_BYTES], packed[LOG_BYTES];

named static unsigned int match_length(unsigned int a, unsigned int b)
{
	unsigned int n = 0;

	keep_frame();
	while (b + n < LOG_BYTES && n < 255 && text[a + n] == text[b + n])
		n++;
	return n;
}

named static unsigned int compress_log(void)
{
	unsigned int last[256] = {0}, out = 0;

	for (unsigned int at = 1; at < LOG_BYTES;) {
		unsigned int from = last[text[at]], n = match_length(from, at);

		last[text[at]] = at;
		packed[out++] = (uint8_t)(n > 2 ? n : text[at]);
		at += n > 2 ? n : 1;
	}
	return out;
}

named static void rotate_logs(double cpu_seconds)
{
	double until = target_clock(CLOCK_THREAD_CPUTIME_ID) + cpu_seconds;
	uint64_t random_state = 42;

	while (target_clock(CLOCK_THREAD_CPUTIME_ID) < until) {
		for (unsigned int i = 0; i < LOG_BYTES; i++)
			text[i] = "GET /checkout 200 "[target_random(&random_state) % 18];
		(void)compress_log();
	}
}

int main(int argc, char **argv)
{
	unsigned long ms = target_number(argc, argv, 1, 250);

	target_init(ms / 250 + 20);
	rotate_logs((double)ms / 1e3);
	return 0;
}
