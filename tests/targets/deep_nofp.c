// SPDX-License-Identifier: Apache-2.0
/* BUILD: -O2 -fomit-frame-pointer */
/*
 * deep_nofp SECONDS [DEPTH] - as deep_recursion, with the frame pointer register in use for
 * something else, as most of a distribution is built: DEPTH (300) frames of descend(), with
 * bottom_work() at the leaf, that only unwind tables lead through.
 */
#include "target.h"

static volatile uint64_t sink;
static volatile bool over; /* never: the lifetime ends it */

named static void bottom_work(void)
{
	while (!over)
		for (unsigned int i = 0; i < 100000; i++)
			sink = (sink ^ i) * 2654435761U;
}

named static uint64_t descend(unsigned long depth, uint64_t a, uint64_t b)
{
	uint64_t c = a * 3 + b;

	if (depth)
		c += descend(depth - 1, b, c);
	else
		bottom_work();
	sink++;
	return a ^ b ^ c;
}

int main(int argc, char **argv)
{
	target_init(target_number(argc, argv, 1, 10));
	return (int)descend(target_number(argc, argv, 2, 300), 1, 2);
}
