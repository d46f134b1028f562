// SPDX-License-Identifier: Apache-2.0
/*
 * The writer keeps look-up tables beside the arrays, the reader only the arrays. Everything refers
 * to smaller numbers or to earlier tables, so a segment is decoded in one pass and no cycle can be
 * written down.
 */
#include "store/dict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/reader.h"

/* Hard ceilings: what a person's file may hold. Soft ones (dict_is_full()): what an agent keeps in
 * memory. */
#define MAX_STRINGS	 (1U << 24)
#define MAX_STRING_BYTES ((size_t)2 << 30)
#define MAX_NODES	 (1U << 27)
#define MAX_SERIES	 (1U << 20)
#define MAX_PAIRS	 (1U << 27)
#define FULL_NODES	 (1U << 18)
#define FULL_BYTES	 ((size_t)12 << 20)

static uint64_t pair_key(uint32_t a, uint32_t b)
{
	return (uint64_t)a << 32 | b;
}

int dict_init(struct dict *d, bool lookup)
{
	const struct frame none = {.line = 0};
	uint32_t id;
	int r;

	*d = (struct dict){.lookup = lookup};
	intern_init(&d->strings, MAX_STRINGS, MAX_STRING_BYTES);
	intern_init(&d->frame_ids, MAX_STRINGS, (size_t)MAX_STRINGS * (sizeof(struct frame) + 1));
	intern_init(&d->label_sets, MAX_SERIES, (size_t)MAX_SERIES * 256);
	idmap_init(&d->node_ids, MAX_NODES);
	idmap_init(&d->pair_ids, MAX_PAIRS);
	r = intern_add(&d->strings, "", 0, &id);
	if (!r)
		r = mem_grow(&d->frames, &d->frame_cap, 1, sizeof(*d->frames), MAX_STRINGS);
	if (!r)
		r = mem_grow(&d->nodes, &d->node_cap, 1, sizeof(*d->nodes), MAX_NODES);
	if (!r && lookup)
		r = intern_add(&d->frame_ids, &none, sizeof(none), &id);
	if (r) {
		dict_release(d);
		return r;
	}
	d->frames[0] = none;
	d->nodes[0] = (struct stack_node){0, 0};
	d->cnt = (struct dict_counts){.strings = 1, .frames = 1, .nodes = 1};
	d->written = d->cnt;
	return 0;
}

void dict_release(struct dict *d)
{
	intern_release(&d->strings);
	intern_release(&d->frame_ids);
	intern_release(&d->label_sets);
	idmap_release(&d->node_ids);
	idmap_release(&d->pair_ids);
	free(d->frames);
	free(d->nodes);
	free(d->series);
	free(d->labels);
	free(d->pairs);
	*d = (struct dict){.lookup = false};
}

/* ---- appending: the same for the writer and for decoded segments ---- */

static int push_frame(struct dict *d, struct frame frame)
{
	uint32_t id;
	int r = mem_grow(&d->frames, &d->frame_cap, (size_t)d->cnt.frames + 1, sizeof(frame),
			 MAX_STRINGS);

	if (!r && d->lookup) {
		r = intern_add(&d->frame_ids, &frame, sizeof(frame), &id);
		if (!r && id != d->cnt.frames)
			r = -EBADMSG; /* the same frame twice */
	}
	if (!r)
		d->frames[d->cnt.frames++] = frame;
	return r;
}

static int push_node(struct dict *d, struct stack_node node)
{
	int r = mem_grow(&d->nodes, &d->node_cap, (size_t)d->cnt.nodes + 1, sizeof(node),
			 MAX_NODES);

	if (!r && d->lookup)
		r = idmap_put(&d->node_ids, pair_key(node.parent, node.frame), d->cnt.nodes);
	if (!r)
		d->nodes[d->cnt.nodes++] = node;
	return r;
}

