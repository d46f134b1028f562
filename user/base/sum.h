/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sum.h - sums of numbers from outside. They stop at the end of the range: what a hostile or broken
 * file makes is then a wrong size that everybody sees, not a tiny one. Pure; any thread.
 */
#ifndef BASE_SUM_H
#define BASE_SUM_H

#include "base/compiler.h"

static inline uint64_t sum_of(uint64_t a, uint64_t b)
{
	return __builtin_add_overflow(a, b, &a) ? UINT64_MAX : a;
}

static inline void sum_add(uint64_t *sum, uint64_t v)
{
	*sum = sum_of(*sum, v);
}

#endif
