// SPDX-License-Identifier: Apache-2.0
#include "model/builder.h"

#include <errno.h>

#include "base/text.h"
#include "unit/profiles.h"
#include "unit/tap.h"

static const struct builder_limits tight = {
	.max_strings = 8,
	.max_frames = 3,
	.max_nodes = 3,
	.max_series = 2,
	.max_string_bytes = 1000,
	.max_samples = 2,
};

static void test_empty(void)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	struct profile *p = seal(b);

	ok(!p->sample_cnt && !p->total && !p->series_cnt, "nothing put in, nothing comes out");
	ok(p->node_cnt == 1 && p->frame_cnt == 1 && !profile_str(p, 0).len,
	   "…but the three that stand for none");
	is_i64(p->unit, PROFILE_NANOSECONDS, "the unit is the one asked for");
	profile_free(p);
	profile_free(NULL);
	builder_free(NULL);
}

/* Tables that are full refuse what is new; what is known goes on. */
static void test_ceilings(void)
{
	const struct str process_a[][2] = {{STR_LIT("process"), STR_LIT("a")}};
	struct builder *b = builder_new(&tight, PROFILE_SAMPLES);
	uint32_t f1, f2, again, n1, n2, s1, s2, out = 77;
	struct profile *p;

	must(builder_frame(b, STR_LIT("f"), STR_LIT(""), FRAME_USER, &f1), "f");
	must(builder_frame(b, STR_LIT("g"), STR_LIT(""), FRAME_USER, &f2), "g");
	is_i64(builder_frame(b, STR_LIT("f"), STR_LIT(""), FRAME_KERNEL, &out), -ENOSPC,
	       "a full table refuses a new frame");
	is_u64(out, 77, "…and gives no number");
	ok(!builder_frame(b, STR_LIT("f"), STR_LIT(""), FRAME_USER, &again) && again == f1,
	   "…but still knows an old one");
	must(builder_stack(b, 0, f1, &n1), "f");
	must(builder_stack(b, n1, f2, &n2), "f;g");
	is_i64(builder_stack(b, 0, f2, &out), -ENOSPC, "a full table refuses a new stack");
	ok(!builder_stack(b, n1, f2, &again) && again == n2, "…but still knows an old one");
	must(builder_process(b, STR_LIT("a"), &s1), "a");
	must(builder_process(b, STR_LIT("b"), &s2), "b");
	is_i64(builder_process(b, STR_LIT("c"), &out), -ENOSPC,
	       "a full table refuses a new series");
	ok(!builder_series(b, process_a, 1, &again) && again == s1, "…but still knows an old one");
	must(builder_sample(b, s1, n1, 5, 1), "1");
	must(builder_sample(b, s1, n2, 6, 1), "2");
	is_i64(builder_sample(b, s2, n2, 7, 1), -ENOSPC, "a full table refuses a new sample");
	is_i64(builder_sample(b, s1, n2, 7, 1), 0, "…but still adds to an old one");
	p = seal(b);
	ok(p->total == 18 && p->total_cnt == 3, "…and so are the totals");
	profile_free(p);
}

static void test_labels(void)
{
	const struct str labels[][2] = {
		{STR_LIT("process"), STR_LIT("x")}, {STR_LIT("zone"), STR_LIT("a")},
		{STR_LIT("app"), STR_LIT("shop")},  {STR_LIT("zone"), STR_LIT("b")},
		{STR_LIT("none"), STR_LIT("")},
	};
	const struct str sorted[][2] = {
		{STR_LIT("app"), STR_LIT("shop")},
		{STR_LIT("process"), STR_LIT("x")},
		{STR_LIT("zone"), STR_LIT("b")},
	};
	struct builder *b = builder_new(&builder_limits_window, PROFILE_SAMPLES);
	uint32_t id, same, bare;
	struct profile *p;

	must(builder_series(b, labels, 5, &id), "labels");
	must(builder_series(b, sorted, 3, &same), "sorted");
	must(builder_series(b, NULL, 0, &bare), "none");
	ok(id == same && bare != id, "order, repeats and empty values make no other series");
	p = seal(b);
	is_u64(p->series[id].label_cnt, 3, "three labels are left");
	for (uint32_t i = 0; i < 3; i++) {
		const struct label *l = &p->labels[p->series[id].first_label + i];

		ok(str_eq(profile_str(p, l->key), sorted[i][0]) &&
			   str_eq(profile_str(p, l->value), sorted[i][1]),
		   "label %u is in its place", i);
	}
	ok(!profile_label(p, bare, STR_LIT("process")).p, "a series without labels has none");
	profile_free(p);
}

