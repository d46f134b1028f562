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
	free(pairs);
	if (r) {
		numbered_release(n);
		return r;
	}
	qsort(n->samples, p->sample_cnt, sizeof(*n->samples), by_pair);
	qsort(n->totals, n->total_cnt, sizeof(*n->totals), by_series);
	return 0;
}

void numbered_release(struct numbered *n)
{
	free(n->samples);
	free(n->totals);
	*n = (struct numbered){.total_cnt = 0};
}
