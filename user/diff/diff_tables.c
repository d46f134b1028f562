// SPDX-License-Identifier: Apache-2.0
/*
 * Inclusive values of functions take one walk over the nodes in preorder, with a counter for each
 * name of how often it is on the path from the root to here: a node adds its total to its function
 * only if the counter was 0. Leaving a subtree takes its names off again, on the way up from the
 * node before to the parent of the next one, so that the whole walk is linear.
 */
#include "diff/diff_tables.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/sum.h"
#include "base/text.h"
#include "diff/noise.h"

double diff_row_delta(const struct diff_row *row, enum diff_order order)
{
	return order == DIFF_BY_SELF ? row->self[DIFF_B] - row->self[DIFF_A]
				     : row->total[DIFF_B] - row->total[DIFF_A];
}

enum diff_change diff_change(double a, double b)
{
	return (enum diff_change)((b > 0 ? DIFF_NEW : 0) | (a > 0 ? DIFF_GONE : 0));
}

static int by_change(const void *va, const void *vb, enum diff_order order)
{
	const struct diff_row *a = va, *b = vb;
	double x = fabs(diff_row_delta(a, order)), y = fabs(diff_row_delta(b, order));

	if (x == y) { /* many functions only call others: what they call tells them apart */
		enum diff_order other = order == DIFF_BY_SELF ? DIFF_BY_TOTAL : DIFF_BY_SELF;

		x = fabs(diff_row_delta(a, other));
		y = fabs(diff_row_delta(b, other));
	}
	if (x != y)
		return x > y ? -1 : 1;
	return str_cmp(a->name, b->name);
}

static int by_total(const void *a, const void *b)
{
	return by_change(a, b, DIFF_BY_TOTAL);
}

static int by_self(const void *a, const void *b)
{
	return by_change(a, b, DIFF_BY_SELF);
}

static void set_shares(const struct diff *d, struct diff_row *row)
{
	for (int side = DIFF_A; side <= DIFF_B; side++) {
		double all = diff_total(d, 0, (enum diff_which)side);

		row->share[side] = all > 0 ? row->total[side] / all : 0;
	}
}

int diff_processes(const struct diff *d, struct diff_table *ret_table)
{
	struct diff_table t = {0};

	for (uint32_t n = 1; n < d->node_cnt; n = d->nodes[n].end)
		t.cnt++;
	t.rows = calloc(t.cnt + 1, sizeof(*t.rows));
	if (!t.rows)
		return -ENOMEM;
	t.cnt = 0;
	for (uint32_t n = 1; n < d->node_cnt; n = d->nodes[n].end) {
		struct diff_row *row = &t.rows[t.cnt++];

		row->name = diff_name(d, n);
		row->module = (struct str){"", 0};
		row->node = n;
		for (int side = DIFF_A; side <= DIFF_B; side++) {
			row->total[side] = diff_total(d, n, (enum diff_which)side);
			row->self[side] = diff_self(d, n, (enum diff_which)side);
			row->cnt[side] = diff_samples(d, n, (enum diff_which)side);
		}
		row->noise[DIFF_BY_TOTAL] = diff_noise(d, n);
		row->noise[DIFF_BY_SELF] = diff_self_noise(d, n);
		row->within_noise[DIFF_BY_TOTAL] = diff_within_noise(d, n);
		row->within_noise[DIFF_BY_SELF] = diff_self_within_noise(d, n);
		set_shares(d, row);
	}
	qsort(t.rows, t.cnt, sizeof(*t.rows), by_total);
	*ret_table = t;
	return 0;
}

/* What a function adds up to, in whole weights: so that no rounding depends on the order. */
struct tally {
	struct diff_count side[2];
	uint32_t on_path;
	uint32_t node; /* first one of that name; 0 = none yet */
};