static void test_samples(void)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_SAMPLES);
	uint32_t frame, deep, flat, s;
	struct profile *p;
	bool sorted = true;

	must(builder_process(b, STR_LIT("p"), &s), "p");
	must(builder_frame(b, STR_LIT("f"), STR_LIT("m"), FRAME_USER, &frame), "f");
	must(builder_stack(b, 0, frame, &flat), "f");
	must(builder_stack(b, flat, frame, &deep), "f;f");
	must(builder_sample(b, s, deep, 1, 1), "deep");
	must(builder_sample(b, s, 0, 4, 2), "empty stack");
	must(builder_sample(b, s, flat, 2, 1), "flat");
	must(builder_sample(b, s, deep, 10, 3), "deep again");
	must(builder_sample(b, s, flat, 0, 9), "weight 0");
	p = seal(b);
	is_u64(p->sample_cnt, 3, "one sample per series and stack");
	is_u64(p->total, 17, "the weights add up");
	is_u64(p->total_cnt, 7, "so do the counts; a weight of 0 is ignored");
	for (size_t i = 1; i < p->sample_cnt; i++)
		sorted = sorted && p->samples[i - 1].node < p->samples[i].node;
	ok(sorted, "samples are sorted by stack");
	ok(p->samples[2].weight == 11 && p->samples[2].cnt == 4, "what is alike is added");
	ok(p->nodes[deep].parent == flat && p->nodes[flat].parent == 0, "parents stand first");
	profile_free(p);
}

/* Many children of a node, many series of a stack, each met again in another order. */
static void test_wide(void)
{
	enum { WIDE = 300 };
	struct builder *b = builder_new(&builder_limits_window, PROFILE_SAMPLES);
	uint32_t frames[WIDE], children[WIDE], series[WIDE], node, parent;
	struct profile *p;
	size_t same = 0;
	char name[16];

	for (uint32_t i = 0; i < WIDE; i++) {
		(void)snprintf(name, sizeof(name), "n%u", i);
		must(builder_frame(b, str_of(name), STR_LIT("m"), FRAME_USER, &frames[i]), "frame");
		must(builder_process(b, str_of(name), &series[i]), "process");
	}
	must(builder_stack(b, 0, frames[0], &parent), "parent");
	for (uint32_t i = 0; i < WIDE; i++) {
		must(builder_stack(b, parent, frames[i], &children[i]), "child");
		must(builder_sample(b, series[i], parent, 1, 1), "sample");
	}
	for (uint32_t i = WIDE; i--;) {
		must(builder_stack(b, parent, frames[i], &node), "child");
		same += node == children[i];
		must(builder_sample(b, series[i], parent, 2, 1), "sample");
		must(builder_sample(b, series[0], children[i], 5, 1), "sample");
	}
	is_u64(same, WIDE, "each of 300 children is found again");
	p = seal(b);
	ok(p->node_cnt == WIDE + 2 && p->sample_cnt == 2 * WIDE && p->total == 8 * WIDE,
	   "…and each of 300 series of a stack");
	for (size_t i = 0; i < p->sample_cnt; i++)
		same -= p->samples[i].node == parent ? p->samples[i].weight == 3
						     : p->samples[i].weight == 5;
	is_i64((int64_t)same, -WIDE, "what is alike is added");
	profile_free(p);
}

static void test_overflow(void)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_SAMPLES);
	struct profile *p;
	uint32_t s;

	must(builder_process(b, STR_LIT("p"), &s), "p");
	must(builder_sample(b, s, 0, UINT64_MAX, UINT64_MAX), "most");
	must(builder_sample(b, s, 0, 5, 5), "more");
	builder_window(b, INT64_MAX - 5, UINT64_MAX, UINT32_MAX, 1);
	builder_window(b, INT64_MAX - 5, UINT64_MAX / 2, 7, 1);
	builder_lost(b, LOSS_RING_FULL, UINT64_MAX);
	builder_lost(b, LOSS_RING_FULL, 1);
	builder_lost(b, (enum loss)(LOSS_CNT + 1000), 1);
	p = seal(b);
	ok(p->total == UINT64_MAX && p->samples[0].weight == UINT64_MAX,
	   "weights stop at 2^64 - 1");
	ok(p->total_cnt == UINT64_MAX && p->samples[0].cnt == UINT64_MAX, "so do counts");
	ok(p->length_ns == UINT64_MAX && p->capacity_ns == UINT64_MAX, "…and times");
	ok(p->end_ns == INT64_MAX && p->start_ns == INT64_MAX - 5, "the end of time is the end");
	is_u64(p->lost[LOSS_RING_FULL], UINT64_MAX,
	       "…and losses; a reason out of range is dropped");
	profile_free(p);
}

