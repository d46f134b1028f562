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

/* The hot path of one suspect, root first; the names are borrowed. */
struct verdict_path {
	const struct str *frames;
	size_t cnt;
};

/* What the verdict itself does not know; all of it borrowed, all of it optional. */
struct verdict_view {
	struct str incident; /* its name; empty: "the incident" */
	struct str key;	     /* the label that processes were told apart by; empty: "process" */
	const struct verdict_path *paths; /* path_cnt of them, in the order of v->suspects */
	size_t path_cnt;
	bool untimed; /* the incidents are numbers only: their times are made up and not shown */
};

/* Appends to out; `view` NULL: nothing known. Errors are those of the buf. */
void verdict_text(const struct verdict *v, const struct verdict_view *view, struct buf *out);

/* Only the headline, without a newline: for logs and notifications. */
void verdict_headline(const struct verdict *v, const struct verdict_view *view, struct buf *out);

#endif
