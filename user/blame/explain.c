// SPDX-License-Identifier: Apache-2.0
/*
 * The reasons mirror the conditions of decide.c, one sentence for each that fails, in the order in
 * which a person would want to know them. One that stays out of the verdict for a reason that is
 * not known here says so rather than nothing.
 */
#include "blame/explain.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blame/describe.h"
#include "blame/direction.h"
#include "blame/evidence.h"

#define MIN_BLOCKS 3

struct asking {
	const struct decision *d;
	const struct rank *rank;
	const struct verdict *v;
	const struct verdict_entity *e;
	struct verdict_evidence *x;
	int error;
};

static void printf_like(2, 3) say(struct asking *q, const char *fmt, ...)
{
	struct verdict_evidence *x = q->x;
	char *text;
	va_list ap;
	int n;

	if (q->error || x->why_cnt == ARRAY_SIZE(x->why))
		return;
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		q->error = -ENOMEM;
	else
		x->why[x->why_cnt++] = text;
}

/* What ties it to the recurrences, or fails to. */
static void ask_tie(struct asking *q)
{
	const struct score *sc = &q->rank->score;
	double busy = sc->with.f * 100;

	if (q->d->block_cnt < MIN_BLOCKS) {
		say(q,
		    "the history has %" PRIu32 " stretches outside the incidents; fewer than %d "
		    "are nothing to compare with",
		    q->d->block_cnt, MIN_BLOCKS);
		return;
	}
	if (sc->delta_hit <= 0) {
		say(q, "it took no more CPU in any recurrence than it does otherwise");
		return;
	}
	if (q->rank->clock_shared)
		say(q,
		    "it keeps the clock that the incidents keep: it was as busy at %" PRIu32
		    " of %" PRIu32 " times of that clock without an incident",
		    sc->phase_busy, sc->phase_cnt);
	else if (!q->rank->linked)
		say(q,
		    "luck explains it well enough: it is that busy in %.*f%% of the time outside "
		    "the incidents, and %" PRIu32 " of %" PRIu32
		    " recurrences give %.1f nats of evidence where %.1f are asked for",
		    busy < 10 ? 1 : 0, busy, sc->with.hits, q->v->recurrences,
		    fmax(0, sc->with.log_bf), q->x->threshold);
}

/* What of a tied one leaves doubt. */
static void ask_doubt(struct asking *q)
{
	const struct rank *r = q->rank;

	if (!r->linked)
		return;
	if (q->v->recurrences < 2)
		say(q, "one recurrence never names anybody");
	else if (r->score.with.runs < 2)
		say(q, "it was busy all the time between the recurrences: they count as one");
	if (r->reacts)
		say(q, "it rose only after others had lost CPU, or after another process: it may "
		       "just react");
	if (r->dir.late)
		say(q, "it rose %.3g s after the marked starts: it reacts, or the marks are early",
		    r->dir.lag_s);
	if (decide_is_common(q->d, r))
		say(q, "other times show somebody as busy as this, too (p = %.2g)", r->p_adj);
	if (r->e_false > q->d->allowed_error)
		say(q, "%.2g innocent processes would match as well by luck; at most %g is allowed",
		    r->e_false, q->d->allowed_error);
}

static void ask_size(struct asking *q)
{
	double least = decide_least_rise(q->d);

	if (q->rank->score.delta_hit > 0 && q->rank->score.delta < least)
		say(q,
		    "its rise is small: %.3g where %.3g (2%% of the node, or a tenth of what all "
		    "processes rose by) is asked for",
		    q->rank->score.delta, least);
	if (q->rank->linked && q->rank->posterior < DECIDE_SURE)
		say(q,
		    "the chance that it is the cause is %.1f%%; %.0f%% is asked for, and others "
		    "explain the recurrences as well",
		    q->rank->posterior * 100, DECIDE_SURE * 100);
}

static int find_reasons(struct asking *q)
{
	if (q->e->role == ROLE_CULPRIT)
		return 0;
	if (q->e->role == ROLE_VICTIM)
		say(q, "it had less CPU in the recurrences than it has otherwise: a victim");
	else
		ask_tie(q);
	ask_doubt(q);
	ask_size(q);
	if (!q->x->why_cnt && q->v->kind == VERDICT_NAMED)
		say(q, "another process is named");
	else if (!q->x->why_cnt)
		say(q, "the verdict as a whole names nobody");
	return q->error;
}

static void fill_recurrences(const struct scorer *s, const struct verdict_entity *e,
			     const struct rank *rank, struct verdict_recurrence *ret)
{
	bool fell = e->role == ROLE_VICTIM;

	for (uint32_t k = 0; k < s->plan->incident_cnt; k++) {
		struct verdict_recurrence *r = &ret[k];

		r->level = s->levels[k];
		r->change = fell ? -s->falls[k] : s->rises[k];
		r->usual = r->level - r->change;
		r->hit = e->hit[k];
		r->busy = !fell && rank->score.with.hits && r->level >= rank->score.with.level;
		r->timed = direction_onset(s, k, fell ? -1 : 1, &r->onset_s, &r->onset_error_s);
	}
}

int explain_entity(struct scorer *s, const struct decision *d, const struct rank *ranks, size_t at,
		   const struct verdict *v, struct verdict_entity *e)
{
	struct verdict_evidence *x = e->evidence = calloc(1, sizeof(*x));
	struct score again;
	struct asking q;

	if (!x)
		return -ENOMEM;
	x->rank = (uint32_t)at + 1;
	x->threshold = evidence_threshold(d->entity_cnt, d->allowed_error);
	x->tau = ranks[at].score.with.tau;
	x->recurrences = calloc(v->recurrences, sizeof(*x->recurrences));
	if (!x->recurrences)
		return -ENOMEM;
	score_entity(s, ranks[at].entity, false, &again);
	fill_recurrences(s, e, &ranks[at], x->recurrences);
	q = (struct asking){.d = d, .rank = &ranks[at], .v = v, .e = e, .x = x};
	return find_reasons(&q);
}
