// SPDX-License-Identifier: Apache-2.0
/* When samples were taken: from the aggregator and the builder into profiles, and along with merges. */
#include "model/builder.h"

#include <errno.h>

#include "agg/agg.h"
#include "model/matcher.h"
#include "unit/profiles.h"
#include "unit/tap.h"

#define MS INT64_C(1000000)

static uint32_t series_of(struct builder *b, const char *process)
{
	uint32_t id;

	must(builder_process(b, str_of(process), &id), process);
	return id;
}

static uint32_t node_of(struct builder *b, const char *name)
{
	uint32_t frame, node;

	must(builder_frame(b, str_of(name), STR_LIT(""), FRAME_USER, &frame), name);
	must(builder_stack(b, 0, frame, &node), name);
	return node;
}

static void put(struct builder *b, const char *process, const char *name, int64_t at_ns)
{
	uint32_t series = series_of(b, process), node = node_of(b, name);

	must(builder_sample(b, series, node, 10, 1), "sample");
	must(builder_moment(b, series, node, at_ns, 10, 1), "moment");
}

static bool is_moment(const struct profile *p, size_t i, const char *process, const char *name,
		      int64_t at_ns, uint32_t cnt)
{
	const struct moment *m = &p->moments[i];
	const struct sample *s = &p->samples[m->sample];

	return i < p->moment_cnt && m->at_ns == at_ns && m->cnt == cnt && m->weight == 10U * cnt &&
	       str_eq(profile_label(p, s->series, STR_LIT("process")), str_of(process)) &&
	       str_eq(profile_str(p, p->frames[p->nodes[s->node].frame].name), str_of(name));
}

static struct profile *two(void)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
	struct profile *p;

	(void)node_of(b, "late"); /* numbers that are not in order of the samples */
	put(b, "q", "f", 1000 * MS);
	put(b, "p", "late", 59 * MS);
	put(b, "q", "f", 1019 * MS);
	put(b, "p", "f", 40 * MS);
	must(builder_seal(b, &p), "seal");
	builder_free(b);
	return p;
}

static void test_order(void)
{
	struct profile *p = two();

	is_u64(p->moment_cnt, 3, "those of one sample in one step are one");
	ok(is_moment(p, 2, "q", "f", 1000 * MS, 2), "with both counts");
	ok((is_moment(p, 0, "p", "late", 40 * MS, 1) && is_moment(p, 1, "p", "f", 40 * MS, 1)) ||
		   (is_moment(p, 1, "p", "late", 40 * MS, 1) &&
		    is_moment(p, 0, "p", "f", 40 * MS, 1)),
	   "by time, each with its own sample");
	is_u64(profile_timed_cnt(p), p->total_cnt, "every sample has its time");
	ok(p->total == 40 && p->total_cnt == 4, "nothing weighs twice");
	ok(moment_step(-1) == -MOMENT_NS && moment_step(-MOMENT_NS) == -MOMENT_NS &&
		   moment_step(MOMENT_NS - 1) == 0,
	   "steps before 1970 are steps too");
	profile_free(p);
}

static void test_merge(void)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
	struct matcher *only_q = matcher_new();
	struct profile *p = two(), *sum;
	struct err err;

	put(b, "z", "other", 20 * MS);
	must(builder_add_profile(b, p, NULL), "add");
	must(builder_add_profile(b, p, NULL), "add");
	must(builder_seal(b, &sum), "seal");
	ok(sum->moment_cnt == 4 && is_moment(sum, 0, "z", "other", 20 * MS, 1) &&
		   is_moment(sum, 3, "q", "f", 1000 * MS, 4),
	   "a merge keeps them and adds what is the same");
	profile_free(sum);
	must(matcher_add(only_q, STR_LIT("process=q"), &err), "matcher");
	must(builder_add_profile(b, p, only_q), "add");
	must(builder_seal(b, &sum), "seal");
	ok(sum->moment_cnt == 1 && is_moment(sum, 0, "q", "f", 1000 * MS, 2),
	   "of the accepted series only");
	profile_free(sum);
	profile_free(p);
	matcher_free(only_q);
	builder_free(b);
}

static void test_ceiling(void)
{
	struct builder_limits limits = builder_limits_window;
	struct builder *b;
	uint32_t series, node;
	struct profile *p;

	limits.max_moments = 1;
	b = builder_new(&limits, PROFILE_NANOSECONDS);
	put(b, "p", "f", 0);
	series = series_of(b, "p");
	node = node_of(b, "f");
	must(builder_sample(b, series, node, 10, 1), "sample");
	is_i64(builder_moment(b, series, node, 0, 10, 1), -ENOSPC, "a full table refuses");
	must(builder_seal(b, &p), "seal");
	ok(p->total_cnt == 2 && profile_timed_cnt(p) == 1, "the sample stays, without its time");
	profile_free(p);
	builder_free(b);
}

static struct profile *window;

static int keep(void *arg, struct profile *p)
{
	profile_free(window);
	window = p;
	return 0;
}

static void agg_put(struct agg *a, uint64_t mono_ns)
{
	struct agg_frame frame = {STR_LIT("f"), STR_LIT(""), FRAME_USER, NULL};
	uint32_t id = 0;
	struct agg_sample s = {.mono_ns = mono_ns, .weight_ns = 10, .process = STR_LIT("p")};

	must(agg_open(a, mono_ns), "open");
	must(agg_frame(a, &frame, &id), "frame");
	must(agg_stack(a, 0, id, &s.node), "stack");
	must(agg_sample(a, &s), "sample");
}

/* The window's start was moved by 1 ms to a boundary; times follow the label and stay inside. */
static void test_windows(void)
{
	struct agg_opts opts = {.window_ns = NSEC_PER_SEC,
				.cpus = 1,
				.hz = 97,
				.mono_ns = 5000,
				.wall_offset_ns = 999 * MS - 5000,
				.moments = true};
	struct agg *a;

	must(agg_new(&opts, keep, NULL, &a), "agg");
	agg_put(a, 5000);
	agg_put(a, 5000 + 260 * (uint64_t)MS);
	agg_put(a, 5000 + NSEC_PER_SEC + (uint64_t)MS / 2);
	must(agg_finish(a, 5000 + NSEC_PER_SEC + (uint64_t)MS), "finish");
	ok(window && window->start_ns == 1000 * MS && window->moment_cnt == 3, "three moments");
	ok(window && is_moment(window, 0, "p", "f", 1000 * MS, 1) &&
		   is_moment(window, 1, "p", "f", 1260 * MS, 1) &&
		   is_moment(window, 2, "p", "f", 1980 * MS, 1),
	   "on the wall clock, none after the window's end");
	agg_free(a);
	opts.moments = false;
	must(agg_new(&opts, keep, NULL, &a), "agg");
	agg_put(a, 6000);
	must(agg_finish(a, 7000), "finish");
	ok(window && window->total_cnt == 1 && !window->moment_cnt, "none unless asked");
	agg_free(a);
	profile_free(window);
}

int main(void)
{
	test_order();
	test_merge();
	test_ceiling();
	test_windows();
	return tap_done();
}
