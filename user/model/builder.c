// SPDX-License-Identifier: Apache-2.0
/*
 * Tables beside the profile under construction turn "have I seen this?" into one look-up: frames
 * and label sets are interned as bytes. Stack nodes have few children as a rule, and long chains of
 * them are made at once, so each keeps a list of its children, where a node that was just made need
 * not be looked for at all; only one with many children has them in a hash map, by a 64-bit key of
 * two 32-bit numbers. The same goes for samples: a node has one series as a rule. At the seal the
 * tables are thrown away and the profile goes out.
 */
#include "model/builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/idmap.h"
#include "base/mem.h"
#include "base/sum.h"
#include "base/text.h"
#include "model/profile_sort.h"

#define MAX_LIST 16 /* children of a node that are looked through one by one */
#define IS_HASHED \
	(1U << 31) /* in first_child: all children are in the map; node numbers are smaller */

const struct builder_limits builder_limits_window = {
	.max_strings = 1 << 18,
	.max_frames = 1 << 18,
	.max_nodes = 1 << 19,
	.max_series = 1 << 14,
	.max_string_bytes = 32 << 20,
	.max_samples = 1 << 19,
	.max_moments = 1 << 20,
};

const struct builder_limits builder_limits_file = {
	.max_strings = 1 << 24,
	.max_frames = 1 << 24,
	.max_nodes = 1 << 27,
	.max_series = 1 << 20,
	.max_string_bytes = (size_t)2 << 30,
	.max_samples = 1 << 27,
	.max_moments = 1 << 26,
};

/* What is known of a stack node besides struct stack_node. */
struct node_use {
	uint32_t first_child, next_sibling; /* 0 = none: the root is nobody's child */
	uint32_t sample;		    /* + 1: of the first series that had one here */
};

struct builder {
	struct builder_limits limits;
	struct profile *p;
	struct intern frames;	  /* struct frame as bytes */
	struct intern lines;	  /* struct frame_line as bytes */
	struct intern label_sets; /* struct label[] as bytes */
	struct node_use *uses;	  /* of each node */
	struct idmap nodes;	  /* parent << 32 | frame, of nodes with many children */
	struct idmap samples;	  /* series << 32 | node, of the further series of a node */
	size_t node_cap, use_cap, label_cap, series_cap, sample_cap, frame_cap, line_cap,
		moment_cap;
};

static uint64_t pair(uint32_t a, uint32_t b)
{
	return (uint64_t)a << 32 | b;
}

static void release_tables(struct builder *b)
{
	intern_release(&b->frames);
	intern_release(&b->lines);
	intern_release(&b->label_sets);
	idmap_release(&b->nodes);
	idmap_release(&b->samples);
	free(b->uses);
	b->uses = NULL;
	b->node_cap = b->use_cap = b->label_cap = b->series_cap = 0;
	b->sample_cap = b->frame_cap = b->line_cap = b->moment_cap = 0;
}

static int append_node(struct builder *b, uint32_t parent, uint32_t frame)
{
	struct profile *p = b->p;
	size_t need = (size_t)p->node_cnt + 1;
	int r;

	r = mem_grow(&p->nodes, &b->node_cap, need, sizeof(*p->nodes), b->limits.max_nodes);
	if (!r)
		r = mem_grow(&b->uses, &b->use_cap, need, sizeof(*b->uses), b->limits.max_nodes);
	if (r)
		return r;
	b->uses[p->node_cnt] = (struct node_use){0};
	p->nodes[p->node_cnt++] = (struct stack_node){parent, frame};
	return 0;
}

/* The number of a line in the profile; 0 for one that says nothing. */
static int add_line(struct builder *b, const struct source_line *at, uint32_t *ret)
{
	struct frame_line line = {0};
	struct profile *p = b->p;
	uint32_t id;
	int r;

	if (at) {
		line = (struct frame_line){.line = at->line, .start = at->start};
		r = builder_string(b, at->file, &line.file);
		if (r)
			return r;
	}
	if (!intern_find(&b->lines, &line, sizeof(line), &id)) {
		r = mem_grow(&p->lines, &b->line_cap, (size_t)p->line_cnt + 1, sizeof(line),
			     b->limits.max_frames);
		if (!r)
			r = intern_add(&b->lines, &line, sizeof(line), &id);
		if (r)
			return r;
		p->lines[p->line_cnt++] = line;
	}
	*ret = id;
	return 0;
}

