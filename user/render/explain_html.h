/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_html.h - what explain_text.h tells of one process, as a part of a page: a table of the
 * recurrences, then what is usual for the process and what speaks against it. Coloured by
 * page/verdict.css.
 */
#ifndef RENDER_EXPLAIN_HTML_H
#define RENDER_EXPLAIN_HTML_H

#include "base/buf.h"
#include "blame/verdict.h"
#include "render/verdict_words.h"

/* Of an entity with evidence. Errors are those of the buf. */
void explain_html(const struct verdict *v, const struct verdict_view *view,
		  const struct verdict_entity *e, struct buf *out);

#endif
