/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * unwind.bpf.h - user stacks, walked by us.
 *
 * The kernel's own helper for user stacks is never used: it walks frame pointers only, and has
 * crashed kernels. Here every read is bpf_probe_read_user(), which fails instead of faulting.
 */
#ifndef BPF_UNWIND_BPF_H
#define BPF_UNWIND_BPF_H

#include "maps.bpf.h"

#define FRAMES_A_CALL 8

#define UNWIND_NO_RULES 3 /* beside enum unwind_result */

/*
 * Appends up to FRAMES_A_CALL frames of the user stack, from the nth on, to the kernel_cnt addresses of
 * the record that is being made. A global function, as are those that it calls: the verifier looks at
 * each of them once, not on each way to it. They take numbers since older kernels let them take nothing
 * else. An enum unwind_result.
 */
__noinline int walk_frames(__u32 cpu, __u32 n);

static __always_inline __u16 flags_of_end(int r)
{
	switch (r) {
	case UNWIND_MORE:
		return WIRE_F_USER_TRUNCATED;
	case UNWIND_END:
		return WIRE_F_USER_WHOLE;
	case UNWIND_NO_RULES:
		return WIRE_F_USER_NO_RULES;
	default:
		return WIRE_F_USER_BROKEN;
	}
}

/* The user stack, whose beginning walk_begin() has set; w->u.flags tell how it ends. */
static __always_inline void walk_user(struct unwind_walk *w, __u32 cpu)
{
	int r = UNWIND_MORE;

#pragma clang loop unroll(disable)
	for (__u32 n = 0; n < WIRE_MAX_USER_FRAMES && r == UNWIND_MORE; n += FRAMES_A_CALL)
		r = walk_frames(cpu, n);
	w->u.flags |= flags_of_end(r);
}

#endif
