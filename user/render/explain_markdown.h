/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_markdown.h - what explain_text.h tells of one process, as Markdown for a ticket: at most
 * EXPLAIN_MARKDOWN_MAX_ROWS recurrences, and a line that counts the rest.
 */
#ifndef RENDER_EXPLAIN_MARKDOWN_H
#define RENDER_EXPLAIN_MARKDOWN_H

#include "base/buf.h"
#include "blame/verdict.h"
#include "render/verdict_words.h"

#define EXPLAIN_MARKDOWN_MAX_ROWS 30

/* Of v->explained, which is there. `view` NULL: nothing known. Errors are those of the buf. */
void explain_markdown(const struct verdict *v, const struct verdict_view *view, struct buf *out);

#endif
