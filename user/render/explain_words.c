// SPDX-License-Identifier: Apache-2.0
#include "render/explain_words.h"

#include <inttypes.h>
#include <math.h>

#include "render/label.h"

#define LONG_NAME 100

void explain_add_change(struct buf *b, const struct verdict *v, double change)
{
	buf_addstr(b, change >= 0.0005 ? "+" : "");
	verdict_add_level(b, v, change);
}

void explain_add_headline(struct buf *b, const struct verdict *v, const struct verdict_view *view,
			  const struct verdict_entity *e)
{
	label_add(b, e->name, LONG_NAME);
	buf_addstr(b, e->role == ROLE_CULPRIT  ? " is named for "
		      : e->role == ROLE_VICTIM ? " is a victim of "
					       : " is not named for ");
	verdict_add_incident(b, view);
	buf_addstr(b, ": ");
	explain_add_change(b, v, e->delta);
	buf_addf(b, "%s in the mean, %" PRIu32 " of %" PRIu32 " recurrences", verdict_unit(v),
		 e->hits, v->recurrences);
}

void explain_add_onset(struct buf *b, const struct verdict_view *view,
		       const struct verdict_recurrence *r)
{
	if (r->timed && !view->untimed)
		buf_addf(b, "%+.3g s +-%.2g", r->onset_s, r->onset_error_s);
}

/* Does a cause explain it? */
static bool is_explained(const struct verdict *v, uint32_t k)
{
	for (size_t i = 0; i < v->cause_cnt; i++)
		for (uint32_t n = 0; n < v->causes[i].incident_cnt; n++)
			if (v->causes[i].incidents[n] == k)
				return true;
	return false;
}

const char *explain_outcome(const struct verdict *v, const struct verdict_entity *e, uint32_t k)
{
	const struct verdict_recurrence *r = &e->evidence->recurrences[k];

	if (e->role == ROLE_VICTIM)
		return r->hit ? "lost" : "-";
	if (r->hit)
		return "hit";
	if (e->role == ROLE_CULPRIT && v->cause_cnt > 1 && is_explained(v, k))
		return "another cause explains it";
	if (r->change > 0)
		return "no hit: less than in its weakest hit";
	return r->busy && r->level > 0 ? "no hit: no more than is usual then"
				       : "no hit: it did not rise";
}

void explain_add_standing(struct buf *b, const struct verdict *v, const struct verdict_entity *e)
{
	const struct verdict_evidence *x = e->evidence;

	buf_addf(b, "number %" PRIu32 " of %" PRIu32 " processes", x->rank, v->entity_cnt);
	if (e->role != ROLE_VICTIM)
		buf_addf(b, ", %.1f%% sure; evidence %.1f nats, %.1f tie it to the incidents",
			 e->posterior * 100, isfinite(e->log_bf) ? e->log_bf : 0, x->threshold);
}

void explain_add_usual(struct buf *b, const struct verdict *v, const struct verdict_entity *e)
{
	buf_addstr(b, "outside the incidents: ");
	verdict_add_level(b, v, e->baseline_p10);
	buf_addstr(b, " to ");
	verdict_add_level(b, v, e->baseline_p90);
	buf_addf(b, "%s in the middle 80%% of %" PRIu32 " stretches, median ", verdict_unit(v),
		 v->block_cnt);
	verdict_add_level(b, v, e->baseline);
}

void explain_add_busy(struct buf *b, const struct verdict *v, const struct verdict_entity *e)
{
	if (e->role == ROLE_VICTIM || !e->hits || e->evidence->tau < 0.0005)
		return;
	buf_addstr(b, "busy means ");
	verdict_add_level(b, v, e->evidence->tau);
	buf_addstr(b, " or more: ");
	verdict_add_rarity(b, v, e);
}

void explain_add_named(struct buf *b, const char *brk)
{
	buf_addf(b,
		 "it is named: it is tied to the recurrences, it did not rise after others, it "
		 "rose enough to matter,%sand nothing else explains them as well",
		 brk);
}
