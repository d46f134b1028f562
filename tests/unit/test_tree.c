// SPDX-License-Identifier: Apache-2.0
#include "model/tree.h"

#include "unit/profiles.h"
#include "unit/tap.h"

static struct tree *tree_of(const struct profile *p, const struct str *keys, size_t key_cnt)
{
	struct tree *t;

	must(tree_new(p, keys, key_cnt, &t), "tree");
	return t;
}

/* The tree as "depth:name self/total(samples) …". */
static const char *shape(const struct tree *t)
{
	static char text[1024];
	size_t len = 0;

	text[0] = '\0';
	for (uint32_t n = 0; n < t->node_cnt && len < sizeof(text); n++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"%s%" PRIu32 ":%s %" PRIu64 "/%" PRIu64 "(%" PRIu64 ")",
					n ? " " : "", t->nodes[n].depth, tree_name(t, n).p,
					t->nodes[n].self, t->nodes[n].total, t->nodes[n].cnt);
	return text;
}

static void test_shape(void)
{
	struct profile *p = profile_of(PROFILE_SAMPLES, 0, "q;a 5\nq;a-x 3\nq;a;b 4\np;z 1\nq 2");
	struct tree *t = tree_of(p, NULL, 0);

	is_str(shape(t),
	       "0: 0/15(15) 1:p 0/1(1) 2:z 1/1(1) 1:q 2/14(14) 2:a 5/9(9) 3:b 4/4(4) 2:a-x 3/3(3)",
	       "preorder, children by name, a frame in one piece");
	is_u64(t->max_depth, 3, "depth");
	is_u64(t->nodes[3].end, 7, "end of a subtree");
	is_u64(t->nodes[5].parent, 4, "parent");
	is_u64(t->group_cnt, 1, "one level of labels");
	is_str(tree_module(t, 2).p, "app", "module");
	is_str(tree_module(t, 1).p, "", "labels have none");
	tree_free(t);
	profile_free(p);
}

static void test_empty(void)
{
	struct profile *p = profile_of(PROFILE_SAMPLES, 0, "");
	struct tree *t = tree_of(p, NULL, 0);

	is_u64(t->node_cnt, 1, "an empty profile has a root");
	is_u64(t->nodes[0].end, 1, "and nothing below it");
	tree_free(t);
	tree_free(NULL);
	profile_free(p);
}

/* One function under two modules is one node; series of one process share their nodes. */
static void test_merging(void)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	const struct str one[][2] = {{STR_LIT("process"), STR_LIT("p")},
				     {STR_LIT("cgroup"), STR_LIT("/a")}};
	const struct str two[][2] = {{STR_LIT("process"), STR_LIT("p")}};
	const struct str keys[] = {STR_LIT("cgroup"), STR_LIT("process")};
	uint32_t s1, s2, f1, f2, n1, n2;
	struct profile *p;
	struct tree *t;

	must(builder_series(b, one, 2, &s1), "series");
	must(builder_series(b, two, 1, &s2), "series");
	must(builder_frame(b, STR_LIT("f"), STR_LIT("x"), FRAME_USER, &f1), "frame");
	must(builder_frame(b, STR_LIT("f"), STR_LIT("y"), FRAME_JIT, &f2), "frame");
	must(builder_stack(b, 0, f1, &n1), "stack");
	must(builder_stack(b, 0, f2, &n2), "stack");
	must(builder_sample(b, s1, n1, 1, 1), "sample");
	must(builder_sample(b, s1, n2, 2, 2), "sample");
	must(builder_sample(b, s2, n2, 4, 4), "sample");
	must(builder_sample(b, s2, 0, 8, 8), "sample");
	p = seal(b);
	t = tree_of(p, NULL, 0);
	is_str(shape(t), "0: 0/15(15) 1:p 8/15(15) 2:f 7/7(7)", "by process: one node");
	tree_free(t);
	t = tree_of(p, keys, 2);
	is_str(shape(t),
	       "0: 0/15(15) 1:/a 0/3(3) 2:p 0/3(3) 3:f 3/3(3) "
	       "1:[no cgroup] 0/12(12) 2:p 8/12(12) 3:f 4/4(4)",
	       "by cgroup and process: a missing label has a name");
	is_u64(t->group_cnt, 2, "two levels of labels");
	tree_free(t);
	profile_free(p);
}

static void test_deep(void)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	uint32_t series, frame, node = 0;
	struct profile *p;
	struct tree *t;

	must(builder_process(b, STR_LIT("p"), &series), "process");
	must(builder_frame(b, STR_LIT("r"), STR_LIT(""), FRAME_USER, &frame), "frame");
	for (int i = 0; i < 50000; i++)
		must(builder_stack(b, node, frame, &node), "stack");
	must(builder_sample(b, series, node, 1, 1), "sample");
	p = seal(b);
	t = tree_of(p, NULL, 0);
	is_u64(t->max_depth, 50001, "50,000 frames deep");
	is_u64(t->nodes[1].end, 50002, "and closed again");
	tree_free(t);
	profile_free(p);
}

static void test_overflow(void)
{
	struct profile *p = profile_of(PROFILE_SAMPLES, 0,
				       "p;f 18446744073709551615\np;g 2\nq;f 9223372036854775808");
	struct tree *t = tree_of(p, NULL, 0);

	ok(t->nodes[0].total == UINT64_MAX && t->nodes[1].total == UINT64_MAX,
	   "sums stop at the end of the range");
	tree_free(t);
	profile_free(p);
}

static void test_order(void)
{
	uint32_t different = 0;

	for (uint32_t seed = 1; seed <= 40; seed++) {
		struct profile *p = random_profile(seed, 100, PROFILE_SAMPLES, 0);
		struct profile *q = reversed(p);
		struct tree *t = tree_of(p, NULL, 0), *u = tree_of(q, NULL, 0);

		different += t->node_cnt != u->node_cnt;
		for (uint32_t n = 0; n < t->node_cnt && n < u->node_cnt; n++)
			different += t->nodes[n].self != u->nodes[n].self ||
				     t->nodes[n].total != u->nodes[n].total ||
				     t->nodes[n].end != u->nodes[n].end ||
				     !str_eq(tree_name(t, n), tree_name(u, n));
		tree_free(t);
		tree_free(u);
		profile_free(p);
		profile_free(q);
	}
	is_u64(different, 0, "40 random profiles: the order of the samples does not matter");
}

int main(void)
{
	test_shape();
	test_empty();
	test_merging();
	test_deep();
	test_overflow();
	test_order();
	return tap_done();
}
