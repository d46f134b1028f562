// SPDX-License-Identifier: Apache-2.0
/*
 * The page carries the call tree of all samples and, for each moment, the number of a node in it:
 * the script adds up what lies in a range. To get at those numbers the tree is made twice, once by
 * diff.h for the page and once by tree.h, which tells where each sample went; of one profile alone
 * they are the same tree, node by node.
 */
#include "render/heat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "diff/diff.h"
#include "heat.css.h"
#include "heat.js.h"
#include "model/tree.h"
#include "render/flame_words.h"
#include "render/heat_data.h"
#include "render/html.h"
#include "render/value.h"

#define MAX_MOMENTS 3000000 /* in a page: with more, more is pruned */
#define MAX_SHARE   0.02    /* but no more than that */
#define MAX_WORDS   (1U << 20)

static const struct html_asset heat_page_js = {heat_js, sizeof(heat_js), HEAT_JS_SHA256};
static const struct html_asset heat_page_css = {heat_css, sizeof(heat_css), HEAT_CSS_SHA256};

int heat_span(const struct profile *p, struct heat_span *ret, struct err *err)
{
	int64_t from, until, second = (int64_t)NSEC_PER_SEC;

	if (!p->moment_cnt)
		return err_set(err, ENODATA,
			       "no sample has a time of its own: record with culprit agent "
			       "--subsecond, culprit record --heatmap or --raw, or take output of "
			       "perf script");
	from = p->moments[0].at_ns;
	until = p->moments[p->moment_cnt - 1].at_ns + MOMENT_NS;
	if (p->start_ns && p->start_ns < from)
		from = p->start_ns;
	if (p->start_ns && p->end_ns > until)
		until = p->end_ns;
	if (from < 0)
		return err_set(err, ENODATA, "its times are before 1970");
	if ((uint64_t)(until - from) > (uint64_t)HEAT_MAX_SECONDS * NSEC_PER_SEC)
		return err_set(err, E2BIG,
			       "%lld hours are too much for one heat map; take a shorter range "
			       "(--from, --until), a day at most",
			       (long long)((until - from) / second / 3600));
	ret->first = from / second;
	ret->cnt = (uint32_t)((until + second - 1) / second - ret->first);
	return 0;
}

/* ---- the page -------------------------------------------------------------------------------- */

struct page {
	const struct profile *p;
	const struct diff *d;
	struct heat_span span;
	uint32_t *tree_node; /* of each sample; then its node in the page */
	uint32_t *page_node; /* of each node of the tree */
	struct html_pruned pruned;
	struct buf tree, moments; /* the data blocks */
};

static int place_samples(struct page *page, const struct heat_options *opt)
{
	struct tree *t;
	int r;

	page->tree_node = calloc(page->p->sample_cnt + 1, sizeof(*page->tree_node));
	page->page_node = calloc((size_t)page->d->node_cnt + 1, sizeof(*page->page_node));
	if (!page->tree_node || !page->page_node)
		return -ENOMEM;
	r = tree_new_placed(page->p, opt->group_keys, opt->group_cnt, page->tree_node, &t);
	if (r)
		return r;
	if (t->node_cnt != page->d->node_cnt)
		r = -EIO; /* cannot be: one profile alone is one tree */
	tree_free(t);
	return r;
}

/* The two blocks at a share of pruning. *ret_cnt: how many moments there are then. */
static int encode(struct page *page, double min_share, size_t *ret_cnt)
{
	struct html_data_options opt = {.min_share = min_share,
					.max_nodes = min_share < 0 ? UINT32_MAX : 0,
					.ret_node_of = page->page_node};
	uint32_t *nodes = calloc(page->p->sample_cnt + 1, sizeof(*nodes));
	int r = nodes ? 0 : -ENOMEM;

	buf_clear(&page->tree);
	buf_clear(&page->moments);
	if (!r)
		r = html_data(page->d, &opt, &page->tree, &page->pruned);
	for (size_t i = 0; !r && i < page->p->sample_cnt; i++)
		nodes[i] = page->page_node[page->tree_node[i]];
	if (!r)
		r = heat_data_cnt(page->p, nodes, ret_cnt);
	if (!r)
		r = heat_data(page->p, &page->span, nodes, &page->moments);
	free(nodes);
	return r;
}

