/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stacks.h - from the addresses of a sample to a stack of named frames in the window that is open.
 *
 * Most frames of a window were seen in it before, and most stacks of a thread begin as the one
 * before. What was found for a place, and for the beginning of a stack (stems.h), is remembered
 * until the window is sealed, so that names are looked up and interned once a window.
 *
 * A part of pipeline.h; not thread-safe.
 */
#ifndef AGENT_STACKS_H
#define AGENT_STACKS_H

#include <culprit/wire.h>

#include "agent/stems.h"
#include "agg/agg.h"
#include "base/compiler.h"
#include "base/idmap.h"

struct inlines;
struct process;
struct symbolizer;
struct unwind_stack;

struct stacks {
	struct agg *agg;
	struct symbolizer *symbolizer;
	struct inlines *inlines; /* or NULL: inlined functions are no frames */
	bool no_kernel_frames;
	struct idmap known; /* place ──► loss << 32 | frame */
	uint64_t known_in;  /* agg_sealed() of the window that they are of */
	struct stems stems;
};

/* `st` is all zero. Borrows the others, which outlive it. */
void stacks_init(struct stacks *st, struct agg *agg, struct symbolizer *symbolizer,
		 struct inlines *inlines, bool no_kernel_frames);

/* Gives memory back; what was in it is looked up again. At the end, too. */
void stacks_forget(struct stacks *st);

/*
 * The node of a sample's stack, root first; agg_open() was called for its time. Its addresses come
 * leaf first: kernel_cnt ones of the kernel in the sample, then `user`. Every one but that which was
 * executing is a return address: the call is the instruction before it, which may belong to another
 * function (a call that never returns). What frames lose is counted here.
 *
 * 0, -ENOSPC when the window is full, -ENOMEM; *ret_node is written in any case.
 */
int must_check stacks_name(struct stacks *st, const struct process *process,
			   const struct wire_sample *s, size_t kernel_cnt,
			   const struct unwind_stack *user, uint32_t *ret_node);

#endif
