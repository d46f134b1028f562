// SPDX-License-Identifier: Apache-2.0
/* inlined SECONDS - one thread, in functions that the compiler has put into another one. */
/* BUILD: -O2 */
#include "target.h"

#define inlined static inline __attribute__((always_inline))

static volatile uint64_t sink;

inlined void burn(unsigned int rounds)
{
	for (unsigned int i = 0; i < rounds; i++)
		sink = (sink ^ i) * 2654435761U;
}

inlined void between(unsigned int rounds)
{
	burn(rounds / 2);
	burn(rounds / 2);
}

named static void around(void)
{
	keep_frame();
	between(100000);
	sink++;
}

int main(int argc, char **argv)
{
	target_init(target_number(argc, argv, 1, 10));
	for (;;)
		around();
}
