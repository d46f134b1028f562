// SPDX-License-Identifier: Apache-2.0
/*
 * Words are made in p->words and reach the page through flush(), which escapes them: nothing else
 * that comes from outside is written.
 */
#include "render/verdict_html.h"

#include <inttypes.h>
#include <math.h>

#include "base/text.h"
#include "base/times.h"
#include "render/descend_words.h"
#include "render/explain_html.h"
#include "render/explain_words.h"
#include "render/html.h"
#include "render/label.h"
#include "render/verdict_strip.h"
#include "verdict.css.h"

#define MAX_WORDS (1U << 20)
#define MAX_LANES 30
#define LONG_NAME 100

struct page {
	const struct verdict *v;
	const struct verdict_view *view;
	struct buf *out;
	struct buf words;
};

static void flush(struct page *p)
{
	text_add_xml(p->out, buf_str(&p->words));
	if (buf_error(&p->words) && !p->out->error)
		p->out->error = buf_error(&p->words);
	buf_clear(&p->words);
}

static void add_level(struct page *p, double level)
{
	verdict_add_level(&p->words, p->v, level);
	flush(p);
}

static void add_name(struct page *p, struct str name)
{
	label_add(&p->words, name, LONG_NAME);
	flush(p);
}

/* ---- the answer ---- */

struct kind_words {
	const char *badge, *class, *meaning;
};

static struct kind_words kind_words(enum verdict_kind kind)
{
	switch (kind) {
	case VERDICT_NAMED:
		return (struct kind_words){"Named", "named",
					   "It is tied to the recurrences by more than "
					   "luck, and its rise is large enough to matter."};
	case VERDICT_SHORTLIST:
		return (struct kind_words){"Short list", "open",
					   "Tied to the recurrences by more than luck, but the "
					   "evidence does not tell cause from reaction."};
	case VERDICT_SCHEDULE_CONFOUNDED:
		return (struct kind_words){"Schedule", "open",
					   "The incidents keep a clock, and so does everything "
					   "that runs by that clock."};
	case VERDICT_CPU_DID_NOT_RISE:
		return (struct kind_words){"CPU did not rise", "none",
					   "No process took more CPU than it does anyway."};
	case VERDICT_NEED_MORE:
		break;
	}
	return (struct kind_words){"Not yet", "none",
				   "Too few recurrences, or too short a history, to tell a cause "
				   "from luck."};
}

static void tile(struct page *p, const char *term)
{
	buf_addf(p->out, "<div><dt>%s<dd>", term);
}

/* A tile as wide as the page, for the words at hand. */
static void wide_tile(struct page *p, const char *term)
{
	if (!p->words.len)
		return;
	buf_addf(p->out, "<div class=\"wide\"><dt>%s<dd class=\"place\">", term);
	flush(p);
	buf_addstr(p->out, "</div>\n");
}

