// SPDX-License-Identifier: Apache-2.0
/*
 * Lines: headline 1, blank 1, summary 1, blank 1; tables 2 + 8 + 1 and 2 + 10 + 1; facts at most 11.
 */
#include "render/markdown.h"

#include <string.h>

#include "base/text.h"
#include "diff/diff_tables.h"
#include "render/flame_words.h"
#include "render/label.h"
#include "render/markdown_words.h"
#include "render/value.h"

#define MAX_PROCESSES 8
#define MAX_FUNCTIONS 10
#define MAX_NOTES     4
#define MAX_NAME      60
#define MAX_NOTE      240

struct page {
	const struct diff *d;
	struct markdown_options opt;
	struct buf *out;
	size_t hidden[2]; /* processes and functions within the noise */
	size_t more[2];	  /* that did not fit */
};

static void add_name(const struct page *p, struct str name)
{
	markdown_add_name(p->out, name, MAX_NAME);
}

static void add_cell(const struct page *p, double v)
{
	buf_addstr(p->out, " | ");
	value_add(p->out, p->d, v);
}

static void add_change(const struct page *p, const struct diff_row *row, enum diff_order order)
{
	buf_addstr(p->out, " | ");
	value_add_delta(p->out, p->d, diff_row_delta(row, order), VALUE_MINUS_TYPOGRAPHIC);
	buf_addstr(p->out, row->noise[order] > 0 ? " \xc2\xb1 " : "");
	if (row->noise[order] > 0)
		value_add(p->out, p->d, row->noise[order]);
}

static void add_share(const struct page *p, double share)
{
	buf_addstr(p->out, " | ");
	value_add_percent(p->out, share);
}

static void add_row(const struct page *p, const struct diff_row *row, enum diff_order order)
{
	const double *v = order == DIFF_BY_SELF ? row->self : row->total;
	double all[2] = {diff_total(p->d, 0, DIFF_A), diff_total(p->d, 0, DIFF_B)};

	buf_addstr(p->out, "| ");
	add_name(p, row->name);
	if (!p->d->single) {
		add_cell(p, v[DIFF_A]);
		add_cell(p, v[DIFF_B]);
		add_change(p, row, order);
		buf_addstr(p->out, " | ");
		value_add_ratio(p->out, v[DIFF_A], v[DIFF_B], "\xc3\x97");
		add_share(p, all[DIFF_A] > 0 ? v[DIFF_A] / all[DIFF_A] : 0);
	} else {
		add_cell(p, v[DIFF_B]);
	}
	add_share(p, all[DIFF_B] > 0 ? v[DIFF_B] / all[DIFF_B] : 0);
	if (order == DIFF_BY_SELF && p->d->single)
		add_cell(p, row->total[DIFF_B]);
	else if (order == DIFF_BY_SELF)
		add_change(p, row, DIFF_BY_TOTAL);
	buf_addstr(p->out, " |\n");
}

static void add_table(struct page *p, struct diff_table *t, enum diff_order order, size_t max)
{
	bool single = p->d->single;
	size_t rows;

	if (!p->opt.all)
		p->hidden[order] = diff_table_drop_noise(t, p->d);
	if (p->opt.max_rows && p->opt.max_rows < max)
		max = p->opt.max_rows;
	rows = t->cnt < max ? t->cnt : max;
	p->more[order] = t->cnt - rows;
	if (!rows)
		return;
	buf_addf(p->out, "| %s",
		 order == DIFF_BY_SELF ? "function, own time"
		 : p->opt.group	       ? p->opt.group
				       : "process");
	buf_addstr(p->out, single ? " | time | share" : " | A | B | change | ratio | A % | B %");
	buf_addstr(p->out, order == DIFF_BY_TOTAL ? " |\n"
			   : single		  ? " | with callees |\n"
						  : " | change with callees |\n");
	buf_addstr(p->out, single ? "|:--|--:|--:|" : "|:--|--:|--:|--:|--:|--:|--:|");
	buf_addstr(p->out, order == DIFF_BY_SELF ? "--:|\n" : "\n");
	for (size_t i = 0; i < rows; i++)
		add_row(p, &t->rows[i], order);
	buf_addch(p->out, '\n');
}

/* ---- words ---- */

