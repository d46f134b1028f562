/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_words.h - what is known of one process, in words that every format shares. As in
 * verdict_words.h; the entity has its evidence.
 */
#ifndef RENDER_EXPLAIN_WORDS_H
#define RENDER_EXPLAIN_WORDS_H

#include "base/buf.h"
#include "blame/verdict.h"
#include "render/verdict_words.h"

/* "postgres is not named for 'slow': +0.2 cores in the mean, 1 of 5 recurrences" */
void explain_add_headline(struct buf *b, const struct verdict *v, const struct verdict_view *view,
			  const struct verdict_entity *e);

/* A level with its sign. */
void explain_add_change(struct buf *b, const struct verdict *v, double change);

/* "+1.2 s +-0.4", or nothing where that is not clear. */
void explain_add_onset(struct buf *b, const struct verdict_view *view,
		       const struct verdict_recurrence *r);

/* What came of recurrence k: "hit", "no hit: …". */
const char *explain_outcome(const struct verdict *v, const struct verdict_entity *e, uint32_t k);

/* Each a line without its end, or nothing: its place, what is usual for it, what counts as busy. */
void explain_add_standing(struct buf *b, const struct verdict *v, const struct verdict_entity *e);
void explain_add_usual(struct buf *b, const struct verdict *v, const struct verdict_entity *e);
void explain_add_busy(struct buf *b, const struct verdict *v, const struct verdict_entity *e);

/* Nothing speaks against one that is named. `brk` as in verdict_words.h. */
void explain_add_named(struct buf *b, const char *brk);

#endif
