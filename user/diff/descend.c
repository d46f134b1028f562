// SPDX-License-Identifier: Apache-2.0
#include "diff/descend.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "diff/diff_path.h"
#include "diff/noise.h"

#define STILL 0.2 /* of what moved: a parent that changed by less stayed as it was */

/* ---- single frames ---- */

static double samples_of(const struct diff *d, uint32_t node)
{
	uint64_t a = diff_samples(d, node, DIFF_A), b = diff_samples(d, node, DIFF_B);

	return (double)(a > b ? a : b);
}

/* Large enough to be told of, and no noise? */
static bool counts(const struct diff *d, uint32_t node, double whole)
{
	return fabs(diff_delta(d, node)) >= DESCEND_SHARE * fabs(whole) &&
	       samples_of(d, node) >= DESCEND_SAMPLES && !diff_within_noise(d, node);
}

static int by_change(const void *va, const void *vb)
{
	const struct descend_part *a = va, *b = vb;

	if (fabs(a->delta) != fabs(b->delta))
		return fabs(a->delta) > fabs(b->delta) ? -1 : 1;
	return str_cmp(a->name, b->name);
}

/* ---- the path and where it splits ---- */

static int find_path(const struct diff *d, struct str process, struct descend *x, uint32_t *ret_end)
{
	struct diff_path path;
	struct str *frames;
	int r = diff_path(d, process, &path);

	if (r)
		return r;
	frames = calloc(path.cnt + 1, sizeof(*frames));
	for (size_t i = 0; frames && i < path.cnt; i++)
		frames[i] = diff_name(d, path.nodes[i]);
	if (frames) {
		x->frames = frames;
		x->frame_cnt = path.cnt;
		if (path.cnt) {
			*ret_end = path.nodes[path.cnt - 1];
			x->share = diff_delta(d, *ret_end) / x->delta;
		}
	}
	diff_path_release(&path);
	return frames ? 0 : -ENOMEM;
}

/* Keeps the largest `max` of what comes. */
static void keep(struct descend_part *parts, size_t *cnt, size_t max, const struct descend_part *p)
{
	if (*cnt < max)
		parts[(*cnt)++] = *p;
	else if (by_change(p, &parts[max - 1]) < 0)
		parts[max - 1] = *p;
	else
		return;
	qsort(parts, *cnt, sizeof(*parts), by_change);
}

static void find_branches(const struct diff *d, uint32_t at, struct descend *x)
{
	for (uint32_t c = at + 1; c < d->nodes[at].end; c = d->nodes[c].end) {
		struct descend_part part = {.name = diff_name(d, c), .delta = diff_delta(d, c)};

		if (!counts(d, c, x->delta))
			continue;
		part.share = part.delta / x->delta;
		part.noise = diff_noise(d, c);
		keep(x->branches, &x->branch_cnt, DESCEND_BRANCHES, &part);
	}
}

/* ---- work that moved ---- */

static void keep_move(struct descend *x, const struct descend_move *m)
{
	size_t at = x->move_cnt;

	while (at && x->moves[at - 1].amount < m->amount)
		at--;
	if (at == DESCEND_MOVES)
		return;
	if (x->move_cnt < DESCEND_MOVES)
		x->move_cnt++;
	memmove(&x->moves[at + 1], &x->moves[at], (x->move_cnt - 1 - at) * sizeof(*m));
	x->moves[at] = *m;
}

static void find_move(const struct diff *d, uint32_t parent, struct descend *x)
{
	uint32_t up = 0, down = 0;
	struct descend_move m;

	for (uint32_t c = parent + 1; c < d->nodes[parent].end; c = d->nodes[c].end) {
		if (!up || diff_delta(d, c) > diff_delta(d, up))
			up = c;
		if (!down || diff_delta(d, c) < diff_delta(d, down))
			down = c;
	}
	if (!up || diff_delta(d, up) <= 0 || diff_delta(d, down) >= 0)
		return;
	m.amount = fmin(diff_delta(d, up), -diff_delta(d, down));
	if (!counts(d, up, x->delta) || !counts(d, down, x->delta) ||
	    (fabs(diff_delta(d, parent)) >= STILL * m.amount && !diff_within_noise(d, parent)))
		return;
	m.below = diff_name(d, parent);
	m.from = diff_name(d, down);
	m.to = diff_name(d, up);
	keep_move(x, &m);
}

static void find_moves(const struct diff *d, uint32_t process, struct descend *x)
{
	for (uint32_t n = process; n < d->nodes[process].end; n++)
		if (n + 1 < d->nodes[n].end && n != process)
			find_move(d, n, x);
}

