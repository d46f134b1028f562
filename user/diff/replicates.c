// SPDX-License-Identifier: Apache-2.0
/*
 * A window's own weights go to the diff's nodes, found by a hash of (parent, name). At the end of a
 * replicate they go on from the nodes touched to their ancestors, largest number first, since a
 * parent's is smaller; and from the nodes to their functions: own weights from all of them,
 * inclusive ones from those below no other of that name.
 */
#include "diff/replicates.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/idmap.h"
#include "base/mem.h"
#include "base/text.h"
#include "diff/names.h"
#include "diff/noise.h"
#include "diff/spread.h"

#define NOWHERE UINT32_MAX

/* Names that are remembered; the rules cost a hundred times as much as to look one up. */
#define MAX_MET	      (1U << 20)
#define MAX_MET_BYTES ((size_t)64 << 20)

struct one_side {
	struct spread node_total, node_self, name_total, name_self;
	bool is_open;
	double seconds, total; /* of the open replicate */
	uint32_t cnt;
	double x, x_sq; /* sums over the replicates */
};

struct replicates {
	struct diff *d;
	struct str *keys; /* owned, their bytes are not */
	size_t key_cnt;
	struct names names;
	struct intern met;  /* names of frames as they came, */
	uint32_t *met_name; /* … and what frame_name() says of them */
	size_t met_cap;
	struct idmap children; /* parent << 32 | name -> node */
	bool *is_topmost;      /* by node: a frame below none of the same name */
	struct one_side side[2];
};

/* Window's stack node -> diff's node, valid for one series at a time. */
struct memo {
	uint32_t series; /* + 1 */
	uint32_t node;
};

/* Working arrays for one window. */
struct window {
	const struct profile *p;
	struct memo *memo;
	uint32_t *path;
	uint32_t *name_of; /* string -> name + 1; 0 = not met, NOWHERE = the diff has none */
};

/* One walk in preorder with a counter for each name, as diff_tables.c does. */
static int find_topmost(struct replicates *r)
{
	const struct diff *d = r->d;
	uint32_t *on_path = calloc((size_t)intern_cnt(&d->names) + 1, sizeof(*on_path));
	uint32_t path = 0;

	if (!on_path)
		return -ENOMEM;
	for (uint32_t n = 1; n < d->node_cnt; n++) {
		for (; path != d->nodes[n].parent; path = d->nodes[path].parent)
			if (d->nodes[path].depth > d->group_cnt)
				on_path[d->nodes[path].name]--;
		path = n;
		if (d->nodes[n].depth > d->group_cnt)
			r->is_topmost[n] = !on_path[d->nodes[n].name]++;
	}
	free(on_path);
	return 0;
}

static int prepare(struct replicates *r, const struct diff_options *opt)
{
	const struct diff *d = r->d;
	uint32_t names = intern_cnt(&d->names);
	int error = 0;

	r->key_cnt = d->group_cnt;
	r->keys = calloc(r->key_cnt + 1, sizeof(*r->keys));
	r->is_topmost = calloc((size_t)d->node_cnt + 1, sizeof(*r->is_topmost));
	if (!r->keys || !r->is_topmost)
		return -ENOMEM;
	for (size_t i = 0; i < r->key_cnt; i++)
		r->keys[i] = opt->group_cnt ? opt->group_keys[i] : STR_LIT(LABEL_PROCESS);
	for (uint32_t n = 1; !error && n < d->node_cnt; n++)
		error = idmap_put(&r->children,
				  (uint64_t)d->nodes[n].parent << 32 | d->nodes[n].name, n);
	if (!error)
		error = find_topmost(r);
	for (int i = DIFF_A; !error && i <= DIFF_B; i++) {
		struct one_side *s = &r->side[i];

		error = spread_init(&s->node_total, d->node_cnt);
		error = error ? error : spread_init(&s->node_self, d->node_cnt);
		error = error ? error : spread_init(&s->name_total, names);
		error = error ? error : spread_init(&s->name_self, names);
	}
	return error;
}

int replicates_new(struct diff *d, const struct diff_options *opt, struct replicates **ret)
{
	struct replicates *r = calloc(1, sizeof(*r));
	int error;

	if (!r)
		return -ENOMEM;
	r->d = d;
	idmap_init(&r->children, SIZE_MAX / 64);
	names_init(&r->names, &opt->rules);
	intern_init(&r->met, MAX_MET, MAX_MET_BYTES);
	error = prepare(r, opt);
	if (error) {
		replicates_free(r);
		return error;
	}
	*ret = r;
	return 0;
}

void replicates_free(struct replicates *r)
{
	if (!r)
		return;
	for (int i = DIFF_A; i <= DIFF_B; i++) {
		spread_release(&r->side[i].node_total);
		spread_release(&r->side[i].node_self);
		spread_release(&r->side[i].name_total);
		spread_release(&r->side[i].name_self);
	}
	idmap_release(&r->children);
	names_release(&r->names);
	intern_release(&r->met);
	free(r->met_name);
	free(r->is_topmost);
	free(r->keys);
	free(r);
}

