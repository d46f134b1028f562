// SPDX-License-Identifier: Apache-2.0
#include "store/numbered.h"

#include <errno.h>
#include <stdlib.h>

#include "base/sum.h"

static int by_pair(const void *va, const void *vb)
{
	const struct encode_sample *a = va, *b = vb;

	return (a->pair > b->pair) - (a->pair < b->pair);
}

static int by_series(const void *va, const void *vb)
{
	const struct encode_total *a = va, *b = vb;

	return (a->series > b->series) - (a->series < b->series);
}

static void add_total(struct numbered *n, uint32_t series, const struct sample *s)
{
	struct encode_total *t = n->total_cnt ? &n->totals[n->total_cnt - 1] : NULL;

	if (!t || t->series != series) {
		t = &n->totals[n->total_cnt++];
		*t = (struct encode_total){.series = series};
	}
	sum_add(&t->weight, s->weight);
	sum_add(&t->cnt, s->cnt);
}

/* What differs by lines of source only is one in a store. How many are left of the sorted ones. */
static size_t add_doubles_up(struct encode_sample *samples, size_t cnt)
{
	size_t kept = 0;

	for (size_t i = 0; i < cnt; i++) {
		struct encode_sample *last = kept ? &samples[kept - 1] : NULL;

		if (last && last->pair == samples[i].pair) {
			sum_add(&last->weight, samples[i].weight);
			sum_add(&last->cnt, samples[i].cnt);
		} else {
			samples[kept++] = samples[i];
		}
	}
	return kept;
}

static int by_sample(const void *va, const void *vb)
{
	const struct encode_moment *a = va, *b = vb;

	if (a->sample != b->sample)
		return a->sample < b->sample ? -1 : 1;
	return (a->step > b->step) - (a->step < b->step);
}

static size_t add_moments_up(struct encode_moment *moments, size_t cnt)
{
	size_t kept = 0;

	for (size_t i = 0; i < cnt; i++) {
		struct encode_moment *last = kept ? &moments[kept - 1] : NULL;

		if (last && !by_sample(last, &moments[i]))
			last->cnt += moments[i].cnt;
		else
			moments[kept++] = moments[i];
	}
	return kept;
}

/* A time before the window or ages after it is none. */
static int number_moments(struct numbered *n, const struct profile *p, const uint32_t *pairs)
{
	uint64_t first = (uint64_t)moment_step(p->start_ns);

	if (!p->moment_cnt)
		return 0;
	n->moments = malloc(p->moment_cnt * sizeof(*n->moments));
	if (!n->moments)
		return -ENOMEM;
	for (size_t i = 0; i < p->moment_cnt; i++) {
		const struct moment *m = &p->moments[i];
		struct encode_sample key = {.pair = pairs[m->sample]}, *s;
		uint64_t step = ((uint64_t)m->at_ns - first) / MOMENT_NS;

		if (m->at_ns < (int64_t)first || step > UINT32_MAX)
			continue;
		s = bsearch(&key, n->samples, n->sample_cnt, sizeof(key), by_pair);
		n->moments[n->moment_cnt++] =
			(struct encode_moment){(uint32_t)(s - n->samples), (uint32_t)step, m->cnt};
	}
	qsort(n->moments, n->moment_cnt, sizeof(*n->moments), by_sample);
	n->moment_cnt = add_moments_up(n->moments, n->moment_cnt);
	return 0;
}

int numbered_init(struct numbered *n, struct dict *d, const struct profile *p)
{
	uint32_t *pairs = calloc(p->sample_cnt + 1, sizeof(*pairs));
	int r = -ENOMEM;

	*n = (struct numbered){.total_cnt = 0};
	n->samples = calloc(p->sample_cnt + 1, sizeof(*n->samples));
	n->totals = calloc((size_t)p->series_cnt + 1, sizeof(*n->totals));
	if (pairs && n->samples && n->totals)
		r = dict_add(d, p, pairs);
	for (size_t i = 0; !r && i < p->sample_cnt; i++) {
		const struct sample *s = &p->samples[i];

		n->samples[i] = (struct encode_sample){pairs[i], s->weight, s->cnt};
		add_total(n, d->pairs[pairs[i]].series, s);
	}
	if (!r) {
		qsort(n->samples, p->sample_cnt, sizeof(*n->samples), by_pair);
		n->sample_cnt = add_doubles_up(n->samples, p->sample_cnt);
		qsort(n->totals, n->total_cnt, sizeof(*n->totals), by_series);
		r = number_moments(n, p, pairs);
	}
	free(pairs);
	if (r)
		numbered_release(n);
	return r;
}

void numbered_release(struct numbered *n)
{
	free(n->samples);
	free(n->totals);
	free(n->moments);
	*n = (struct numbered){.total_cnt = 0};
}
