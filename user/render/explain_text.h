/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_text.h - all that is known of one process, for a person at a terminal: each recurrence
 * with its level, what is usual, when the change began, hit or not; and why it is not named.
 */
#ifndef RENDER_EXPLAIN_TEXT_H
#define RENDER_EXPLAIN_TEXT_H

#include "base/buf.h"
#include "blame/verdict.h"
#include "render/verdict_words.h"

/* Of v->explained, which is there. `view` NULL: nothing known. Errors are those of the buf. */
void explain_text(const struct verdict *v, const struct verdict_view *view, struct buf *out);

#endif
