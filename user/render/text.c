// SPDX-License-Identifier: Apache-2.0
/*
 * Every cell is put together first; then each column is as wide as its widest cell, the numbers on
 * the left, the name on the right with what is left of the page: names are the only part that may
 * be cut.
 */
#include "render/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/times.h"
#include "diff/diff_tables.h"
#include "render/flame_words.h"
#include "render/label.h"
#include "render/value.h"

#define WIDTH	      100
#define MIN_NAME      20
#define MAX_PROCESSES 20
#define MAX_FUNCTIONS 30
#define MAX_COLUMNS   8
#define RED	      "\033[31m"
#define BLUE	      "\033[34m"
#define PLAIN	      "\033[0m"

struct cell {
	char text[32]; /* ASCII */
	size_t whole;  /* characters before the point */
	size_t rest;   /* the point and what follows */
	bool is_word;  /* "new" */
};

struct grid {
	const char *heads[MAX_COLUMNS];
	size_t columns;
	/* widest of each, so that points line up */
	size_t whole[MAX_COLUMNS], rest[MAX_COLUMNS], word[MAX_COLUMNS];
	struct cell *cells; /* rows x columns */
	size_t rows;
};

struct page {
	const struct diff *d;
	struct text_options opt;
	struct buf *out;
};

enum value_kind {
	VALUE_PLAIN,
	VALUE_DELTA,
	VALUE_SHARE,
	VALUE_RATIO,
	VALUE_NOISE,
};

static void set_cell(const struct page *p, struct grid *g, size_t row, size_t column,
		     enum value_kind kind, double v, double base)
{
	struct cell *cell = &g->cells[row * g->columns + column];
	struct buf b;

	buf_init(&b, sizeof(cell->text) - 1);
	if (kind == VALUE_DELTA)
		value_add_delta(&b, p->d, v, VALUE_MINUS_ASCII);
	else if (kind == VALUE_SHARE)
		value_add_percent(&b, v);
	else if (kind == VALUE_RATIO)
		value_add_ratio(&b, base, v, "x");
	else if (kind == VALUE_NOISE && !(v > 0) && base != 0)
		buf_addch(&b, '?');
	else
		value_add(&b, p->d, v);
	if (buf_error(&b))
		p->out->error = buf_error(&b);
	for (size_t i = 0; i < b.len; i++)
		cell->text[i] = b.data[i];
	cell->whole = strcspn(cell->text, ".");
	cell->rest = b.len - cell->whole;
	cell->is_word = !strpbrk(cell->text, "0123456789");
	if (cell->is_word) {
		g->word[column] = b.len > g->word[column] ? b.len : g->word[column];
		buf_release(&b);
		return;
	}
	if (cell->whole > g->whole[column])
		g->whole[column] = cell->whole;
	if (cell->rest > g->rest[column])
		g->rest[column] = cell->rest;
	buf_release(&b);
}

static int grid_init(struct grid *g, const char *const *heads, size_t columns, size_t rows)
{
	*g = (struct grid){.columns = columns, .rows = rows};
	g->cells = calloc(rows * columns + 1, sizeof(*g->cells));
	if (!g->cells)
		return -ENOMEM;
	for (size_t i = 0; i < columns; i++)
		g->heads[i] = heads[i];
	return 0;
}

static size_t column_width(const struct grid *g, size_t i)
{
	size_t width = strlen(g->heads[i]), cells = g->whole[i] + g->rest[i];

	if (width < cells)
		width = cells;
	return width < g->word[i] ? g->word[i] : width;
}

static void pad(struct buf *b, size_t have, size_t want)
{
	for (; have < want; have++)
		buf_addch(b, ' ');
}

static void add_row(const struct page *p, const struct grid *g, size_t row,
		    const struct diff_row *of, double delta)
{
	const char *color = delta > 0 ? RED : BLUE;
	size_t used = 0;

	if (p->opt.color && delta != 0)
		buf_addstr(p->out, color);
	for (size_t i = 0; i < g->columns; i++) {
		const struct cell *cell = &g->cells[row * g->columns + i];

		size_t tail = cell->is_word ? 0 : g->rest[i] - cell->rest;

		pad(p->out, cell->whole + cell->rest + tail, column_width(g, i));
		buf_addf(p->out, "%s%*s", cell->text, (int)tail + 2, "");
		used += column_width(g, i) + 2;
	}
	if (p->opt.color && delta != 0)
		buf_addstr(p->out, PLAIN);
	label_add(p->out, of->name,
		  p->opt.width > used + MIN_NAME ? p->opt.width - used : MIN_NAME);
	buf_addch(p->out, '\n');
}

