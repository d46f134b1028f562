// SPDX-License-Identifier: Apache-2.0
/*
 * Windows back into profiles. A block's numbers are translated into the builder's on first use, so
 * that thirty windows of one block cost little more than one; the tables of translations carry a
 * generation, so that store_each(), which starts a fresh profile for each window, need not clear
 * them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/builder.h"
#include "store/scan.h"

#define OPEN_BLOCKS 4 /* kept open; more only matter when blocks overlap in time */
#define REJECTED    UINT32_MAX

struct slot {
	uint32_t generation;
	uint32_t id;
};

/* A block that is being read, with what its numbers are in the builder. */
struct source {
	struct block *block; /* NULL: this place is free */
	size_t file;
	uint64_t last_use;
	const struct dict *dict;
	struct slot *nodes, *frames, *series;
	uint32_t *chain; /* scratch: nodes on the way to the root */
};

struct reading {
	struct scan scan;
	const struct matcher *matcher;
	struct builder *builder;
	enum profile_unit unit; /* of the builder */
	uint32_t generation;
	uint64_t uses;
	struct source sources[OPEN_BLOCKS];
};

static void close_source(struct source *src)
{
	block_close(src->block);
	free(src->nodes);
	free(src->frames);
	free(src->series);
	free(src->chain);
	*src = (struct source){.block = NULL};
}

static void release_reading(struct reading *rd)
{
	for (size_t i = 0; i < OPEN_BLOCKS; i++)
		close_source(&rd->sources[i]);
	builder_free(rd->builder);
	scan_release(&rd->scan);
}

static int open_source(struct reading *rd, struct source *src, size_t file, struct err *err)
{
	struct err reason;
	int r;

	close_source(src);
	r = scan_open(&rd->scan, file, &src->block, err);
	if (r || !src->block)
		return r;
	src->file = file;
	r = block_dict(src->block, &src->dict, &reason);
	r = scan_note(&rd->scan, file, r, &reason, err);
	if (r)
		return r;
	src->nodes = calloc((size_t)src->dict->cnt.nodes + 1, sizeof(*src->nodes));
	src->frames = calloc((size_t)src->dict->cnt.frames + 1, sizeof(*src->frames));
	src->series = calloc((size_t)src->dict->cnt.series + 1, sizeof(*src->series));
	src->chain = calloc((size_t)src->dict->cnt.nodes + 1, sizeof(*src->chain));
	if (!src->nodes || !src->frames || !src->series || !src->chain) {
		close_source(src);
		return err_set(err, ENOMEM, "%s: out of memory", rd->scan.s->dir);
	}
	return 0;
}

/* *ret is NULL when the file cannot be read. */
static int find_source(struct reading *rd, size_t file, struct source **ret, struct err *err)
{
	struct source *oldest = &rd->sources[0];
	int r = 0;

	for (size_t i = 0; i < OPEN_BLOCKS; i++) {
		struct source *src = &rd->sources[i];

		if (src->block && src->file == file) {
			src->last_use = ++rd->uses;
			*ret = src;
			return 0;
		}
		if (!src->block || (oldest->block && src->last_use < oldest->last_use))
			oldest = src;
	}
	r = open_source(rd, oldest, file, err);
	oldest->last_use = ++rd->uses;
	if (!r)
		*ret = oldest->block ? oldest : NULL;
	return r;
}

/* ---- numbers of the block -> numbers of the builder ---- */

static int map_frame(struct reading *rd, struct source *src, uint32_t frame, uint32_t *ret)
{
	const struct dict *d = src->dict;
	struct slot *slot = &src->frames[frame];
	int r = 0;

	if (!frame) {
		*ret = 0;
		return 0;
	}
	if (slot->generation != rd->generation) {
		r = builder_frame(rd->builder, intern_get(&d->strings, d->frames[frame].name),
				  intern_get(&d->strings, d->frames[frame].module),
				  (enum frame_kind)d->frames[frame].kind, &slot->id);
		if (!r)
			slot->generation = rd->generation;
	}
	if (!r)
		*ret = slot->id;
	return r;
}

static int map_node(struct reading *rd, struct source *src, uint32_t node, uint32_t *ret)
{
	uint32_t ours = 0, frame, depth = 0;
	int r = 0;

	/* up to what is known already, then down again; parents have smaller numbers, so this ends
	 */
	while (node && src->nodes[node].generation != rd->generation) {
		src->chain[depth++] = node;
		node = src->dict->nodes[node].parent;
	}
	if (node)
		ours = src->nodes[node].id;
	while (depth && !r) {
		node = src->chain[--depth];
		r = map_frame(rd, src, src->dict->nodes[node].frame, &frame);
		if (!r)
			r = builder_stack(rd->builder, ours, frame, &ours);
		if (!r)
			src->nodes[node] = (struct slot){rd->generation, ours};
	}
	if (!r)
		*ret = ours;
	return r;
}

