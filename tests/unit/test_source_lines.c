// SPDX-License-Identifier: Apache-2.0
/*
 * Lines of source in a profile: kept where a profile is copied, written as pprof and read back, and
 * of no consequence where functions are counted.
 */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "diff/diff.h"
#include "format/folded.h"
#include "format/pprof.h"
#include "model/builder.h"
#include "model/restamp.h"
#include "model/tree.h"
#include "render/flame_frames.h"
#include "render/flame_words.h"
#include "store/numbered.h"
#include "unit/tap.h"

/* main calls work, which is seen at two lines, one of them twice as often, and without a line. */
static struct profile *make(void)
{
	static const struct source_line calls = {STR_LIT("src/main.c"), 20, 18};
	static const struct source_line at[] = {{STR_LIT("src/work.c"), 7, 5},
						{STR_LIT("src/work.c"), 9, 5}};
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	struct profile *p = NULL;
	uint32_t series, frame, below, node;
	int r = b ? 0 : -1;

	if (!r)
		r = builder_process(b, STR_LIT("prog"), &series);
	if (!r)
		r = builder_frame_at(b, STR_LIT("main"), STR_LIT("prog"), FRAME_USER, &calls,
				     &frame);
	if (!r)
		r = builder_stack(b, 0, frame, &below);
	for (size_t i = 0; i < 3 && !r; i++) {
		r = builder_frame_at(b, STR_LIT("work"), STR_LIT("prog"), FRAME_USER,
				     i < 2 ? &at[i] : NULL, &frame);
		if (!r)
			r = builder_stack(b, below, frame, &node);
		if (!r)
			r = builder_sample(b, series, node, (i + 1) * 1000, i + 1);
	}
	if (r || builder_seal(b, &p))
		printf("Bail out! no profile\n");
	builder_free(b);
	return p;
}

/* How much weight a leaf at that line has. */
static uint64_t weight_at(const struct profile *p, const char *file, uint32_t line, uint32_t start)
{
	uint64_t sum = 0;

	for (size_t i = 0; p && i < p->sample_cnt; i++) {
		const struct frame *f = &p->frames[p->nodes[p->samples[i].node].frame];
		const struct frame_line *l = &p->lines[f->line];

		if (str_eq(profile_str(p, l->file), str_of(file)) && l->line == line &&
		    l->start == start && str_eq(profile_str(p, f->name), STR_LIT("work")))
			sum += p->samples[i].weight;
	}
	return sum;
}

static bool has_all(const struct profile *p)
{
	return weight_at(p, "src/work.c", 7, 5) == 1000 &&
	       weight_at(p, "src/work.c", 9, 5) == 2000 && weight_at(p, "", 0, 0) == 3000;
}

static void test_copies(const struct profile *p)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
	struct restamp how = {.start_ns = 0};
	struct profile *copy = NULL;

	ok(has_all(p), "a function at two lines, and without one");
	is_u64(p->line_cnt, 4, "what says nothing is a line, too");
	ok(b && !builder_add_profile(b, p, NULL) && !builder_seal(b, &copy) && has_all(copy),
	   "merged profiles keep them");
	profile_free(copy);
	builder_free(b);
	copy = NULL;
	ok(!profile_restamp(p, &how, &copy) && has_all(copy), "so does one with other labels");
	profile_free(copy);
}

static void test_pprof(const struct profile *p)
{
	struct pprof_report report;
	struct profile *back = NULL;
	struct buf file, again;
	struct err err = {{0}};
	int r;

	buf_init(&file, 1 << 20);
	buf_init(&again, 1 << 20);
	r = pprof_write(p, NULL, &file);
	if (!r)
		r = pprof_read(buf_str(&file), NULL, &back, &report, &err);
	ok(!r && has_all(back), "pprof has each line, and gives it back%s%s", *err.text ? ": " : "",
	   err.text);
	if (back)
		r = pprof_write(back, NULL, &again);
	ok(!r && str_eq(buf_str(&file), buf_str(&again)), "and once more the same file");
	profile_free(back);
	buf_release(&file);
	buf_release(&again);
}

