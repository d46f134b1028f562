// SPDX-License-Identifier: Apache-2.0
/*
 * A merge join. Both trees are preorder arrays with sorted children, so that the union falls out of
 * two cursors that only ever move forwards and a stack of the subtrees that are open:
 *
 *	top of stack:	node emitted last but not finished, where its subtree ends in A and in B
 *	both in it:	compare the names: the smaller one goes out alone, equal ones together
 *	one in it:	goes out alone, with an empty range on the other side
 *	none in it:	finished
 *
 * Nothing recurses: stacks of depth 5,000 are real.
 */
#include "diff/diff.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pair.h"
#include "base/text.h"
#include "diff/noise.h"
#include "diff/notes.h"
#include "model/tree.h"
#include "model/tree_lines.h"

#define MAX_NAMES (1U << 28)

struct open_node {
	uint32_t node;
	uint32_t end[2]; /* of its subtree, in each tree */
};

struct join {
	struct diff *d;
	const struct profile *p[2];
	const struct tree *tree[2];	  /* [DIFF_A] NULL: absent */
	const struct tree_line *lines[2]; /* by node of the tree; NULL: it has none */
	uint32_t *name_of[2];		  /* tree's name -> the diff's name */
	uint32_t at[2];			  /* cursors */
	struct open_node *open;
	size_t open_cnt;
	int error;
};

static int map_names(struct join *j, int side)
{
	const struct tree *t = j->tree[side];
	uint32_t cnt;

	if (!t)
		return 0;
	cnt = intern_cnt(&t->names);
	j->name_of[side] = calloc((size_t)cnt + 1, sizeof(*j->name_of[side]));
	if (!j->name_of[side])
		return -ENOMEM;
	for (uint32_t i = 0; i < cnt; i++) {
		struct str s = intern_get(&t->names, i);
		int r = intern_add(&j->d->names, s.p, s.len, &j->name_of[side][i]);

		if (r)
			return r;
	}
	return 0;
}

/* The own samples of a node are those that go through none of its children. */
static struct diff_count count_of(const struct tree *t, uint32_t node, bool by_cnt)
{
	const struct tree_node *n = &t->nodes[node];
	struct diff_count c = {.self = n->self, .total = n->total, .cnt = n->cnt};

	if (!by_cnt)
		return c;
	c.self = c.total = n->cnt;
	for (uint32_t child = node + 1; child < n->end; child = t->nodes[child].end)
		c.self -= t->nodes[child].cnt;
	return c;
}

static void take_line(struct join *j, uint32_t id, int side, uint32_t node)
{
	const struct tree_line *from = j->lines[side] ? &j->lines[side][node] : NULL;
	uint64_t total = j->tree[side]->nodes[node].total;
	const struct profile *p = j->p[side];
	struct diff_line to;
	struct str file;
	int r;

	if (!from || !from->line)
		return;
	to = (struct diff_line){
		.line = p->lines[from->line].line,
		.others = from->others,
		.share = total ? (double)from->weight / (double)total : 0,
	};
	file = profile_str(p, p->lines[from->line].file);
	r = intern_add(&j->d->names, file.p, file.len, &to.file);
	if (r)
		j->error = r;
	j->d->lines[id] = to;
}

/* Emits the nodes under the cursors of the sides in `sides` (bits) as one, and opens it. */
static void emit(struct join *j, unsigned int sides)
{
	uint32_t id = j->d->node_cnt++;
	struct diff_node *out = &j->d->nodes[id];
	struct open_node *open = &j->open[j->open_cnt];

	*open = (struct open_node){.node = id, .end = {j->at[DIFF_A], j->at[DIFF_B]}};
	*out = (struct diff_node){0};
	if (j->open_cnt) {
		out->parent = open[-1].node;
		out->depth = j->d->nodes[out->parent].depth + 1;
	}
	for (int side = DIFF_A; side <= DIFF_B; side++) {
		const struct tree_node *n;

		if (!(sides & 1U << side))
			continue;
		n = &j->tree[side]->nodes[j->at[side]];
		out->name = j->name_of[side][n->name];
		out->module = j->name_of[side][n->module];
		out->kind = n->kind;
		out->side[side] = count_of(j->tree[side], j->at[side], j->d->side[side].by_cnt);
		take_line(j, id, side, j->at[side]);
		open->end[side] = n->end;
		j->at[side]++;
	}
	if (out->depth > j->d->max_depth)
		j->d->max_depth = out->depth;
	j->open_cnt++;
}

