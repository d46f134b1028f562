// SPDX-License-Identifier: Apache-2.0
#include "diff/diff.h"

#include <math.h>

#include "unit/profiles.h"
#include "unit/tap.h"

static struct diff *diff_of(const struct profile *a, const struct profile *b,
			    enum diff_normalise normalise)
{
	struct diff_options opt = {.normalise = normalise};
	struct diff *d;

	must(diff_new(a, b, &opt, &d), "diff");
	return d;
}

/* The node at the end of a path of names, UINT32_MAX = there is none. */
static uint32_t node_at(const struct diff *d, const char *path)
{
	struct str rest = str_of(path), name;
	uint32_t n = 0;

	while (str_split(&rest, ';', &name)) {
		uint32_t c = n + 1;

		while (c < d->nodes[n].end && !str_eq(diff_name(d, c), name))
			c = d->nodes[c].end;
		if (c >= d->nodes[n].end)
			return UINT32_MAX;
		n = c;
	}
	return n;
}

/* All that every diff must hold; the first thing that does not, or NULL. */
static const char *broken(const struct diff *d)
{
	for (uint32_t n = 0; n < d->node_cnt; n++) {
		const struct diff_node *node = &d->nodes[n];
		struct diff_count sum[2] = {node->side[0], node->side[1]};
		struct str before = {NULL, 0};

		if (node->end <= n || node->end > d->nodes[node->parent].end)
			return "subtrees nest";
		if (n && (node->parent >= n || node->depth != d->nodes[node->parent].depth + 1))
			return "parents come first";
		if (n && !node->side[0].total && !node->side[1].total)
			return "no node is empty on both sides";
		for (uint32_t c = n + 1; c < node->end; c = d->nodes[c].end) {
			if (before.p && str_cmp(before, diff_name(d, c)) >= 0)
				return "siblings ascend and differ";
			before = diff_name(d, c);
			for (int side = 0; side < 2; side++)
				sum[side].self += d->nodes[c].side[side].total;
		}
		for (int side = 0; side < 2; side++)
			if (sum[side].self != node->side[side].total)
				return "self + children = total";
	}
	return NULL;
}

static void check_sound(const struct diff *d, const char *what)
{
	const char *why = broken(d);

	if (!ok(!why, "%s: the tree is sound", what))
		printf("# broken: %s\n", why);
}

static void test_union(void)
{
	struct profile *a = profile_of(PROFILE_NANOSECONDS, 10, "p;main;old 100\np;main;both 50");
	struct profile *b = profile_of(PROFILE_NANOSECONDS, 20, "p;main;both 300\np;main;new 40");
	struct diff *d = diff_of(a, b, DIFF_NORMALISE_AUTO);

	check_sound(d, "union");
	ok(d->unit == DIFF_CORES, "two lengths and nanoseconds make cores");
	is_u64(d->node_cnt, 6, "frames of either side are there");
	is_near(diff_total(d, node_at(d, "p;main;old"), DIFF_A), 0.1, 1e-12, "gone: A has it");
	is_u64(d->nodes[node_at(d, "p;main;old")].side[DIFF_B].total, 0, "gone: B has not");
	is_near(diff_delta(d, node_at(d, "p;main;new")), 0.02, 1e-12, "new");
	is_near(diff_total(d, node_at(d, "p;main;both"), DIFF_A), 0.05, 1e-12, "cores of A");
	is_near(diff_total(d, node_at(d, "p;main;both"), DIFF_B), 0.15, 1e-12,
		"cores of B, watched twice as long");
	is_near(diff_delta(d, node_at(d, "p;main")), 0.02, 1e-12, "parents carry the change");
	is_near(diff_self_delta(d, node_at(d, "p;main")), 0, 1e-12, "…but not as their own");
	is_u64(diff_samples(d, node_at(d, "p;main"), DIFF_B), 340, "samples that pass a node");
	is_u64(d->note_cnt, 0, "nothing to warn of");
	diff_free(d);
	profile_free(a);
	profile_free(b);
}