static int map_series(struct reading *rd, struct source *src, uint32_t series, uint32_t *ret)
{
	struct slot *slot = &src->series[series];
	struct str labels[DICT_MAX_LABELS][2];
	size_t n;
	int r = 0;

	if (slot->generation != rd->generation) {
		n = dict_labels(src->dict, series, labels);
		slot->id = REJECTED;
		if (matcher_accepts_labels(rd->matcher, (const struct str(*)[2])labels, n))
			r = builder_series(rd->builder, (const struct str(*)[2])labels, n,
					   &slot->id);
		if (!r)
			slot->generation = rd->generation;
	}
	if (!r)
		*ret = slot->id;
	return r;
}

/* ---- one window ---- */

struct row_copy {
	struct block *block;
	struct encode_head head;
	bool found;
};

static int take_row(void *arg, const struct block_row *row)
{
	struct row_copy *copy = arg;
	int r = block_head(copy->block, row, &copy->head);

	copy->found = !r;
	return r;
}

/* What load_window() brings of a window. */
struct window {
	struct encode_head head;
	struct encode_sample *samples; /* owned */
	struct encode_moment *moments; /* owned */
	size_t sample_cnt, moment_cnt;
};

static void release_window(struct window *w)
{
	encode_head_release(&w->head);
	free(w->samples);
	free(w->moments);
}

static int load_moments(struct reading *rd, struct source *src, int64_t id, struct window *w,
			struct err *reason)
{
	bool there = false;
	int r = 0;

	if (rd->scan.s->opts.moments && w->sample_cnt)
		r = block_has_moments(src->block, &there, reason);
	if (!r && there)
		r = block_moments(src->block, id, w->samples, w->sample_cnt, &w->moments,
				  &w->moment_cnt, reason);
	/* the samples are sound: the window stays, without its times */
	return r == -EBADMSG ? scan_note(&rd->scan, src->file, r, reason, NULL) : r;
}

static int load_window(struct reading *rd, struct source *src, const struct scan_window *w,
		       struct window *ret, struct err *reason)
{
	struct window window = {.samples = NULL};
	struct row_copy row = {.block = src->block};
	const char *file = rd->scan.files[src->file].file;
	int r;

	(void)err_set(reason, EBADMSG, "%s/%s: damaged (window %lld does not check)",
		      rd->scan.s->dir, file, (long long)w->id);
	r = block_row(src->block, w->id, take_row, &row, reason);
	if (r)
		return r;
	if (!row.found)
		return -EBADMSG;
	window.head = row.head;
	if (row.head.total_cnt)
		r = block_samples(src->block, w->id, row.head.period, &window.samples,
				  &window.sample_cnt, reason);
	if (!r && window.sample_cnt &&
	    window.samples[window.sample_cnt - 1].pair >= src->dict->cnt.pairs)
		r = err_set(reason, EBADMSG,
			    "%s/%s: damaged (window %lld needs a part of the dictionary that "
			    "cannot be read)",
			    rd->scan.s->dir, file, (long long)w->id);
	if (!r)
		r = load_moments(rd, src, w->id, &window, reason);
	if (r)
		release_window(&window);
	else
		*ret = window;
	return r;
}

/* The moments of one sample; *at is the first of them, and then of the next one's. */
static int add_moments(struct reading *rd, const struct window *w, size_t sample, size_t *at,
		       uint32_t series, uint32_t node)
{
	const struct encode_sample *s = &w->samples[sample];
	uint64_t left = s->weight, left_cnt = s->cnt;
	int64_t first = moment_step(w->head.p.start_ns), at_ns;
	int r = 0;

	for (; !r && *at < w->moment_cnt && w->moments[*at].sample == sample; ++*at) {
		const struct encode_moment *m = &w->moments[*at];
		uint64_t weight = 0;

		/* each takes its part of what is left: in the end nothing is */
		if (left_cnt)
			weight = left_cnt == m->cnt ? left : left / left_cnt * m->cnt;
		left -= weight;
		left_cnt -= left_cnt ? m->cnt : 0;
		if (series != REJECTED &&
		    !__builtin_add_overflow(first, (int64_t)m->step * MOMENT_NS, &at_ns))
			r = builder_moment(rd->builder, series, node, at_ns, weight, m->cnt);
	}
	return r;
}

