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

/*
 * Appends the user stack to the kernel_cnt addresses of the record in this CPU's scratch, where
 * walk_begin() has put its beginning; user_cnt and w->u.flags tell how it went. A global
 * function, as are those that it calls: the verifier looks at each of them once, not on each way to
 * it. They take numbers since older kernels let them take nothing else.
 */
__noinline int walk_user(__u32 cpu);

#endif
