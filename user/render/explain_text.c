// SPDX-License-Identifier: Apache-2.0
#include "render/explain_text.h"

#include <inttypes.h>

#include "base/text.h"
#include "render/explain_words.h"
#include "render/verdict_strip.h"

#define CELL 256

/* The cell's text to the right, "-" where there is none; empties the cell. */
static void add_right(struct buf *b, struct buf *cell, int width)
{
	buf_addf(b, "%*s", width, buf_error(cell) || !cell->len ? "-" : cell->data);
	buf_clear(cell);
}

static void add_row(const struct verdict *v, const struct verdict_view *view, uint32_t k,
		    size_t widest, struct buf *cell, struct buf *out)
{
	const struct verdict_entity *e = v->explained;
	const struct verdict_recurrence *r = &e->evidence->recurrences[k];

	buf_addstr(out, "  ");
	verdict_strip_when(v, view, k, widest, out);
	verdict_add_level(cell, v, r->level);
	add_right(out, cell, 10);
	verdict_add_level(cell, v, r->usual);
	add_right(out, cell, 10);
	explain_add_change(cell, v, r->change);
	add_right(out, cell, 10);
	explain_add_onset(cell, view, r);
	buf_addch(out, ' ');
	add_right(out, cell, 18);
	buf_addf(out, "  %s\n", explain_outcome(v, e, k));
}

static void add_rows(const struct verdict *v, const struct verdict_view *view, struct buf *out)
{
	size_t widest = sizeof("recurrence") - 1;
	struct buf cell;

	for (uint32_t k = 0; k < v->recurrences; k++) {
		size_t n = verdict_strip_when(v, view, k, 0, NULL);

		widest = n > widest ? n : widest;
	}
	buf_addf(out, "\n  %-*s %9s %9s %9s %18s\n", (int)widest, "recurrence", "level", "usual",
		 "change", "began");
	buf_init(&cell, CELL);
	for (uint32_t k = 0; k < v->recurrences; k++)
		add_row(v, view, k, widest, &cell, out);
	buf_release(&cell);
	buf_addf(out, "  levels%s; began: after the marked start, - where that is not clear\n",
		 verdict_unit_words(v));
}

static void add_summary(const struct verdict *v, struct buf *out)
{
	struct buf busy;

	buf_addstr(out, "\n  ");
	explain_add_standing(out, v, v->explained);
	buf_addstr(out, "\n  ");
	explain_add_usual(out, v, v->explained);
	buf_addch(out, '\n');
	buf_init(&busy, 4096);
	explain_add_busy(&busy, v, v->explained);
	if (busy.len)
		buf_addf(out, "  %s\n", buf_error(&busy) ? "?" : busy.data);
	buf_release(&busy);
}

static void add_reasons(const struct verdict *v, struct buf *out)
{
	const struct verdict_evidence *x = v->explained->evidence;

	if (!x->why_cnt) {
		buf_addstr(out, "\n  ");
		explain_add_named(out, "\n  ");
		buf_addch(out, '\n');
		return;
	}
	buf_addstr(out, "\n  why it is not named:\n");
	for (size_t i = 0; i < x->why_cnt; i++) {
		buf_addstr(out, "  - ");
		text_add_clean(out, str_of(x->why[i]));
		buf_addch(out, '\n');
	}
}

void explain_text(const struct verdict *v, const struct verdict_view *view, struct buf *out)
{
	static const struct verdict_view no_view;

	view = view ? view : &no_view;
	explain_add_headline(out, v, view, v->explained);
	buf_addch(out, '\n');
	buf_addstr(out, "\n  the verdict: ");
	verdict_headline(v, view, out);
	buf_addch(out, '\n');
	add_rows(v, view, out);
	add_summary(v, out);
	add_reasons(v, out);
}