static int add_samples(struct reading *rd, struct source *src, const struct window *w)
{
	uint32_t series, node = 0;
	size_t moment = 0;
	int r = 0;

	for (size_t i = 0; !r && i < w->sample_cnt; i++) {
		struct dict_pair pair = src->dict->pairs[w->samples[i].pair];

		r = map_series(rd, src, pair.series, &series);
		if (!r && series != REJECTED)
			r = map_node(rd, src, pair.node, &node);
		if (!r && series != REJECTED)
			r = builder_sample(rd->builder, series, node, w->samples[i].weight,
					   w->samples[i].cnt);
		if (!r)
			r = add_moments(rd, w, i, &moment, series, node);
	}
	return r;
}

static int need_builder(struct reading *rd, const struct profile *header, struct err *err)
{
	static const char *const names[] = {"nothing", "samples", "nanoseconds"};
	struct buf at;
	int r = 0;

	if (rd->builder && rd->unit != header->unit) {
		buf_init(&at, 64);
		time_add(&at, header->start_ns);
		r = err_set(err, EINVAL,
			    "%s: the window at %s counts %s, those before it %s; read them apart "
			    "(--from, --until)",
			    rd->scan.s->dir, buf_str(&at).p, names[header->unit], names[rd->unit]);
		buf_release(&at);
	}
	if (!r && !rd->builder) {
		rd->unit = header->unit;
		rd->builder = builder_new(&builder_limits_file, header->unit);
		if (!rd->builder)
			r = err_set(err, ENOMEM, "%s: out of memory", rd->scan.s->dir);
	}
	return r;
}

/* Puts a window into the builder. What is damaged is noted and left out: *ret_added says whether it
 * is in. */
static int add_window(struct reading *rd, const struct scan_window *w, bool *ret_added,
		      struct err *err)
{
	struct source *src = NULL;
	struct window window;
	struct err reason;
	int r;

	*ret_added = false;
	r = find_source(rd, w->file, &src, err);
	if (r || !src)
		return r;
	r = load_window(rd, src, w, &window, &reason);
	if (r)
		return scan_note(&rd->scan, w->file, r, &reason, err);
	r = need_builder(rd, &window.head.p, err);
	if (!r) {
		r = add_samples(rd, src, &window);
		if (r)
			r = err_set(err, r,
				    "%s: too much for one profile (%s); take a shorter range",
				    rd->scan.s->dir, strerror(-r));
	}
	if (!r)
		builder_add_header(rd->builder, &window.head.p);
	*ret_added = !r;
	release_window(&window);
	return r;
}

/* ---- the two ways to ask ---- */

static int nothing(const struct reading *rd, const struct time_range *ranges, size_t cnt,
		   struct err *err)
{
	uint64_t damaged = scan_damaged(&rd->scan);
	struct buf b;
	int r;

	buf_init(&b, 512);
	if (cnt == 1 && ranges[0].from_ns != INT64_MIN && ranges[0].until_ns != INT64_MAX) {
		buf_addstr(&b, " between ");
		time_add(&b, ranges[0].from_ns);
		buf_addstr(&b, " and ");
		time_add(&b, ranges[0].until_ns);
	} else if (cnt == 1 && ranges[0].from_ns != INT64_MIN) {
		buf_addstr(&b, " after ");
		time_add(&b, ranges[0].from_ns);
	} else if (cnt == 1 && ranges[0].until_ns != INT64_MAX) {
		buf_addstr(&b, " before ");
		time_add(&b, ranges[0].until_ns);
	} else if (cnt > 1) {
		buf_addf(&b, " in these %zu ranges", cnt);
	}
	if (damaged)
		buf_addf(&b, "; %llu damaged block%s skipped", (unsigned long long)damaged,
			 damaged == 1 ? " was" : "s were");
	r = err_set(err, ENODATA, "%s: no window%s (culprit ls shows what there is)",
		    rd->scan.s->dir, buf_str(&b).p);
	buf_release(&b);
	return r;
}

int store_read(struct store *s, const struct time_range *ranges, size_t range_cnt,
	       const struct matcher *m, struct profile **ret, struct err *err)
{
	struct reading rd = {.matcher = m, .generation = 1};
	bool any = false, added;
	int r = scan_init(&rd.scan, s, err);

	if (!r)
		r = scan_list(&rd.scan, ranges, range_cnt, err);
	for (size_t i = 0; !r && i < rd.scan.window_cnt; i++) {
		r = add_window(&rd, &rd.scan.windows[i], &added, err);
		any |= !r && added;
	}
	if (!r && !any)
		r = nothing(&rd, ranges, range_cnt, err);
	if (!r) {
		builder_lost(rd.builder, LOSS_BLOCK_DAMAGED, scan_damaged(&rd.scan));
		r = builder_seal(rd.builder, ret);
		if (r)
			r = err_set(err, r, "%s: out of memory", s->dir);
	}
	release_reading(&rd);
	return r;
}

