/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict_markdown.h - a verdict as Markdown that fits a ticket or a chat message: at most
 * VERDICT_MARKDOWN_MAX_LINES lines, whatever it says.
 */
#ifndef RENDER_VERDICT_MARKDOWN_H
#define RENDER_VERDICT_MARKDOWN_H

#include "base/buf.h"
#include "blame/verdict.h"
#include "render/verdict_words.h"

#define VERDICT_MARKDOWN_MAX_LINES 60

/* Appends; `view` NULL: nothing known. Errors are those of the buf. */
void verdict_markdown(const struct verdict *v, const struct verdict_view *view, struct buf *out);

#endif