static void add_heads(const struct page *p, const struct grid *g, const char *name)
{
	for (size_t i = 0; i < g->columns; i++) {
		pad(p->out, strlen(g->heads[i]), column_width(g, i));
		buf_addf(p->out, "%s  ", g->heads[i]);
	}
	buf_addf(p->out, "%s\n", name);
}

/* What the rows that are not shown change together would hide what cancels: only how many. */
static void add_rest(const struct page *p, size_t shown, size_t all, size_t noise)
{
	if (shown < all)
		buf_addf(p->out, "... and %zu more\n", all - shown);
	if (noise)
		buf_addf(p->out, "... and %zu within the noise\n", noise);
}

/* Red for more, blue for less; what is within the noise is neither. */
static double colored(const struct page *p, const struct diff_row *row, enum diff_order order)
{
	return p->d->single || row->within_noise[order] ? 0 : diff_row_delta(row, order);
}

static int add_processes(const struct page *p, const struct diff_table *t, size_t noise)
{
	static const char *const diff_heads[] = {"A", "B", "change", "noise", "ratio", "A%", "B%"};
	static const char *const single_heads[] = {"total", "share"};
	bool single = p->d->single;
	size_t rows = t->cnt < p->opt.max_processes ? t->cnt : p->opt.max_processes;
	struct grid g;
	int r;

	r = grid_init(&g, single ? single_heads : diff_heads, single ? 2 : 7, rows);
	if (r)
		return r;
	for (size_t i = 0; i < rows; i++) {
		const struct diff_row *row = &t->rows[i];
		size_t c = 0;

		if (!single)
			set_cell(p, &g, i, c++, VALUE_PLAIN, row->total[DIFF_A], 0);
		set_cell(p, &g, i, c++, VALUE_PLAIN, row->total[DIFF_B], 0);
		if (!single) {
			set_cell(p, &g, i, c++, VALUE_DELTA, diff_row_delta(row, DIFF_BY_TOTAL), 0);
			set_cell(p, &g, i, c++, VALUE_NOISE, row->noise[DIFF_BY_TOTAL],
				 diff_row_delta(row, DIFF_BY_TOTAL));
			set_cell(p, &g, i, c++, VALUE_RATIO, row->total[DIFF_B],
				 row->total[DIFF_A]);
			set_cell(p, &g, i, c++, VALUE_SHARE, row->share[DIFF_A], 0);
		}
		set_cell(p, &g, i, c, VALUE_SHARE, row->share[DIFF_B], 0);
	}
	add_heads(p, &g, p->opt.group ? p->opt.group : "process");
	for (size_t i = 0; i < rows; i++)
		add_row(p, &g, i, &t->rows[i], colored(p, &t->rows[i], DIFF_BY_TOTAL));
	add_rest(p, rows, t->cnt, noise);
	free(g.cells);
	return 0;
}

static void set_function(const struct page *p, struct grid *g, size_t i, const struct diff_row *row)
{
	double all = diff_total(p->d, 0, DIFF_B);

	if (p->d->single) {
		set_cell(p, g, i, 0, VALUE_PLAIN, row->self[DIFF_B], 0);
		set_cell(p, g, i, 1, VALUE_SHARE, all > 0 ? row->self[DIFF_B] / all : 0, 0);
		set_cell(p, g, i, 2, VALUE_PLAIN, row->total[DIFF_B], 0);
		set_cell(p, g, i, 3, VALUE_SHARE, row->share[DIFF_B], 0);
		return;
	}
	set_cell(p, g, i, 0, VALUE_PLAIN, row->self[DIFF_A], 0);
	set_cell(p, g, i, 1, VALUE_PLAIN, row->self[DIFF_B], 0);
	set_cell(p, g, i, 2, VALUE_DELTA, diff_row_delta(row, DIFF_BY_SELF), 0);
	set_cell(p, g, i, 3, VALUE_NOISE, row->noise[DIFF_BY_SELF],
		 diff_row_delta(row, DIFF_BY_SELF));
	set_cell(p, g, i, 4, VALUE_PLAIN, row->total[DIFF_A], 0);
	set_cell(p, g, i, 5, VALUE_PLAIN, row->total[DIFF_B], 0);
	set_cell(p, g, i, 6, VALUE_DELTA, diff_row_delta(row, DIFF_BY_TOTAL), 0);
	set_cell(p, g, i, 7, VALUE_NOISE, row->noise[DIFF_BY_TOTAL],
		 diff_row_delta(row, DIFF_BY_TOTAL));
}

