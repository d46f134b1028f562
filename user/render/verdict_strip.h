/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict_strip.h - a process, recurrence by recurrence: one lane each, on which its level lies
 * beside the range that is usual for it.
 *
 *	22:20:16Z     1.06  [|=                                  *        ]
 *
 * A lane begins at 0 and ends a little above the highest level of that process; those of different
 * processes have scales of their own. The range is the middle 80 % of the baseline.
 */
#ifndef RENDER_VERDICT_STRIP_H
#define RENDER_VERDICT_STRIP_H

#include "base/buf.h"
#include "blame/verdict.h"
#include "render/verdict_words.h"

/*
 * The name of a recurrence, its time or its number, padded to `width`; returns how long it is
 * without. `out` NULL: only that.
 */
size_t verdict_strip_when(const struct verdict *v, const struct verdict_view *view, uint32_t k,
			  size_t width, struct buf *out);

/* One line each, at most `max` of them and one that counts the rest. */
void verdict_strip_text(const struct verdict *v, const struct verdict_view *view,
			const struct verdict_entity *e, const char *indent, uint32_t max,
			struct buf *out);

/* The same as a table of HTML with a picture in each row, which page/verdict.css colours. */
void verdict_strip_html(const struct verdict *v, const struct verdict_view *view,
			const struct verdict_entity *e, uint32_t max, struct buf *out);

#endif