/* What changed most, of all that is no noise. */
static void add_headline(const struct page *p, const struct diff_table *t)
{
	const struct diff *d = p->d;
	const struct diff_row *row = NULL;

	for (size_t i = 0; !row && i < t->cnt; i++)
		if (!t->rows[i].within_noise[DIFF_BY_TOTAL])
			row = &t->rows[i];
	buf_addstr(p->out, "### ");
	if (p->opt.title.len) {
		text_add_clean(p->out, label_head(p->opt.title, 120));
	} else if (d->single) {
		buf_addstr(p->out, "Profile: ");
		value_add(p->out, d, diff_total(d, 0, DIFF_B));
		buf_addstr(p->out, value_unit(d));
	} else if (!row) {
		buf_addstr(p->out, "Nothing changed by more than the noise");
	} else {
		add_name(p, row->name);
		buf_addch(p->out, ' ');
		value_add_delta(p->out, d, diff_row_delta(row, DIFF_BY_TOTAL),
				VALUE_MINUS_TYPOGRAPHIC);
		buf_addf(p->out, "%s (", value_unit(d));
		value_add_ratio(p->out, row->total[DIFF_A], row->total[DIFF_B], "\xc3\x97");
		buf_addch(p->out, ')');
	}
	buf_addstr(p->out, "\n\n");
}

static void add_total(const struct page *p)
{
	const struct diff *d = p->d;

	if (d->single)
		return;
	buf_addstr(p->out, "All together **");
	value_add_delta(p->out, d, diff_delta(d, 0), VALUE_MINUS_TYPOGRAPHIC);
	buf_addf(p->out, "%s** (", value_unit(d));
	value_add_ratio(p->out, diff_total(d, 0, DIFF_A), diff_total(d, 0, DIFF_B), "\xc3\x97");
	buf_addstr(p->out, diff_within_noise(d, 0) ? ", within the noise).\n\n" : ").\n\n");
}

static void add_sides(const struct page *p)
{
	const struct diff *d = p->d;

	for (int side = d->single ? DIFF_B : DIFF_A; side <= DIFF_B; side++) {
		buf_addstr(p->out, d->single ? "- " : side == DIFF_A ? "- A: " : "- B: ");
		add_name(p, str_of(d->side[side].label));
		buf_addstr(p->out, ", ");
		flame_add_side(d, (enum diff_which)side, ", ", p->out);
		buf_addch(p->out, '\n');
	}
}

static void add_left_out(const struct page *p)
{
	static const char *const what[2] = {"processes", "functions"};

	for (int i = 0; i < 2; i++) {
		if (!p->more[i] && !p->hidden[i])
			continue;
		buf_addf(p->out, "- Not in the table: %zu %s", p->more[i] + p->hidden[i],
			 i ? what[1]
			   : (p->opt.group && strcmp(p->opt.group, "process") ? "rows" : what[0]));
		if (p->hidden[i])
			buf_addf(p->out, ", %zu of them within the noise", p->hidden[i]);
		buf_addstr(p->out, ".\n");
	}
}

static void add_facts(const struct page *p)
{
	const struct diff *d = p->d;

	add_sides(p);
	if (!d->single) {
		buf_addf(p->out, "- Values are %s. ", diff_normalised_words(d));
		diff_add_noise_words(d, p->out);
		buf_addch(p->out, '\n');
	}
	add_left_out(p);
	if (loss_samples(d->side[DIFF_A].lost) || loss_samples(d->side[DIFF_B].lost)) {
		buf_addstr(p->out, "- ");
		flame_add_losses(d, p->out);
	}
	for (uint32_t i = 0; i < d->note_cnt && i < MAX_NOTES; i++) {
		struct str note = str_of(d->notes[i]);
		bool cut = label_cut(&note, MAX_NOTE);

		buf_addstr(p->out, "- ");
		text_add_clean(p->out, note);
		buf_addstr(p->out, cut ? "\xe2\x80\xa6\n" : "\n");
	}
}

int markdown_render(const struct diff *d, const struct markdown_options *opt, struct buf *out)
{
	struct page p = {.d = d, .out = out};
	struct diff_table processes, functions;
	int r;

	if (opt)
		p.opt = *opt;
	r = diff_processes(d, &processes);
	if (r)
		return r;
	r = diff_functions(d, DIFF_BY_SELF, &functions);
	if (!r) {
		add_headline(&p, &processes);
		add_total(&p);
		add_table(&p, &processes, DIFF_BY_TOTAL, MAX_PROCESSES);
		add_table(&p, &functions, DIFF_BY_SELF, MAX_FUNCTIONS);
		add_facts(&p);
		diff_table_release(&functions);
	}
	diff_table_release(&processes);
	return r ? r : buf_error(out);
}
