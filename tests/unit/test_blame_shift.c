// SPDX-License-Identifier: Apache-2.0
/* The p-value against shifted times: uniform where there is nothing, at its floor where there is, and
 * with as few places as a schedule leaves. */
#include "blame/shift.h"
#include "unit/blame_world.h"
#include "unit/tap.h"

#define WORLDS 300

struct measured {
	double best_p, culprit_p;
	uint32_t places;
};

/* p of what stands out most, and of the culprit. */
static bool measure(const struct world *w, struct measured *ret)
{
	struct blame_opts o = {.allowed_error = 0.05};
	struct verdict v = {.kind = VERDICT_NEED_MORE};
	struct axis axis = {.cnt = 0};
	struct plan plan = {.axis = NULL};
	struct scorer scorer = {.t = NULL};
	struct shifts shifts = {.cnt = 0};
	double best = -INFINITY, culprit = NAN, t;
	struct score score;
	struct err err;
	int r;

	r = axis_init(&axis, w->t, 0);
	if (!r)
		r = plan_init(&plan, &axis, w->labels, w->o.k, &o, &v, &err);
	if (!r)
		r = scorer_init(&scorer, w->t, &axis, &plan);
	if (!r)
		r = shifts_init(&shifts, &axis, &plan);
	for (uint32_t e = 0; !r && e < w->t->entity_cnt; e++) {
		score_entity(&scorer, e, true, &score);
		t = shifts_count(&shifts, &scorer);
		best = t > best ? t : best;
		if (str_eq(timeline_name(w->t, e), STR_LIT("culprit")))
			culprit = t;
	}
	if (!r)
		*ret = (struct measured){shifts_p(&shifts, best), shifts_p(&shifts, culprit),
					 shifts.cnt};
	shifts_release(&shifts);
	scorer_release(&scorer);
	plan_release(&plan);
	axis_release(&axis);
	for (size_t i = 0; i < v.note_cnt; i++)
		free(v.notes[i]);
	free(v.notes);
	return !r;
}

static int ascending(const void *va, const void *vb)
{
	const double *a = va, *b = vb;

	return (*a > *b) - (*a < *b);
}

/* Kolmogorov and Smirnov: the largest distance to the uniform distribution. */
static double distance(double *p, size_t cnt)
{
	double most = 0;

	qsort(p, cnt, sizeof(*p), ascending);
	for (size_t i = 0; i < cnt; i++)
		most = fmax(most, fmax(p[i] - (double)i / (double)cnt,
				       (double)(i + 1) / (double)cnt - p[i]));
	return most;
}

static const struct world_opts quiet = {
	.services = 15,
	.rare = 5,
	.windows = 360,
	.window_s = 10,
	.cpus = 8,
	.incident_s = 60,
	.k = 3,
	.hz = 97,
};

static void test_null(void)
{
	double p[WORLDS];
	size_t cnt = 0, small = 0;

	for (uint64_t seed = 0; seed < WORLDS; seed++) {
		struct world_opts o = quiet;
		struct measured m;
		struct world w;

		o.seed = 500 + seed;
		if (!world_make(&w, &o))
			break;
		if (measure(&w, &m) && m.places)
			p[cnt++] = m.best_p;
		world_release(&w);
	}
	for (size_t i = 0; i < cnt; i++)
		small += p[i] <= 0.05;
	ok(cnt >= WORLDS / 2, "worlds without a culprit whose incidents share no clock: %zu", cnt);
	printf("# p <= 0.05 in %zu of %zu\n", small, cnt);
	ok(distance(p, cnt) < 1.63 / sqrt((double)cnt), "p is uniform there (KS, 1 %%)");
	ok(small <= cnt / 10, "and at most twice as often below 0.05 as it should be");
}

static void test_culprit(void)
{
	unsigned int seen = 0, clear = 0;

	for (uint64_t seed = 0; seed < 30; seed++) {
		struct world_opts o = quiet;
		struct measured m;
		struct world w;

		o.seed = 900 + seed;
		o.culprit = 4;
		if (!world_make(&w, &o))
			break;
		if (measure(&w, &m) && m.places) {
			seen++;
			clear += m.culprit_p <= 0.02;
		}
		world_release(&w);
	}
	ok(seen >= 15 && clear >= seen - 1,
	   "a culprit that takes half of the machine: p <= 0.02 in %u of %u", clear, seen);
}

static void test_clock(void)
{
	struct world_opts o = quiet;
	struct measured m = {0};
	struct world w;

	o.seed = 7;
	o.windows = 24 * 360;
	o.clock = WORLD_HOURLY;
	if (!ok(world_make(&w, &o), "a day, incidents by the hour"))
		return;
	ok(measure(&w, &m), "is measured");
	ok(m.places <= 24, "only whole hours are other times: %u", m.places);
	world_release(&w);
}

int main(void)
{
	test_null();
	test_culprit();
	test_clock();
	return tap_done();
}
