// SPDX-License-Identifier: Apache-2.0
#include "model/tree.h"

#include <errno.h>

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

/* ---- against a tree that is made the slow way: every beginning of every path, sorted ---- */

#define MAX_DEPTH 12
#define MAX_PATHS 8192

struct path {
	char text[MAX_DEPTH * 4]; /* names, each behind a byte that sorts before all others */
	uint64_t self, total;
};

static struct path paths[MAX_PATHS];
static size_t path_cnt;

static uint32_t next(uint32_t below)
{
	static uint64_t state = 7;

	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 33) % below;
}

static void count_path(const char *text, size_t len, uint64_t self, uint64_t total)
{
	size_t i = 0;

	while (i < path_cnt && (strlen(paths[i].text) != len || memcmp(paths[i].text, text, len)))
		i++;
	if (i == MAX_PATHS)
		must(-ENOSPC, "paths");
	if (i == path_cnt) {
		memcpy(paths[path_cnt].text, text, len);
		paths[path_cnt].text[len] = '\0';
		paths[path_cnt].self = paths[path_cnt].total = 0;
		path_cnt++;
	}
	paths[i].self += self;
	paths[i].total += total;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct path *)a)->text, ((const struct path *)b)->text);
}

/* Names of one or two bytes, one the beginning of others; modules and kinds at random. */
static void put_random(struct builder *b)
{
	static const char *const names[] = {"a", "a!", "b", "aa", "ab", "b-"};
	static const char *const modules[] = {"", "x", "y"};
	struct str labels[2][2] = {{STR_LIT(LABEL_PROCESS)}, {STR_LIT("pod")}};
	char text[MAX_DEPTH * 4];
	uint32_t series, frame, node = 0, depth = next(MAX_DEPTH - 3);
	uint64_t weight = 1 + next(100);
	size_t len;

	labels[0][1] = str_of(names[next(3)]);
	labels[1][1] = str_of(next(2) ? names[next(2)] : "");
	len = (size_t)snprintf(text, sizeof(text), "\001%s\001%s",
			       labels[1][1].len ? labels[1][1].p : "[no pod]", labels[0][1].p);
	must(builder_series(b, (const struct str(*)[2])labels, 2, &series), "series");
	count_path("", 0, 0, weight);
	count_path(text, strcspn(text + 1, "\001") + 1, 0, weight);
	count_path(text, len, depth ? 0 : weight, weight);
	for (uint32_t i = 0; i < depth; i++) {
		const char *name = names[next(6)];

		must(builder_frame(b, str_of(name), str_of(modules[next(3)]), next(2), &frame),
		     "frame");
		must(builder_stack(b, node, frame, &node), "stack");
		len += (size_t)snprintf(text + len, sizeof(text) - len, "\001%s", name);
		count_path(text, len, i + 1 < depth ? 0 : weight, weight);
	}
	must(builder_sample(b, series, node, weight, 1), "sample");
}

/* Are the nodes the sorted paths, one by one? */
static bool is_same(const struct tree *t)
{
	char text[MAX_DEPTH * 4] = "";
	size_t ends[MAX_DEPTH + 1] = {0};

	for (uint32_t n = 0; n < t->node_cnt; n++) {
		const struct tree_node *node = &t->nodes[n];
		size_t at = n ? ends[node->depth - 1] : 0;

		ends[node->depth] = at;
		if (n)
			ends[node->depth] += (size_t)snprintf(text + at, sizeof(text) - at,
							      "\001%s", tree_name(t, n).p);
		text[ends[node->depth]] = '\0';
		if (strcmp(text, paths[n].text) || node->self != paths[n].self ||
		    node->total != paths[n].total || node->end <= n ||
		    (n && (node->parent >= n || t->nodes[node->parent].end < node->end ||
			   t->nodes[node->parent].depth + 1 != node->depth)))
			return false;
	}
	return t->node_cnt == path_cnt;
}

static void test_against_sorted_paths(void)
{
	static const struct str keys[] = {STR_LIT("pod"), STR_LIT(LABEL_PROCESS)};
	size_t good = 0, nodes = 0;

	for (int round = 0; round < 60; round++) {
		struct builder *b = builder_new(&builder_limits_file, PROFILE_SAMPLES);
		struct profile *p;
		struct tree *t;

		path_cnt = 0;
		for (uint32_t i = 0, n = 1 + next(300); i < n; i++)
			put_random(b);
		qsort(paths, path_cnt, sizeof(*paths), by_path);
		p = seal(b);
		t = tree_of(p, keys, 2);
		good += is_same(t);
		nodes += t->node_cnt;
		tree_free(t);
		profile_free(p);
	}
	is_u64(good, 60, "sixty random trees (%zu nodes) as sorted paths have them", nodes);
}

int main(void)
{
	test_against_sorted_paths();
	test_shape();
	test_empty();
	test_merging();
	test_deep();
	test_overflow();
	test_order();
	return tap_done();
}
