// SPDX-License-Identifier: Apache-2.0
#include "accuracy/rivals.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_SHARE	1e-6
#define QUANTILE_POINTS 4096 /* the median and the IQR are taken from so many windows at most */

const char *const rival_names[RIVAL_CNT] = {
	"share delta", "share ratio", "cores delta", "pooled z", "Welch", "BARO",
};

struct bench {
	const struct timeline *t;
	int32_t *incident; /* of a window; -1: baseline */
	double *node;	   /* weight of all processes in a window */
	double *levels;	   /* of one entity, cores */
	double *sorted;	   /* room for the baseline of one entity */
	double *means;	   /* of one entity in each incident; then room for counts */
	uint32_t *in;	   /* windows in each incident */
	uint32_t incident_cnt;
	uint32_t block; /* windows in a block */
	double inc_s, base_s, inc_node, base_node;
};

static void bench_release(struct bench *b)
{
	free(b->incident);
	free(b->node);
	free(b->levels);
	free(b->sorted);
	free(b->means);
	free(b->in);
}

static void count_cell(struct bench *b, const struct timeline_cell *cell)
{
	b->node[cell->window] += (double)cell->weight;
	*(b->incident[cell->window] >= 0 ? &b->inc_node : &b->base_node) += (double)cell->weight;
}

static void sort_windows(struct bench *b, const struct blame_incident *inc, size_t cnt)
{
	uint32_t in = 0;

	for (uint32_t i = 0; i < b->t->window_cnt; i++) {
		const struct timeline_window *w = &b->t->windows[i];
		int64_t middle = w->start_ns + (int64_t)(w->length_ns / 2);

		b->incident[i] = -1;
		for (size_t k = 0; k < cnt; k++)
			if (middle >= inc[k].from_ns && middle < inc[k].until_ns)
				b->incident[i] = (int32_t)k;
		in += b->incident[i] >= 0;
		*(b->incident[i] >= 0 ? &b->inc_s : &b->base_s) += (double)w->length_ns / 1e9;
		if (b->incident[i] >= 0)
			b->in[b->incident[i]]++;
	}
	b->block = cnt && in > cnt ? in / (uint32_t)cnt : 1;
	for (uint32_t e = 0; e < b->t->entity_cnt; e++)
		for (const struct timeline_chunk *k = b->t->rows[e].first; k; k = k->next)
			for (uint32_t i = 0; i < k->cnt; i++)
				count_cell(b, &k->cells[i]);
}

