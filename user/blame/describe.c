// SPDX-License-Identifier: Apache-2.0
#include "blame/describe.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define DRAWS	   400
#define POOL	   256 /* blocks drawn from */
#define SEED	   UINT64_C(0x9e3779b97f4a7c15)
#define CONFIDENCE 0.95

/* splitmix64 (Steele, Lea, Flood, 2014): the same draws for every process and on every machine. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static size_t draw(uint64_t *state, size_t cnt)
{
	return (size_t)(next_random(state) % cnt);
}

/* Every n-th block's distance from their mean, at most POOL of them. */
static size_t take_pool(const struct scorer *s, double *pool)
{
	uint32_t cnt = s->plan->block_cnt, step = cnt / POOL + 1;
	double mean = 0;
	size_t n = 0;

	for (uint32_t b = 0; b < cnt && n < POOL; b += step)
		mean += pool[n++] = s->blocks[b];
	for (size_t i = 0; i < n; i++)
		pool[i] -= mean / (double)n;
	return n;
}

/*
 * Resamples incidents, and what the process does by itself in as many blocks. With one or two
 * incidents the second is nearly all that is known about the error.
 */
static void bootstrap(const struct scorer *s, const double *effects, double *ret_low,
		      double *ret_high)
{
	double pool[POOL], means[DRAWS];
	size_t n = take_pool(s, pool), k = s->plan->incident_cnt;
	uint64_t state = SEED;
	double mean = 0;

	for (size_t j = 0; j < k; j++)
		mean += effects[j] / (double)k;
	for (size_t i = 0; i < DRAWS; i++) {
		double sum = 0;

		for (size_t j = 0; j < k; j++) {
			sum += effects[draw(&state, k)];
			if (n)
				sum += pool[draw(&state, n)];
		}
		means[i] = sum / (double)k;
	}
	/* one rare burst in the pool draws its mean, and so all else, away from the estimate */
	*ret_low = fmin(mean, score_quantile(means, DRAWS, (1 - CONFIDENCE) / 2));
	*ret_high = fmax(mean, score_quantile(means, DRAWS, (1 + CONFIDENCE) / 2));
}

static void fill_evidence(struct verdict_entity *e, const struct rank *r, enum verdict_role role)
{
	const struct linkage *l = &r->score.with;

	e->role = role == ROLE_SUSPECT && r->reacts ? ROLE_REACTS : role;
	e->direction = r->dir;
	e->linked = r->linked;
	e->p_adj = r->p_adj;
	e->clock_shared = r->clock_shared;
	e->flat = l->flat;
	e->posterior = r->posterior;
	e->log_bf = l->log_bf;
	e->e_false = r->e_false;
	e->f = l->f;
	e->hits = l->hits;
	e->runs = l->runs;
	e->delta = r->score.delta;
	if (role != ROLE_VICTIM)
		return;
	e->direction = (struct verdict_direction){0};
	e->linked = e->clock_shared = e->flat = false;
	e->posterior = 0;
	e->e_false = 0;
	e->log_bf = r->score.loss_log_bf;
	e->delta = -r->score.loss;
}

int describe_entity(struct scorer *s, const struct rank *r, enum verdict_role role,
		    struct verdict_entity *e)
{
	struct str name = timeline_name(s->t, r->entity);
	uint32_t n = s->plan->incident_cnt, cnt = s->plan->block_cnt;
	struct score again;
	double *effects;

	fill_evidence(e, r, role);
	e->name = (struct str){mem_strndup(name.p, name.len), name.len};
	e->levels = calloc(n, sizeof(*e->levels));
	e->hit = calloc(n, sizeof(*e->hit));
	if (!e->name.p || !e->levels || !e->hit)
		return -ENOMEM;
	if (r->dir.after == DIRECTION_AFTER_ENTITY) {
		struct str after = timeline_name(s->t, r->dir.after_entity);

		e->after = (struct str){mem_strndup(after.p, after.len), after.len};
		if (!e->after.p)
			return -ENOMEM;
	}
	score_entity(s, r->entity, false, &again);
	if (role == ROLE_VICTIM)
		e->hits = 0;
	for (uint32_t k = 0; k < n; k++) {
		e->levels[k] = s->levels[k];
		e->incident += s->levels[k] / n;
		if (role == ROLE_VICTIM) {
			e->hit[k] = s->falls[k] > 0;
			e->hits += e->hit[k];
			s->falls[k] = -s->falls[k];
		} else {
			e->hit[k] = r->score.with.hits && s->rises[k] > 0 &&
				    s->levels[k] >= r->score.with.level;
			s->rises[k] = s->rises[k] > 0 ? s->rises[k] : 0;
		}
	}
	effects = role == ROLE_VICTIM ? s->falls : s->rises;
	bootstrap(s, effects, &e->delta_low, &e->delta_high);
	e->baseline = score_quantile(s->blocks, cnt, 0.5);
	e->baseline_p10 = score_quantile(s->blocks, cnt, 0.1);
	e->baseline_p90 = score_quantile(s->blocks, cnt, 0.9);
	return 0;
}