/* What one has to know of the one that is named or leads. */
static void add_tiles(struct page *p)
{
	const struct verdict_entity *e = &p->v->suspects[0];

	if (p->v->cause_cnt > 1 || (p->v->kind != VERDICT_NAMED &&
				    (p->v->suspect_cnt > 1 || p->v->kind != VERDICT_SHORTLIST))) {
		buf_addstr(p->out, "<p class=\"whose\"><b>");
		add_name(p, e->name);
		buf_addstr(p->out, p->v->suspect_cnt > 1 ? "</b>, the first of them" : "</b>");
		buf_addstr(p->out, p->v->kind == VERDICT_SHORTLIST || p->v->cause_cnt > 1
					   ? ":</p>\n"
					   : ", so far:</p>\n");
	}
	buf_addstr(p->out, "<dl class=\"tiles\">\n");
	tile(p, p->v->measure == MEASURE_CORES ? "CPU added" : "Added");
	buf_addch(p->out, e->delta >= 0 ? '+' : '-');
	add_level(p, e->delta >= 0 ? e->delta : -e->delta);
	buf_addf(p->out, "<small>%s</small><p>from ", verdict_unit(p->v));
	add_level(p, e->baseline);
	buf_addstr(p->out, " to ");
	add_level(p, e->incident);
	buf_addstr(p->out, "; 95% interval of the rise ");
	add_level(p, e->delta_low);
	buf_addstr(p->out, " to ");
	add_level(p, e->delta_high);
	buf_addstr(p->out, "</div>\n");
	tile(p, "Recurrences");
	buf_addf(p->out, "%" PRIu32 "<small> of %" PRIu32 "</small><p>", e->hits,
		 p->v->recurrences);
	verdict_add_rarity(&p->words, p->v, e);
	if (e->runs < e->hits)
		buf_addch(&p->words, ' ');
	verdict_add_runs(&p->words, e);
	flush(p);
	buf_addstr(p->out, "</div>\n");
	tile(p, "Sure");
	buf_addf(p->out,
		 "%.1f<small> %%</small><p>the chance that it is the cause, with what was "
		 "not sampled in the running",
		 e->posterior * 100);
	buf_addstr(p->out, "</div>\n");
	tile(p, "By luck");
	verdict_add_luck(&p->words, e->e_false);
	flush(p);
	buf_addstr(p->out, "<p>");
	verdict_add_luck_words(&p->words, p->v, e);
	flush(p);
	buf_addstr(p->out, "<p>");
	verdict_add_p(&p->words, p->v, e);
	flush(p);
	buf_addstr(p->out, "</div>\n");
	verdict_add_places(&p->words, p->view, 0);
	wide_tile(p, "Runs in");
	if (p->view->path_cnt)
		descend_add_work(&p->words, &p->view->paths[0], verdict_unit(p->v));
	wide_tile(p, "What rose in it");
	buf_addstr(p->out, "</dl>\n");
}

static void add_answer(struct page *p)
{
	struct kind_words kind = kind_words(p->v->kind);

	if (p->v->cause_cnt > 1)
		kind.meaning = "Each is tied to its recurrences by more than luck, and its rise is "
			       "large enough to matter.";
	buf_addf(p->out, "<section class=\"answer %s\">\n<p class=\"kind\"><b>%s</b> %s</p>\n",
		 kind.class, kind.badge, kind.meaning);
	buf_addstr(p->out, "<p class=\"lead\">");
	verdict_headline(p->v, p->view, &p->words);
	flush(p);
	buf_addstr(p->out, ".</p>\n");
	if (p->v->suspect_cnt)
		add_tiles(p);
	buf_addstr(p->out, "<div class=\"next\"><b>What to try next</b><p>");
	verdict_add_next(&p->words, p->v, " ");
	flush(p);
	buf_addstr(p->out, ".</p></div>\n");
	verdict_add_command(&p->words, p->v, p->view);
	if (p->words.len) {
		buf_addstr(p->out, "<p class=\"command\">For example <code>");
		flush(p);
		buf_addstr(p->out, "</code></p>\n");
	}
	buf_addstr(p->out, "</section>\n");
}

/* ---- the recurrences ---- */

static void add_card(struct page *p, size_t i)
{
	const struct verdict_entity *e = &p->v->suspects[i];

	buf_addstr(p->out, "<article class=\"card\">\n<h3>");
	add_name(p, e->name);
	buf_addstr(p->out, " <span>+");
	add_level(p, e->delta);
	buf_addf(p->out, "%s, %" PRIu32 " of %" PRIu32 "</span></h3>\n", verdict_unit(p->v),
		 e->hits, p->v->recurrences);
	verdict_strip_html(p->v, p->view, e, MAX_LANES, p->out);
	if (!p->view->untimed)
		verdict_add_order(&p->words, p->v, e);
	if (p->words.len) {
		buf_addstr(p->out, "<p class=\"quietly\">");
		flush(p);
		buf_addstr(p->out, "</p>\n");
	}
	verdict_add_part(&p->words, p->v, i);
	if (p->words.len) {
		buf_addstr(p->out, "<p class=\"quietly\">");
		flush(p);
		buf_addstr(p->out, "</p>\n");
	}
	if (e->evidence) {
		buf_addstr(p->out, "<details><summary>Its evidence, recurrence by recurrence"
				   "</summary>\n");
		explain_html(p->v, p->view, e, p->out);
		buf_addstr(p->out, "</details>\n");
	}
	buf_addstr(p->out, "</article>\n");
}