static int bench_init(struct bench *b, const struct timeline *t, const struct blame_incident *inc,
		      size_t cnt)
{
	*b = (struct bench){.t = t, .incident_cnt = (uint32_t)cnt};
	b->incident = calloc(t->window_cnt, sizeof(*b->incident));
	b->node = calloc(t->window_cnt, sizeof(*b->node));
	b->levels = calloc(t->window_cnt, sizeof(*b->levels));
	b->sorted = calloc(t->window_cnt, sizeof(*b->sorted));
	b->means = calloc(cnt, sizeof(*b->means));
	b->in = calloc(cnt, sizeof(*b->in));
	if (!b->incident || !b->node || !b->levels || !b->sorted || !b->means || !b->in) {
		bench_release(b);
		return -ENOMEM;
	}
	sort_windows(b, inc, cnt);
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double baro(struct bench *b)
{
	uint32_t step = b->t->window_cnt / QUANTILE_POINTS + 1, n = 0;
	double highest = -INFINITY, iqr, median;

	for (uint32_t i = 0; i < b->t->window_cnt; i += step)
		if (b->incident[i] < 0)
			b->sorted[n++] = b->levels[i];
	if (!n)
		return 0;
	qsort(b->sorted, n, sizeof(*b->sorted), by_value);
	median = b->sorted[n / 2];
	iqr = b->sorted[n * 3 / 4] - b->sorted[n / 4];
	for (uint32_t i = 0; i < b->t->window_cnt; i++)
		if (b->incident[i] >= 0 && b->levels[i] > highest)
			highest = b->levels[i];
	return isfinite(highest) ? (highest - median) / (iqr > 0 ? iqr : 1) : 0;
}

struct moments {
	double n, mean, m2;
};

static void moments_add(struct moments *m, double x)
{
	double d = x - m->mean;

	m->mean += d / ++m->n;
	m->m2 += d * (x - m->mean);
}

static double welch(struct bench *b)
{
	struct moments inc = {0}, base = {0};
	double var, of_mean;

	memset(b->means, 0, b->incident_cnt * sizeof(*b->means));
	for (uint32_t at = 0; at < b->t->window_cnt; at += b->block) {
		double sum = 0;
		bool pure = at + b->block <= b->t->window_cnt;

		for (uint32_t i = at; i < at + b->block && i < b->t->window_cnt; i++) {
			pure = pure && b->incident[i] < 0;
			sum += b->levels[i];
			if (b->incident[i] >= 0)
				b->means[b->incident[i]] += b->levels[i] / b->in[b->incident[i]];
		}
		if (pure)
			moments_add(&base, sum / b->block);
	}
	for (uint32_t k = 0; k < b->incident_cnt; k++)
		if (b->in[k])
			moments_add(&inc, b->means[k]);
	if (!inc.n || base.n < 2)
		return 0;
	var = base.m2 / (base.n - 1);
	of_mean = inc.n > 1 ? inc.m2 / (inc.n - 1) / inc.n : var;
	return (inc.mean - base.mean) / (sqrt(of_mean + var / base.n) + 1e-9);
}

static void score(struct bench *b, uint32_t entity, double *ret)
{
	double inc = 0, base = 0, share_inc, share_base, r = b->inc_s / b->base_s, each = 1e9;

	memset(b->levels, 0, b->t->window_cnt * sizeof(*b->levels));
	for (const struct timeline_chunk *k = b->t->rows[entity].first; k; k = k->next)
		for (uint32_t i = 0; i < k->cnt; i++) {
			uint32_t window = k->cells[i].window;
			double weight = (double)k->cells[i].weight;

			b->levels[window] = weight / (double)b->t->windows[window].length_ns;
			*(b->incident[window] >= 0 ? &inc : &base) += weight;
			if (weight < each) /* one sample is worth no more than that */
				each = weight;
		}
	share_inc = b->inc_node > 0 ? inc / b->inc_node : 0;
	share_base = b->base_node > 0 ? base / b->base_node : 0;
	ret[RIVAL_SHARE_DELTA] = share_inc - share_base;
	ret[RIVAL_SHARE_RATIO] = fmax(share_inc, LEAST_SHARE) / fmax(share_base, LEAST_SHARE);
	ret[RIVAL_CORES_DELTA] = inc / b->inc_s - base / b->base_s;
	ret[RIVAL_POOLED_Z] = inc + base > 0 ? (inc - base * r) / sqrt((inc + base) * r * each) : 0;
	ret[RIVAL_WELCH] = welch(b);
	ret[RIVAL_BARO] = baro(b);
}

int rivals_rank(const struct timeline *t, const struct blame_incident *inc, size_t cnt,
		uint32_t entity, uint32_t ret_rank[RIVAL_CNT])
{
	double own[RIVAL_CNT], other[RIVAL_CNT];
	uint32_t above[RIVAL_CNT] = {0}, equal[RIVAL_CNT] = {0};
	struct bench b;
	int r = bench_init(&b, t, inc, cnt);

	if (r)
		return r;
	score(&b, entity, own);
	for (uint32_t e = 0; e < t->entity_cnt; e++) {
		if (e == entity)
			continue;
		score(&b, e, other);
		for (int i = 0; i < RIVAL_CNT; i++) {
			above[i] += other[i] > own[i];
			equal[i] += !(other[i] > own[i]) && !(other[i] < own[i]);
		}
	}
	for (int i = 0; i < RIVAL_CNT; i++)
		ret_rank[i] = 1 + above[i] + (equal[i] + 1) / 2;
	bench_release(&b);
	return 0;
}
