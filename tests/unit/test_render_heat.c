// SPDX-License-Identifier: Apache-2.0
/* The heat map: where samples go, what page and text are made of; the page itself is driven in a browser elsewhere. */
#include "render/heat.h"

#include <errno.h>

#include "diff/diff.h"
#include "model/tree.h"
#include "render/html_data.h"
#include "unit/profiles.h"
#include "unit/tap.h"

#define S ((int64_t)NSEC_PER_SEC)

/* p:a (3 x 10 ns), p:a;b (1), q:a (2), q:z (1, tiny); moments at `start` + 20 ms x 0, 1, … */
static struct profile *make(int64_t start, bool timed)
{
	static const char *const stacks[] = {"p;a", "q;a", "p;a;b", "p;a", "q;z", "q;a", "p;a"};
	struct builder *b = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
	struct profile *p, *sum;

	for (size_t i = 0; i < ARRAY_SIZE(stacks); i++)
		put_stack(b, str_of(stacks[i]), 10, 1);
	must(builder_seal(b, &p), "seal");
	must(builder_add_profile(b, p, NULL), "add");
	for (size_t i = 0; timed && i < p->sample_cnt; i++)
		for (uint64_t k = 0; k < p->samples[i].cnt; k++)
			must(builder_moment(b, p->samples[i].series, p->samples[i].node,
					    start + (int64_t)i * MOMENT_NS, 10, 1),
			     "moment");
	must(builder_seal(b, &sum), "seal");
	profile_free(p);
	builder_free(b);
	return sum;
}

static void test_places(void)
{
	struct profile *p = make(0, false);
	uint32_t nodes[8], page[16];
	uint64_t self[16] = {0}, weight[16] = {0};
	struct html_data_options opt = {.min_share = 0.25, .ret_node_of = page};
	struct html_pruned pruned;
	bool same = true;
	struct tree *t;
	struct diff *d;
	struct buf out;

	must(tree_new_placed(p, NULL, 0, nodes, &t), "tree");
	for (size_t i = 0; i < p->sample_cnt; i++)
		self[nodes[i]] += p->samples[i].weight;
	for (uint32_t n = 0; n < t->node_cnt; n++)
		same = same && self[n] == t->nodes[n].self;
	ok(same, "each sample goes where the tree has its weight");
	must(diff_new(NULL, p, NULL, &d), "diff");
	buf_init(&out, 1 << 20);
	must(html_data(d, &opt, &out, &pruned), "data");
	/* all > p > a > b(10 of 70: pruned), q > a, z (pruned) */
	is_u64(pruned.cnt, 2, "two are pruned");
	for (uint32_t n = 0; n < d->node_cnt; n++)
		weight[page[n]] += d->nodes[n].side[DIFF_B].self;
	ok(page[0] == 0 && page[1] == 1 && page[2] == 2 && page[3] == 3 && page[4] == 4,
	   "nodes of the page are in preorder");
	ok(weight[2] == 30 && weight[3] == 10 && weight[page[5]] == 20 && weight[page[6]] == 10 &&
		   page[5] != page[6],
	   "what is pruned is the node that stands for it");
	buf_release(&out);
	diff_free(d);
	tree_free(t);
	profile_free(p);
}

static void test_span(void)
{
	struct profile *p = make(0, false);
	struct heat_span span;
	struct err err = {""};

	is_i64(heat_span(p, &span, &err), -ENODATA, "no times");
	ok(strstr(err.text, "--subsecond"), "which says how to get them: %s", err.text);
	profile_free(p);
	p = make(7 * S + 980 * S / 1000, true);
	ok(!heat_span(p, &span, &err) && span.first == 7 && span.cnt == 2,
	   "from the second of the first to that of the last");
	p->start_ns = 5 * S;
	p->end_ns = 9 * S + 1;
	ok(!heat_span(p, &span, &err) && span.first == 5 && span.cnt == 5,
	   "the whole time that was watched");
	p->end_ns = 5 * S + (int64_t)HEAT_MAX_SECONDS * S + 1;
	is_i64(heat_span(p, &span, &err), -E2BIG, "too long");
	profile_free(p);
	p = make(-S, true);
	is_i64(heat_span(p, &span, &err), -ENODATA, "before the clock's zero");
	profile_free(p);
}

static void test_text(void)
{
	struct profile *p = make(7 * S + 980 * S / 1000, true);
	struct heat_options opt = {.title = STR_LIT("a \x1b[31mtitle")};
	struct str rest, line;
	struct err err = {""};
	struct buf out;
	int n = 0;

	p->total_cnt += 5;
	buf_init(&out, 1 << 20);
	ok(!heat_text(p, &opt, &out, &err), "text");
	rest = buf_str(&out);
	while (str_split(&rest, '\n', &line)) {
		if (!n)
			ok(!memchr(line.p, 0x1b, line.len), "the title is clean");
		if (n == 1)
			ok(str_eq(line, STR_LIT("   0 ms | \xe2\x96\x88")),
			   "the first line of the second column is the fullest");
		n += line.len > 0;
	}
	is_i64(n, 1 + 25 + 2, "title, 25 lines, legend, what is missing");
	ok(strstr(out.data, "5 of 12 samples have no time"), "what has no time is told");
	buf_release(&out);
	profile_free(p);
}

static void test_page(void)
{
	struct profile *p = make(7 * S, true);
	struct err err = {""};
	struct buf out;

	buf_init(&out, 1 << 24);
	ok(!heat_html(p, NULL, &out, &err), "a page: %s", err.text);
	ok(strstr(out.data, "id=\"heat-moments\"") && strstr(out.data, "id=\"heat-tree\"") &&
		   strstr(out.data, "<noscript>") && !strstr(out.data, "style=\""),
	   "with its data, and words for who runs no script");
	out.max = out.len + 10;
	is_i64(heat_html(p, NULL, &out, &err), -ENOSPC, "too large a page fails");
	buf_release(&out);
	profile_free(p);
}

int main(void)
{
	test_places();
	test_span();
	test_text();
	test_page();
	return tap_done();
}
