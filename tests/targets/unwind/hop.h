/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hop.h - for programs whose stacks are to be unwound: functions that stay what they are under every
 * compiler and every level of optimization, so that the chain of calls is known by name.
 */
#ifndef TESTS_UNWIND_HOP_H
#define TESTS_UNWIND_HOP_H

#include "../target.h"

#ifdef __cplusplus
#define HOP_EXTERN extern "C"
#else
#define HOP_EXTERN
#endif

/* Not inlined, not cloned, not merged with another, its arguments passed as the ABI says. */
#ifdef __clang__
#define hop HOP_EXTERN __attribute__((noinline, used))
#else
#define hop HOP_EXTERN __attribute__((noipa, used))
#endif

static volatile uint64_t hop_sink;
static volatile bool hop_over; /* never: the lifetime ends the program */

/*
 * The body of a leaf: busy for ever, calls nobody, so that its address is always the leaf's. For a
 * walk by frame pointer it must have a frame, which gcc does not give to leaves.
 */
static inline __attribute__((always_inline)) uint64_t hop_busy(uint64_t seed)
{
#ifdef HOP_KEEP_FRAME
	keep_frame();
#endif
	while (!hop_over)
		for (unsigned int i = 0; i < 100000; i++)
			hop_sink = (hop_sink ^ i ^ seed) * 2654435761U;
	return hop_sink;
}

/* Keeps a call from becoming a jump: something is left to do behind it. */
#define HOP_AFTER(value) (hop_sink += (value))

#endif