/* Seals the window that is in the builder; the next one has a profile of its own, perhaps in another
 * unit. */
static int seal_window(struct reading *rd, struct profile **ret, struct err *err)
{
	int r = builder_seal(rd->builder, ret);

	if (r)
		return err_set(err, r, "%s: out of memory", rd->scan.s->dir);
	rd->generation++;
	builder_free(rd->builder);
	rd->builder = NULL;
	return 0;
}

static int hand_out(struct reading *rd, store_window_fn fn, void *arg, struct err *err)
{
	struct profile *p;
	int r = seal_window(rd, &p, err);

	if (r)
		return r;
	r = fn(arg, p);
	profile_free(p);
	return r;
}

int store_each(struct store *s, struct time_range range, const struct matcher *m,
	       store_window_fn fn, void *arg, struct err *err)
{
	struct reading rd = {.matcher = m, .generation = 1};
	bool added;
	int r = scan_init(&rd.scan, s, err);

	if (!r)
		r = scan_list(&rd.scan, &range, 1, err);
	for (size_t i = 0; !r && i < rd.scan.window_cnt; i++) {
		r = add_window(&rd, &rd.scan.windows[i], &added, err);
		if (!r && added)
			r = hand_out(&rd, fn, arg, err);
	}
	release_reading(&rd);
	return r;
}

/* Windows of different lengths may begin in another order than their ranges. */
static int by_range(const void *va, const void *vb)
{
	const struct scan_window *a = va, *b = vb;

	if (a->range != b->range)
		return a->range < b->range ? -1 : 1;
	return (a->start_ns > b->start_ns) - (a->start_ns < b->start_ns);
}

int store_each_range(struct store *s, const struct time_range *ranges, size_t range_cnt,
		     const struct matcher *m, store_window_fn fn, void *arg, struct err *err)
{
	struct reading rd = {.matcher = m, .generation = 1};
	bool any = false, added;
	int r = scan_init(&rd.scan, s, err);

	if (!r)
		r = scan_list(&rd.scan, ranges, range_cnt, err);
	if (!r && rd.scan.window_cnt)
		qsort(rd.scan.windows, rd.scan.window_cnt, sizeof(*rd.scan.windows), by_range);
	for (size_t i = 0; !r && i < rd.scan.window_cnt; i++) {
		const struct scan_window *w = &rd.scan.windows[i];
		bool is_last = i + 1 == rd.scan.window_cnt || w[1].range != w->range;

		r = add_window(&rd, w, &added, err);
		any |= !r && added;
		if (r || !any || !is_last)
			continue;
		r = hand_out(&rd, fn, arg, err);
		any = false;
	}
	release_reading(&rd);
	return r;
}

static int by_id(const void *va, const void *vb)
{
	const struct scan_window *a = va, *b = vb;

	return (a->id > b->id) - (a->id < b->id);
}

/* Lists the windows of one file that were put after `id`, in that order. */
static int list_after(struct scan *scan, const char *block, int64_t id, struct err *err)
{
	static const struct time_range all = TIME_RANGE_ALL;
	size_t kept = 0;
	int r;

	for (size_t i = 0; i < scan->file_cnt; i++)
		if (!strcmp(scan->files[i].file, block))
			kept = i + 1;
	if (!kept)
		return 0;
	r = scan_list_file(scan, kept - 1, &all, 1, err);
	kept = 0;
	for (size_t i = 0; !r && i < scan->window_cnt; i++)
		if (scan->windows[i].id > id)
			scan->windows[kept++] = scan->windows[i];
	scan->window_cnt = kept;
	if (kept)
		qsort(scan->windows, kept, sizeof(*scan->windows), by_id);
	return r;
}

int store_after(struct store *s, const char *block, int64_t id, store_take_fn fn, void *arg,
		struct err *err)
{
	struct reading rd = {.generation = 1};
	struct profile *p = NULL;
	bool added;
	int r = scan_init(&rd.scan, s, err);

	if (!r)
		r = list_after(&rd.scan, block, id, err);
	for (size_t i = 0; !r && i < rd.scan.window_cnt; i++) {
		r = add_window(&rd, &rd.scan.windows[i], &added, err);
		p = NULL;
		if (!r && added)
			r = seal_window(&rd, &p, err);
		if (!r)
			r = fn(arg, rd.scan.windows[i].id, p);
	}
	release_reading(&rd);
	return r;
}
