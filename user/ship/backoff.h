/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backoff.h - how long to wait before the next try.
 *
 * The wait doubles from try to try up to a ceiling, and half of it is left to chance, so that a
 * thousand agents that lost the same backend do not all come back in the same second ("equal
 * jitter", M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog 2015).
 */
#ifndef SHIP_BACKOFF_H
#define SHIP_BACKOFF_H

#include "base/compiler.h"

struct backoff {
	uint64_t min_ns, max_ns;
	uint64_t seed; /* any; each agent its own */
	uint32_t tries;
};

/* The wait before the next try: between half of min_ns * 2^tries and all of it, max_ns at most. */
uint64_t backoff_next(struct backoff *b);

void backoff_reset(struct backoff *b); /* it worked */

#endif