static void test_names(void)
{
	struct profile *a = profile_of(PROFILE_SAMPLES, 0, "p;a 5\np;a-x 3\np;a;b 4");
	struct profile *b = profile_of(PROFILE_SAMPLES, 0, "p;a;b 9\np;a 1\np;a-x 2\np;a b 7");
	struct diff *d = diff_of(a, b, DIFF_NORMALISE_AUTO);

	check_sound(d, "same-prefix siblings");
	ok(d->unit == DIFF_SAMPLES, "bare samples stay samples");
	is_near(diff_total(d, node_at(d, "p;a"), DIFF_A), 9, 0, "a frame is not torn apart (A)");
	is_near(diff_total(d, node_at(d, "p;a"), DIFF_B), 10, 0, "a frame is not torn apart (B)");
	is_near(diff_self_delta(d, node_at(d, "p;a")), -4, 0, "its own change");
	is_near(diff_delta(d, node_at(d, "p;a;b")), 5, 0, "its child's change");
	is_near(diff_delta(d, node_at(d, "p;a b")), 7, 0, "a name with a blank");
	diff_free(d);
	profile_free(a);
	profile_free(b);
}

static void test_depth(void)
{
	struct builder *x = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	struct builder *y = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	uint32_t series, frame, node = 0;
	struct profile *a, *b;
	struct diff *d;

	for (int side = 0; side < 2; side++) {
		struct builder *to = side ? y : x;
		char name[16];

		node = 0;
		must(builder_process(to, STR_LIT("p"), &series), "process");
		for (int i = 0; i < 5000 + side * 1000; i++) {
			(void)snprintf(name, sizeof(name), "f%d", i % 7);
			must(builder_frame(to, str_of(name), STR_LIT(""), FRAME_USER, &frame),
			     "frame");
			must(builder_stack(to, node, frame, &node), "stack");
		}
		must(builder_sample(to, series, node, 3, 3), "sample");
	}
	a = seal(x);
	b = seal(y);
	d = diff_of(a, b, DIFF_NORMALISE_AUTO);
	check_sound(d, "depth 6,000");
	is_u64(d->max_depth, 6001, "all of it is there");
	is_u64(d->nodes[d->node_cnt - 1].side[DIFF_B].self, 3, "down to the leaf");
	diff_free(d);
	profile_free(a);
	profile_free(b);
}

static void test_empty(void)
{
	struct profile *none = profile_of(PROFILE_NANOSECONDS, 10, "");
	struct profile *some = profile_of(PROFILE_NANOSECONDS, 10, "p;f 10");
	struct diff *d = diff_of(none, some, DIFF_NORMALISE_TOTAL);

	check_sound(d, "empty A");
	ok(d->normalised == DIFF_NORMALISE_NONE, "nothing to normalise to");
	is_near(diff_delta(d, node_at(d, "p;f")), 0.01, 1e-12, "everything is new");
	is_u64(d->note_cnt, 2, "and the notes say both");
	diff_free(d);
	d = diff_of(some, none, DIFF_NORMALISE_AUTO);
	check_sound(d, "empty B");
	is_near(diff_delta(d, 0), -0.01, 1e-12, "everything is gone");
	is_u64(d->note_cnt, 1, "and a note says so");
	diff_free(d);
	d = diff_of(none, none, DIFF_NORMALISE_TOTAL);
	check_sound(d, "both empty");
	is_u64(d->node_cnt, 1, "only the root");
	is_near(diff_delta(d, 0), 0, 0, "no change");
	is_near(diff_noise(d, 0), 0, 0, "no noise");
	diff_free(d);
	profile_free(none);
	profile_free(some);
}

static void test_single(void)
{
	struct profile *p = profile_of(PROFILE_NANOSECONDS, 10, "p;f 500\np;f;g_[k] 500");
	struct diff *d;

	must(diff_new(NULL, p, NULL, &d), "single");
	check_sound(d, "one profile alone");
	ok(d->single, "it says so");
	ok(d->unit == DIFF_CORES, "in cores");
	is_near(diff_total(d, 0, DIFF_B), 1, 1e-12, "ten seconds in ten");
	is_near(diff_total(d, 0, DIFF_A), 0, 0, "A is nothing");
	is_u64(d->nodes[node_at(d, "p;f;g")].kind, FRAME_KERNEL, "frames keep their kind");
	is_u64(d->note_cnt, 0, "nothing to warn of");
	diff_free(d);
	profile_free(p);
}

