// SPDX-License-Identifier: Apache-2.0
#include "blame/shift.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SORTED 512 /* levels that one is compared with */
#define LEAST	   19  /* places: with fewer, p could not be 0.05 */
#define COVERED	   0.5 /* of a moved incident must have data */

/* splitmix64 (Steele, Lea, Flood, 2014): the same places on every machine. */
static double next_unit(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

/* All incidents moved by that much; false where one of them would lie in a gap or over the end. */
static bool move(const struct axis *a, const struct plan *p, int64_t by_ns, struct stretch *ret)
{
	int64_t from_ns = a->slots[0].from_ns, span_ns = a->slots[a->cnt - 1].until_ns - from_ns;

	for (uint32_t k = 0; k < p->incident_cnt + p->aside_cnt; k++) {
		const struct blame_incident *inc = &p->incidents[k].range;
		int64_t length_ns = inc->until_ns - inc->from_ns;
		int64_t at_ns = (inc->from_ns - from_ns + by_ns) % span_ns;

		at_ns += at_ns < 0 ? span_ns : 0;
		if (at_ns + length_ns > span_ns)
			return false;
		ret[k] = axis_cut(a, from_ns + at_ns, from_ns + at_ns + length_ns);
		if (ret[k].seconds < COVERED * (double)length_ns / 1e9)
			return false;
	}
	return true;
}

/* Evenly over the history, each within its part at random, or by whole periods. Near the real place,
 * too: were those left out, a real place in a burst would lack the neighbours that any other has. */
static void find_places(struct shifts *s, const struct axis *a, const struct plan *p)
{
	int64_t span_ns = a->slots[a->cnt - 1].until_ns - a->slots[0].from_ns;
	uint64_t period_ns = p->period_cnt ? p->periods[p->period_cnt - 1].period_ns : 0;
	uint64_t least_ns = period_ns ? period_ns : a->typical_ns ? a->typical_ns : 1;
	uint64_t tries = (uint64_t)span_ns / least_ns, seed = 1;

	if (tries > SHIFT_MAX)
		tries = SHIFT_MAX;
	for (uint64_t i = 0; i < tries; i++) {
		double part = ((double)i + next_unit(&seed)) / (double)tries;
		int64_t by_ns = period_ns ? (int64_t)((i + 1) * period_ns)
					  : (int64_t)(part * (double)span_ns);

		if (by_ns >= (int64_t)least_ns / 2 && by_ns <= span_ns - (int64_t)least_ns / 2)
			s->cnt += move(a, p, by_ns, s->at + (size_t)s->cnt * s->all);
	}
}

/* All but the places. */
static int make_room(struct shifts *s)
{
	s->greatest = calloc(SHIFT_MAX + 1, sizeof(*s->greatest));
	s->sorted = calloc(MAX_SORTED, sizeof(*s->sorted));
	s->nats = calloc(MAX_SORTED + 1, sizeof(*s->nats));
	s->levels = calloc((size_t)(SHIFT_MAX + 1) * s->all, sizeof(*s->levels));
	s->best = calloc(s->all, sizeof(*s->best));
	for (uint32_t i = 0; s->greatest && i < SHIFT_MAX; i++)
		s->greatest[i] = -INFINITY;
	return s->greatest && s->sorted && s->nats && s->levels && s->best ? 0 : -ENOMEM;
}

int shifts_init(struct shifts *s, const struct axis *a, const struct plan *p)
{
	int r;

	*s = (struct shifts){
		.capacity = a->capacity > 0 ? a->capacity : 1,
		.all = p->incident_cnt + p->aside_cnt,
		.judged = p->incident_cnt,
	};
	if (p->separate || !p->block_cnt)
		return 0;
	s->at = calloc((size_t)(SHIFT_MAX + 1) * s->all, sizeof(*s->at));
	r = s->at ? make_room(s) : -ENOMEM;
	if (r) {
		shifts_release(s);
		return r;
	}
	find_places(s, a, p);
	if (s->cnt < LEAST)
		s->cnt = 0;
	return 0;
}

int shifts_split(const struct shifts *s, struct shifts *ret)
{
	int r = 0;

	*ret = (struct shifts){.cnt = s->cnt,
			       .at = s->at,
			       .capacity = s->capacity,
			       .all = s->all,
			       .judged = s->judged};
	if (s->cnt)
		r = make_room(ret);
	if (r) {
		ret->at = NULL;
		shifts_release(ret);
	}
	return r;
}

void shifts_join(struct shifts *s, struct shifts *other)
{
	for (uint32_t i = 0; i < s->cnt; i++)
		if (other->greatest[i] > s->greatest[i])
			s->greatest[i] = other->greatest[i];
	other->at = NULL;
	shifts_release(other);
}

void shifts_release(struct shifts *s)
{
	free(s->at);
	free(s->greatest);
	free(s->sorted);
	free(s->nats);
	free(s->levels);
	free(s->best);
	*s = (struct shifts){0};
}

static int ascending(const void *va, const void *vb)
{
	const double *a = va, *b = vb;

	return (*a > *b) - (*a < *b);
}

/* Levels at each place, at last the real one. */
static size_t take_levels(struct shifts *s, const struct scorer *of)
{
	size_t cnt = (size_t)s->cnt * s->all;

	for (size_t i = 0; i < cnt; i++)
		s->levels[i] = axis_level(&s->at[i], of->value, of->before);
	for (uint32_t k = 0; k < s->all; k++)
		s->levels[cnt + k] = k < s->judged ? of->levels[k]
						   : axis_level(&of->plan->incidents[k].at,
								of->value, of->before);
	return cnt + s->all;
}

/*
 * Every n-th of them, sorted. The real place is one among the others here: were it compared with
 * something that it is not part of, p would be too small.
 */
static void sort_levels(struct shifts *s, size_t cnt)
{
	size_t step = (cnt + MAX_SORTED - 1) / MAX_SORTED, before = s->sorted_cnt;

	s->sorted_cnt = 0;
	for (size_t i = 0; i < cnt; i += step)
		s->sorted[s->sorted_cnt++] = s->levels[i];
	qsort(s->sorted, s->sorted_cnt, sizeof(*s->sorted), ascending);
	for (uint32_t i = 0; s->sorted_cnt != before && i <= s->sorted_cnt; i++)
		s->nats[i] = log((s->sorted_cnt + 1.0) / (i + 1.0));
}

/* How many of these have that level or more. No branch depends on the levels: it would be guessed
 * wrong every other time. */
static uint32_t reaching(const struct shifts *s, double level)
{
	const double *at = s->sorted;

	for (uint32_t left = s->sorted_cnt; left > 1;) {
		uint32_t half = left / 2;

		at += at[half - 1] < level ? half : 0;
		left -= half;
	}
	return s->sorted_cnt - (uint32_t)(at - s->sorted) - (*at < level);
}

/* T from the levels in the incidents, moved or not. */
static double stand_out(const struct shifts *s, const double *levels, uint32_t cnt)
{
	double median = s->sorted[s->sorted_cnt / 2], rise = 0, t = 0;

	for (uint32_t k = 0; k < cnt; k++)
		if (levels[k] > median)
			rise += (levels[k] - median) / cnt;
	if (rise <= 0)
		return -INFINITY;
	for (uint32_t k = 0; k < cnt; k++)
		if (levels[k] > median)
			t += s->nats[reaching(s, levels[k])];
	return t + log(rise / s->capacity);
}

/* The highest of the levels at one place, as many as are judged. */
static const double *best_of(struct shifts *s, const double *levels)
{
	if (s->all == s->judged)
		return levels;
	memcpy(s->best, levels, s->all * sizeof(*levels));
	qsort(s->best, s->all, sizeof(*s->best), ascending);
	return s->best + s->all - s->judged;
}

double shifts_count(struct shifts *s, const struct scorer *of)
{
	if (!s->cnt)
		return NAN;
	sort_levels(s, take_levels(s, of));
	for (uint32_t i = 0; i < s->cnt; i++) {
		double t = stand_out(s, best_of(s, s->levels + (size_t)i * s->all), s->judged);

		if (t > s->greatest[i])
			s->greatest[i] = t;
	}
	return stand_out(s, of->levels, s->judged);
}

double shifts_p(const struct shifts *s, double t)
{
	uint32_t as_much = 0;

	if (!s->cnt)
		return NAN;
	for (uint32_t i = 0; i < s->cnt; i++)
		as_much += s->greatest[i] >= t;
	return (as_much + 1.0) / (s->cnt + 1.0);
}
