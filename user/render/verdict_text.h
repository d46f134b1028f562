/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict_text.h - a verdict for a person at a terminal.
 *
 * The first line is the answer as one sentence; then what supports it (a table, levels incident by
 * incident), who lost CPU, what was left out, what to do next. No colours, at most 100 columns for
 * names of ordinary length. Names are cleaned: they come from outside.
 */
#ifndef RENDER_VERDICT_TEXT_H
#define RENDER_VERDICT_TEXT_H

#include "base/buf.h"
#include "base/compiler.h"
#include "blame/verdict.h"
#include "render/verdict_words.h"

/* Appends to out; `view` NULL: nothing known. Errors are those of the buf. */
void verdict_text(const struct verdict *v, const struct verdict_view *view, struct buf *out);

#endif
