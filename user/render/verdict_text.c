// SPDX-License-Identifier: Apache-2.0
#include "render/verdict_text.h"

#include <inttypes.h>
#include <math.h>

#include "base/num.h"
#include "base/text.h"
#include "base/times.h"
#include "render/descend_words.h"
#include "render/label.h"
#include "render/verdict_strip.h"

#define NAME_WIDTH    28  /* of the names' column, at most */
#define LONG_NAME     100 /* of names in sentences */
#define MAX_INCIDENTS 12  /* strips of one process */
#define MAX_STRIPS    2	  /* processes with strips */

static const struct verdict_view no_view;

static void add_padded(struct buf *b, struct str name, size_t width)
{
	size_t n = text_width(name);

	label_add(b, name, width);
	for (; n < width; n++)
		buf_addch(b, ' ');
}

static void add_level_padded(struct buf *b, const struct verdict *v, double level, size_t width)
{
	struct buf text;

	buf_init(&text, 64);
	verdict_add_level(&text, v, level);
	buf_addf(b, "%*s", (int)width, buf_error(&text) ? "?" : text.data);
	buf_release(&text);
}

static void widen(size_t *width, struct str name)
{
	size_t n = text_width(name);

	if (n > *width)
		*width = n < NAME_WIDTH ? n : NAME_WIDTH;
}

/* One width for all tables, so that their columns line up. */
static size_t name_width(const struct verdict *v, struct str key)
{
	size_t width = 0;

	widen(&width, key);
	for (size_t i = 0; i < v->suspect_cnt; i++)
		widen(&width, v->suspects[i].name);
	for (size_t i = 0; i < v->victim_cnt; i++)
		widen(&width, v->victims[i].name);
	return width;
}

static struct str key_of(const struct verdict_view *view)
{
	return view->key.len ? view->key : STR_LIT("process");
}

static void add_table(struct buf *b, const struct verdict *v, const struct verdict_view *view)
{
	struct str key = key_of(view);
	size_t width = name_width(v, key);

	if (!v->suspect_cnt)
		return;
	buf_addstr(b, "\n  ");
	add_padded(b, key, width);
	buf_addf(b, " %9s %9s  %-22s %5s %6s  %s\n", "incident", "baseline", "rise [95% interval]",
		 "hits", "sure", "by luck");
	for (size_t i = 0; i < v->suspect_cnt; i++) {
		const struct verdict_entity *e = &v->suspects[i];
		struct buf rise;

		buf_addstr(b, "  ");
		add_padded(b, e->name, width);
		add_level_padded(b, v, e->incident, 10);
		add_level_padded(b, v, e->baseline, 10);
		buf_init(&rise, 256);
		buf_addch(&rise, '+');
		verdict_add_level(&rise, v, e->delta);
		buf_addstr(&rise, " [");
		verdict_add_level(&rise, v, e->delta_low);
		buf_addstr(&rise, ", ");
		verdict_add_level(&rise, v, e->delta_high);
		buf_addch(&rise, ']');
		buf_addf(b, "  %-22s %2" PRIu32 "/%-2" PRIu32 " %5.1f%%  ",
			 buf_error(&rise) ? "?" : rise.data, e->hits, v->recurrences,
			 e->posterior * 100);
		buf_release(&rise);
		verdict_add_luck(b, e->e_false);
		if (e->role == ROLE_REACTS || e->tie_group || e->clock_shared)
			buf_addstr(b, "  ");
		verdict_add_mark(b, e);
		buf_addch(b, '\n');
	}
	buf_addf(b,
		 "  levels%s; sure: chance that it is the cause; by luck: innocent processes that "
		 "would look like this\n",
		 verdict_unit_words(v));
}

/* A sentence, or nothing. */
static void add_sentence(struct buf *b, struct buf *words)
{
	if (words->len) {
		buf_addstr(b, "  ");
		buf_add(b, words->data, words->len);
		buf_addch(b, '\n');
	}
	if (buf_error(words) && !b->error)
		b->error = buf_error(words);
	buf_clear(words);
}

static void add_evidence(struct buf *b, const struct verdict *v, const struct verdict_view *view,
			 size_t i)
{
	const struct verdict_entity *e = &v->suspects[i];
	struct buf words;

	buf_init(&words, 4096);
	buf_addch(b, '\n');
	verdict_add_rarity(&words, v, e);
	add_sentence(b, &words);
	verdict_add_runs(&words, e);
	add_sentence(b, &words);
	verdict_add_part(&words, v, i);
	add_sentence(b, &words);
	if (!i && e->place_cnt)
		verdict_add_p(&words, v, e);
	add_sentence(b, &words);
	if (!view->untimed)
		verdict_add_order(&words, v, e);
	add_sentence(b, &words);
	if (i < view->place_cnt && view->places[i].cnt) {
		buf_addstr(&words, "runs in: ");
		verdict_add_places(&words, view, i);
	}
	add_sentence(b, &words);
	buf_release(&words);
}