static int push_series(struct dict *d, const struct label *labels, uint32_t label_cnt)
{
	uint32_t id;
	int r;

	r = mem_grow(&d->series, &d->series_cap, (size_t)d->cnt.series + 1, sizeof(*d->series),
		     MAX_SERIES);
	if (!r)
		r = mem_grow(&d->labels, &d->label_cap, (size_t)d->label_cnt + label_cnt,
			     sizeof(*labels), UINT32_MAX);
	if (!r && d->lookup) {
		r = intern_add(&d->label_sets, labels, label_cnt * sizeof(*labels), &id);
		if (!r && id != d->cnt.series)
			r = -EBADMSG;
	}
	if (r)
		return r;
	d->series[d->cnt.series++] = (struct series){d->label_cnt, label_cnt};
	if (label_cnt)
		memcpy(d->labels + d->label_cnt, labels, label_cnt * sizeof(*labels));
	d->label_cnt += label_cnt;
	return 0;
}

static int push_pair(struct dict *d, struct dict_pair pair)
{
	int r = mem_grow(&d->pairs, &d->pair_cap, (size_t)d->cnt.pairs + 1, sizeof(pair),
			 MAX_PAIRS);

	if (!r && d->lookup)
		r = idmap_put(&d->pair_ids, pair_key(pair.series, pair.node), d->cnt.pairs);
	if (!r)
		d->pairs[d->cnt.pairs++] = pair;
	return r;
}

/* ---- the writer ---- */

static int map_string(struct dict *d, const struct profile *p, uint32_t theirs, uint32_t *ret)
{
	struct str s = profile_str(p, theirs);
	int r = intern_add(&d->strings, s.p, s.len, ret);

	d->cnt.strings = intern_cnt(&d->strings);
	return r;
}

static int map_frame(struct dict *d, const struct profile *p, uint32_t theirs, uint32_t *ret)
{
	struct frame frame = {.kind = p->frames[theirs].kind};
	int r;

	r = map_string(d, p, p->frames[theirs].name, &frame.name);
	if (!r)
		r = map_string(d, p, p->frames[theirs].module, &frame.module);
	if (r || intern_find(&d->frame_ids, &frame, sizeof(frame), ret))
		return r;
	r = push_frame(d, frame);
	if (!r)
		*ret = d->cnt.frames - 1;
	return r;
}

static int map_series(struct dict *d, const struct profile *p, uint32_t theirs, uint32_t *ret)
{
	const struct series *s = &p->series[theirs];
	struct label labels[DICT_MAX_LABELS];
	int r = s->label_cnt > DICT_MAX_LABELS ? -E2BIG : 0;

	for (uint32_t i = 0; !r && i < s->label_cnt; i++) {
		r = map_string(d, p, p->labels[s->first_label + i].key, &labels[i].key);
		if (!r)
			r = map_string(d, p, p->labels[s->first_label + i].value, &labels[i].value);
	}
	if (r || intern_find(&d->label_sets, labels, s->label_cnt * sizeof(*labels), ret))
		return r;
	r = push_series(d, labels, s->label_cnt);
	if (!r)
		*ret = d->cnt.series - 1;
	return r;
}

/* Our number for each node that a sample reaches; children have larger numbers, so two passes do
 * it. */
static int map_nodes(struct dict *d, const struct profile *p, uint32_t *node_map)
{
	uint32_t *frame_map = calloc((size_t)p->frame_cnt + 1, sizeof(*frame_map));
	uint64_t known;
	int r = frame_map ? 0 : -ENOMEM;

	for (size_t i = 0; i < p->sample_cnt; i++)
		node_map[p->samples[i].node] = 1;
	for (uint32_t i = p->node_cnt; i-- > 1;)
		if (node_map[i])
			node_map[p->nodes[i].parent] = 1;
	node_map[0] = 0;
	for (uint32_t i = 1; !r && i < p->node_cnt; i++) {
		const struct stack_node *n = &p->nodes[i];
		struct stack_node ours = {.parent = node_map[n->parent]};

		if (!node_map[i])
			continue;
		if (!frame_map[n->frame] && n->frame)
			r = map_frame(d, p, n->frame, &frame_map[n->frame]);
		ours.frame = frame_map[n->frame];
		if (r)
			break;
		if (idmap_get(&d->node_ids, pair_key(ours.parent, ours.frame), &known)) {
			node_map[i] = (uint32_t)known;
			continue;
		}
		r = push_node(d, ours);
		node_map[i] = d->cnt.nodes - 1;
	}
	free(frame_map);
	return r;
}

