// SPDX-License-Identifier: Apache-2.0
/*
 * Lines: headline 2, answer 6, suspects 8, strips 18, victims 8, next 2, ground 12.
 */
#include "render/verdict_markdown.h"

#include <inttypes.h>

#include "base/text.h"
#include "render/descend_words.h"
#include "render/label.h"
#include "render/markdown_words.h"
#include "render/verdict_strip.h"

#define MAX_WORDS   (1U << 20)
#define MAX_NAME    60
#define MAX_LANES   10
#define MAX_NOTES   6
#define HEAD_FRAMES 3
#define TAIL_FRAMES 8
#define MAX_NOTE    300

static const struct verdict_view no_view;

/* A sentence as it stands in a line of its own; `words` is emptied. */
static void flush(struct buf *out, struct buf *words)
{
	markdown_add_text(out, buf_str(words));
	if (buf_error(words) && !out->error)
		out->error = buf_error(words);
	buf_clear(words);
}

static void add_answer(const struct verdict *v, const struct verdict_view *view, struct buf *out,
		       struct buf *words)
{
	const struct verdict_entity *e = &v->suspects[0];

	buf_addf(out, "**%s**", verdict_kind_name(v->kind));
	if (!v->suspect_cnt) {
		buf_addstr(out, "\n\n");
		return;
	}
	buf_addf(out, ", %.1f%% sure of the first", e->posterior * 100);
	buf_addstr(out, ". ");
	verdict_add_rarity(words, v, e);
	buf_addch(words, ' ');
	verdict_add_luck_words(words, v, e);
	buf_addch(words, ' ');
	verdict_add_p(words, v, e);
	if (v->cause_cnt && v->causes[0].judged < v->recurrences) {
		buf_addch(words, ' ');
		verdict_add_part(words, v, 0);
	}
	flush(out, words);
	verdict_add_places(words, view, 0);
	if (words->len) {
		buf_addstr(out, "\nRuns in: ");
		flush(out, words);
	}
	buf_addstr(out, "\n\n");
}

static void add_cell(const struct verdict *v, struct buf *out, const char *before, double level)
{
	buf_addf(out, " | %s", before);
	verdict_add_level(out, v, level);
}

static void add_suspects(const struct verdict *v, const struct verdict_view *view, struct buf *out)
{
	if (!v->suspect_cnt)
		return;
	buf_addstr(out, "| ");
	if (view->key.len)
		markdown_add_name(out, view->key, MAX_NAME);
	else
		buf_addstr(out, "process");
	buf_addf(
		out,
		" | otherwise%s | in incidents | rise | 95%% interval | hits | sure | by luck | |\n"
		"|:--|--:|--:|--:|:-:|--:|--:|--:|:--|\n",
		v->measure == MEASURE_CORES ? ", cores" : "");
	for (size_t i = 0; i < v->suspect_cnt; i++) {
		const struct verdict_entity *e = &v->suspects[i];

		buf_addstr(out, "| ");
		markdown_add_name(out, e->name, MAX_NAME);
		add_cell(v, out, "", e->baseline);
		add_cell(v, out, "", e->incident);
		add_cell(v, out, "+", e->delta);
		add_cell(v, out, "", e->delta_low);
		buf_addstr(out, " … ");
		verdict_add_level(out, v, e->delta_high);
		buf_addf(out, " | %" PRIu32 "/%" PRIu32 " | %.1f%% | ", e->hits, v->recurrences,
			 e->posterior * 100);
		/* "<" would begin a tag */
		buf_addstr(out, e->e_false < 0.0001 ? "&lt;0.0001" : "");
		if (e->e_false >= 0.0001)
			verdict_add_luck(out, e->e_false);
		buf_addstr(out, " | ");
		verdict_add_mark(out, e);
		buf_addstr(out, " |\n");
	}
	buf_addch(out, '\n');
}

/* Of the one that is named or leads, or of each of several causes. */
static void add_strips(const struct verdict *v, const struct verdict_view *view, struct buf *out)
{
	size_t cnt = v->cause_cnt > 1 ? v->cause_cnt : 1;

	if (!v->suspect_cnt)
		return;
	buf_addstr(out, "```text\n");
	for (size_t i = 0; i < cnt; i++) {
		label_add(out, v->suspects[i].name, MAX_NAME);
		if (!i && verdict_one_day(v, view)) {
			buf_addstr(out, " on ");
			verdict_add_date(out, v->incidents[0].from_ns);
		}
		buf_addstr(out, i ? "\n" : "   * busy, o not; = its usual range, | its median\n");
		verdict_strip_text(v, view, &v->suspects[i], "  ", (uint32_t)(MAX_LANES / cnt),
				   out);
	}
	buf_addstr(out, "```\n\n");
}

