// SPDX-License-Identifier: Apache-2.0
#include "render/explain_html.h"

#include <inttypes.h>

#include "base/text.h"
#include "render/explain_words.h"
#include "render/verdict_strip.h"

#define MAX_WORDS (1U << 16)
#define MAX_ROWS  100

/* Escapes the words behind `before`; nothing when there are none. Empties them. */
static void flush(struct buf *out, struct buf *words, const char *before)
{
	if (words->len) {
		buf_addstr(out, before);
		text_add_xml(out, buf_str(words));
	}
	if (buf_error(words) && !out->error)
		out->error = buf_error(words);
	buf_clear(words);
}

static void add_row(const struct verdict *v, const struct verdict_view *view,
		    const struct verdict_entity *e, uint32_t k, struct buf *out, struct buf *words)
{
	const struct verdict_recurrence *r = &e->evidence->recurrences[k];

	verdict_strip_when(v, view, k, 0, words);
	flush(out, words, "<tr><th>");
	verdict_add_level(words, v, r->level);
	flush(out, words, "<td>");
	verdict_add_level(words, v, r->usual);
	flush(out, words, "<td>");
	explain_add_change(words, v, r->change);
	flush(out, words, "<td>");
	buf_addstr(out, "<td>");
	explain_add_onset(words, view, r);
	flush(out, words, "");
	buf_addf(out, "<td class=\"remark\">%s\n", explain_outcome(v, e, k));
}

void explain_html(const struct verdict *v, const struct verdict_view *view,
		  const struct verdict_entity *e, struct buf *out)
{
	const struct verdict_evidence *x = e->evidence;
	struct buf words;

	buf_init(&words, MAX_WORDS);
	buf_addstr(out,
		   "<div class=\"scroll\"><table class=\"evidence\"><tr><th>recurrence<td>level"
		   "<td>usual<td>change<td>began<td>\n");
	for (uint32_t k = 0; k < v->recurrences && k < MAX_ROWS; k++)
		add_row(v, view, e, k, out, &words);
	buf_addstr(out, "</table></div>\n<ul class=\"quietly\">");
	if (v->recurrences > MAX_ROWS)
		buf_addf(out, "<li>… and %" PRIu32 " more\n", v->recurrences - MAX_ROWS);
	explain_add_standing(&words, v, e);
	flush(out, &words, "<li>");
	explain_add_usual(&words, v, e);
	flush(out, &words, "<li>");
	explain_add_busy(&words, v, e);
	flush(out, &words, "<li>");
	buf_addf(out, "<li>levels%s; began: after the marked start, where that is clear</ul>\n",
		 verdict_unit_words(v));
	if (!x->why_cnt) {
		explain_add_named(&words, " ");
		flush(out, &words, "<p class=\"quietly\">");
		buf_addstr(out, ".</p>\n");
	} else {
		buf_addstr(out, "<p class=\"quietly\">Why it is not named:</p>\n"
				"<ul class=\"quietly\">");
	}
	for (size_t i = 0; i < x->why_cnt; i++) {
		text_add_clean(&words, str_of(x->why[i]));
		flush(out, &words, "<li>");
	}
	buf_addstr(out, x->why_cnt ? "</ul>\n" : "");
	buf_release(&words);
}