int dict_add(struct dict *d, const struct profile *p, uint32_t *pairs)
{
	uint32_t *node_map = calloc((size_t)p->node_cnt + 1, sizeof(*node_map));
	uint32_t series = 0;
	uint64_t known;
	int r = node_map ? map_nodes(d, p, node_map) : -ENOMEM;

	for (size_t i = 0; !r && i < p->sample_cnt; i++) {
		const struct sample *s = &p->samples[i];

		if (!i || s->series != p->samples[i - 1].series)
			r = map_series(d, p, s->series, &series);
		if (r)
			break;
		if (idmap_get(&d->pair_ids, pair_key(series, node_map[s->node]), &known)) {
			pairs[i] = (uint32_t)known;
			continue;
		}
		r = push_pair(d, (struct dict_pair){series, node_map[s->node]});
		pairs[i] = d->cnt.pairs - 1;
	}
	free(node_map);
	return r;
}

bool dict_is_dirty(const struct dict *d)
{
	return memcmp(&d->cnt, &d->written, sizeof(d->cnt)) != 0;
}

bool dict_is_full(const struct dict *d)
{
	return d->cnt.nodes >= FULL_NODES || d->cnt.pairs >= FULL_NODES ||
	       intern_bytes(&d->strings) >= FULL_BYTES;
}

/* ---- segments ---- */

static void encode_strings(const struct dict *d, struct buf *out)
{
	buf_addvarint(out, d->written.strings);
	buf_addvarint(out, d->cnt.strings - d->written.strings);
	for (uint32_t i = d->written.strings; i < d->cnt.strings; i++)
		buf_addvarint(out, intern_get(&d->strings, i).len);
	for (uint32_t i = d->written.strings; i < d->cnt.strings; i++)
		buf_add(out, intern_get(&d->strings, i).p, intern_get(&d->strings, i).len);
}

static void encode_stacks(const struct dict *d, struct buf *out)
{
	buf_addvarint(out, d->written.frames);
	buf_addvarint(out, d->cnt.frames - d->written.frames);
	for (uint32_t i = d->written.frames; i < d->cnt.frames; i++) {
		buf_addvarint(out, d->frames[i].name);
		buf_addvarint(out, d->frames[i].module);
		buf_addvarint(out, d->frames[i].kind);
	}
	buf_addvarint(out, d->written.nodes);
	buf_addvarint(out, d->cnt.nodes - d->written.nodes);
	for (uint32_t i = d->written.nodes; i < d->cnt.nodes; i++) {
		buf_addvarint(out, i - d->nodes[i].parent);
		buf_addvarint(out, d->nodes[i].frame);
	}
}

void dict_encode(struct dict *d, struct buf *out)
{
	encode_strings(d, out);
	encode_stacks(d, out);
	buf_addvarint(out, d->written.series);
	buf_addvarint(out, d->cnt.series - d->written.series);
	for (uint32_t i = d->written.series; i < d->cnt.series; i++) {
		const struct series *s = &d->series[i];

		buf_addvarint(out, s->label_cnt);
		for (uint32_t k = s->first_label; k < s->first_label + s->label_cnt; k++) {
			buf_addvarint(out, d->labels[k].key);
			buf_addvarint(out, d->labels[k].value);
		}
	}
	buf_addvarint(out, d->written.pairs);
	buf_addvarint(out, d->cnt.pairs - d->written.pairs);
	for (uint32_t i = d->written.pairs; i < d->cnt.pairs; i++) {
		buf_addvarint(out, d->pairs[i].series);
		buf_addvarint(out, d->cnt.nodes - 1 - d->pairs[i].node);
	}
	d->written = d->cnt;
}

/* A number below `limit`. */
static uint32_t read_below(struct reader *r, uint64_t limit)
{
	uint64_t v = reader_varint(r);

	if (v >= limit)
		r->failed = true;
	return r->failed ? 0 : (uint32_t)v;
}

/* The two numbers before each table: where it goes on, how many follow (each takes a byte at
 * least). */
