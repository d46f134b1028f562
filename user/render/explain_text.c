// SPDX-License-Identifier: Apache-2.0
#include "render/explain_text.h"

#include <inttypes.h>
#include <math.h>

#include "base/text.h"
#include "render/label.h"
#include "render/verdict_strip.h"

#define LONG_NAME 100
#define CELL	  256

static void add_right(struct buf *b, const struct buf *cell, int width)
{
	buf_addf(b, "%*s", width, buf_error(cell) || !cell->len ? "-" : cell->data);
}

static void add_level(struct buf *b, const struct verdict *v, double level, bool sign, int width)
{
	struct buf cell;

	buf_init(&cell, CELL);
	buf_addstr(&cell, sign && level >= 0.0005 ? "+" : "");
	verdict_add_level(&cell, v, level);
	add_right(b, &cell, width);
	buf_release(&cell);
}

static void add_onset(struct buf *b, const struct verdict_recurrence *r, bool timed)
{
	struct buf cell;

	buf_init(&cell, CELL);
	if (r->timed && timed)
		buf_addf(&cell, "%+.3g s +-%.2g", r->onset_s, r->onset_error_s);
	add_right(b, &cell, 18);
	buf_release(&cell);
}

static const char *outcome(const struct verdict_recurrence *r, bool fell)
{
	if (fell)
		return r->hit ? "lost" : "-";
	if (r->hit)
		return "hit";
	if (r->change > 0)
		return "no hit: less than in its weakest hit";
	return r->busy && r->level > 0 ? "no hit: no more than is usual then"
				       : "no hit: it did not rise";
}

static void add_rows(const struct verdict *v, const struct verdict_view *view, struct buf *out)
{
	const struct verdict_evidence *x = v->explained->evidence;
	bool fell = v->explained->role == ROLE_VICTIM;
	size_t widest = sizeof("recurrence") - 1;

	for (uint32_t k = 0; k < v->recurrences; k++) {
		size_t n = verdict_strip_when(v, view, k, 0, NULL);

		widest = n > widest ? n : widest;
	}
	buf_addf(out, "\n  %-*s %9s %9s %9s %18s\n", (int)widest, "recurrence", "level", "usual",
		 "change", "began");
	for (uint32_t k = 0; k < v->recurrences; k++) {
		const struct verdict_recurrence *r = &x->recurrences[k];

		buf_addstr(out, "  ");
		verdict_strip_when(v, view, k, widest, out);
		add_level(out, v, r->level, false, 10);
		add_level(out, v, r->usual, false, 10);
		add_level(out, v, r->change, true, 10);
		buf_addch(out, ' ');
		add_onset(out, r, !view->untimed);
		buf_addf(out, "  %s", outcome(r, fell));
		buf_addch(out, '\n');
	}
	buf_addf(out, "  levels%s; began: after the marked start, - where that is not clear\n",
		 verdict_unit_words(v));
}

static void add_summary(const struct verdict *v, struct buf *out)
{
	const struct verdict_evidence *x = v->explained->evidence;
	const struct verdict_entity *e = v->explained;

	buf_addf(out, "\n  number %" PRIu32 " of %" PRIu32 " processes", x->rank, v->entity_cnt);
	if (e->role != ROLE_VICTIM)
		buf_addf(out, ", %.1f%% sure; evidence %.1f nats, %.1f tie it to the incidents",
			 e->posterior * 100, isfinite(e->log_bf) ? e->log_bf : 0, x->threshold);
	buf_addstr(out, "\n  outside the incidents: ");
	verdict_add_level(out, v, e->baseline_p10);
	buf_addstr(out, " to ");
	verdict_add_level(out, v, e->baseline_p90);
	buf_addf(out, "%s in the middle 80%% of %" PRIu32 " stretches, median ", verdict_unit(v),
		 v->block_cnt);
	verdict_add_level(out, v, e->baseline);
	buf_addch(out, '\n');
	if (e->role != ROLE_VICTIM && e->hits && x->tau >= 0.0005) {
		buf_addstr(out, "  busy means ");
		verdict_add_level(out, v, x->tau);
		buf_addstr(out, " or more: ");
		verdict_add_rarity(out, v, e);
		buf_addch(out, '\n');
	}
}

static void add_reasons(const struct verdict *v, struct buf *out)
{
	const struct verdict_evidence *x = v->explained->evidence;

	if (!x->why_cnt) {
		buf_addstr(out, "\n  it is named: it is tied to the recurrences, it did not rise "
				"after others, it rose enough to matter,\n  and nothing else "
				"explains them as well\n");
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
	const struct verdict_entity *e = v->explained;

	view = view ? view : &no_view;
	label_add(out, e->name, LONG_NAME);
	buf_addstr(out, e->role == ROLE_CULPRIT	 ? " is named for "
			: e->role == ROLE_VICTIM ? " is a victim of "
						 : " is not named for ");
	verdict_add_incident(out, view);
	buf_addstr(out, ": ");
	buf_addstr(out, e->delta >= 0.0005 ? "+" : "");
	verdict_add_level(out, v, e->delta);
	buf_addf(out, "%s in the mean, %" PRIu32 " of %" PRIu32 " recurrences\n", verdict_unit(v),
		 e->hits, v->recurrences);
	buf_addstr(out, "\n  the verdict: ");
	verdict_headline(v, view, out);
	buf_addch(out, '\n');
	add_rows(v, view, out);
	add_summary(v, out);
	add_reasons(v, out);
}
