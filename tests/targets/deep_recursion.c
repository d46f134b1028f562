// SPDX-License-Identifier: Apache-2.0
/*
 * deep_recursion SECONDS [DEPTH] - a stack of DEPTH (300) frames of descend() with bottom_work()
 * at its leaf: deeper than any profiler keeps.
 */
#include "target.h"

static volatile uint64_t sink;
static volatile bool over; /* never: the lifetime ends it */

named static void bottom_work(void)
{
	keep_frame();
	while (!over)
		for (unsigned int i = 0; i < 100000; i++)
			sink = (sink ^ i) * 2654435761U;
}

named static void descend(unsigned long depth)
{
	if (depth)
		descend(depth - 1);
	else
		bottom_work();
	sink++;
}

int main(int argc, char **argv)
{
	target_init(target_number(argc, argv, 1, 10));
	descend(target_number(argc, argv, 2, 300));
}
