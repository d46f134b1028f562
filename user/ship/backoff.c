// SPDX-License-Identifier: Apache-2.0
#include "ship/backoff.h"

/* splitmix64 (S. Vigna): one step of a generator whose state is a counter. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint64_t backoff_next(struct backoff *b)
{
	uint64_t wait = b->max_ns;

	if (b->tries < 63 && b->min_ns <= b->max_ns >> b->tries)
		wait = b->min_ns << b->tries;
	if (b->tries < UINT32_MAX)
		b->tries++;
	return wait - next_random(&b->seed) % (wait / 2 + 1);
}

void backoff_reset(struct backoff *b)
{
	b->tries = 0;
}