static int add_functions(const struct page *p, const struct diff_table *t, size_t noise)
{
	static const char *const diff_heads[] = {"self A",  "self B",  "change", "noise",
						 "total A", "total B", "change", "noise"};
	static const char *const single_heads[] = {"self", "share", "total", "share"};
	size_t rows = t->cnt < p->opt.max_functions ? t->cnt : p->opt.max_functions;
	struct grid g;
	int r;

	r = grid_init(&g, p->d->single ? single_heads : diff_heads, p->d->single ? 4 : 8, rows);
	if (r)
		return r;
	for (size_t i = 0; i < rows; i++)
		set_function(p, &g, i, &t->rows[i]);
	add_heads(p, &g, "function");
	for (size_t i = 0; i < rows; i++)
		add_row(p, &g, i, &t->rows[i], colored(p, &t->rows[i], DIFF_BY_SELF));
	add_rest(p, rows, t->cnt, noise);
	free(g.cells);
	return 0;
}

static void add_sides(const struct page *p)
{
	const struct diff *d = p->d;

	for (int side = d->single ? DIFF_B : DIFF_A; side <= DIFF_B; side++) {
		struct str label = str_of(d->side[side].label);

		if (!d->single)
			buf_addf(p->out, "%s: ", side == DIFF_A ? "A" : "B");
		if (label.len > 1) {
			label_add(p->out, label, 60);
			buf_addstr(p->out, ", ");
		}
		flame_add_side(d, (enum diff_which)side, ", ", p->out);
		buf_addch(p->out, '\n');
	}
	if (!d->single) {
		buf_addstr(p->out, "change: ");
		value_add_delta(p->out, d, diff_delta(d, 0), VALUE_MINUS_ASCII);
		buf_addf(p->out, "%s, ", value_unit(d));
		value_add_ratio(p->out, diff_total(d, 0, DIFF_A), diff_total(d, 0, DIFF_B), "x");
		buf_addf(p->out, "; %s\n", diff_normalised_words(d));
		diff_add_noise_words(d, p->out);
		buf_addch(p->out, '\n');
	}
	buf_addch(p->out, '\n');
}

/* The share of user stacks that are whole; each of the others has its reason below. */
static void add_whole_stacks(const struct page *p, const struct diff_side *side, const char *where)
{
	uint64_t partial = loss_partial_stacks(side->lost);

	if (!partial || !side->cnt)
		return;
	buf_addf(p->out, "stacks%s: ", where);
	value_add_percent(p->out,
			  partial < side->cnt ? 1 - (double)partial / (double)side->cnt : 0);
	buf_addstr(p->out, " of the samples have their whole user stack\n");
}

static void add_losses(const struct page *p)
{
	for (int side = p->d->single ? DIFF_B : DIFF_A; side <= DIFF_B; side++) {
		const uint64_t *lost = p->d->side[side].lost;
		const char *where = p->d->single ? "" : side == DIFF_A ? " in A" : " in B";

		add_whole_stacks(p, &p->d->side[side], where);
		for (unsigned int i = 0; i < LOSS_CNT; i++) {
			if (!lost[i] || !loss_name(i))
				continue;
			buf_addf(p->out, "%s%s: ",
				 loss_class(i) == LOSS_CLASS_SAMPLE ? "lost" : "incomplete", where);
			value_add_cnt(p->out, lost[i]);
			buf_addf(p->out, " %s (%s)\n", loss_name(i), loss_help(i));
		}
	}
}

static int add_tables(const struct page *p)
{
	struct diff_table t;
	int r;

	r = diff_processes(p->d, &t);
	if (r)
		return r;
	r = add_processes(p, &t, p->opt.all ? 0 : diff_table_drop_noise(&t, p->d));
	diff_table_release(&t);
	buf_addch(p->out, '\n');
	if (!r)
		r = diff_functions(p->d, DIFF_BY_SELF, &t);
	if (r)
		return r;
	r = add_functions(p, &t, p->opt.all ? 0 : diff_table_drop_noise(&t, p->d));
	diff_table_release(&t);
	return r;
}

int text_render(const struct diff *d, const struct text_options *opt, struct buf *out)
{
	struct page p = {.d = d, .out = out};
	size_t before;
	int r;

	if (opt)
		p.opt = *opt;
	p.opt.width = p.opt.width ? p.opt.width : WIDTH;
	p.opt.max_processes = p.opt.max_processes ? p.opt.max_processes : MAX_PROCESSES;
	p.opt.max_functions = p.opt.max_functions ? p.opt.max_functions : MAX_FUNCTIONS;
	add_sides(&p);
	r = add_tables(&p);
	if (r)
		return r;
	before = out->len;
	buf_addch(out, '\n');
	for (uint32_t i = 0; i < d->note_cnt; i++) {
		buf_addstr(out, "note: ");
		text_add_clean(out, str_of(d->notes[i]));
		buf_addch(out, '\n');
	}
	add_losses(&p);
	if (!buf_error(out) && out->len == before + 1) /* nothing to tell: no blank line either */
		out->data[--out->len] = '\0';
	return buf_error(out);
}