/* ---- a window's samples find their nodes ---- */

static uint32_t child_of(const struct replicates *r, uint32_t parent, uint32_t name)
{
	const struct diff *d = r->d;
	uint64_t found;

	if (parent == NOWHERE || name == NOWHERE)
		return NOWHERE;
	/* most frames call one function only: it stands behind them, and nothing is looked up */
	if (parent + 1 < d->node_cnt && d->nodes[parent + 1].parent == parent &&
	    d->nodes[parent + 1].name == name)
		return parent + 1;
	if (!idmap_get(&r->children, (uint64_t)parent << 32 | name, &found))
		return NOWHERE;
	return (uint32_t)found;
}

/* name_of[] of a string that was not met in this window. */
static uint32_t find_name(struct replicates *r, struct str raw)
{
	uint32_t before = intern_cnt(&r->met), met, found;
	bool remembered = !intern_add(&r->met, raw.p, raw.len, &met);
	struct str s;

	if (remembered && met < before)
		return r->met_name[met];
	s = names_apply(&r->names, raw, false);
	found = intern_find(&r->d->names, s.p, s.len, &found) ? found + 1 : NOWHERE;
	if (remembered)
		r->met_name[met] = found;
	return found;
}

static uint32_t frame_name(struct replicates *r, struct window *w, uint32_t string)
{
	uint32_t *known = &w->name_of[string];

	if (!*known)
		*known = find_name(r, profile_str(w->p, string));
	return *known == NOWHERE ? NOWHERE : *known - 1;
}

static uint32_t group_node(struct replicates *r, const struct profile *p, uint32_t series)
{
	uint32_t at = 0, name;

	for (size_t i = 0; i < r->key_cnt; i++) {
		struct str value = profile_label(p, series, r->keys[i]);
		char none[128];

		value = value.len ? names_apply(&r->names, value, true)
				  : names_no_label(r->keys[i], none);
		at = intern_find(&r->d->names, value.p, value.len, &name) ? child_of(r, at, name)
									  : NOWHERE;
	}
	return at;
}

static uint32_t stack_node(struct replicates *r, struct window *w, uint32_t series, uint32_t base,
			   uint32_t node)
{
	const struct profile *p = w->p;
	uint32_t at = base;
	size_t depth = 0;

	for (; node && w->memo[node].series != series + 1; node = p->nodes[node].parent)
		w->path[depth++] = node;
	if (node)
		at = w->memo[node].node;
	while (depth) {
		uint32_t n = w->path[--depth];

		at = child_of(r, at, frame_name(r, w, p->frames[p->nodes[n].frame].name));
		w->memo[n] = (struct memo){series + 1, at};
	}
	return at;
}

static void add_samples(struct replicates *r, struct window *w, enum diff_which side)
{
	const struct profile *p = w->p;
	struct one_side *s = &r->side[side];
	uint32_t base = 0, at;

	for (size_t i = 0; i < p->sample_cnt; i++) {
		const struct sample *sample = &p->samples[i];
		double weight =
			r->d->side[side].by_cnt ? (double)sample->cnt : (double)sample->weight;

		if (!i || sample->series != p->samples[i - 1].series)
			base = group_node(r, p, sample->series);
		at = stack_node(r, w, sample->series, base, sample->node);
		if (at == NOWHERE)
			continue;
		spread_add(&s->node_self, at, weight);
		s->total += weight;
	}
}

int replicates_add(struct replicates *r, enum diff_which side, const struct profile *p)
{
	size_t nodes = (size_t)p->node_cnt + 1, strings = (size_t)intern_cnt(&p->strings) + 1;
	struct window w = {
		.p = p,
		.memo = calloc(nodes, sizeof(*w.memo)),
		.path = malloc(nodes * sizeof(*w.path)),
		.name_of = calloc(strings, sizeof(*w.name_of)),
	};
	bool ready = w.memo && w.path && w.name_of;

	/* so that there is room for each name of this window */
	if (ready && mem_grow(&r->met_name, &r->met_cap, intern_cnt(&r->met) + strings,
			      sizeof(*r->met_name), SIZE_MAX / sizeof(*r->met_name)))
		ready = false;
	if (ready) {
		r->side[side].is_open = true;
		r->side[side].seconds += (double)p->length_ns / NSEC_PER_SEC;
		add_samples(r, &w, side);
	}
	free(w.memo);
	free(w.path);
	free(w.name_of);
	return ready ? 0 : -ENOMEM;
}

/* ---- a replicate ends ---- */

