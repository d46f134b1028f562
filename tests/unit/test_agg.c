// SPDX-License-Identifier: Apache-2.0
#include "agg/agg.h"

#include <errno.h>

#include "model/builder.h"
#include "unit/tap.h"

#define S  NSEC_PER_SEC
#define MS (NSEC_PER_SEC / 1000)

struct windows {
	struct profile *p[64];
	size_t cnt;
	int fail;
};

static int keep(void *arg, struct profile *window)
{
	struct windows *w = arg;

	if (w->fail) {
		profile_free(window);
		return w->fail;
	}
	w->p[w->cnt++] = window;
	return 0;
}

static void drop(struct windows *w)
{
	for (size_t i = 0; i < w->cnt; i++)
		profile_free(w->p[i]);
	w->cnt = 0;
}

static struct agg *start(struct windows *w, uint64_t window_ns, uint64_t mono_ns, int64_t offset)
{
	struct agg_opts opts = {.window_ns = window_ns,
				.cpus = 2,
				.hz = 97,
				.mono_ns = mono_ns,
				.wall_offset_ns = offset};
	struct agg *a;

	if (agg_new(&opts, keep, w, &a))
		exit(99);
	return a;
}

static int sample(struct agg *a, uint64_t mono_ns, const char *process, const char *leaf)
{
	struct agg_frame frames[] = {{STR_LIT("main"), STR_LIT("prog"), FRAME_USER, NULL},
				     {{leaf, strlen(leaf)}, STR_LIT("prog"), FRAME_USER, NULL}};
	uint32_t id;
	struct agg_sample s = {
		.mono_ns = mono_ns,
		.weight_ns = 10 * MS,
		.process = {process, strlen(process)},
	};
	int r = agg_open(a, mono_ns);

	for (size_t i = 0; !r && i < 2; i++) {
		r = agg_frame(a, &frames[i], &id);
		if (!r)
			r = agg_stack(a, s.node, id, &s.node);
	}
	return r ? r : agg_sample(a, &s);
}

static void test_alignment(void)
{
	struct windows w = {0};
	struct agg *a = start(&w, 10 * S, 3 * S, (int64_t)(1000 * S)); /* wall 1003 s */

	ok(!sample(a, 4 * S, "a", "x"), "a sample in the first, short window");
	ok(!sample(a, 12 * S, "a", "x"), "a sample in the second window");
	is_u64(w.cnt, 1, "…seals the first one");
	is_i64(w.p[0]->start_ns, (int64_t)(1003 * S),
	       "the first window begins where watching began");
	is_u64(w.p[0]->length_ns, 7 * S, "…and ends at the boundary");
	is_u64(w.p[0]->capacity_ns, 14 * S, "…with two CPUs");
	is_u64(w.p[0]->total, 10 * MS, "…and holds its sample");
	ok(!agg_advance(a, 40 * S, (int64_t)(1000 * S)), "time goes on");
	is_u64(w.cnt, 4, "windows without samples are sealed too");
	is_i64(w.p[1]->start_ns, (int64_t)(1010 * S), "aligned");
	is_u64(w.p[2]->total, 0, "nothing ran");
	is_u64(w.p[2]->length_ns, 10 * S, "…for 10 s");
	ok(!agg_finish(a, 44 * S), "the end");
	is_u64(w.cnt, 5, "the last window is cut");
	is_u64(w.p[4]->length_ns, 4 * S, "…and says so");
	agg_free(a);
	drop(&w);
}

static void test_clock_steps(void)
{
	struct windows w = {0};
	struct agg *a = start(&w, 10 * S, 0, (int64_t)(1000 * S));
	uint64_t total = 0;

	for (uint64_t t = 1; t < 60; t++) {
		/* the wall clock is set back by an hour, later forth by a day */
		int64_t offset = (int64_t)((t < 20   ? 1000
					    : t < 40 ? 1000 - 3600 + 5000
						     : 90000) *
					   S);

		if (sample(a, t * S, "a", "x") || agg_advance(a, t * S, offset))
			break;
	}
	ok(!agg_finish(a, 60 * S), "finished");
	for (size_t i = 0; i < w.cnt; i++) {
		total += w.p[i]->total_cnt;
		ok(w.p[i]->length_ns <= 10 * S, "window %zu is not longer than a window", i);
	}
	is_u64(total, 59, "no sample is lost when the wall clock is set");
	agg_free(a);
	drop(&w);
}

static void test_drift(void)
{
	struct windows w = {0};
	struct agg *a = start(&w, 1 * S, 0, (int64_t)(5 * S));

	for (uint64_t t = 0; t < 20; t++) /* the wall clock gains 100 us each second */
		ok(!agg_advance(a, t * S, (int64_t)(5 * S + t * 100000)), "second %" PRIu64, t);
	for (size_t i = 0; i < w.cnt; i++) {
		is_u64((uint64_t)w.p[i]->start_ns % S, 0, "window %zu starts at a boundary", i);
		ok(w.p[i]->length_ns > 98 * S / 100, "…and is no splinter");
	}
	agg_free(a);
	drop(&w);
}