static void test_totals(void)
{
	struct builder *x = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	struct profile *a, *b;
	struct diff *d;
	char stack[32];
	double sum = 0;

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(stack, sizeof(stack), "p;f%d", i);
		put_stack(x, str_of(stack), 1, 1);
	}
	put_stack(x, STR_LIT("p;big"), 500, 500);
	a = seal(x);
	b = profile_of(PROFILE_SAMPLES, 0, "p;big 1\np;f1 1");
	d = diff_of(a, b, DIFF_NORMALISE_TOTAL);
	check_sound(d, "totals 750:1");
	for (uint32_t n = 0; n < d->node_cnt; n++)
		sum += diff_self(d, n, DIFF_A);
	is_near(sum, 2, 1e-9, "one-sample stacks are not truncated away");
	is_near(diff_delta(d, 0), 0, 1e-12, "the totals are equal now");
	diff_free(d);
	d = diff_of(a, b, DIFF_NORMALISE_AUTO);
	is_u64(d->note_cnt, 1, "without normalising there is a warning");
	diff_free(d);
	profile_free(a);
	profile_free(b);
}

static void test_identical(void)
{
	struct profile *p = random_profile(7, 200, PROFILE_NANOSECONDS, 10);
	struct diff *d = diff_of(p, p, DIFF_NORMALISE_AUTO);
	bool changed = false;

	check_sound(d, "identical inputs");
	for (uint32_t n = 0; n < d->node_cnt; n++)
		changed |= diff_delta(d, n) != 0 || diff_self_delta(d, n) != 0;
	ok(!changed, "nothing changed anywhere");
	is_u64(d->note_cnt, 0, "nothing to warn of");
	diff_free(d);
	profile_free(p);
}

static void test_units(void)
{
	struct profile *ns = profile_of(PROFILE_NANOSECONDS, 10, "p;f 30");
	struct profile *timeless = profile_of(PROFILE_NANOSECONDS, 0, "p;f 20");
	struct profile *samples = profile_of(PROFILE_SAMPLES, 10, "p;f 12\np;f;g 3");
	struct builder *x = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
	struct profile *uncounted;
	struct diff *d = diff_of(ns, timeless, DIFF_NORMALISE_AUTO);

	ok(d->unit == DIFF_SECONDS, "without a length: CPU seconds");
	is_near(diff_total(d, 0, DIFF_B), 0.2, 1e-12, "seconds of B");
	is_u64(d->note_cnt, 1, "a note says what that means");
	diff_free(d);

	d = diff_of(ns, samples, DIFF_NORMALISE_AUTO);
	check_sound(d, "nanoseconds against samples");
	ok(d->unit == DIFF_SAMPLES, "mixed units: samples");
	is_near(diff_total(d, 0, DIFF_A), 30, 0, "A's samples, not its nanoseconds");
	is_u64(d->note_cnt, 1, "the note speaks of units");
	diff_free(d);

	put_stack(x, STR_LIT("p;f"), 5000000000, 0);
	put_stack(x, STR_LIT("p;h"), 10000000000, 0);
	uncounted = seal(x);
	d = diff_of(uncounted, samples, DIFF_NORMALISE_AUTO);
	check_sound(d, "uncounted nanoseconds against samples");
	ok(d->normalised == DIFF_NORMALISE_TOTAL, "only shares are left to compare");
	is_near(diff_total(d, node_at(d, "p;f"), DIFF_A), 5, 1e-9, "a third of B's total (A)");
	diff_free(d);
	d = diff_of(samples, uncounted, DIFF_NORMALISE_AUTO);
	is_near(diff_total(d, node_at(d, "p;f"), DIFF_B), 5, 1e-9, "a third of A's total (B)");
	is_near(diff_total(d, node_at(d, "p;f"), DIFF_A), 15, 1e-9, "A as it is");
	diff_free(d);
	profile_free(ns);
	profile_free(timeless);
	profile_free(samples);
	profile_free(uncounted);
}

static bool has_note(const struct diff *d, const char *words)
{
	for (uint32_t i = 0; i < d->note_cnt; i++)
		if (strstr(d->notes[i], words))
			return true;
	return false;
}