static void add_path(const struct verdict *v, const struct verdict_view *view, struct buf *out,
		     struct buf *words)
{
	const struct descend *x = view->paths;

	if (!view->path_cnt)
		return;
	for (size_t i = 0; i < x->frame_cnt; i++) {
		if (i >= HEAD_FRAMES && i + TAIL_FRAMES < x->frame_cnt) {
			/* the two ends of a long path tell more than its middle */
			buf_addstr(out, i == HEAD_FRAMES ? " › …" : "");
			continue;
		}
		buf_addstr(out, i ? " › " : "Hot path: ");
		markdown_add_name(out, x->frames[i], MAX_NAME);
	}
	if (x->frame_cnt && x->share > 0)
		buf_addf(out, " (%.0f%% of its rise)", x->share * 100);
	if (x->leaf_cnt) {
		buf_addstr(out, x->frame_cnt ? "\\\nOwn time: " : "Own time: ");
		descend_add_leaves(words, x, verdict_unit(v));
		flush(out, words);
	}
	descend_add_work(words, x, verdict_unit(v));
	if (words->len) {
		buf_addstr(out, x->frame_cnt || x->leaf_cnt ? "\\\nWork: " : "Work: ");
		flush(out, words);
	}
	for (size_t m = 0; m < x->move_cnt; m++) {
		buf_addstr(out, "\\\n");
		descend_add_move(words, &x->moves[m], verdict_unit(v));
		flush(out, words);
	}
	buf_addstr(out, "\n\n");
}

static void add_victims(const struct verdict *v, struct buf *out)
{
	for (size_t i = 0; i < v->victim_cnt; i++) {
		const struct verdict_entity *e = &v->victims[i];

		buf_addstr(out, i ? ", " : "Lost CPU: ");
		markdown_add_name(out, e->name, MAX_NAME);
		buf_addch(out, ' ');
		verdict_add_level(out, v, e->delta);
		buf_addstr(out, verdict_unit(v));
	}
	if (v->victim_cnt)
		buf_addstr(out, "\n\n");
}

static void add_ground(const struct verdict *v, const struct verdict_view *view, struct buf *out,
		       struct buf *words)
{
	buf_addstr(out, "- Looked at: ");
	verdict_add_ground(words, v, " ");
	flush(out, words);
	buf_addf(out, "\n- Lost samples: %.2g%%\n- ", v->lost * 100);
	if (v->suspect_cnt) {
		verdict_add_rest(words, v);
		flush(out, words);
		buf_addstr(out, "\n- ");
	}
	buf_addstr(out, "Assumed: ");
	verdict_add_assumptions(words, v, view);
	flush(out, words);
	buf_addch(out, '\n');
	for (size_t i = 0; i < v->note_cnt && i < MAX_NOTES; i++) {
		struct str note = str_of(v->notes[i]);
		bool cut = label_cut(&note, MAX_NOTE);

		buf_addstr(out, "- ");
		markdown_add_text(out, note);
		buf_addstr(out, cut ? "…\n" : "\n");
	}
	if (v->note_cnt > MAX_NOTES)
		buf_addf(out, "- and %zu more notes\n", v->note_cnt - MAX_NOTES);
}

void verdict_markdown(const struct verdict *v, const struct verdict_view *view, struct buf *out)
{
	struct buf words;

	view = view ? view : &no_view;
	buf_init(&words, MAX_WORDS);
	buf_addstr(out, "### ");
	verdict_headline(v, view, &words);
	flush(out, &words);
	buf_addstr(out, "\n\n");
	add_answer(v, view, out, &words);
	buf_addstr(out, "**Next:** ");
	verdict_add_next(&words, v, " ");
	flush(out, &words);
	verdict_add_command(&words, v, view);
	if (words.len) {
		buf_addstr(out, ", for example ");
		markdown_add_name(out, buf_str(&words), 200);
		buf_clear(&words);
	}
	buf_addstr(out, ".\n\n");
	add_suspects(v, view, out);
	add_strips(v, view, out);
	add_path(v, view, out, &words);
	add_victims(v, out);
	add_ground(v, view, out, &words);
	buf_release(&words);
}
