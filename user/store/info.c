// SPDX-License-Identifier: Apache-2.0
/* What can be answered from the heads of the windows alone: timelines and the inventory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pair.h"
#include "base/sum.h"
#include "base/text.h"
#include "model/builder.h"
#include "model/entity.h"
#include "model/timeline.h"
#include "store/scan.h"

#define MAX_NAME    (1U << 20) /* bytes */
#define LEAST_FILES 4	       /* fewer are not worth a thread */

/* ---- timeline ---- */

struct entity {
	uint32_t id; /* in the timeline */
	bool known, accepted;
};

struct drawing {
	const struct store *s;
	const struct matcher *matcher;
	struct str group_key;
	char none[160];		   /* the entity of what lacks that label */
	struct timeline *timeline; /* NULL until the first window says the unit */
	struct entity *entities;   /* of the block's series; NULL at the start of a block */
	struct err *err;
};

/* By a name that is not simply a label's value. */
static int add_derived(struct drawing *dr, const struct str (*labels)[2], size_t cnt, uint32_t *ret)
{
	struct buf name;
	int r;

	buf_init(&name, MAX_NAME);
	entity_add_name(&name, labels, cnt, dr->group_key);
	r = buf_error(&name);
	if (!r)
		r = timeline_entity(dr->timeline, buf_str(&name), ret);
	buf_release(&name);
	return r;
}

/* Finds out about a series when it is met first. */
static int know_entity(struct drawing *dr, const struct dict *dict, uint32_t series)
{
	struct entity *e = &dr->entities[series];
	struct str labels[DICT_MAX_LABELS][2], name = str_of(dr->none);
	size_t n;

	e->known = true;
	n = dict_labels(dict, series, labels);
	e->accepted = matcher_accepts_labels(dr->matcher, (const struct str(*)[2])labels, n);
	if (e->accepted && entity_is_derived(dr->group_key))
		return add_derived(dr, (const struct str(*)[2])labels, n, &e->id);
	for (size_t i = 0; i < n; i++)
		if (str_eq(labels[i][0], dr->group_key))
			name = labels[i][1];
	return e->accepted ? timeline_entity(dr->timeline, name, &e->id) : 0;
}

static int draw_totals(struct drawing *dr, const struct dict *dict, const struct encode_head *head)
{
	struct timeline_window w = {
		.start_ns = head->p.start_ns,
		.length_ns = head->p.length_ns,
		.capacity_ns = head->p.capacity_ns,
		.cnt = head->p.total_cnt,
		.lost = loss_samples(head->p.lost),
	};
	uint32_t id;
	int r;

	memcpy(w.pressure, head->p.pressure, sizeof(w.pressure));
	r = timeline_window(dr->timeline, &w, &id);
	for (size_t i = 0; !r && i < head->total_cnt; i++) {
		const struct entity *e = &dr->entities[head->totals[i].series];

		if (!e->known)
			r = know_entity(dr, dict, head->totals[i].series);
		if (!r && e->accepted)
			r = timeline_add_cell(dr->timeline, e->id, id, head->totals[i].weight);
	}
	return r ? err_set(dr->err, r, "%s: too much for one timeline: %s", dr->s->dir,
			   strerror(-r))
		 : 0;
}

static int refuse_units(const struct store *s, struct err *err)
{
	return err_set(err, EINVAL,
		       "%s: some windows count samples, others nanoseconds; read them apart "
		       "(--from, --until)",
		       s->dir);
}

static int draw_head(void *arg, const struct dict *dict, const struct encode_head *head)
{
	struct drawing *dr = arg;

	if (!dr->timeline)
		dr->timeline = timeline_new(head->p.unit);
	if (!dr->entities)
		dr->entities = calloc((size_t)dict->cnt.series + 1, sizeof(*dr->entities));
	if (!dr->timeline || !dr->entities)
		return err_set(dr->err, ENOMEM, "%s: out of memory", dr->s->dir);
	if (dr->timeline->unit != head->p.unit)
		return refuse_units(dr->s, dr->err);
	return draw_totals(dr, dict, head);
}