static void test_sums(void)
{
	struct windows w = {0};
	struct agg *a = start(&w, 0, 100, 0);

	for (int i = 0; i < 5; i++)
		ok(!sample(a, 200, "a", "x"), "same stack");
	ok(!sample(a, 200, "a", "y") && !sample(a, 200, "b", "x"), "other stack, other process");
	ok(!sample(a, 50, "a", "x"), "a sample from before the window");
	agg_lost(a, LOSS_RING_FULL, 3);
	ok(!agg_finish(a, 1000), "one window for all");
	is_u64(w.cnt, 1, "one profile");
	is_u64(w.p[0]->sample_cnt, 3, "equal samples are one entry");
	is_u64(w.p[0]->samples[0].cnt, 5, "…with their count");
	is_u64(w.p[0]->total_cnt, 7, "all counted");
	is_u64(w.p[0]->lost[LOSS_LATE], 0, "what was before the first window is no loss");
	is_u64(w.p[0]->lost[LOSS_RING_FULL], 3, "losses travel with the window");
	is_u64(w.p[0]->length_ns, 900, "length");
	agg_free(a);
	drop(&w);
}

/* A sample of a process that stands for so much time; `now` is in the open window. */
static int weigh(struct agg *a, uint64_t now, uint64_t weight_ns)
{
	struct agg_sample s = {.mono_ns = now, .weight_ns = weight_ns, .process = STR_LIT("a")};
	int r = agg_open(a, now);

	return r ? r : agg_sample(a, &s);
}

static void test_rate(void)
{
	struct windows w = {0};
	struct agg *a = start(&w, 10 * S, 0, 0);
	int r = 0;

	for (uint64_t i = 0; i < 97; i++)
		r |= weigh(a, i, S / 97);
	for (uint64_t i = 0; i < 97; i++)
		r |= weigh(a, 10 * S + i, S / (i < 65 ? 97 : 48));
	r |= weigh(a, 20 * S, S / 48);
	r |= agg_finish(a, 40 * S);
	is_i64(r, 0, "windows with changing rates");
	is_u64(w.cnt, 4, "four of them");
	is_near(w.p[0]->hz, 97, 0, "the rate that was asked for, to the last digit");
	is_near(w.p[1]->hz, 97 / (65 / 97. + 32 / 48.), 0.001, "a mean of the two");
	is_u64(w.p[1]->total, 65 * (S / 97) + 32 * (S / 48), "…with the weights as they are");
	is_near(w.p[2]->hz, 48, 0.00001, "the new one");
	is_near(w.p[3]->hz, 48, 0.00001, "which holds where nothing ran");
	agg_free(a);
	drop(&w);
}

static void test_late(void)
{
	struct windows w = {0};
	struct agg *a = start(&w, 1 * S, 0, 0);

	ok(!sample(a, 1 * S + 5, "a", "x"), "the first window is sealed");
	ok(!sample(a, 1 * S - 5, "a", "x"), "a sample that belongs into it comes after");
	ok(!agg_finish(a, 2 * S), "the end");
	is_u64(w.cnt, 2, "two windows");
	is_u64(w.p[0]->total_cnt + w.p[1]->total_cnt, 1, "the late one is in none");
	is_u64(w.p[1]->lost[LOSS_LATE], 1, "…and counted as lost");
	agg_free(a);
	drop(&w);
}

static void test_sink_failure(void)
{
	struct windows w = {.fail = -ENOSPC};
	struct agg *a = start(&w, 1 * S, 0, 0);

	is_i64(agg_advance(a, 5 * S, 0), -ENOSPC, "what the sink says comes back");
	w.fail = 0;
	ok(!agg_advance(a, 5 * S, 0) && w.cnt == 4, "and the next windows go on");
	agg_free(a);
	drop(&w);
}

static void test_series_full(void)
{
	struct windows w = {0};
	struct agg *a = start(&w, 0, 0, 0);
	uint64_t max = builder_limits_window.max_series, bad = 0;
	char name[32];

	for (uint64_t i = 0; i < max + 3; i++) {
		(void)snprintf(name, sizeof(name), "p%" PRIu64, i);
		bad += !!sample(a, 1, name, "x");
	}
	bad += !!sample(a, 1, "p7", "x");
	is_u64(bad, 0, "a full table is no failure");
	ok(!agg_finish(a, 1000) && w.cnt == 1, "sealed");
	is_u64(w.p[0]->lost[LOSS_SERIES_FULL], 3,
	       "what finds no room for its series is counted so");
	is_u64(w.p[0]->lost[LOSS_STACKS_FULL], 0, "...and as nothing else");
	is_u64(w.p[0]->total_cnt, max + 1, "series that are there take more");
	agg_free(a);
	drop(&w);
}

