// SPDX-License-Identifier: Apache-2.0
#include "blame/strain.h"

#include <errno.h>
#include <stdlib.h>

#include "blame/score.h"

#define LEAST_RISE  0.05
#define USUAL	    0.95 /* of the baseline's stretches */
#define LEAST_PARTS 0.5	 /* of a stretch that must be watched */

/* Sums of the windows before each. */
struct sums {
	double *stalled, *watched;
};

static int sums_init(struct sums *s, const struct timeline *t, enum pressure_resource resource)
{
	s->stalled = calloc((size_t)t->window_cnt + 1, sizeof(double));
	s->watched = calloc((size_t)t->window_cnt + 1, sizeof(double));
	if (!s->stalled || !s->watched)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->window_cnt; i++) {
		const struct pressure *p = &t->windows[i].pressure[resource];

		s->stalled[i + 1] = s->stalled[i] + pressure_share(p) * (double)p->watched_ns;
		s->watched[i + 1] = s->watched[i] + (double)p->watched_ns;
	}
	return 0;
}

static double between(const double *before, const struct stretch *at)
{
	double sum = before[at->end] - before[at->first];

	sum -= (before[at->first + 1] - before[at->first]) * (1 - at->first_part);
	sum -= (before[at->end] - before[at->end - 1]) * (1 - at->last_part);
	return sum;
}

/* Share of the time; negative where too little was watched. */
static double level_in(const struct sums *s, const struct stretch *at)
{
	double watched = at->end > at->first ? between(s->watched, at) : 0;

	if (watched < LEAST_PARTS * at->seconds * 1e9 || watched <= 0)
		return -1;
	return between(s->stalled, at) / watched;
}

static void judge(const struct plan *p, const struct sums *s, double *levels,
		  struct verdict_pressure *ret)
{
	double usual, sum = 0;
	size_t cnt = 0;

	for (uint32_t b = 0; b < p->block_cnt; b++) {
		levels[cnt] = level_in(s, &p->blocks[b].at);
		cnt += levels[cnt] >= 0;
	}
	if (!cnt)
		return;
	ret->baseline = score_quantile(levels, cnt, 0.5);
	usual = score_quantile(levels, cnt, USUAL);
	for (uint32_t k = 0; k < p->incident_cnt; k++) {
		double level = level_in(s, &p->incidents[k].at);

		if (level < 0)
			continue;
		ret->of++;
		sum += level;
		ret->rose += level >= ret->baseline + LEAST_RISE && level > usual;
	}
	if (ret->of)
		ret->incident = sum / ret->of;
	ret->has_risen = ret->rose && 2 * ret->rose >= p->incident_cnt &&
			 (ret->rose > 1 || p->incident_cnt == 1);
}

int strain_measure(const struct plan *p, const struct timeline *t, struct verdict *v)
{
	double *levels = calloc((size_t)p->block_cnt + 1, sizeof(*levels));
	int r = levels ? 0 : -ENOMEM;

	for (unsigned int i = 0; !r && i < PRESSURE_CNT; i++) {
		struct sums s = {NULL, NULL};

		r = sums_init(&s, t, i);
		if (!r)
			judge(p, &s, levels, &v->pressure[i]);
		free(s.stalled);
		free(s.watched);
	}
	free(levels);
	return r;
}
