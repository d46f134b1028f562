// SPDX-License-Identifier: Apache-2.0
#include "blame/halves.h"

#include <string.h>

#include "base/pair.h"

#define LEAST_ENTITIES 64 /* below, a thread costs more than it saves */

struct half {
	struct scorer *scorer;
	struct shifts *shifts;
	halves_fn fn;
	const void *arg;
	uint32_t first, end; /* entities */
	struct rank *ranks;
	size_t cnt;
};

static void score_half(void *arg)
{
	struct half *h = arg;
	struct rank *rank;

	for (uint32_t e = h->first; e < h->end; e++) {
		if (!h->scorer->t->rows[e].first)
			continue;
		rank = &h->ranks[h->cnt++];
		rank->entity = e;
		score_entity(h->scorer, e, true, &rank->score);
		h->fn(h->arg, h->scorer, rank);
		rank->stand_out = shifts_count(h->shifts, h->scorer);
	}
}

static void add_up(double *sum, const double *part, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++)
		sum[i] += part[i];
}

static void join_scorers(struct scorer *s, const struct scorer *other)
{
	add_up(s->upward, other->upward, s->plan->block_cnt);
	add_up(s->total, other->total, s->plan->block_cnt);
	add_up(s->incident_total, other->incident_total, s->plan->incident_cnt);
	add_up(s->incident_rise, other->incident_rise, s->plan->incident_cnt);
}

static int score_halves(struct half *a, size_t *ret_cnt)
{
	struct scorer *s = a->scorer, other;
	struct shifts other_shifts;
	struct half b = *a;
	int r = scorer_init(&other, s->t, s->axis, s->plan);

	if (r)
		return r;
	r = shifts_split(a->shifts, &other_shifts);
	if (r) {
		scorer_release(&other);
		return r;
	}
	b.scorer = &other;
	b.shifts = &other_shifts;
	a->end = b.first = s->t->entity_cnt / 2;
	b.ranks = a->ranks + b.first;
	pair_run(score_half, a, &b);
	memmove(a->ranks + a->cnt, b.ranks, b.cnt * sizeof(*b.ranks));
	*ret_cnt = a->cnt + b.cnt;
	join_scorers(s, &other);
	shifts_join(a->shifts, &other_shifts);
	scorer_release(&other);
	return 0;
}

int halves_score(struct scorer *s, struct shifts *shifts, halves_fn fn, const void *arg,
		 struct rank *ranks, size_t *ret_cnt)
{
	struct half all = {
		.scorer = s,
		.shifts = shifts,
		.fn = fn,
		.arg = arg,
		.end = s->t->entity_cnt,
		.ranks = ranks,
	};
	int r = 0;

	if (s->t->entity_cnt < LEAST_ENTITIES) {
		score_half(&all);
		*ret_cnt = all.cnt;
	} else {
		r = score_halves(&all, ret_cnt);
	}
	for (size_t i = 0; !r && i < *ret_cnt; i++)
		ranks[i].p_adj = shifts_p(shifts, ranks[i].stand_out);
	return r;
}