static int encode_bounded(struct page *page, double min_share)
{
	double share = min_share;
	size_t cnt;
	int r = encode(page, share, &cnt);

	while (!r && cnt > MAX_MOMENTS && share < MAX_SHARE) {
		share = share > 0 ? share * 8 : 1e-5;
		r = encode(page, share < MAX_SHARE ? share : MAX_SHARE, &cnt);
	}
	return r;
}

static void add_words(struct buf *out, struct buf *words)
{
	text_add_xml(out, buf_str(words));
	if (buf_error(words) && !out->error)
		out->error = buf_error(words);
	buf_release(words);
}

/* For readers without the script: the same map in characters. */
static int add_static(const struct page *page, const struct heat_options *opt, struct buf *out)
{
	struct heat_options text = *opt;
	struct buf map;
	struct err err;
	int r;

	text.width = 100;
	buf_init(&map, MAX_WORDS);
	r = heat_text(page->p, &text, &map, &err);
	buf_addstr(out, "<noscript><p>The map is drawn by a script, which is not running here. In "
			"short:</p>\n<pre>");
	add_words(out, &map);
	buf_addstr(out, "</pre></noscript>\n");
	return r;
}

static int write_page(struct page *page, const struct heat_options *opt, struct buf *out)
{
	const struct html_asset *styles[] = {&html_page_css, &heat_page_css};
	const struct html_asset *scripts[] = {&html_page_js, &heat_page_js};
	uint64_t timed = profile_timed_cnt(page->p);
	struct buf words;
	int r;

	html_begin(out, opt->title.len ? opt->title : STR_LIT("Sub-second heat map"), styles,
		   ARRAY_SIZE(styles), scripts, ARRAY_SIZE(scripts));
	buf_addstr(out, "<div class=\"sides\"><div class=\"side\"><span class=\"facts\">");
	buf_init(&words, MAX_WORDS);
	flame_add_side(page->d, DIFF_B, " \xc2\xb7 ", &words);
	if (timed < page->p->total_cnt) {
		buf_addstr(&words, " \xc2\xb7 without a time, and so not in the map: ");
		value_add_cnt(&words, page->p->total_cnt - timed);
		buf_addstr(&words, " samples");
	}
	add_words(out, &words);
	buf_addstr(out, "</span></div></div>\n<section class=\"heat\" data-heat=\"heat-moments\" "
			"data-tree=\"heat-tree\">\n");
	r = add_static(page, opt, out);
	if (r)
		return r;
	buf_addstr(out, "</section>\n");
	html_data_block(out, "heat-tree", buf_str(&page->tree));
	html_data_block(out, "heat-moments", buf_str(&page->moments));
	html_notes(page->d, &page->pruned, out);
	html_end(out, scripts, ARRAY_SIZE(scripts));
	return buf_error(out);
}

int heat_html(const struct profile *p, const struct heat_options *opt, struct buf *out,
	      struct err *err)
{
	static const struct heat_options defaults;
	struct page page = {.p = p};
	struct diff_options diff_opts;
	struct diff *d = NULL;
	int r;

	opt = opt ? opt : &defaults;
	diff_opts = (struct diff_options){.group_keys = opt->group_keys,
					  .group_cnt = opt->group_cnt,
					  .label_b = STR_LIT("profile")};
	r = heat_span(p, &page.span, err);
	if (r)
		return r;
	buf_init(&page.tree, out->max);
	buf_init(&page.moments, out->max);
	r = diff_new(NULL, p, &diff_opts, &d);
	page.d = d;
	if (!r)
		r = place_samples(&page, opt);
	if (!r)
		r = encode_bounded(&page, opt->min_share);
	if (!r)
		r = write_page(&page, opt, out);
	diff_free(d);
	free(page.tree_node);
	free(page.page_node);
	buf_release(&page.tree);
	buf_release(&page.moments);
	return r ? err_set(err, r, "cannot write the heat map: %s", strerror(-r)) : 0;
}