static void add_up_nodes(const struct diff *d, struct one_side *s)
{
	struct spread *total = &s->node_total;

	for (uint32_t i = 0; i < s->node_self.touched_cnt; i++) {
		uint32_t id = s->node_self.touched[i];

		spread_add(total, id, s->node_self.cells[id].now);
	}
	/* what is appended has its turn, so that all ancestors get in */
	for (uint32_t i = 0; i < total->touched_cnt; i++)
		spread_add(total, d->nodes[total->touched[i]].parent, 0);
	spread_sort(total);
	for (uint32_t i = 0; i < total->touched_cnt; i++) {
		uint32_t id = total->touched[i];

		if (id)
			total->cells[d->nodes[id].parent].now += total->cells[id].now;
	}
}

static void add_up_names(const struct replicates *r, struct one_side *s)
{
	const struct diff *d = r->d;

	for (uint32_t i = 0; i < s->node_self.touched_cnt; i++) {
		uint32_t id = s->node_self.touched[i];

		if (d->nodes[id].depth > d->group_cnt)
			spread_add(&s->name_self, d->nodes[id].name, s->node_self.cells[id].now);
	}
	for (uint32_t i = 0; i < s->node_total.touched_cnt; i++) {
		uint32_t id = s->node_total.touched[i];

		if (r->is_topmost[id])
			spread_add(&s->name_total, d->nodes[id].name, s->node_total.cells[id].now);
	}
}

void replicates_cut(struct replicates *r, enum diff_which side)
{
	struct one_side *s = &r->side[side];
	double x = 1;

	if (!s->is_open)
		return;
	add_up_nodes(r->d, s);
	add_up_names(r, s);
	if (r->d->normalised == DIFF_NORMALISE_TOTAL)
		x = s->total;
	else if (r->d->side[side].length_ns)
		x = s->seconds;
	spread_close(&s->node_total, x);
	spread_close(&s->node_self, x);
	spread_close(&s->name_total, x);
	spread_close(&s->name_self, x);
	s->x += x;
	s->x_sq += x * x;
	s->cnt++;
	s->is_open = false;
	s->seconds = s->total = 0;
}

/* ---- variances ---- */

/* Of a side with replicates of its own. */
static void fill_side(struct replicates *r, enum diff_which which)
{
	struct diff *d = r->d;
	const struct one_side *s = &r->side[which];
	struct noise_base base = {
		.cnt = s->cnt, .x = s->x, .x_sq = s->x_sq, .scale = d->side[which].scale};

	for (uint32_t n = 0; n < d->node_cnt; n++) {
		d->scatter[n].total[which] = noise_variance(&base, &s->node_total.cells[n]);
		d->scatter[n].self[which] = noise_variance(&base, &s->node_self.cells[n]);
	}
	for (uint32_t i = 0; i < intern_cnt(&d->names); i++) {
		d->name_scatter[i].total[which] = noise_variance(&base, &s->name_total.cells[i]);
		d->name_scatter[i].self[which] = noise_variance(&base, &s->name_self.cells[i]);
	}
}

/* A side that is one replicate is taken to scatter as the other one does. */
static void borrow_side(struct replicates *r, enum diff_which to)
{
	struct diff *d = r->d;
	enum diff_which from = to == DIFF_A ? DIFF_B : DIFF_A;
	double factor = noise_borrowed(d, from);

	for (uint32_t n = 0; n < d->node_cnt; n++) {
		d->scatter[n].total[to] = d->scatter[n].total[from] * factor;
		d->scatter[n].self[to] = d->scatter[n].self[from] * factor;
	}
	for (uint32_t i = 0; i < intern_cnt(&d->names); i++) {
		d->name_scatter[i].total[to] = d->name_scatter[i].total[from] * factor;
		d->name_scatter[i].self[to] = d->name_scatter[i].self[from] * factor;
	}
}

int replicates_finish(struct replicates *r)
{
	struct diff *d = r->d;

	for (int i = DIFF_A; i <= DIFF_B; i++) {
		replicates_cut(r, (enum diff_which)i);
		if (r->side[i].cnt)
			d->side[i].replicate_cnt = r->side[i].cnt;
	}
	if (d->single || (d->side[DIFF_A].replicate_cnt < 2 && d->side[DIFF_B].replicate_cnt < 2))
		return 0;
	d->scatter = calloc(d->node_cnt, sizeof(*d->scatter));
	d->name_scatter = calloc((size_t)intern_cnt(&d->names) + 1, sizeof(*d->name_scatter));
	if (!d->scatter || !d->name_scatter)
		return -ENOMEM;
	for (int i = DIFF_A; i <= DIFF_B; i++)
		if (d->side[i].replicate_cnt > 1)
			fill_side(r, (enum diff_which)i);
	for (int i = DIFF_A; i <= DIFF_B; i++)
		if (d->side[i].replicate_cnt < 2)
			borrow_side(r, (enum diff_which)i);
	d->noise_basis = DIFF_NOISE_WINDOWS;
	return 0;
}