/* An empty profile with the four zeros in it. */
static int start_profile(struct builder *b, enum profile_unit unit)
{
	const struct builder_limits *l = &b->limits;
	uint32_t id;
	int r;

	b->p = calloc(1, sizeof(*b->p));
	if (!b->p)
		return -ENOMEM;
	b->p->unit = unit;
	intern_init(&b->p->strings, l->max_strings, l->max_string_bytes);
	intern_init(&b->frames, l->max_frames, (size_t)l->max_frames * (sizeof(struct frame) + 1));
	intern_init(&b->lines, l->max_frames,
		    (size_t)l->max_frames * (sizeof(struct frame_line) + 1));
	intern_init(&b->label_sets, l->max_series, (size_t)l->max_series * 256);
	idmap_init(&b->nodes, l->max_nodes);
	idmap_init(&b->samples, l->max_samples);
	r = builder_string(b, STR_LIT(""), &id);
	if (!r)
		r = add_line(b, NULL, &id);
	if (!r)
		r = builder_frame(b, STR_LIT(""), STR_LIT(""), FRAME_UNKNOWN, &id);
	return r ? r : append_node(b, 0, 0);
}

struct builder *builder_new(const struct builder_limits *limits, enum profile_unit unit)
{
	struct builder *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->limits = *limits;
	if (start_profile(b, unit)) {
		builder_free(b);
		return NULL;
	}
	return b;
}

void builder_free(struct builder *b)
{
	if (!b)
		return;
	release_tables(b);
	profile_free(b->p);
	free(b);
}

enum profile_unit builder_unit(const struct builder *b)
{
	return b->p->unit;
}

int builder_string(struct builder *b, struct str s, uint32_t *ret_id)
{
	return intern_add(&b->p->strings, s.p, s.len, ret_id);
}

struct str builder_text(const struct builder *b, uint32_t string)
{
	return intern_get(&b->p->strings, string);
}

int builder_frame_at(struct builder *b, struct str name, struct str module, enum frame_kind kind,
		     const struct source_line *at, uint32_t *ret_id)
{
	struct profile *p = b->p;
	struct frame frame = {.kind = kind};
	uint32_t id;
	int r;

	r = builder_string(b, name, &frame.name);
	if (!r)
		r = builder_string(b, module, &frame.module);
	if (!r && at)
		r = add_line(b, at, &frame.line);
	if (r)
		return r;
	if (!intern_find(&b->frames, &frame, sizeof(frame), &id)) {
		r = mem_grow(&p->frames, &b->frame_cap, (size_t)p->frame_cnt + 1, sizeof(frame),
			     b->limits.max_frames);
		if (!r)
			r = intern_add(&b->frames, &frame, sizeof(frame), &id);
		if (r)
			return r;
		p->frames[p->frame_cnt++] = frame;
	}
	*ret_id = id;
	return 0;
}

int builder_frame(struct builder *b, struct str name, struct str module, enum frame_kind kind,
		  uint32_t *ret_id)
{
	return builder_frame_at(b, name, module, kind, NULL, ret_id);
}

/* The list has become long: from now on the map has all children of this node. */
static int hash_children(struct builder *b, uint32_t parent)
{
	int r = 0;

	for (uint32_t c = b->uses[parent].first_child; !r && c; c = b->uses[c].next_sibling)
		r = idmap_put(&b->nodes, pair(parent, b->p->nodes[c].frame), c);
	if (!r)
		b->uses[parent].first_child |= IS_HASHED;
	return r;
}

/* Writes 0 when there is no such child. */
static int find_child(struct builder *b, uint32_t parent, uint32_t frame, uint32_t *ret)
{
	uint32_t c = b->uses[parent].first_child, steps = 0;
	uint64_t known = 0;
	int r = 0;

	if (!(c & IS_HASHED)) {
		for (; c && b->p->nodes[c].frame != frame; c = b->uses[c].next_sibling)
			steps++;
		if (!c && steps >= MAX_LIST)
			r = hash_children(b, parent);
		*ret = c;
		return r;
	}
	(void)idmap_get(&b->nodes, pair(parent, frame), &known);
	*ret = (uint32_t)known;
	return 0;
}

