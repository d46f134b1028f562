/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folded_walk.h - from a folded stack to the series and the node of a builder, one stack after the
 * other; for folded.c.
 *
 * Neighbouring lines share most of their frames: what a stack has in common with the one before is
 * found by comparing bytes, and those nodes are taken over. The texts of the other frames go
 * through a small direct-mapped cache; only its misses reach the tables of the builder.
 */
#ifndef FORMAT_FOLDED_WALK_H
#define FORMAT_FOLDED_WALK_H

#include "base/buf.h"
#include "base/compiler.h"

struct builder;
struct folded_known;
struct folded_level;
struct folded_opts;

struct folded_walk {
	const struct folded_opts *opts; /* borrowed */
	bool is_escaped;		/* %XX in frames are bytes; may be set at any time */
	struct builder *b;		/* borrowed; this and what follows is private */
	uint32_t series;		/* when no frame is the process */
	struct str last;		/* the stack before */
	struct folded_level *levels;	/* its frames */
	size_t level_cap;
	uint32_t depth;
	uint32_t generation; /* of the builder: what the cache knows of others is void */
	struct folded_known *cache;
	struct buf kept;    /* a copy of `last` */
	struct buf scratch; /* an unescaped frame */
};

int must_check folded_walk_init(struct folded_walk *w,
				const struct folded_opts *opts); /* -ENOMEM */
void folded_walk_release(struct folded_walk *w);		 /* also of one that is all zeros */

/* From now on stacks go to this builder, which is a new one or was just sealed. 0 or -errno. */
int must_check folded_walk_start(struct folded_walk *w, struct builder *b);

/*
 * The text must stay where it is until the next call of this or folded_walk_keep(). 0; -E2BIG for a
 * stack deeper than FOLDED_MAX_DEPTH; else as the builder has it.
 */
int must_check folded_walk_stack(struct folded_walk *w, struct str stack, uint32_t *ret_series,
				 uint32_t *ret_node);

/* The text is about to go away: copies what the next stack will be compared with. */
void folded_walk_keep(struct folded_walk *w);

#endif
