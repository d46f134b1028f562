// SPDX-License-Identifier: Apache-2.0
#include "ship/pull_steps.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_NS	     (600 * NSEC_PER_SEC)
#define USUAL_NS     (15 * NSEC_PER_SEC)
#define MAX_STEP_S   300
#define ENOUGH	     4	  /* windows */
#define MAX_POINTS   2160 /* of a curve in one answer: six hours of 10 s */
#define NS_OF_MS(ms) ((ms)*INT64_C(1000000))

static int by_value(const void *va, const void *vb)
{
	const int64_t *a = va, *b = vb;

	return (*a > *b) - (*a < *b);
}

/* The distance in seconds that is there most often; of two, the shorter. 0: none. */
static unsigned int usual_distance(const int64_t *at_ms, size_t cnt)
{
	unsigned int seen[MAX_STEP_S + 1] = {0}, best = 0;

	for (size_t i = 1; i < cnt; i++) {
		int64_t s = (at_ms[i] - at_ms[i - 1] + 500) / 1000;

		if (s > 0 && s <= MAX_STEP_S)
			seen[s]++;
	}
	for (unsigned int s = 1; s <= MAX_STEP_S; s++)
		if (seen[s] > seen[best])
			best = s;
	return best;
}

/* Where most windows begin within a step: of the rest some were restarts, or somebody else's. */
static int64_t usual_phase_ms(const int64_t *at_ms, size_t cnt, unsigned int step_s)
{
	unsigned int seen[MAX_STEP_S] = {0};
	int64_t step_ms = step_s * INT64_C(1000), best_ms = at_ms[0] % step_ms;

	for (size_t i = 0; i < cnt; i++) {
		int64_t phase_ms = at_ms[i] % step_ms;

		if (++seen[phase_ms / 1000] > seen[best_ms / 1000])
			best_ms = phase_ms;
	}
	return best_ms;
}

void pull_steps_from(const int64_t *at_ms, size_t cnt, struct pull_steps *ret)
{
	int64_t *sorted = calloc(cnt + 1, sizeof(*sorted));
	unsigned int step_s = 0;

	*ret = (struct pull_steps){.step_ns = USUAL_NS};
	if (sorted && cnt >= ENOUGH) {
		memcpy(sorted, at_ms, cnt * sizeof(*sorted));
		qsort(sorted, cnt, sizeof(*sorted), by_value);
		step_s = usual_distance(sorted, cnt);
	}
	if (step_s)
		*ret = (struct pull_steps){
			.step_ns = step_s * NSEC_PER_SEC,
			.phase_ns = NS_OF_MS(usual_phase_ms(sorted, cnt, step_s)),
			.is_known = true,
		};
	free(sorted);
}

/* Times of the points of a range that is looked at closely. */
static int look(struct querier *q, struct time_range range, struct pull_steps *ret, struct err *err)
{
	struct query_series series;
	int64_t *at_ms = NULL;
	size_t cnt = 0;
	int r;

	/* whole seconds: a point's time is then the start of its window, rounded up */
	range.from_ns -= range.from_ns % (int64_t)NSEC_PER_SEC;
	r = querier_series(q, STR_LIT(""), range, NSEC_PER_SEC, &series, err);
	if (!r && series.cnt) {
		at_ms = calloc(series.curves[0].point_cnt + 1, sizeof(*at_ms));
		r = at_ms ? 0 : err_set(err, ENOMEM, "out of memory");
		for (size_t i = 0; !r && i < series.curves[0].point_cnt; i++)
			if (series.curves[0].points[i].value)
				at_ms[cnt++] = series.curves[0].points[i].at_ms;
	}
	if (!r)
		pull_steps_from(at_ms, cnt, ret);
	free(at_ms);
	query_series_release(&series);
	return r;
}

int pull_steps_find(struct querier *q, struct time_range range, struct pull_steps *ret,
		    struct err *err)
{
	struct time_range part = range;
	int r;

	if (range.until_ns - range.from_ns <= (int64_t)LOOK_NS)
		return look(q, range, ret, err);
	part.until_ns = range.from_ns + (int64_t)LOOK_NS;
	r = look(q, part, ret, err);
	if (r || ret->is_known)
		return r;
	part = range;
	part.from_ns = range.until_ns - (int64_t)LOOK_NS;
	return look(q, part, ret, err);
}

int64_t pull_steps_align(const struct pull_steps *s, int64_t from_ns)
{
	int64_t step_ns = (int64_t)s->step_ns, over_ns = (from_ns - s->phase_ns) % step_ns;

	if (over_ns < 0)
		over_ns += step_ns;
	return over_ns ? from_ns + step_ns - over_ns : from_ns;
}

int64_t pull_steps_start(const struct pull_steps *s, int64_t at_ms)
{
	int64_t at_ns = NS_OF_MS(at_ms);

	return s->is_known ? at_ns - (int64_t)NSEC_PER_SEC / 2 : at_ns - (int64_t)s->step_ns / 2;
}

uint64_t pull_steps_longest(const struct pull_steps *s)
{
	uint64_t longest_ns = s->step_ns * MAX_POINTS;

	if (longest_ns > QUERIER_MAX_RANGE_NS)
		longest_ns = QUERIER_MAX_RANGE_NS - QUERIER_MAX_RANGE_NS % s->step_ns;
	return longest_ns;
}
