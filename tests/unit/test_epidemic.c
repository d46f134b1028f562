// SPDX-License-Identifier: Apache-2.0
#include "incident/epidemic.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "unit/tap.h"

#define POINTS 600

static uint64_t state;

static double uniform(void)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* Noise of standard deviation 1 around 10, with that lag-1 correlation. */
static void noise(double *x, uint64_t seed, double correlation)
{
	double v = 0;

	state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	for (size_t i = 0; i < POINTS; i++) {
		v = correlation * v + sqrt(1 - correlation * correlation) * normal();
		x[i] = 10 + v;
	}
}

static void add(double *x, size_t from, size_t until, double rise)
{
	for (size_t i = from; i < until; i++)
		x[i] += rise;
}

static const struct epidemic_opts usual = {.shortest = 2, .longest = 40, .false_alarm = 0.01};

static void test_known(void)
{
	static const size_t truth[][2] = {{80, 95}, {200, 204}, {333, 363}, {500, 510}};
	struct epidemic_list l;
	double x[POINTS];
	unsigned int found = 0, exact = 0;

	for (uint64_t seed = 1; seed <= 50; seed++) {
		noise(x, seed, 0);
		for (size_t i = 0; i < ARRAY_SIZE(truth); i++)
			add(x, truth[i][0], truth[i][1], 5);
		if (epidemic_find(x, POINTS, &usual, &l))
			exit(2);
		for (size_t i = 0; i < l.cnt; i++)
			for (size_t k = 0; k < ARRAY_SIZE(truth); k++) {
				size_t from = l.items[i].from, until = l.items[i].until;

				found += from < truth[k][1] && until > truth[k][0];
				exact += from + 1 >= truth[k][0] && from <= truth[k][0] + 1 &&
					 until + 1 >= truth[k][1] && until <= truth[k][1] + 1;
			}
		epidemic_list_release(&l);
	}
	printf("# of 200 stretches: found %u, both ends within a point %u\n", found, exact);
	ok(found >= 198 && found <= 204, "five standard deviations are found, once each");
	ok(exact >= 190, "…and where they are");
}

static void test_figures(void)
{
	struct epidemic_list l;
	double x[POINTS];

	for (size_t i = 0; i < POINTS; i++)
		x[i] = i % 2 ? 9 : 11;
	add(x, 300, 320, 10);
	is_i64(epidemic_find(x, POINTS, &usual, &l), 0, "a series without chance");
	is_u64(l.cnt, 1, "…has its one stretch");
	ok(l.cnt == 1 && l.items[0].from == 300 && l.items[0].until == 320, "…exactly");
	ok(l.cnt == 1 && l.items[0].rise > 8.9 && l.items[0].rise < 11.1, "…of that height");
	ok(fabs(l.median - 11) < 1e-9 || fabs(l.median - 10) < 1e-9, "…the median");
	ok(l.items[0].score > 0, "…a score above the penalty");
	epidemic_list_release(&l);
}

static unsigned int alarms(double correlation, unsigned int series)
{
	struct epidemic_list l;
	double x[POINTS];
	unsigned int n = 0;

	for (uint64_t seed = 1; seed <= series; seed++) {
		noise(x, 1000 + seed, correlation);
		if (epidemic_find(x, POINTS, &usual, &l))
			exit(2);
		n += l.cnt > 0;
		epidemic_list_release(&l);
	}
	printf("# correlation %.1f: %u of %u series of noise have a stretch\n", correlation, n,
	       series);
	return n;
}

static void test_noise(void)
{
	ok(alarms(0, 400) <= 12, "independent noise: an alarm in at most 3%% of the series");
	ok(alarms(0.5, 400) <= 12, "correlated noise: the same");
	ok(alarms(0.9, 400) <= 20, "strongly correlated noise: at most 5%%");
}

static void test_shapes(void)
{
	struct epidemic_list l;
	double x[POINTS];

	noise(x, 7, 0);
	for (size_t i = 20; i < POINTS; i += 90)
		x[i] += 50;
	is_i64(epidemic_find(x, POINTS, &usual, &l), 0, "single points that are far off");
	is_u64(l.cnt, 0, "…are no stretch");
	epidemic_list_release(&l);
	noise(x, 8, 0);
	add(x, 100, 130, -8);
	is_i64(epidemic_find(x, POINTS, &usual, &l), 0, "a fall");
	is_u64(l.cnt, 0, "…is no rise");
	epidemic_list_release(&l);
	noise(x, 9, 0);
	for (size_t i = 0; i < POINTS; i++)
		x[i] += 8 * sin(2 * M_PI * (double)i / POINTS);
	is_i64(epidemic_find(x, POINTS, &usual, &l), 0, "what comes and goes slowly");
	is_u64(l.cnt, 0, "…is usual at its time");
	epidemic_list_release(&l);
	noise(x, 10, 0);
	add(x, 200, 220, 8);
	x[210] = NAN;
	is_i64(epidemic_find(x, POINTS, &usual, &l), 0, "a gap inside");
	is_u64(l.cnt, 2, "…makes two of it");
	ok(l.cnt == 2 && l.items[0].until == 210 && l.items[1].from == 211, "…on its two sides");
	epidemic_list_release(&l);
}

static void test_bounds(void)
{
	struct epidemic_opts o = usual;
	struct epidemic_list l;
	double x[POINTS] = {0};

	is_i64(epidemic_find(x, POINTS, &o, &l), 0, "a constant");
	ok(!l.cnt && l.scale == 0, "…has nothing");
	epidemic_list_release(&l);
	is_i64(epidemic_find(x, 0, &o, &l), 0, "no point at all");
	is_u64(l.cnt, 0, "…nothing either");
	epidemic_list_release(&l);
	is_i64(epidemic_find(x, 1, &o, &l), 0, "one point");
	epidemic_list_release(&l);
	for (size_t i = 0; i < POINTS; i++)
		x[i] = NAN;
	is_i64(epidemic_find(x, POINTS, &o, &l), 0, "nothing but gaps");
	is_u64(l.cnt, 0, "…nothing");
	epidemic_list_release(&l);
	o.shortest = 0;
	is_i64(epidemic_find(x, POINTS, &o, &l), -EINVAL, "no length");
	o = usual;
	o.longest = 1;
	is_i64(epidemic_find(x, POINTS, &o, &l), -EINVAL, "the longest shorter than the shortest");
	o = usual;
	o.false_alarm = 0;
	is_i64(epidemic_find(x, POINTS, &o, &l), -EINVAL, "no false alarm ever");
	o = usual;
	o.longest = EPIDEMIC_MAX_LONGEST + 1;
	is_i64(epidemic_find(x, POINTS, &o, &l), -E2BIG, "too long: the time is bounded");
}

int main(void)
{
	test_known();
	test_figures();
	test_noise();
	test_shapes();
	test_bounds();
	return tap_done();
}