static void add_node(struct tally *tally, const struct diff *d, uint32_t n)
{
	const struct diff_node *node = &d->nodes[n];

	if (!tally->node)
		tally->node = n;
	for (int side = DIFF_A; side <= DIFF_B; side++) {
		sum_add(&tally->side[side].self, node->side[side].self);
		if (tally->on_path)
			continue;
		sum_add(&tally->side[side].total, node->side[side].total);
		sum_add(&tally->side[side].cnt, diff_samples(d, n, (enum diff_which)side));
	}
	tally->on_path++;
}

static size_t tally_functions(const struct diff *d, struct tally *tally)
{
	uint32_t path = 0; /* the node whose ancestors are on the path, itself included */
	size_t cnt = 0;

	for (uint32_t n = 1; n < d->node_cnt; n++) {
		const struct diff_node *node = &d->nodes[n];

		for (; path != node->parent; path = d->nodes[path].parent)
			if (d->nodes[path].depth > d->group_cnt)
				tally[d->nodes[path].name].on_path--;
		path = n;
		if (node->depth <= d->group_cnt)
			continue;
		cnt += !tally[node->name].node;
		add_node(&tally[node->name], d, n);
	}
	return cnt;
}

static void set_noise(const struct diff *d, struct diff_row *row)
{
	const struct diff_scatter *s =
		d->name_scatter ? &d->name_scatter[d->nodes[row->node].name] : NULL;
	double own[2], n[2] = {(double)row->cnt[DIFF_A], (double)row->cnt[DIFF_B]};
	struct noise total, self;

	for (int side = DIFF_A; side <= DIFF_B; side++)
		own[side] = row->total[side] > 0 ? n[side] * row->self[side] / row->total[side] : 0;
	total = noise_of(d, row->total, n, s ? s->total : NULL);
	self = noise_of(d, row->self, own, s ? s->self : NULL);
	row->noise[DIFF_BY_TOTAL] = total.error;
	row->noise[DIFF_BY_SELF] = self.error;
	row->within_noise[DIFF_BY_TOTAL] = total.is_within;
	row->within_noise[DIFF_BY_SELF] = self.is_within;
}

static void fill_row(const struct diff *d, const struct tally *tally, struct diff_row *row)
{
	row->name = diff_name(d, tally->node);
	row->module = diff_module(d, tally->node);
	row->node = tally->node;
	for (int side = DIFF_A; side <= DIFF_B; side++) {
		row->total[side] = (double)tally->side[side].total * d->side[side].scale;
		row->self[side] = (double)tally->side[side].self * d->side[side].scale;
		row->cnt[side] = tally->side[side].cnt;
	}
	set_noise(d, row);
	set_shares(d, row);
}

int diff_functions(const struct diff *d, enum diff_order order, struct diff_table *ret_table)
{
	uint32_t names = intern_cnt(&d->names);
	struct tally *tally = calloc((size_t)names + 1, sizeof(*tally));
	struct diff_table t = {0};
	size_t cnt;

	if (!tally)
		return -ENOMEM;
	cnt = tally_functions(d, tally);
	t.rows = calloc(cnt + 1, sizeof(*t.rows));
	if (!t.rows) {
		free(tally);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < names; i++)
		if (tally[i].node)
			fill_row(d, &tally[i], &t.rows[t.cnt++]);
	qsort(t.rows, t.cnt, sizeof(*t.rows), order == DIFF_BY_SELF ? by_self : by_total);
	free(tally);
	*ret_table = t;
	return 0;
}

size_t diff_table_drop_noise(struct diff_table *t, const struct diff *d)
{
	size_t kept = 0, dropped;

	if (d->single)
		return 0;
	for (size_t i = 0; i < t->cnt; i++)
		if (!t->rows[i].within_noise[DIFF_BY_TOTAL] ||
		    !t->rows[i].within_noise[DIFF_BY_SELF])
			t->rows[kept++] = t->rows[i];
	dropped = t->cnt - kept;
	t->cnt = kept;
	return dropped;
}

void diff_table_release(struct diff_table *t)
{
	free(t->rows);
	*t = (struct diff_table){0};
}
