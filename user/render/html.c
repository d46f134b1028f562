// SPDX-License-Identifier: Apache-2.0
/*
 * Only what the script cannot know is written here; what it draws anyway is not. Every name passes
 * text_add_xml(), and the data block consists of base64 digits, so nothing from outside can end an
 * element early.
 */
#include "render/html.h"

#include <errno.h>

#include "base/text.h"
#include "diff/diff_tables.h"
#include "page.css.h"
#include "page.js.h"
#include "render/flame_words.h"
#include "render/label.h"
#include "render/value.h"

#define MAX_WORDS   (1U << 20)
#define STATIC_ROWS 25 /* of the table that is there without a script */
#define NAME_CHARS  120
#define DOT	    " \xc2\xb7 "
#define TIMES	    "\xc3\x97"

const struct html_asset html_page_js = {page_js, sizeof(page_js), PAGE_JS_SHA256};
const struct html_asset html_page_css = {page_css, sizeof(page_css), PAGE_CSS_SHA256};

/* ---- the page around ------------------------------------------------------------------------- */

static void add_policy(struct buf *out, const char *what, const struct html_asset *const *assets,
		       size_t cnt)
{
	buf_addf(out, "; %s", what);
	for (size_t i = 0; i < cnt; i++)
		buf_addf(out, " 'sha256-%s'", assets[i]->sha256);
}