int builder_stack(struct builder *b, uint32_t parent, uint32_t frame, uint32_t *ret_node)
{
	uint32_t node;
	int r;

	r = find_child(b, parent, frame, &node);
	if (!r && !node) {
		node = b->p->node_cnt;
		r = append_node(b, parent, frame);
		if (!r && b->uses[parent].first_child & IS_HASHED) {
			r = idmap_put(&b->nodes, pair(parent, frame), node);
			b->p->node_cnt -= r != 0;
		} else if (!r) {
			b->uses[node].next_sibling = b->uses[parent].first_child;
			b->uses[parent].first_child = node;
		}
	}
	if (r)
		return r;
	*ret_node = node;
	return 0;
}

/* Sorts the labels by key into out[], later ones replacing earlier ones; returns how many there
 * are. */
static int sort_labels(struct builder *b, const struct str (*labels)[2], size_t cnt,
		       struct label *out)
{
	size_t n = 0, at;
	struct label label;
	int r;

	for (size_t i = 0; i < cnt; i++) {
		r = builder_string(b, labels[i][0], &label.key);
		if (!r)
			r = builder_string(b, labels[i][1], &label.value);
		if (r)
			return r;
		for (at = 0; at < n; at++)
			if (str_cmp(profile_str(b->p, out[at].key), labels[i][0]) >= 0)
				break;
		if (at < n && out[at].key == label.key) {
			out[at] = label;
			continue;
		}
		if (n == BUILDER_MAX_LABELS)
			return -ENOSPC;
		memmove(&out[at + 1], &out[at], (n - at) * sizeof(*out));
		out[at] = label;
		n++;
	}
	return (int)n;
}

/* A series that is not there yet. */
static int add_label_set(struct builder *b, const struct label *set, size_t cnt, uint32_t *ret_id)
{
	struct profile *p = b->p;
	int r;

	r = mem_grow(&p->series, &b->series_cap, (size_t)p->series_cnt + 1, sizeof(*p->series),
		     b->limits.max_series);
	if (!r)
		r = mem_grow(&p->labels, &b->label_cap, p->label_cnt + cnt, sizeof(*p->labels),
			     UINT32_MAX);
	if (!r)
		r = intern_add(&b->label_sets, set, cnt * sizeof(*set), ret_id);
	if (r)
		return r;
	p->series[p->series_cnt++] = (struct series){p->label_cnt, (uint32_t)cnt};
	if (cnt)
		memcpy(p->labels + p->label_cnt, set, cnt * sizeof(*set));
	p->label_cnt += (uint32_t)cnt;
	return 0;
}

int builder_series(struct builder *b, const struct str (*labels)[2], size_t cnt, uint32_t *ret_id)
{
	struct label set[BUILDER_MAX_LABELS];
	size_t kept = 0;
	uint32_t id;
	int n, r;

	n = sort_labels(b, labels, cnt, set);
	if (n < 0)
		return n;
	for (int i = 0; i < n; i++)
		if (set[i].value) /* string 0 is "" */
			set[kept++] = set[i];
	if (!intern_find(&b->label_sets, set, kept * sizeof(*set), &id)) {
		r = add_label_set(b, set, kept, &id);
		if (r)
			return r;
	}
	*ret_id = id;
	return 0;
}

int builder_process(struct builder *b, struct str name, uint32_t *ret_id)
{
	const struct str labels[][2] = {{STR_LIT(LABEL_PROCESS), name}};

	return builder_series(b, labels, 1, ret_id);
}

/* The sample of that series and node, a new one if need be. */
static int find_sample(struct builder *b, uint32_t series, uint32_t node, size_t *ret)
{
	struct profile *p = b->p;
	uint32_t first = b->uses[node].sample;
	uint64_t at;
	int r;

	if (first && p->samples[first - 1].series == series) {
		*ret = first - 1;
		return 0;
	}
	if (first && idmap_get(&b->samples, pair(series, node), &at)) {
		*ret = at;
		return 0;
	}
	r = mem_grow(&p->samples, &b->sample_cap, p->sample_cnt + 1, sizeof(*p->samples),
		     b->limits.max_samples);
	if (!r && first)
		r = idmap_put(&b->samples, pair(series, node), p->sample_cnt);
	if (r)
		return r;
	*ret = p->sample_cnt++;
	p->samples[*ret] = (struct sample){.series = series, .node = node};
	if (!first)
		b->uses[node].sample = (uint32_t)p->sample_cnt;
	return 0;
}

