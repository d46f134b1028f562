// SPDX-License-Identifier: Apache-2.0
/*
 * pulse SECONDS - works four times a second, always at the same time of it by the wall clock: from 60
 * to 100 ms after each quarter. Woken too late it lets one out.
 */
#include <time.h>

#include "target.h"

#define PERIOD_NS 250000000
#define FROM_NS	  60000000
#define UNTIL_NS  100000000

static volatile uint64_t sink;

static long into_period(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_nsec % PERIOD_NS;
}

named static void pulse_beat(void)
{
	keep_frame();
	while (into_period() >= FROM_NS && into_period() < UNTIL_NS)
		for (unsigned int i = 0; i < 10000; i++)
			sink = (sink ^ i) * 2654435761U;
}

int main(int argc, char **argv)
{
	target_init(target_number(argc, argv, 1, 10));
	for (;;) {
		long into = into_period(),
		     rest = FROM_NS - into + (into >= FROM_NS ? PERIOD_NS : 0);

		(void)nanosleep(&(struct timespec){.tv_nsec = rest}, NULL);
		pulse_beat();
	}
}