static unsigned int sides_of_next(const struct join *j, const struct open_node *in)
{
	uint32_t name[2];
	int c;

	if (j->at[DIFF_A] == in->end[DIFF_A] || j->at[DIFF_B] == in->end[DIFF_B])
		return (j->at[DIFF_A] < in->end[DIFF_A]) | (j->at[DIFF_B] < in->end[DIFF_B]) << 1;
	for (int side = DIFF_A; side <= DIFF_B; side++)
		name[side] = j->name_of[side][j->tree[side]->nodes[j->at[side]].name];
	if (name[DIFF_A] == name[DIFF_B])
		return 3;
	c = str_cmp(intern_get(&j->d->names, name[DIFF_A]), intern_get(&j->d->names, name[DIFF_B]));
	return c < 0 ? 1U << DIFF_A : 1U << DIFF_B;
}

static int join_trees(struct join *j)
{
	size_t nodes = j->tree[DIFF_B]->node_cnt, depth = j->tree[DIFF_B]->max_depth;

	if (j->tree[DIFF_A]) {
		nodes += j->tree[DIFF_A]->node_cnt;
		if (j->tree[DIFF_A]->max_depth > depth)
			depth = j->tree[DIFF_A]->max_depth;
	}
	if (nodes > UINT32_MAX)
		return -ENOSPC;
	j->d->nodes = mem_array(nodes, sizeof(*j->d->nodes));
	j->open = calloc(depth + 2, sizeof(*j->open));
	if (j->lines[DIFF_A] || j->lines[DIFF_B]) {
		j->d->lines = mem_zarray(nodes, sizeof(*j->d->lines));
		if (!j->d->lines)
			return -ENOMEM;
	}
	if (!j->d->nodes || !j->open)
		return -ENOMEM;
	emit(j, (j->tree[DIFF_A] ? 1U << DIFF_A : 0) | 1U << DIFF_B);
	while (j->open_cnt) {
		const struct open_node *in = &j->open[j->open_cnt - 1];
		unsigned int sides = sides_of_next(j, in);

		if (sides) {
			emit(j, sides);
		} else {
			j->d->nodes[in->node].end = j->d->node_cnt;
			j->open_cnt--;
		}
	}
	return j->error;
}

static int copy_side(struct diff_side *s, const struct profile *p, struct str label,
		     const char *otherwise)
{
	if (!label.len)
		label = str_of(otherwise);
	s->label = mem_strndup(label.p, label.len);
	if (!s->label)
		return -ENOMEM;
	if (!p)
		return 0;
	s->unit = p->unit;
	s->start_ns = p->start_ns;
	s->end_ns = p->end_ns;
	s->length_ns = p->length_ns;
	s->capacity_ns = p->capacity_ns;
	s->window_cnt = p->window_cnt;
	s->cpus = p->cpus;
	s->hz = p->hz;
	memcpy(s->lost, p->lost, sizeof(s->lost));
	s->lost_cnt = loss_samples(p->lost);
	s->lost_share = profile_lost_share(p);
	s->total = p->total;
	s->cnt = p->total_cnt;
	if (!s->cnt && p->unit == PROFILE_SAMPLES)
		s->cnt = p->total;
	s->replicate_cnt = 1;
	return 0;
}

/* A side without samples has no say in the unit. */
static void forget_empty_unit(struct diff *d)
{
	struct diff_side *a = &d->side[DIFF_A], *b = &d->side[DIFF_B];

	if (!a->total && !d->single)
		a->unit = b->unit;
	else if (!b->total && !d->single)
		b->unit = a->unit;
}

/* Can both sides be put per second? Of one profile alone its own length will do. */
static bool has_lengths(const struct diff *d)
{
	return d->side[DIFF_B].length_ns && (d->single || d->side[DIFF_A].length_ns);
}

