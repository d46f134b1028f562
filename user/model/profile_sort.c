// SPDX-License-Identifier: Apache-2.0
#include "model/profile_sort.h"

#include <errno.h>
#include <stdlib.h>

#include "base/sum.h"

static int by_series_and_node(const void *va, const void *vb)
{
	const struct sample *a = va, *b = vb;
	uint64_t ka = (uint64_t)a->series << 32 | a->node, kb = (uint64_t)b->series << 32 | b->node;

	return (ka > kb) - (ka < kb);
}

/* Of text in order, as most is, the samples are. */
static bool is_sorted(const struct profile *p)
{
	for (size_t i = 1; i < p->sample_cnt; i++)
		if (by_series_and_node(&p->samples[i - 1], &p->samples[i]) > 0)
			return false;
	return true;
}

static int by_time(const void *va, const void *vb)
{
	const struct moment *a = va, *b = vb;

	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	return (a->sample > b->sample) - (a->sample < b->sample);
}

/* Moments of one sample in one step become one. */
static void join_moments(struct profile *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->moment_cnt; i++) {
		const struct moment *m = &p->moments[i];
		struct moment *last = kept ? &p->moments[kept - 1] : NULL;

		if (last && !by_time(last, m) && last->cnt <= UINT32_MAX - m->cnt) {
			last->cnt += m->cnt;
			sum_add(&last->weight, m->weight);
		} else {
			p->moments[kept++] = *m;
		}
	}
	p->moment_cnt = kept;
}

int profile_sort(struct profile *p)
{
	bool sorted = is_sorted(p);
	uint64_t *keys = !sorted && p->moment_cnt ? malloc(p->moment_cnt * sizeof(*keys)) : NULL;

	if (!sorted && p->moment_cnt && !keys)
		return -ENOMEM;
	for (size_t i = 0; keys && i < p->moment_cnt; i++) {
		const struct sample *s = &p->samples[p->moments[i].sample];

		keys[i] = (uint64_t)s->series << 32 | s->node;
	}
	if (!sorted)
		qsort(p->samples, p->sample_cnt, sizeof(*p->samples), by_series_and_node);
	for (size_t i = 0; keys && i < p->moment_cnt; i++) {
		struct sample key = {.series = (uint32_t)(keys[i] >> 32),
				     .node = (uint32_t)keys[i]};
		const struct sample *s = bsearch(&key, p->samples, p->sample_cnt,
						 sizeof(*p->samples), by_series_and_node);

		p->moments[i].sample = (uint32_t)(s - p->samples);
	}
	free(keys);
	if (p->moment_cnt)
		qsort(p->moments, p->moment_cnt, sizeof(*p->moments), by_time);
	join_moments(p);
	return 0;
}