static void test_windows(void)
{
	const int64_t s = (int64_t)NSEC_PER_SEC;
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS), *sum;
	struct profile *p, *q, *timeless;

	builder_window(b, 100 * s, 10 * NSEC_PER_SEC, 2, 97);
	builder_window(b, 90 * s, 10 * NSEC_PER_SEC, 4, 49);
	p = seal(b);
	ok(p->start_ns == 90 * s && p->end_ns == 110 * s, "from the earliest to the latest");
	ok(p->length_ns == 20 * NSEC_PER_SEC && p->window_cnt == 2, "lengths add up");
	ok(p->capacity_ns == 60 * NSEC_PER_SEC && p->cpus == 4 && p->hz == 49,
	   "so does capacity; the most CPUs, the last rate");
	b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	builder_window(b, 0, 0, 0, 0);
	timeless = seal(b);
	sum = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	must(builder_add_profile(sum, timeless, NULL), "timeless");
	must(builder_add_profile(sum, p, NULL), "p");
	must(builder_add_profile(sum, timeless, NULL), "timeless again");
	q = seal(sum);
	ok(q->start_ns == 90 * s && q->end_ns == 110 * s,
	   "what does not know its time does not stretch that of others");
	is_u64(q->window_cnt, 4, "…but is counted");
	profile_free(p);
	profile_free(q);
	profile_free(timeless);
}

/* Merging in any order, whole or by parts, gives the same sums as putting it all into one. */
static void test_merge(void)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	struct builder *parts[3], *all, *sum;
	struct profile *p, *q, *part[3];
	uint64_t random = 11;
	bool same;

	all = builder_new(&builder_limits_window, PROFILE_SAMPLES);
	for (int i = 0; i < 3; i++)
		parts[i] = builder_new(&builder_limits_window, PROFILE_SAMPLES);
	for (int i = 0; i < 3000; i++) {
		char line[64];
		int n = snprintf(line, sizeof(line), "%s", names[random >> 62]);

		for (unsigned int d = 0; d < (random >> 20) % 5; d++)
			n += snprintf(line + n, sizeof(line) - (size_t)n, ";%s",
				      names[(random >> (30 + 2 * d)) % 4]);
		put_stack(all, str_of(line), 1 + random % 9, 1);
		put_stack(parts[(random >> 50) % 3], str_of(line), 1 + random % 9, 1);
		random = random * 6364136223846793005u + 1442695040888963407u;
	}
	builder_lost(parts[1], LOSS_RING_FULL, 5);
	sum = builder_new(&builder_limits_window, PROFILE_SAMPLES);
	for (int i = 2; i >= 0; i--) {
		part[i] = seal(parts[i]);
		must(builder_add_profile(sum, part[i], NULL), "add");
		profile_free(part[i]);
	}
	p = seal(all);
	q = seal(sum);
	same = p->total == q->total && p->total_cnt == q->total_cnt &&
	       p->sample_cnt == q->sample_cnt && p->node_cnt == q->node_cnt;
	ok(same, "three parts added are the whole: totals, stacks, samples");
	is_u64(q->lost[LOSS_RING_FULL], 5, "losses come along");
	sum = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	is_i64(builder_add_profile(sum, p, NULL), -EINVAL, "samples and nanoseconds do not mix");
	builder_free(sum);
	profile_free(p);
	profile_free(q);
}

static void test_reuse(void)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_SAMPLES);
	struct profile *first, *second;

	put_stack(b, STR_LIT("p;f"), 3, 3);
	builder_window(b, 5, 5, 1, 1);
	builder_lost(b, LOSS_LATE, 2);
	must(builder_seal(b, &first), "seal");
	put_stack(b, STR_LIT("q;g"), 4, 4);
	second = seal(b);
	ok(first->total == 3 && second->total == 4 && !second->window_cnt &&
		   !second->lost[LOSS_LATE],
	   "nothing of one window is in the next");
	ok(second->series_cnt == 1 &&
		   str_eq(profile_label(second, 0, STR_LIT(LABEL_PROCESS)), STR_LIT("q")),
	   "…no series either");
	profile_free(first);
	profile_free(second);
}

int main(void)
{
	test_empty();
	test_ceilings();
	test_labels();
	test_samples();
	test_wide();
	test_overflow();
	test_windows();
	test_merge();
	test_reuse();
	return tap_done();
}