/* One unit for both sides; what a side has to be multiplied with to get there. */
static void choose_unit(struct join *j, enum diff_normalise asked)
{
	struct diff *d = j->d;
	const struct diff_side *b = &d->side[DIFF_B], *a = d->single ? b : &d->side[DIFF_A];
	bool by_time =
		has_lengths(d) && (asked == DIFF_NORMALISE_AUTO || asked == DIFF_NORMALISE_TIME);

	d->unit = DIFF_SAMPLES;
	if (a->unit == PROFILE_NANOSECONDS && b->unit == PROFILE_NANOSECONDS)
		d->unit =
			has_lengths(d) && asked != DIFF_NORMALISE_NONE ? DIFF_CORES : DIFF_SECONDS;
	d->normalised = by_time ? DIFF_NORMALISE_TIME : DIFF_NORMALISE_NONE;
	for (int side = d->single ? DIFF_B : DIFF_A; side <= DIFF_B; side++) {
		struct diff_side *s = &d->side[side];

		if (d->unit == DIFF_CORES)
			s->scale = 1.0 / (double)s->length_ns;
		else
			s->scale = d->unit == DIFF_SECONDS ? 1.0 / NSEC_PER_SEC : 1.0;
		if (d->unit == DIFF_SAMPLES && s->unit == PROFILE_NANOSECONDS && s->cnt) {
			s->by_cnt = true;
			s->total = s->cnt;
		}
		if (d->unit == DIFF_SAMPLES && by_time)
			s->scale = (double)b->length_ns / (double)s->length_ns;
	}
}

/*
 * A is scaled to B's total when that was asked for, and when one side weighs in nanoseconds, has no
 * counts, and is held against samples: then shares are all that the two have in common.
 */
static void normalise_total(struct join *j, enum diff_normalise asked)
{
	struct diff_side *a = &j->d->side[DIFF_A], *b = &j->d->side[DIFF_B];
	bool incomparable = j->d->unit == DIFF_SAMPLES && a->unit != b->unit &&
			    ((a->unit == PROFILE_NANOSECONDS && !a->by_cnt) ||
			     (b->unit == PROFILE_NANOSECONDS && !b->by_cnt));

	if (j->d->single || !a->total || !b->total)
		return;
	if (asked != DIFF_NORMALISE_TOTAL && !incomparable)
		return;
	j->d->normalised = DIFF_NORMALISE_TOTAL;
	if (incomparable && b->unit == PROFILE_NANOSECONDS && !b->by_cnt)
		b->scale = (double)a->total / (double)b->total; /* into samples, as A has them */
	a->scale = b->scale * ((double)b->total / (double)a->total);
}

struct tree_job {
	const struct profile *p;
	const struct diff_options *opt;
	struct tree *tree;
	struct tree_line *lines; /* NULL: the profile has none */
	int result;
};

static void make_tree(void *arg)
{
	struct tree_job *job = arg;
	const struct profile *p = job->p;
	uint32_t *ends = NULL;

	if (!p)
		return;
	if (p->line_cnt > 1) {
		ends = mem_array(p->sample_cnt + 1, sizeof(*ends));
		job->result = ends ? 0 : -ENOMEM;
	}
	if (!job->result)
		job->result = tree_new_placed(p, job->opt->group_keys, job->opt->group_cnt, ends,
					      &job->tree);
	if (!job->result && ends)
		job->result = tree_lines_new(p, job->tree, ends, &job->lines);
	free(ends);
}

static int make_trees(struct tree_job jobs[2])
{
	if (jobs[DIFF_A].p)
		pair_run(make_tree, &jobs[DIFF_A], &jobs[DIFF_B]);
	else
		make_tree(&jobs[DIFF_B]);
	return jobs[DIFF_A].result ? jobs[DIFF_A].result : jobs[DIFF_B].result;
}