static uint64_t read_span(struct reader *r, uint32_t have)
{
	uint64_t first = reader_varint(r), cnt = reader_varint(r);

	if (first != have || cnt > reader_left(r))
		r->failed = true;
	return r->failed ? 0 : cnt;
}

static int decode_strings(struct dict *d, struct reader *r)
{
	uint64_t cnt = read_span(r, d->cnt.strings);
	struct reader lens = *r;
	uint32_t id;
	int ret = 0;

	for (uint64_t i = 0; i < cnt; i++)
		(void)reader_varint(r);
	for (uint64_t i = 0; i < cnt && !ret && !r->failed; i++) {
		size_t len = reader_varint(&lens);
		const uint8_t *p = reader_bytes(r, len);

		if (!p)
			break;
		ret = intern_add(&d->strings, p, len, &id);
		if (!ret && id != d->cnt.strings)
			ret = -EBADMSG; /* the same string twice */
		d->cnt.strings = intern_cnt(&d->strings);
	}
	return ret;
}

static int decode_stacks(struct dict *d, struct reader *r)
{
	uint64_t cnt = read_span(r, d->cnt.frames);
	int ret = 0;

	for (uint64_t i = 0; i < cnt && !ret; i++) {
		struct frame f = {.line = 0};

		f.name = read_below(r, d->cnt.strings);
		f.module = read_below(r, d->cnt.strings);
		f.kind = read_below(r, UINT32_MAX);
		if (f.kind >= FRAME_KIND_CNT)
			f.kind = FRAME_UNKNOWN; /* of a later version */
		ret = r->failed ? -EBADMSG : push_frame(d, f);
	}
	cnt = ret ? 0 : read_span(r, d->cnt.nodes);
	for (uint64_t i = 0; i < cnt && !ret; i++) {
		struct stack_node n;
		uint32_t up = read_below(r, (uint64_t)d->cnt.nodes + 1);

		n.parent = d->cnt.nodes - up;
		n.frame = read_below(r, d->cnt.frames);
		ret = r->failed || !up ? -EBADMSG : push_node(d, n);
	}
	return ret;
}

static int decode_series(struct dict *d, struct reader *r)
{
	uint64_t cnt = read_span(r, d->cnt.series);
	struct label labels[DICT_MAX_LABELS];
	int ret = 0;

	for (uint64_t i = 0; i < cnt && !ret; i++) {
		uint32_t label_cnt = read_below(r, DICT_MAX_LABELS + 1);

		for (uint32_t k = 0; k < label_cnt; k++) {
			labels[k].key = read_below(r, d->cnt.strings);
			labels[k].value = read_below(r, d->cnt.strings);
		}
		ret = r->failed ? -EBADMSG : push_series(d, labels, label_cnt);
	}
	return ret;
}

int dict_decode(struct dict *d, struct str segment)
{
	struct reader r;
	uint64_t cnt;
	int ret;

	reader_init(&r, segment.p, segment.len);
	ret = decode_strings(d, &r);
	if (!ret && !r.failed)
		ret = decode_stacks(d, &r);
	if (!ret && !r.failed)
		ret = decode_series(d, &r);
	cnt = ret || r.failed ? 0 : read_span(&r, d->cnt.pairs);
	for (uint64_t i = 0; i < cnt && !ret; i++) {
		struct dict_pair pair;

		pair.series = read_below(&r, d->cnt.series);
		pair.node = d->cnt.nodes - 1 - read_below(&r, d->cnt.nodes);
		ret = r.failed ? -EBADMSG : push_pair(d, pair);
	}
	if (!ret && (r.failed || reader_left(&r)))
		ret = -EBADMSG;
	if (!ret)
		d->written = d->cnt;
	return ret == -ENOSPC ? -EBADMSG : ret;
}

size_t dict_labels(const struct dict *d, uint32_t series, struct str (*ret)[2])
{
	const struct series *s = &d->series[series];

	for (uint32_t i = 0; i < s->label_cnt; i++) {
		ret[i][0] = intern_get(&d->strings, d->labels[s->first_label + i].key);
		ret[i][1] = intern_get(&d->strings, d->labels[s->first_label + i].value);
	}
	return s->label_cnt;
}