/* Some files of a store, which a thread of its own may read. */
struct part {
	struct scan scan;  /* its tables are shared; each part has its files' places in them */
	struct store *own; /* for the warnings */
	size_t first, end;
	struct time_range range;
	struct drawing dr;
	struct err err;
	int r;
};

static void draw_part(void *arg)
{
	struct part *p = arg;

	for (size_t i = p->first; !p->r && i < p->end; i++) {
		if (scan_touches(&p->scan, i, p->range))
			p->r = scan_heads(&p->scan, i, p->range, draw_head, &p->dr, &p->err);
		free(p->dr.entities);
		p->dr.entities = NULL;
	}
}

static int part_init(struct part *p, const struct scan *scan, const struct drawing *dr,
		     struct time_range range)
{
	*p = (struct part){.scan = *scan, .range = range, .dr = *dr};
	p->own = calloc(1, sizeof(*p->own));
	if (!p->own)
		return -ENOMEM;
	p->own->dir = scan->s->dir;
	p->own->opts = scan->s->opts;
	p->scan.s = p->own;
	p->dr.err = &p->err;
	return 0;
}

static void part_release(struct part *p, struct store *s)
{
	for (size_t i = 0; p->own && i < p->own->warning_cnt; i++) {
		dir_warn(s, p->own->warnings[i]);
		free(p->own->warnings[i]);
	}
	free(p->own);
	timeline_free(p->dr.timeline);
}

/* *ret is NULL without any window. */
static int join_parts(struct part *a, struct part *b, struct timeline **ret)
{
	struct timeline *first = a->dr.timeline, *second = b->dr.timeline;
	int r = 0;

	a->dr.timeline = b->dr.timeline = NULL;
	if (first && second)
		r = timeline_join(first, second);
	if (r)
		timeline_free(first);
	else
		*ret = first ? first : second;
	return r;
}

/* The earlier half of the files and the later one, at the same time where there are enough of them. */
static int draw_files(const struct scan *scan, const struct drawing *dr, struct time_range range,
		      struct timeline **ret, struct err *err)
{
	size_t touched = 0, middle = 0;
	struct part a, b = {.own = NULL};
	int r = part_init(&a, scan, dr, range);

	if (!r)
		r = part_init(&b, scan, dr, range);
	for (size_t i = 0; i < scan->file_cnt; i++)
		touched += scan_touches(scan, i, range);
	for (size_t n = 0; middle < scan->file_cnt && 2 * n < touched; middle++)
		n += scan_touches(scan, middle, range);
	a.end = b.first = touched < LEAST_FILES ? scan->file_cnt : middle;
	b.end = scan->file_cnt;
	if (!r && b.first < b.end)
		pair_run(draw_part, &a, &b);
	else if (!r)
		draw_part(&a);
	if (r)
		r = err_set(err, r, "%s: out of memory", dr->s->dir);
	else if (a.r || b.r)
		r = err_set(err, a.r ? a.r : b.r, "%s", a.r ? a.err.text : b.err.text);
	if (!r) {
		r = join_parts(&a, &b, ret);
		if (r == -EINVAL)
			r = refuse_units(dr->s, err);
		else if (r)
			r = err_set(err, r, "%s: too much for one timeline: %s", dr->s->dir,
				    strerror(-r));
	}
	part_release(&a, scan->s);
	part_release(&b, scan->s);
	return r;
}

int store_timeline(struct store *s, struct time_range range, const struct matcher *m,
		   const char *group_key, struct timeline **ret, struct err *err)
{
	struct drawing dr = {.s = s, .matcher = m, .group_key = str_of(group_key), .err = err};
	struct timeline *t = NULL;
	struct scan scan;
	int r = scan_init(&scan, s, err);

	if (r)
		return r;
	(void)snprintf(dr.none, sizeof(dr.none), "[no %s]", group_key);
	r = draw_files(&scan, &dr, range, &t, err);
	scan_release(&scan);
	if (r)
		return r;
	if (!t)
		t = timeline_new(PROFILE_NANOSECONDS);
	r = t ? timeline_seal(t) : -ENOMEM;
	if (r) {
		timeline_free(t);
		return err_set(err, r, "%s: out of memory", s->dir);
	}
	*ret = t;
	return 0;
}

/* ---- inventory ---- */