static void test_warnings(void)
{
	struct builder *x = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
	struct profile *a = profile_of(PROFILE_NANOSECONDS, 10, "p;f 30"), *b;
	struct diff_options opt = {.label_a = STR_LIT("before"), .label_b = STR_LIT("after")};
	struct diff *d;

	put_stack(x, STR_LIT("p;f"), 1000, 90);
	builder_window(x, 1, 10000000000, 2, 49);
	builder_lost(x, LOSS_RING_FULL, 10);
	b = seal(x);
	must(diff_new(a, b, &opt, &d), "diff");
	ok(has_note(d, "lost differently: before 0.0 % of its samples, after 10.0 %"),
	   "sides that lost differently");
	ok(has_note(d, "before at 100 Hz, after at 49 Hz"), "rates that differ");
	is_u64(d->side[DIFF_B].lost_cnt, 10, "lost samples");
	diff_free(d);
	must(diff_new(b, b, &opt, &d), "diff");
	ok(has_note(d, "after lost 10.0 %"), "sides that both lost much");
	ok(!has_note(d, "differently"), "…but equally");
	diff_free(d);
	profile_free(a);
	profile_free(b);
}

static void test_noise(void)
{
	struct profile *a = profile_of(PROFILE_NANOSECONDS, 1, "p;f 100");
	struct profile *b = profile_of(PROFILE_NANOSECONDS, 1, "p;f 144");
	struct diff *d = diff_of(a, b, DIFF_NORMALISE_AUTO);

	is_near(diff_noise(d, 0), sqrt(244) * 0.01, 1e-12,
		"the root of the counts' sum, a sample being 0.01 cores");
	diff_free(d);
	profile_free(a);
	profile_free(b);
}

/* Of random pairs: sound, swap symmetric, independent of the order things were put in. */
static void test_properties(void)
{
	uint32_t unsound = 0, lopsided = 0, unordered = 0;

	for (uint32_t seed = 1; seed <= 60; seed++) {
		struct profile *a = random_profile(seed, seed * 3, PROFILE_NANOSECONDS, 10);
		struct profile *b = random_profile(seed + 1000, 90, PROFILE_NANOSECONDS, 25);
		struct profile *b2 = reversed(b);
		struct diff *ab, *ba, *ab2;

		ab = diff_of(a, b, DIFF_NORMALISE_AUTO);
		ba = diff_of(b, a, DIFF_NORMALISE_AUTO);
		ab2 = diff_of(a, b2, DIFF_NORMALISE_AUTO);
		unsound += broken(ab) || broken(ba) || broken(ab2);
		lopsided += ab->node_cnt != ba->node_cnt;
		unordered += ab->node_cnt != ab2->node_cnt;
		for (uint32_t n = 0; n < ab->node_cnt && n < ba->node_cnt; n++) {
			lopsided += diff_delta(ab, n) != -diff_delta(ba, n) ||
				    diff_self_delta(ab, n) != -diff_self_delta(ba, n) ||
				    !str_eq(diff_name(ab, n), diff_name(ba, n));
			unordered += ab->nodes[n].end != ab2->nodes[n].end ||
				     diff_delta(ab, n) != diff_delta(ab2, n);
		}
		unsound += ab->nodes[0].side[DIFF_A].total != a->total ||
			   ab->nodes[0].side[DIFF_B].total != b->total;
		diff_free(ab);
		diff_free(ba);
		diff_free(ab2);
		profile_free(a);
		profile_free(b);
		profile_free(b2);
	}
	is_u64(unsound, 0, "60 random pairs: sums reconcile on both sides");
	is_u64(lopsided, 0, "60 random pairs: diff(a,b) = -diff(b,a)");
	is_u64(unordered, 0, "60 random pairs: the order of the samples does not matter");
}

static void test_huge(void)
{
	struct builder *x = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	struct profile *p;
	struct diff *d;

	put_stack(x, STR_LIT("p;f"), UINT64_C(1) << 63, 1);
	put_stack(x, STR_LIT("p;g"), UINT64_C(1) << 63, 1);
	put_stack(x, STR_LIT("q;g"), UINT64_C(1) << 63, 1);
	p = seal(x);
	d = diff_of(p, p, DIFF_NORMALISE_AUTO);
	ok(d->nodes[0].side[DIFF_B].total == UINT64_MAX, "a sum over 2^64 stops there");
	ok(diff_total(d, 0, DIFF_B) >= 1.8e19 && diff_delta(d, 0) == 0, "and does not wrap");
	diff_free(d);
	profile_free(p);
}