static void test_last_moment(void)
{
	struct windows w = {0};
	struct agg *a = start(&w, 0, 5, 0);

	ok(!sample(a, UINT64_MAX, "a", "x"), "one window holds even the end of time");
	ok(!agg_finish(a, UINT64_MAX) && w.cnt == 1, "...and is sealed once");
	agg_free(a);
	drop(&w);
}

static size_t describe(void *arg, struct str cgroup, struct str labels[][2])
{
	(*(int *)arg)++;
	labels[0][0] = STR_LIT("unit");
	labels[0][1] = (struct str){cgroup.p + 1, cgroup.len - 1};
	return 1;
}

static void test_describe(void)
{
	int calls = 0;
	struct windows w = {.cnt = 0};
	struct agg_opts opts = {.window_ns = 10 * S,
				.cpus = 2,
				.hz = 97,
				.describe = describe,
				.describe_arg = &calls};
	struct agg_sample s = {.weight_ns = 10 * MS, .process = STR_LIT("p")};
	struct str unit;
	struct agg *a;

	if (agg_new(&opts, keep, &w, &a))
		exit(99);
	for (int i = 0; i < 40; i++) {
		s.mono_ns = (uint64_t)i * S / 2;
		s.cgroup = i % 2 ? STR_LIT("/web.service") : (struct str){NULL, 0};
		ok(!agg_open(a, s.mono_ns) && !agg_sample(a, &s), "sample %d", i);
	}
	ok(!agg_finish(a, 20 * S) && w.cnt == 2, "two windows");
	is_u64((uint64_t)calls, 2, "a control group is described once a window");
	ok(w.p[0]->series_cnt == 2 && w.p[1]->series_cnt == 2, "two series in each");
	unit = profile_label(w.p[1], 1, STR_LIT("unit"));
	ok(unit.len == 11 && !memcmp(unit.p, "web.service", 11), "with the labels it was given");
	ok(!profile_label(w.p[1], 0, STR_LIT("unit")).len, "none without a control group");
	agg_free(a);
	drop(&w);
}

static bool near(uint64_t got, uint64_t want)
{
	return got + MS > want && want + MS > got;
}

/* Readings a second apart, windows of ten: each has what was waited in it, as far as it was watched. */
static void test_pressure(void)
{
	enum { CPU_ONLY = 1 << PRESSURE_CPU, ALL = 7 };
	uint64_t total[PRESSURE_CNT] = {77 * S, 5 * S, UINT64_MAX - S};
	struct windows w = {0};
	struct agg *a = start(&w, 10 * S, 1000 * S, 0);

	/* io is waited for from 1013 on, half of the time; the CPU always a tenth; memory goes over */
	for (uint64_t t = 1000 * S + 300 * MS; t < 1031 * S; t += S) {
		agg_pressure(a, t, total, t < 1026 * S ? ALL : CPU_ONLY);
		ok(!agg_advance(a, t - 250 * MS, 0), "advance");
		total[PRESSURE_CPU] += S / 10;
		total[PRESSURE_IO] += t > 1013 * S ? S / 2 : 0;
		total[PRESSURE_MEMORY] += S / 4;
	}
	is_u64(w.cnt, 3, "three windows");
	/* from the first reading to the last one before the seal */
	ok(near(w.p[0]->pressure[PRESSURE_CPU].watched_ns, 9700 * MS) &&
		   near(w.p[0]->pressure[PRESSURE_CPU].stalled_ns, 970 * MS),
	   "what was watched of the first window");
	ok(near(w.p[1]->pressure[PRESSURE_CPU].watched_ns, 10 * S) &&
		   near(w.p[1]->pressure[PRESSURE_CPU].stalled_ns, S),
	   "readings over the edge are shared");
	is_u64(w.p[0]->pressure[PRESSURE_IO].stalled_ns, 0, "nobody waits for disks");
	ok(near(w.p[1]->pressure[PRESSURE_IO].stalled_ns, 3350 * MS), "…then half of the time");
	ok(near(w.p[2]->pressure[PRESSURE_IO].watched_ns, 5300 * MS),
	   "what is known no more is not watched");
	ok(w.p[0]->pressure[PRESSURE_MEMORY].watched_ns < 9700 * MS &&
		   pressure_share(&w.p[0]->pressure[PRESSURE_MEMORY]) <= 0.26,
	   "a total that falls begins anew");
	agg_pressure(a, 1029 * S, total, ALL);
	ok(!agg_finish(a, 1035 * S), "finish");
	ok(w.cnt == 4 && w.p[3]->pressure[PRESSURE_CPU].watched_ns <= S,
	   "a reading of the past is none");
	agg_free(a);
	drop(&w);
}

int main(void)
{
	test_alignment();
	test_series_full();
	test_last_moment();
	test_clock_steps();
	test_drift();
	test_sums();
	test_rate();
	test_describe();
	test_late();
	test_sink_failure();
	test_pressure();
	return tap_done();
}
