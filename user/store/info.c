// SPDX-License-Identifier: Apache-2.0
/* What can be answered from the heads of the windows alone: timelines and the inventory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sum.h"
#include "base/text.h"
#include "model/builder.h"
#include "model/entity.h"
#include "model/timeline.h"
#include "store/scan.h"

#define MAX_NAME (1U << 20) /* bytes */

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
		return err_set(dr->err, EINVAL,
			       "%s: some windows count samples, others nanoseconds; read them "
			       "apart (--from, --until)",
			       dr->s->dir);
	return draw_totals(dr, dict, head);
}

int store_timeline(struct store *s, struct time_range range, const struct matcher *m,
		   const char *group_key, struct timeline **ret, struct err *err)
{
	struct drawing dr = {.s = s, .matcher = m, .group_key = str_of(group_key), .err = err};
	struct scan scan;
	int r = scan_init(&scan, s, err);

	(void)snprintf(dr.none, sizeof(dr.none), "[no %s]", group_key);
	for (size_t i = 0; !r && i < scan.file_cnt; i++) {
		if (scan_touches(&scan, i, range))
			r = scan_heads(&scan, i, range, draw_head, &dr, err);
		free(dr.entities);
		dr.entities = NULL;
	}
	if (!r && !dr.timeline) {
		dr.timeline = timeline_new(PROFILE_NANOSECONDS);
		r = dr.timeline ? 0 : err_set(err, ENOMEM, "%s: out of memory", s->dir);
	}
	if (!r) {
		r = timeline_seal(dr.timeline);
		if (r)
			r = err_set(err, r, "%s: out of memory", s->dir);
	}
	if (r)
		timeline_free(dr.timeline);
	else
		*ret = dr.timeline;
	scan_release(&scan);
	return r;
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