/* Who counts functions does not see that they were at several lines. */
static void test_functions(const struct profile *p)
{
	static const struct folded_style style = {.annotate = false};
	struct tree *tree = NULL;
	struct numbered window;
	struct dict dict;
	struct buf text;

	ok(!tree_new(p, NULL, 0, &tree) && tree->node_cnt == 4, "a call tree has one node");
	is_u64(tree ? tree->nodes[3].self : 0, 6000, "with all of the weight");
	tree_free(tree);

	buf_init(&text, 1 << 16);
	ok(!folded_write(p, &style, &text), "folded text");
	buf_add(&text, "", 0);
	is_str(text.data, "prog;main;work 6\n", "is one line");
	buf_release(&text);

	if (dict_init(&dict, true) || numbered_init(&window, &dict, p)) {
		printf("Bail out! no dictionary\n");
		return;
	}
	ok(window.sample_cnt == 1 && window.samples[0].weight == 6000 && window.samples[0].cnt == 6,
	   "in a store they are one");
	numbered_release(&window);
	dict_release(&dict);
}

/* Who points at a node is told the line with the most weight, and how many there are. */
static void test_nodes(const struct profile *p)
{
	struct profile *bare = NULL;
	struct names_rules none = {.strip_hex = true};
	struct diff *d = NULL;
	const struct diff_line *l;
	struct buf words;
	int r = diff_new(NULL, p, NULL, &d);

	if (r || d->node_cnt != 4) {
		ok(false, "a diff of one profile");
		return;
	}
	l = diff_line(d, 3);
	ok(l && l->line == 9 && l->others == 1 && fabs(l->share - 1.0 / 3) < 1e-9,
	   "of two lines the heavier one, and its share of all that the node took");
	ok(!diff_line(d, 0) && !diff_line(d, 1), "neither the root nor a process has a line");
	buf_init(&words, 1 << 12);
	flame_add_line(d, 2, "at ", &words);
	is_str(words.data, "at src/main.c:20", "one line in words");
	buf_clear(&words);
	flame_add_line(d, 3, "at ", &words);
	is_str(words.data, "at src/work.c:9 (33.3%, and 1 other line)", "two of them");
	buf_clear(&words);
	flame_describe(d, 3, &words);
	ok(strstr(words.data, "work\nin prog\nat src/work.c:9 (33.3%, and 1 other line)\n"),
	   "the words of a picture have it");
	buf_release(&words);
	diff_free(d);

	d = NULL;
	ok(!names_rename(p, &none, &bare) && has_all(bare), "renaming keeps lines");
	r = diff_new(p, bare, NULL, &d);
	ok(!r && diff_line(d, 3) && diff_line(d, 3)->line == 9, "both sides have them");
	diff_free(d);
	profile_free(bare);
}

/* A side without lines does not take the other one's away. */
static void test_one_side(const struct profile *p)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	struct profile *bare = NULL;
	struct diff *d = NULL;
	uint32_t series, frame, node;
	int r = b ? 0 : -1;

	if (!r)
		r = builder_process(b, STR_LIT("prog"), &series);
	if (!r)
		r = builder_frame(b, STR_LIT("main"), STR_LIT("prog"), FRAME_USER, &frame);
	if (!r)
		r = builder_stack(b, 0, frame, &node);
	if (!r)
		r = builder_sample(b, series, node, 1000, 1);
	if (r || builder_seal(b, &bare))
		printf("Bail out! no profile\n");
	builder_free(b);
	ok(!diff_new(p, bare, NULL, &d) && diff_line(d, 2) && diff_line(d, 2)->line == 20,
	   "a node without a line on side B has that of A");
	diff_free(d);
	d = NULL;
	ok(!diff_new(bare, bare, NULL, &d) && !d->lines && !diff_line(d, 2),
	   "without any lines there is nothing");
	diff_free(d);
	profile_free(bare);
}

/* When asked, a line is part of the name. */
static void test_by_line(const struct profile *p)
{
	static const struct folded_style style = {.annotate = false};
	struct names_rules rules = {.by_line = true};
	struct profile *named = NULL;
	struct buf text;

	buf_init(&text, 1 << 16);
	ok(names_any(&rules) && !names_rename(p, &rules, &named) &&
		   !folded_write(named, &style, &text),
	   "by line");
	buf_add(&text, "", 0);
	is_str(text.data,
	       "prog;main src/main.c:20;work 3\n"
	       "prog;main src/main.c:20;work src/work.c:7 1\n"
	       "prog;main src/main.c:20;work src/work.c:9 2\n",
	       "functions at several lines are several");
	profile_free(named);
	buf_release(&text);
}

int main(void)
{
	struct profile *p = make();

	if (!p)
		return 1;
	test_copies(p);
	test_pprof(p);
	test_functions(p);
	test_nodes(p);
	test_one_side(p);
	test_by_line(p);
	profile_free(p);
	return tap_done();
}