int builder_sample(struct builder *b, uint32_t series, uint32_t node, uint64_t weight, uint64_t cnt)
{
	struct profile *p = b->p;
	size_t at;
	int r;

	if (!weight)
		return 0;
	r = find_sample(b, series, node, &at);
	if (r)
		return r;
	sum_add(&p->samples[at].weight, weight);
	sum_add(&p->samples[at].cnt, cnt);
	sum_add(&p->total, weight);
	sum_add(&p->total_cnt, cnt);
	return 0;
}

int builder_moment(struct builder *b, uint32_t series, uint32_t node, int64_t at_ns,
		   uint64_t weight, uint32_t cnt)
{
	struct profile *p = b->p;
	size_t sample;
	int r;

	if (!cnt)
		return 0;
	r = find_sample(b, series, node, &sample);
	if (!r)
		r = mem_grow(&p->moments, &b->moment_cap, p->moment_cnt + 1, sizeof(*p->moments),
			     b->limits.max_moments);
	if (r)
		return r;
	p->moments[p->moment_cnt++] =
		(struct moment){moment_step(at_ns), weight, (uint32_t)sample, cnt};
	return 0;
}

/* Where nobody knows when (start 0), nothing is stretched, and whoever does know takes over. */
static void cover(struct profile *p, int64_t start_ns, int64_t end_ns)
{
	if (!p->start_ns) {
		p->end_ns = start_ns || end_ns > p->end_ns ? end_ns : p->end_ns;
		p->start_ns = start_ns;
	} else if (start_ns) {
		p->start_ns = start_ns < p->start_ns ? start_ns : p->start_ns;
		p->end_ns = end_ns > p->end_ns ? end_ns : p->end_ns;
	}
}

void builder_window(struct builder *b, int64_t start_ns, uint64_t length_ns, uint32_t cpus,
		    double hz)
{
	struct profile *p = b->p;
	uint64_t capacity_ns;
	int64_t end_ns;

	if (__builtin_add_overflow(start_ns, length_ns, &end_ns))
		end_ns = INT64_MAX;
	if (__builtin_mul_overflow(length_ns, cpus, &capacity_ns))
		capacity_ns = UINT64_MAX;
	cover(p, start_ns, end_ns);
	sum_add(&p->length_ns, length_ns);
	sum_add(&p->capacity_ns, capacity_ns);
	if (cpus > p->cpus)
		p->cpus = cpus;
	p->hz = hz;
	p->window_cnt++;
}

void builder_lost(struct builder *b, enum loss reason, uint64_t cnt)
{
	if ((unsigned int)reason < LOSS_CNT)
		sum_add(&b->p->lost[reason], cnt);
}

void builder_pressure(struct builder *b, enum pressure_resource resource,
		      const struct pressure *pressure)
{
	pressure_add(&b->p->pressure[resource], pressure);
}

void builder_add_header(struct builder *b, const struct profile *p)
{
	cover(b->p, p->start_ns, p->end_ns);
	sum_add(&b->p->length_ns, p->length_ns);
	sum_add(&b->p->capacity_ns, p->capacity_ns);
	b->p->window_cnt += p->window_cnt;
	b->p->cpus = p->cpus > b->p->cpus ? p->cpus : b->p->cpus;
	b->p->hz = p->hz;
	for (unsigned int i = 0; i < LOSS_CNT; i++)
		sum_add(&b->p->lost[i], p->lost[i]);
	for (unsigned int i = 0; i < PRESSURE_CNT; i++)
		pressure_add(&b->p->pressure[i], &p->pressure[i]);
}

int builder_seal(struct builder *b, struct profile **ret_profile)
{
	struct profile *done = b->p;
	enum profile_unit unit = done->unit;
	int r = profile_sort(done), started;

	release_tables(b);
	b->p = NULL;
	started = start_profile(b, unit);
	if (!r)
		r = started;
	if (r) {
		profile_free(done);
		return r;
	}
	*ret_profile = done;
	return 0;
}
