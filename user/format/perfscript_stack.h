/* SPDX-License-Identifier: Apache-2.0 */
/*
 * perfscript_stack.h - the frames of one sample of perf script, line by line, to a node of a
 * builder; for perfscript.c.
 *
 * What a line became is remembered by its bytes, in a direct-mapped cache that points into the
 * text: a frame that was met before costs a hash.
 */
#ifndef FORMAT_PERFSCRIPT_STACK_H
#define FORMAT_PERFSCRIPT_STACK_H

#include "base/buf.h"
#include "base/compiler.h"

struct builder;
struct perfscript_known;
struct perfscript_pending;

struct perfscript_stack {
	struct builder *b;		   /* borrowed; set by the user before the first push */
	size_t depth;			   /* frames so far; 0 begins the next sample */
	struct perfscript_known *cache;	   /* private, as are the others */
	struct perfscript_pending *frames; /* leaf first */
	size_t cap;
	struct buf scratch;
};

int must_check perfscript_stack_init(struct perfscript_stack *s); /* -ENOMEM */
void perfscript_stack_release(struct perfscript_stack *s); /* also of one that is all zeros */

/*
 * A line, the leaf's first; it must stay where it is until the release. One that is no frame adds
 * none. 0; -E2BIG for a stack deeper than 65535 frames; else as the builder has it.
 */
int must_check perfscript_stack_push(struct perfscript_stack *s, struct str line);

/* The node of all that was pushed. */
int must_check perfscript_stack_node(struct perfscript_stack *s, uint32_t *ret_node);

#endif
