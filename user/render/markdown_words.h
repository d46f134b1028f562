/* SPDX-License-Identifier: Apache-2.0 */
/* markdown_words.h - words from outside as Markdown takes them. */
#ifndef RENDER_MARKDOWN_WORDS_H
#define RENDER_MARKDOWN_WORDS_H

#include "base/buf.h"
#include "base/compiler.h"

/*
 * A name in backquotes, in at most `room` characters. In them only a backquote and, in tables, |
 * have a meaning: they are replaced and escaped.
 */
void markdown_add_name(struct buf *out, struct str name, size_t room);

/* A sentence with names in it: what has a meaning in Markdown or HTML is escaped. */
void markdown_add_text(struct buf *out, struct str text);

#endif