static void add_recurrences(struct page *p)
{
	if (!p->v->suspect_cnt)
		return;
	buf_addstr(p->out, "<section>\n<h2>Recurrence by recurrence");
	if (verdict_one_day(p->v, p->view)) {
		buf_addstr(p->out, " <small>on ");
		verdict_add_date(&p->words, p->v->incidents[0].from_ns);
		flush(p);
		buf_addstr(p->out, ", UTC</small>");
	}
	buf_addstr(p->out,
		   "</h2>\n<p class=\"key\"><span><i class=\"dot\"></i>busy: a hit</span>"
		   "<span><i class=\"ring\"></i>not busy</span>"
		   "<span><i class=\"usual\"></i>its usual range outside the incidents</span>"
		   "<span><i class=\"median\"></i>its median there</span></p>\n"
		   "<div class=\"cards\">\n");
	for (size_t i = 0; i < p->v->suspect_cnt; i++)
		add_card(p, i);
	buf_addstr(p->out, "</div>\n</section>\n");
}

/* Whom somebody asked about. */
static void add_explained(struct page *p)
{
	if (!p->v->explained)
		return;
	buf_addstr(p->out, "<section class=\"explained\">\n<h2>");
	explain_add_headline(&p->words, p->v, p->view, p->v->explained);
	flush(p);
	buf_addstr(p->out, "</h2>\n");
	explain_html(p->v, p->view, p->v->explained, p->out);
	buf_addstr(p->out, "</section>\n");
}

/* ---- the others ---- */

static void add_suspect_row(struct page *p, const struct verdict_entity *e)
{
	buf_addf(p->out, "<tr%s><td>", e->role == ROLE_CULPRIT ? " class=\"culprit\"" : "");
	add_name(p, e->name);
	buf_addstr(p->out, "<td>");
	add_level(p, e->baseline);
	buf_addstr(p->out, "<td>");
	add_level(p, e->incident);
	buf_addstr(p->out, "<td>+");
	add_level(p, e->delta);
	buf_addf(p->out, "<td>%" PRIu32 "/%" PRIu32 "<td>%.1f%%<td>", e->hits, p->v->recurrences,
		 e->posterior * 100);
	verdict_add_luck(&p->words, e->e_false);
	flush(p);
	buf_addstr(p->out, "<td class=\"remark\">");
	if (e->role == ROLE_CULPRIT)
		buf_addstr(p->out, "named");
	else
		verdict_add_mark(&p->words, e);
	flush(p);
	buf_addch(p->out, '\n');
}

static void add_victims(struct page *p)
{
	if (!p->v->victim_cnt)
		return;
	buf_addstr(p->out, "<div class=\"scroll\"><table class=\"plain facts\"><tr><th>who lost CPU"
			   "<th>otherwise<th>in incidents<th>change\n");
	for (size_t i = 0; i < p->v->victim_cnt; i++) {
		const struct verdict_entity *e = &p->v->victims[i];

		buf_addstr(p->out, "<tr class=\"victim\"><td>");
		add_name(p, e->name);
		buf_addstr(p->out, "<td>");
		add_level(p, e->baseline);
		buf_addstr(p->out, "<td>");
		add_level(p, e->incident);
		buf_addstr(p->out, "<td>");
		add_level(p, e->delta);
		buf_addch(p->out, '\n');
	}
	buf_addstr(p->out, "</table></div>\n");
}