/* 97 Hz against 19 Hz: time compares, counts do not, and nothing is "-80 %". */
static void test_rates(void)
{
	struct profile *p[2];
	struct diff *d;

	for (int side = 0; side < 2; side++) {
		struct builder *b = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
		uint64_t hz = side ? 19 : 97;

		put_stack(b, STR_LIT("p;f"), 10 * hz * (1000000000 / hz), 10 * hz);
		builder_window(b, 1, 10000000000, 4, (double)hz);
		p[side] = seal(b);
	}
	d = diff_of(p[0], p[1], DIFF_NORMALISE_AUTO);
	is_near(diff_total(d, 0, DIFF_A), 1, 1e-6, "97 Hz: one core");
	is_near(diff_delta(d, 0), 0, 1e-6, "19 Hz: the same core");
	is_u64(diff_samples(d, 0, DIFF_A), 970, "samples of A");
	is_u64(diff_samples(d, 0, DIFF_B), 190, "samples of B");
	ok(has_note(d, "different rates"), "a note says what that means");
	ok(diff_within_noise(d, 0), "and the noise is that of the fewer samples");
	is_near(diff_noise(d, 0), sqrt(1.0 / 970 + 1.0 / 190), 1e-6, "both counted");
	diff_free(d);
	profile_free(p[0]);
	profile_free(p[1]);
}

/* Lines that say the same twice add up, on both sides. */
static void test_duplicates(void)
{
	struct profile *a = profile_of(PROFILE_SAMPLES, 0, "p;a;b 10\np;a;b 1");
	struct profile *b = profile_of(PROFILE_SAMPLES, 0, "p;a;b 5\np;x 1\np;a;b 20");
	struct diff *d = diff_of(a, b, DIFF_NORMALISE_AUTO);

	is_near(diff_delta(d, node_at(d, "p;a;b")), 14, 0, "10 20 and 1 5 make +14");
	diff_free(d);
	profile_free(a);
	profile_free(b);
}

static void test_long_name(void)
{
	static char line[10300];
	struct profile *a, *b;
	struct diff *d;

	memset(line, 'n', 10250);
	memcpy(line, "p;", 2);
	memcpy(line + 10242, "x 7", 4);
	a = profile_of(PROFILE_SAMPLES, 0, line);
	memcpy(line + 10242, "y 7", 4);
	b = profile_of(PROFILE_SAMPLES, 0, line);
	d = diff_of(a, b, DIFF_NORMALISE_AUTO);
	is_u64(d->node_cnt, 4, "names of 10 kB that differ in the last byte are two");
	is_u64(diff_name(d, 2).len, 10241, "and are kept whole");
	diff_free(d);
	profile_free(a);
	profile_free(b);
}

/* Samples of known lengths are put to one length; unless nobody wants it. */
static void test_normalise(void)
{
	struct profile *a = profile_of(PROFILE_SAMPLES, 10, "p;f 100");
	struct profile *b = profile_of(PROFILE_SAMPLES, 20, "p;f 200");
	struct diff *d = diff_of(a, b, DIFF_NORMALISE_AUTO);

	ok(d->normalised == DIFF_NORMALISE_TIME, "lengths are known: by time");
	is_near(diff_delta(d, 0), 0, 1e-9, "as much, watched twice as long");
	is_near(diff_total(d, 0, DIFF_A), 200, 1e-9, "A as if watched like B");
	diff_free(d);
	d = diff_of(a, b, DIFF_NORMALISE_NONE);
	is_near(diff_delta(d, 0), 100, 0, "none: as they were counted");
	diff_free(d);
	profile_free(b);
	b = profile_of(PROFILE_SAMPLES, 0, "p;f 200");
	d = diff_of(a, b, DIFF_NORMALISE_TIME);
	ok(d->normalised == DIFF_NORMALISE_NONE && has_note(d, "cannot be normalised to time"),
	   "a length that nobody knows: says so");
	diff_free(d);
	profile_free(a);
	profile_free(b);
	a = profile_of(PROFILE_NANOSECONDS, 10, "p;f 100");
	d = diff_of(a, a, DIFF_NORMALISE_NONE);
	ok(d->unit == DIFF_SECONDS, "time that is not to be normalised is seconds");
	is_near(diff_total(d, 0, DIFF_B), 1, 1e-12, "one of them");
	diff_free(d);
	profile_free(a);
}

int main(void)
{
	test_rates();
	test_duplicates();
	test_long_name();
	test_normalise();
	test_union();
	test_names();
	test_depth();
	test_empty();
	test_single();
	test_totals();
	test_identical();
	test_units();
	test_warnings();
	test_noise();
	test_properties();
	test_huge();
	return tap_done();
}