static int fill(struct diff *d, const struct profile *a, const struct profile *b,
		const struct diff_options *opt)
{
	struct tree_job jobs[] = {{.p = a, .opt = opt}, {.p = b, .opt = opt}};
	struct join j = {.d = d, .p = {a, b}};
	int r;

	intern_init(&d->names, MAX_NAMES, SIZE_MAX / 2);
	d->single = !a;
	r = copy_side(&d->side[DIFF_A], a, opt->label_a, "A");
	if (!r)
		r = copy_side(&d->side[DIFF_B], b, opt->label_b, "B");
	if (!r)
		r = make_trees(jobs);
	if (!r) {
		for (int side = DIFF_A; side <= DIFF_B; side++) {
			j.tree[side] = jobs[side].tree;
			j.lines[side] = jobs[side].lines;
		}
		d->group_cnt = j.tree[DIFF_B]->group_cnt;
		forget_empty_unit(d);
		choose_unit(&j, opt->normalise);
		normalise_total(&j, opt->normalise);
		noise_init(d);
		r = map_names(&j, DIFF_A);
	}
	if (!r)
		r = map_names(&j, DIFF_B);
	if (!r)
		r = join_trees(&j);
	if (!r)
		r = notes_add_all(d, opt->normalise);
	free(j.name_of[DIFF_A]);
	free(j.name_of[DIFF_B]);
	free(j.open);
	for (int side = DIFF_A; side <= DIFF_B; side++) {
		tree_free(jobs[side].tree);
		free(jobs[side].lines);
	}
	return r;
}

int diff_new(const struct profile *a, const struct profile *b, const struct diff_options *opt,
	     struct diff **ret_diff)
{
	static const struct diff_options defaults;
	struct profile *renamed[2] = {NULL, NULL};
	struct diff *d = calloc(1, sizeof(*d));
	int r = 0;

	if (!d)
		return -ENOMEM;
	opt = opt ? opt : &defaults;
	if (names_any(&opt->rules)) {
		r = a ? names_rename(a, &opt->rules, &renamed[DIFF_A]) : 0;
		if (!r)
			r = names_rename(b, &opt->rules, &renamed[DIFF_B]);
		a = renamed[DIFF_A];
		b = renamed[DIFF_B];
	}
	if (!r)
		r = fill(d, a, b, opt);
	profile_free(renamed[DIFF_A]);
	profile_free(renamed[DIFF_B]);
	if (r) {
		diff_free(d);
		return r;
	}
	*ret_diff = d;
	return 0;
}

void diff_free(struct diff *d)
{
	if (!d)
		return;
	for (uint32_t i = 0; i < d->note_cnt; i++)
		free(d->notes[i]);
	free(d->side[DIFF_A].label);
	free(d->side[DIFF_B].label);
	intern_release(&d->names);
	free(d->nodes);
	free(d->lines);
	free(d->scatter);
	free(d->name_scatter);
	free(d);
}

struct str diff_name(const struct diff *d, uint32_t node)
{
	return intern_get(&d->names, d->nodes[node].name);
}

struct str diff_module(const struct diff *d, uint32_t node)
{
	return intern_get(&d->names, d->nodes[node].module);
}

const struct diff_line *diff_line(const struct diff *d, uint32_t node)
{
	return d->lines && d->lines[node].line ? &d->lines[node] : NULL;
}

const char *diff_unit_name(enum diff_unit unit)
{
	switch (unit) {
	case DIFF_CORES:
		return "cores";
	case DIFF_SECONDS:
		return "seconds";
	default:
		return "samples";
	}
}

double diff_self(const struct diff *d, uint32_t node, enum diff_which side)
{
	return (double)d->nodes[node].side[side].self * d->side[side].scale;
}

double diff_total(const struct diff *d, uint32_t node, enum diff_which side)
{
	return (double)d->nodes[node].side[side].total * d->side[side].scale;
}

double diff_delta(const struct diff *d, uint32_t node)
{
	return diff_total(d, node, DIFF_B) - diff_total(d, node, DIFF_A);
}

double diff_self_delta(const struct diff *d, uint32_t node)
{
	return diff_self(d, node, DIFF_B) - diff_self(d, node, DIFF_A);
}

uint64_t diff_samples(const struct diff *d, uint32_t node, enum diff_which side)
{
	const struct diff_count *c = &d->nodes[node].side[side];
	const struct diff_side *s = &d->side[side];

	if (c->cnt)
		return c->cnt;
	if (s->unit == PROFILE_SAMPLES)
		return c->total;
	/* nobody counted, but a rate says how much time one sample stood for */
	return s->cnt || s->hz <= 0 ? 0 : (uint64_t)((double)c->total * s->hz / NSEC_PER_SEC);
}

int diff_find_process(const struct diff *d, struct str process, uint32_t *ret_node)
{
	for (uint32_t n = 1; n < d->node_cnt; n = d->nodes[n].end) {
		if (!str_eq(diff_name(d, n), process))
			continue;
		*ret_node = n;
		return 0;
	}
	return -ENOENT;
}
