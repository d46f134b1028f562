// SPDX-License-Identifier: Apache-2.0
/* busy_loop SECONDS - one thread, one stack: main > spin_outer > spin_middle > spin_inner. */
#include "target.h"

static volatile uint64_t sink;

named static void spin_inner(unsigned int rounds)
{
	keep_frame();
	for (unsigned int i = 0; i < rounds; i++)
		sink = (sink ^ i) * 2654435761U;
}

named static void spin_middle(void)
{
	spin_inner(100000);
	sink++; /* so that the call above is no tail call */
}

named static void spin_outer(void)
{
	for (;;)
		spin_middle();
}

int main(int argc, char **argv)
{
	target_init(target_number(argc, argv, 1, 10));
	spin_outer();
}