struct counting {
	const struct store *s;
	struct store_block_info *block;
	struct builder *builders[PROFILE_NANOSECONDS + 1];
	struct err *err;
};

static int count_series(struct builder *b, const struct dict *dict, const struct encode_head *head)
{
	struct str labels[DICT_MAX_LABELS][2];
	uint32_t series;
	int r = 0;

	for (size_t i = 0; !r && i < head->total_cnt; i++) {
		const struct encode_total *t = &head->totals[i];
		size_t n = dict_labels(dict, t->series, labels);

		r = builder_series(b, (const struct str(*)[2])labels, n, &series);
		if (!r)
			r = builder_sample(b, series, 0, t->weight, t->cnt);
	}
	return r;
}

static int count_head(void *arg, const struct dict *dict, const struct encode_head *head)
{
	struct counting *c = arg;
	struct store_block_info *info = c->block;
	struct builder **b = &c->builders[head->p.unit];
	int r;

	if (!info->window_cnt || head->p.start_ns < info->first_ns)
		info->first_ns = head->p.start_ns;
	if (!info->window_cnt || head->p.end_ns > info->last_ns)
		info->last_ns = head->p.end_ns;
	info->window_cnt++;
	sum_add(&info->sample_cnt, head->p.total_cnt);
	if (!*b)
		*b = builder_new(&builder_limits_file, head->p.unit);
	if (!*b)
		return err_set(c->err, ENOMEM, "%s: out of memory", c->s->dir);
	r = count_series(*b, dict, head);
	if (r)
		return err_set(c->err, r, "%s: too many series to list: %s", c->s->dir,
			       strerror(-r));
	builder_add_header(*b, &head->p);
	return 0;
}

static int inspect_block(struct scan *scan, size_t i, struct counting *c, struct err *err)
{
	struct store_file *f = &scan->files[i];
	struct store_block_info *info = c->block;
	int r;

	*info = (struct store_block_info){
		.file = strdup(f->file),
		.range = {f->name.from_ns, block_name_until(&f->name)},
		.bytes = f->bytes,
	};
	r = info->file ? scan_heads(scan, i, TIME_RANGE_ALL, count_head, c, err)
		       : err_set(err, ENOMEM, "%s: out of memory", scan->s->dir);
	info->damaged = scan->damage[i];
	scan->damage[i] = NULL;
	return r;
}

static int seal_totals(struct counting *c, struct store_info *info, struct err *err)
{
	int r = 0;

	for (unsigned int unit = 0; !r && unit <= PROFILE_NANOSECONDS; unit++)
		if (c->builders[unit])
			r = builder_seal(c->builders[unit], &info->totals[unit]);
	return r ? err_set(err, r, "%s: out of memory", c->s->dir) : 0;
}

int store_info(struct store *s, struct store_info **ret, struct err *err)
{
	struct counting c = {.s = s, .err = err};
	struct store_info *info;
	struct scan scan;
	int r = scan_init(&scan, s, err);

	if (r)
		return r;
	info = calloc(1, sizeof(*info));
	if (info)
		info->blocks = calloc(scan.file_cnt + 1, sizeof(*info->blocks));
	if (!info || !info->blocks)
		r = err_set(err, ENOMEM, "%s: out of memory", s->dir);
	for (size_t i = 0; !r && i < scan.file_cnt; i++) {
		c.block = &info->blocks[info->block_cnt++];
		r = inspect_block(&scan, i, &c, err);
	}
	if (!r)
		r = seal_totals(&c, info, err);
	for (unsigned int unit = 0; unit <= PROFILE_NANOSECONDS; unit++)
		builder_free(c.builders[unit]);
	scan_release(&scan);
	if (r)
		store_info_free(info);
	else
		*ret = info;
	return r;
}

void store_info_free(struct store_info *info)
{
	if (!info)
		return;
	for (size_t i = 0; i < info->block_cnt; i++) {
		free(info->blocks[i].file);
		free(info->blocks[i].damaged);
	}
	free(info->blocks);
	for (unsigned int unit = 0; unit <= PROFILE_NANOSECONDS; unit++)
		profile_free(info->totals[unit]);
	free(info);
}
