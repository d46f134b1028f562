// SPDX-License-Identifier: Apache-2.0
#include "render/explain_markdown.h"

#include <inttypes.h>

#include "base/text.h"
#include "render/explain_words.h"
#include "render/markdown_words.h"
#include "render/verdict_strip.h"

#define MAX_WORDS (1U << 16)

/* The words between `before` and `after`; nothing when there are none. Empties them. */
static void flush(struct buf *out, struct buf *words, const char *before, const char *after)
{
	if (words->len) {
		buf_addstr(out, before);
		markdown_add_text(out, buf_str(words));
		buf_addstr(out, after);
	}
	if (buf_error(words) && !out->error)
		out->error = buf_error(words);
	buf_clear(words);
}

static void add_row(const struct verdict *v, const struct verdict_view *view, uint32_t k,
		    struct buf *out, struct buf *words)
{
	const struct verdict_entity *e = v->explained;
	const struct verdict_recurrence *r = &e->evidence->recurrences[k];

	verdict_strip_when(v, view, k, 0, words);
	flush(out, words, "| ", " | ");
	verdict_add_level(out, v, r->level);
	buf_addstr(out, " | ");
	verdict_add_level(out, v, r->usual);
	buf_addstr(out, " | ");
	explain_add_change(out, v, r->change);
	buf_addstr(out, " | ");
	explain_add_onset(words, view, r);
	flush(out, words, "", "");
	buf_addf(out, " | %s |\n", explain_outcome(v, e, k));
}

static void add_rows(const struct verdict *v, const struct verdict_view *view, struct buf *out,
		     struct buf *words)
{
	uint32_t cnt = v->recurrences;

	if (cnt > EXPLAIN_MARKDOWN_MAX_ROWS)
		cnt = EXPLAIN_MARKDOWN_MAX_ROWS;
	buf_addstr(out, "| recurrence | level | usual | change | began | |\n"
			"|:--|--:|--:|--:|--:|:--|\n");
	for (uint32_t k = 0; k < cnt; k++)
		add_row(v, view, k, out, words);
	buf_addch(out, '\n');
	if (v->recurrences > cnt)
		buf_addf(out, "… and %" PRIu32 " more. ", v->recurrences - cnt);
	buf_addf(out, "Levels%s", verdict_unit_words(v));
	if (verdict_one_day(v, view)) {
		buf_addstr(out, ", on ");
		verdict_add_date(out, v->incidents[0].from_ns);
	}
	buf_addstr(out, "; began: after the marked start, empty where that is not clear.\n\n");
}

void explain_markdown(const struct verdict *v, const struct verdict_view *view, struct buf *out)
{
	static const struct verdict_view no_view;
	const struct verdict_evidence *x = v->explained->evidence;
	struct buf words;

	view = view ? view : &no_view;
	buf_init(&words, MAX_WORDS);
	explain_add_headline(&words, v, view, v->explained);
	flush(out, &words, "### ", "\n\n");
	verdict_headline(v, view, &words);
	flush(out, &words, "The verdict: ", ".\n\n");
	add_rows(v, view, out, &words);
	explain_add_standing(&words, v, v->explained);
	flush(out, &words, "- ", "\n");
	explain_add_usual(&words, v, v->explained);
	flush(out, &words, "- ", "\n");
	explain_add_busy(&words, v, v->explained);
	flush(out, &words, "- ", "\n");
	buf_addch(out, '\n');
	if (!x->why_cnt) {
		explain_add_named(&words, " ");
		flush(out, &words, "", ".\n");
	} else {
		buf_addstr(out, "Why it is not named:\n\n");
	}
	for (size_t i = 0; i < x->why_cnt; i++) {
		buf_addstr(&words, x->why[i]);
		flush(out, &words, "- ", "\n");
	}
	buf_release(&words);
}