static bool has_tie(const struct verdict *v)
{
	for (size_t i = 0; i < v->suspect_cnt; i++)
		if (v->suspects[i].tie_group && v->suspects[i].role != ROLE_REACTS)
			return true;
	return false;
}

static void add_others(struct page *p)
{
	if (!p->v->suspect_cnt && !p->v->victim_cnt)
		return;
	buf_addf(p->out, "<section>\n<h2>What else it could be <small>%s</small></h2>\n",
		 verdict_unit_words(p->v));
	if (p->v->suspect_cnt) {
		buf_addstr(p->out,
			   "<div class=\"scroll\"><table class=\"plain facts\"><tr><th>process"
			   "<th>otherwise<th>in incidents<th>rise<th>hits<th>sure<th>by luck"
			   "<th class=\"remark\">\n");
		for (size_t i = 0; i < p->v->suspect_cnt; i++)
			add_suspect_row(p, &p->v->suspects[i]);
		buf_addstr(p->out, "</table></div>\n<p class=\"quietly rest\">");
		if (has_tie(p->v))
			buf_addstr(&p->words, "Those of one tie are not put in order by the "
					      "evidence. ");
		verdict_add_rest(&p->words, p->v);
		flush(p);
		buf_addstr(p->out, "</p>\n");
	}
	add_victims(p);
	buf_addstr(p->out, "</section>\n");
}

/* ---- the proof and its ground ---- */

static void add_parts(struct page *p, const char *head, const struct descend_part *parts,
		      size_t cnt)
{
	if (!cnt)
		return;
	buf_addf(p->out, "<table class=\"plain parts\"><tr><th>%s<th><th>%s<th>of its rise\n", head,
		 verdict_unit(p->v));
	for (size_t i = 0; i < cnt; i++) {
		double share = fabs(parts[i].share) * 100;

		buf_addstr(p->out, "<tr><td>");
		add_name(p, parts[i].name);
		buf_addf(p->out,
			 "<td class=\"bar\"><svg aria-hidden=\"true\"><rect class=\"%s\" "
			 "width=\"%.1f%%\" "
			 "height=\"12\" y=\"3\" rx=\"2\"/></svg><td>%+.3g",
			 parts[i].delta < 0 ? "fell" : "rose", share < 100 ? share : 100,
			 parts[i].delta);
		if (parts[i].noise > 0)
			buf_addf(p->out, " <small>\xc2\xb1 %.2g</small>", parts[i].noise);
		buf_addf(p->out, "<td>%.0f%%%s\n", parts[i].share * 100,
			 parts[i].moved ? " (moved)" : "");
	}
	buf_addstr(p->out, "</table>\n");
}

static void add_frames(struct page *p, const struct descend *x)
{
	if (!x->frame_cnt)
		return;
	buf_addstr(p->out, "<p class=\"path\">");
	for (size_t i = 0, run; i < x->frame_cnt; i += run) {
		run = descend_frame_run(x, i);
		buf_addstr(p->out, i ? " <span>\xe2\x80\xba</span> <code>" : "<code>");
		add_name(p, x->frames[i]);
		if (run > 1)
			buf_addf(p->out, " \xc3\x97%zu", run);
		buf_addstr(p->out, "</code>");
	}
	if (x->share > 0)
		buf_addf(p->out, " <span>carries %.0f%% of its rise</span>", x->share * 100);
	buf_addstr(p->out, "</p>\n");
}