static void add_strip(struct buf *b, const struct verdict *v, const struct verdict_view *view,
		      const struct verdict_entity *e)
{
	buf_addstr(b, "\n  ");
	label_add(b, e->name, LONG_NAME);
	buf_addstr(b, ", incident by incident");
	if (verdict_one_day(v, view)) {
		buf_addstr(b, " on ");
		verdict_add_date(b, v->incidents[0].from_ns);
	}
	buf_addstr(b, " (* busy, o not; = its usual range, | its median):\n");
	verdict_strip_text(v, view, e, "    ", MAX_INCIDENTS, b);
}

/* A line with what the function adds, unless that is nothing. */
static void add_parts(struct buf *b, const struct descend *x, const char *what, const char *unit,
		      void (*add)(struct buf *b, const struct descend *x, const char *unit))
{
	struct buf line;

	buf_init(&line, 1U << 16);
	add(&line, x, unit);
	if (line.len) {
		buf_addf(b, "  %s: ", what);
		buf_add(b, line.data, line.len);
		buf_addch(b, '\n');
	}
	if (buf_error(&line) && !b->error)
		b->error = buf_error(&line);
	buf_release(&line);
}

static void add_path(struct buf *b, const struct verdict *v, const struct verdict_view *view,
		     size_t i)
{
	const struct descend *x = i < view->path_cnt ? &view->paths[i] : NULL;

	if (!x)
		return;
	for (size_t f = 0, run; f < x->frame_cnt; f += run) {
		run = descend_frame_run(x, f);
		buf_addstr(b, f ? " > " : "  hot path: ");
		text_add_clean(b, x->frames[f]);
		if (run > 1)
			buf_addf(b, " x%zu", run);
	}
	if (x->frame_cnt && x->share > 0)
		buf_addf(b, " (%.0f%% of its rise)", x->share * 100);
	if (x->frame_cnt)
		buf_addch(b, '\n');
	if (x->branch_cnt > 1 || !x->frame_cnt)
		add_parts(b, x, "splits into", verdict_unit(v), descend_add_branches);
	add_parts(b, x, "own time", verdict_unit(v), descend_add_leaves);
	add_parts(b, x, "work", verdict_unit(v), descend_add_work);
	for (size_t m = 0; m < x->move_cnt; m++) {
		buf_addstr(b, "  ");
		descend_add_move(b, &x->moves[m], verdict_unit(v));
		buf_addch(b, '\n');
	}
}

static void add_victims(struct buf *b, const struct verdict *v, const struct verdict_view *view)
{
	size_t width = name_width(v, key_of(view));

	if (!v->victim_cnt)
		return;
	buf_addstr(b, "\n  lost CPU during the incidents:\n");
	for (size_t i = 0; i < v->victim_cnt; i++) {
		const struct verdict_entity *e = &v->victims[i];

		buf_addstr(b, "  ");
		add_padded(b, e->name, width);
		add_level_padded(b, v, e->incident, 10);
		add_level_padded(b, v, e->baseline, 10);
		buf_addstr(b, "  ");
		verdict_add_level(b, v, e->delta);
		buf_addstr(b, verdict_unit(v));
		buf_addch(b, '\n');
	}
}

void verdict_text(const struct verdict *v, const struct verdict_view *view, struct buf *out)
{
	size_t strips = v->cause_cnt ? v->cause_cnt : v->kind == VERDICT_NAMED ? 1 : MAX_STRIPS;

	if (!view)
		view = &no_view;
	verdict_headline(v, view, out);
	buf_addch(out, '\n');
	add_table(out, v, view);
	for (size_t i = 0; i < v->suspect_cnt && i < strips; i++) {
		add_evidence(out, v, view, i);
		add_path(out, v, view, i);
		add_strip(out, v, view, &v->suspects[i]);
	}
	add_victims(out, v, view);
	buf_addstr(out, "\n  looked at: ");
	verdict_add_ground(out, v, "\n  ");
	buf_addch(out, '\n');
	for (size_t i = 0; i < v->note_cnt; i++) {
		buf_addstr(out, "  note: ");
		text_add_clean(out, str_of(v->notes[i]));
		buf_addch(out, '\n');
	}
	buf_addstr(out, "\n  next: ");
	verdict_add_next(out, v, "\n  ");
	buf_addch(out, '\n');
}