static bool took_part(const struct descend *x, struct str name)
{
	for (size_t i = 0; i < x->move_cnt; i++)
		if (str_eq(x->moves[i].from, name) || str_eq(x->moves[i].to, name))
			return true;
	return false;
}

/* ---- functions by their own time ---- */

struct leaf {
	double self[2], samples[2];
	double deviation[2]; /* of the replicates: added, as if all went together */
};

static void add_leaf(const struct diff *d, uint32_t node, struct leaf *leaf)
{
	for (int i = DIFF_A; i <= DIFF_B; i++) {
		enum diff_which side = (enum diff_which)i;
		double self = diff_self(d, node, side), total = diff_total(d, node, side);

		leaf->self[i] += self;
		if (total > 0)
			leaf->samples[i] += (double)diff_samples(d, node, side) * self / total;
		if (d->scatter)
			leaf->deviation[i] += sqrt(d->scatter[node].self[i]);
	}
}

/*
 * No more than if all its frames went together, nor than the function scatters on the whole machine:
 * short processes take turns.
 */
static void find_variance(const struct diff *d, const struct leaf *leaf, uint32_t name,
			  double ret[2])
{
	for (int i = DIFF_A; i <= DIFF_B; i++) {
		ret[i] = leaf->deviation[i] * leaf->deviation[i];
		if (d->name_scatter)
			ret[i] = fmin(ret[i], d->name_scatter[name].self[i]);
	}
}

static void judge_leaf(const struct diff *d, const struct leaf *leaf, uint32_t id,
		       struct descend *x)
{
	struct str name = intern_get(&d->names, id);
	double variance[2];
	struct descend_part part = {.name = name, .moved = took_part(x, name)};
	struct noise noise;

	find_variance(d, leaf, id, variance);
	noise = noise_of(d, leaf->self, leaf->samples, d->scatter ? variance : NULL);
	part.delta = leaf->self[DIFF_B] - leaf->self[DIFF_A];
	part.noise = noise.error;
	part.share = part.delta / x->delta;
	if (fabs(part.share) < DESCEND_SHARE || noise.is_within ||
	    fmax(leaf->samples[0], leaf->samples[1]) < DESCEND_SAMPLES)
		return;
	x->leaf_more += x->leaf_cnt == DESCEND_LEAVES;
	keep(x->leaves, &x->leaf_cnt, DESCEND_LEAVES, &part);
}

static int find_leaves(const struct diff *d, uint32_t process, struct descend *x)
{
	uint32_t cnt = intern_cnt(&d->names);
	struct leaf *leaves = calloc(cnt, sizeof(*leaves));

	if (!leaves)
		return -ENOMEM;
	for (uint32_t n = process; n < d->nodes[process].end; n++)
		if (d->nodes[n].depth > d->group_cnt)
			add_leaf(d, n, &leaves[d->nodes[n].name]);
	for (uint32_t i = 0; i < cnt; i++)
		if (leaves[i].self[DIFF_A] != leaves[i].self[DIFF_B])
			judge_leaf(d, &leaves[i], i, x);
	free(leaves);
	return 0;
}

static int find_work(const struct diff *d, uint32_t process, struct descend *x)
{
	int r;

	if (samples_of(d, process) < DESCEND_SAMPLES)
		return 0;
	r = work_split(d, process, x->work);
	for (size_t w = 0; !r && w < WORK_CNT; w++)
		x->work[w] /= x->delta;
	return r;
}

double descend_reacting(const struct descend *x)
{
	double sum = 0;

	for (int w = 0; w < WORK_CNT; w++)
		if (work_reacts((enum work)w))
			sum += x->work[w];
	return sum;
}

int descend(const struct diff *d, struct str process, struct descend *ret)
{
	struct descend x = {.frames = NULL};
	uint32_t node, end;
	int r = diff_find_process(d, process, &node);

	if (r)
		return r;
	x.delta = diff_delta(d, node);
	if (x.delta == 0) {
		*ret = x;
		return 0;
	}
	end = node;
	r = find_path(d, process, &x, &end);
	if (!r) {
		find_branches(d, end, &x);
		find_moves(d, node, &x);
		r = find_leaves(d, node, &x);
	}
	if (!r)
		r = find_work(d, node, &x);
	if (r)
		descend_release(&x);
	else
		*ret = x;
	return r;
}

void descend_release(struct descend *x)
{
	free((void *)x->frames);
	*x = (struct descend){0};
}