/* Inside of the process that is named or leads. */
static void add_path(struct page *p)
{
	const struct descend *x = p->view->paths;

	if (!p->v->suspect_cnt || !p->view->path_cnt)
		return;
	add_frames(p, x);
	if (x->leaf_cnt || x->branch_cnt) {
		buf_addstr(p->out, "<div class=\"split\">\n");
		add_parts(p, "the path splits into", x->branches, x->branch_cnt);
		add_parts(p, "functions, own time", x->leaves, x->leaf_cnt);
		buf_addstr(p->out, "</div>\n");
	}
	for (size_t i = 0; i < x->move_cnt; i++) {
		buf_addstr(p->out, "<p class=\"quietly\">");
		descend_add_move(&p->words, &x->moves[i], verdict_unit(p->v));
		flush(p);
		buf_addstr(p->out, ".</p>\n");
	}
}

static void item(struct page *p, const char *term)
{
	buf_addf(p->out, "<dt>%s<dd>", term);
	flush(p);
	buf_addch(p->out, '\n');
}

static void add_range(struct page *p)
{
	time_add(&p->words, p->v->history_from_ns);
	buf_addstr(&p->words, " to ");
	time_add(&p->words, p->v->history_until_ns);
}

static void add_ground(struct page *p)
{
	const struct verdict *v = p->v;

	buf_addstr(p->out, "<section>\n<h2>What this rests on</h2>\n<dl class=\"ground\">\n");
	verdict_add_ground(&p->words, v, " ");
	item(p, "Looked at");
	if (!p->view->untimed) {
		add_range(p);
		item(p, "History");
	}
	buf_addf(&p->words,
		 v->lost > 0 && v->lost < 0.001 ? "less than 0.1%% of the samples"
		 : v->lost > 0			? "%.1f%% of the samples"
						: "none",
		 v->lost * 100);
	item(p, "Lost samples");
	verdict_add_assumptions(&p->words, v, p->view);
	item(p, "Assumed");
	for (size_t i = 0; i < v->note_cnt; i++) {
		text_add_clean(&p->words, str_of(v->notes[i]));
		item(p, i ? "" : "Notes");
	}
	buf_addstr(p->out, "</dl>\n</section>\n");
}

static int add_flame(struct page *p, const struct diff *d, struct html_pruned *ret_pruned)
{
	struct html_options opt = {.data = {.min_share = 0}};

	if (p->v->suspect_cnt)
		opt.focus = p->v->suspects[0].name;
	buf_addstr(p->out, "<section>\n<h2>Where the time goes");
	if (p->v->suspect_cnt) {
		buf_addstr(p->out, " in ");
		add_name(p, p->v->suspects[0].name);
	}
	buf_addstr(p->out, " <small>baseline against incidents; red took more in the incidents, "
			   "blue less</small></h2>\n");
	add_path(p);
	buf_addstr(p->out, "</section>\n");
	return html_flame(d, &opt, "f", p->out, ret_pruned);
}

int verdict_html(const struct verdict *v, const struct verdict_view *view, const struct diff *d,
		 struct buf *out)
{
	static const struct verdict_view no_view;
	static const struct html_asset css = {verdict_css, sizeof(verdict_css), VERDICT_CSS_SHA256};
	const struct html_asset *styles[] = {&html_page_css, &css}, *scripts[] = {&html_page_js};
	struct page p = {.v = v, .view = view ? view : &no_view, .out = out};
	struct html_pruned pruned = {0};
	struct buf title;
	int r;

	buf_init(&p.words, MAX_WORDS);
	buf_init(&title, MAX_WORDS);
	buf_addstr(&title, "Who is behind ");
	verdict_add_incident(&title, p.view);
	buf_addch(&title, '?');
	html_begin(out, buf_str(&title), styles, ARRAY_SIZE(styles), scripts, ARRAY_SIZE(scripts));
	add_answer(&p);
	add_explained(&p);
	add_recurrences(&p);
	add_others(&p);
	r = add_flame(&p, d, &pruned);
	if (!r) {
		add_ground(&p);
		html_notes(d, &pruned, out);
		html_end(out, scripts, ARRAY_SIZE(scripts));
		r = buf_error(out);
	}
	buf_release(&title);
	buf_release(&p.words);
	return r;
}