void html_begin(struct buf *out, struct str title, const struct html_asset *const *styles,
		size_t style_cnt, const struct html_asset *const *scripts, size_t script_cnt)
{
	buf_addstr(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'"
			"; base-uri 'none'; form-action 'none'");
	add_policy(out, "script-src", scripts, script_cnt);
	add_policy(out, "style-src", styles, style_cnt);
	buf_addstr(out, "\">\n<meta name=\"viewport\" content=\"width=device-width, "
			"initial-scale=1\">\n"
			"<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	text_add_xml(out, title);
	buf_addstr(out, "</title>\n");
	for (size_t i = 0; i < style_cnt; i++) {
		buf_addstr(out, "<style>");
		buf_add(out, styles[i]->text, styles[i]->len);
		buf_addstr(out, "</style>\n");
	}
	buf_addstr(out, "</head>\n<body>\n<main>\n<header class=\"head\"><h1>");
	text_add_xml(out, title);
	buf_addstr(out, "</h1></header>\n");
}

void html_end(struct buf *out, const struct html_asset *const *scripts, size_t script_cnt)
{
	buf_addstr(out, "</main>\n");
	for (size_t i = 0; i < script_cnt; i++) {
		buf_addstr(out, "<script>");
		buf_add(out, scripts[i]->text, scripts[i]->len);
		buf_addstr(out, "</script>\n");
	}
	buf_addstr(out, "</body>\n</html>\n");
}

void html_data_block(struct buf *out, const char *id, struct str base64)
{
	buf_addf(out, "<script type=\"application/octet-stream\" id=\"%s\">", id);
	buf_add(out, base64.p, base64.len);
	buf_addstr(out, "</script>\n");
}

/* Writes clean words as HTML; `words` is released. */
static void add_words(struct buf *out, struct buf *words)
{
	text_add_xml(out, buf_str(words));
	if (buf_error(words) && !out->error)
		out->error = buf_error(words);
	buf_release(words);
}

/* ---- the graph's place ----------------------------------------------------------------------- */

static void add_side(const struct diff *d, enum diff_which side, struct buf *out)
{
	struct str label = str_of(d->side[side].label);
	struct buf words;

	buf_init(&words, MAX_WORDS);
	buf_addf(out, "<div class=\"side side-%c\">", side == DIFF_A ? 'a' : 'b');
	if (!d->single)
		buf_addf(out, "<b class=\"badge\">%c</b>", side == DIFF_A ? 'A' : 'B');
	buf_addstr(out, "<span class=\"label\">");
	label_add(&words, label, NAME_CHARS);
	add_words(out, &words);
	buf_addstr(out, "</span> <span class=\"facts\">");
	buf_init(&words, MAX_WORDS);
	flame_add_side(d, side, DOT, &words);
	add_words(out, &words);
	buf_addstr(out, "</span></div>\n");
}

static void add_static_row(const struct diff *d, const struct diff_row *row, struct buf *out)
{
	double a = row->total[DIFF_A], b = row->total[DIFF_B];
	struct buf name;

	buf_init(&name, MAX_WORDS);
	label_add(&name, row->name, NAME_CHARS);
	buf_addstr(out, "<tr><td>");
	add_words(out, &name);
	if (!d->single) {
		buf_addstr(out, "<td>");
		value_add(out, d, a);
	}
	buf_addstr(out, "<td>");
	value_add(out, d, b);
	if (!d->single) {
		buf_addstr(out, "<td>");
		value_add_delta(out, d, b - a, VALUE_MINUS_TYPOGRAPHIC);
		buf_addstr(out, "<td>");
		value_add_ratio(out, a, b, TIMES);
	}
	buf_addch(out, '\n');
}

/* For readers without the script: the processes that changed most. */
static int add_static_table(const struct diff *d, struct buf *out)
{
	struct diff_table t;
	int r = diff_processes(d, &t);

	if (r)
		return r;
	buf_addstr(out, "<noscript><p>The flame graph is drawn by a script, which is not running "
			"here. The processes:</p>\n<table class=\"plain\"><tr><th>process");
	buf_addf(out, d->single ? "<th>%s\n" : "<th>A, %s<th>B<th>change<th>ratio\n",
		 diff_unit_name(d->unit));
	for (size_t i = 0; i < t.cnt && i < STATIC_ROWS; i++)
		add_static_row(d, &t.rows[i], out);
	buf_addstr(out, "</table>");
	if (t.cnt > STATIC_ROWS)
		buf_addf(out, "<p>and %zu more</p>", t.cnt - STATIC_ROWS);
	buf_addstr(out, "</noscript>\n");
	diff_table_release(&t);
	return 0;
}

int html_flame(const struct diff *d, const struct html_options *opt, const char *id,
	       struct buf *out, struct html_pruned *ret_pruned)
{
	struct buf data, data_id;
	int r;

	buf_addstr(out, "<div class=\"sides\">\n");
	if (!d->single)
		add_side(d, DIFF_A, out);
	add_side(d, DIFF_B, out);
	buf_addf(out, "</div>\n<section class=\"flame\" id=\"%s\" data-flame=\"%s-data\"", id, id);
	if (opt && opt->focus.len) {
		buf_addstr(out, " data-focus=\"");
		text_add_xml(out, opt->focus);
		buf_addch(out, '"');
	}
	buf_addstr(out, ">\n");
	r = add_static_table(d, out);
	buf_addstr(out, "</section>\n");
	if (r)
		return r;
	buf_init(&data, out->max);
	buf_init(&data_id, 256);
	r = html_data(d, opt ? &opt->data : NULL, &data, ret_pruned);
	buf_addf(&data_id, "%s-data", id);
	if (!r)
		r = buf_error(&data_id);
	if (!r)
		html_data_block(out, data_id.data, buf_str(&data));
	buf_release(&data);
	buf_release(&data_id);
	return r ? r : buf_error(out);
}

/* ---- what a reader has to know --------------------------------------------------------------- */

static void add_pruned(const struct diff *d, const struct html_pruned *pruned, struct buf *b)
{
	if (!pruned->cnt) {
		buf_addstr(b, "Nothing was pruned: every frame is in this page.");
		return;
	}
	buf_addstr(b, "Pruned: ");
	value_add_cnt(b, pruned->cnt);
	buf_addstr(b, pruned->cnt == 1 ? " frame of less than " : " frames of less than ");
	value_add(b, d, pruned->below);
	buf_addf(b, "%s each, together ", value_unit(d));
	if (!d->single) {
		buf_addstr(b, "A ");
		value_add(b, d, pruned->total[DIFF_A]);
		buf_addstr(b, ", B ");
	}
	value_add(b, d, pruned->total[DIFF_B]);
	buf_addf(b,
		 "%s. They are drawn as one box for each parent and counted in its total, but "
		 "not in the table of functions.",
		 value_unit(d));
}

static void add_paragraph(struct buf *out, const char *class, struct str words)
{
	buf_addf(out, "<p class=\"%s\">", class);
	text_add_xml(out, words);
	buf_addstr(out, "</p>\n");
}

void html_notes(const struct diff *d, const struct html_pruned *pruned, struct buf *out)
{
	struct str rest, line;
	struct buf words;

	buf_addstr(out, "<footer>\n");
	for (uint32_t i = 0; i < d->note_cnt; i++)
		add_paragraph(out, "note", str_of(d->notes[i]));
	buf_init(&words, MAX_WORDS);
	flame_add_losses(d, &words);
	add_pruned(d, pruned, &words);
	buf_addch(&words, '\n');
	flame_add_unit(d, &words);
	rest = buf_str(&words);
	while (str_split(&rest, '\n', &line))
		if (line.len)
			add_paragraph(out, "fact", line);
	buf_addstr(out, "</footer>\n");
	if (buf_error(&words) && !out->error)
		out->error = buf_error(&words);
	buf_release(&words);
}

int html_render(const struct diff *d, const struct html_options *opt, struct buf *out)
{
	static const struct html_options defaults;
	const struct html_asset *styles[] = {&html_page_css}, *scripts[] = {&html_page_js};
	struct html_pruned pruned = {0};
	struct str title;
	int r;

	opt = opt ? opt : &defaults;
	title = opt->title;
	if (!title.len)
		title = d->single ? STR_LIT("Flame graph") : STR_LIT("Differential flame graph");
	html_begin(out, title, styles, ARRAY_SIZE(styles), scripts, ARRAY_SIZE(scripts));
	if (opt->verdict.len)
		add_paragraph(out, "verdict", opt->verdict);
	r = html_flame(d, opt, "f", out, &pruned);
	if (r)
		return r;
	html_notes(d, &pruned, out);
	html_end(out, scripts, ARRAY_SIZE(scripts));
	return buf_error(out);
}
