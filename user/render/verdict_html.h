/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict_html.h - a verdict as one self-contained page: the answer, what to do now, the recurrences
 * one by one, what else it could be, the differential flame graph, and what all of it rests on.
 *
 * Made of the parts in html.h, under the same content security policy. All but the flame graph is
 * plain HTML and stands without scripts.
 */
#ifndef RENDER_VERDICT_HTML_H
#define RENDER_VERDICT_HTML_H

#include "base/buf.h"
#include "base/compiler.h"
#include "blame/verdict.h"
#include "diff/diff.h"
#include "render/verdict_words.h"

/*
 * Appends the page. `d`: baseline (A) against incidents (B); its flame graph opens at the process
 * that is named or leads. `view` NULL: nothing known. 0, -ENOMEM, -EIO or the buf's error.
 */
int must_check verdict_html(const struct verdict *v, const struct verdict_view *view,
			    const struct diff *d, struct buf *out);

#endif
