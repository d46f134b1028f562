// SPDX-License-Identifier: Apache-2.0
/*
 * Weights of nodes fall from the root to the leaves, so that "all nodes from this weight on" is a
 * tree again: pruning is one number, the weight to cut at. It is found without sorting: the upper
 * bits of a positive double, taken as a whole number, ascend with it and count into a histogram.
 *
 * Weights are divided by what all of a side's weights have in common (the period of the sampling,
 * often): samples then take one byte where nanoseconds would take four.
 */
#include "render/html_data.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/compress.h"
#include "base/json.h"
#include "base/text.h"
#include "diff/diff_tables.h"
#include "diff/noise.h"
#include "render/flame_words.h"
#include "render/label.h"

#define MAX_BYTES    ((size_t)1 << 30)
#define BUCKET_SHIFT 46 /* leaves 11 bits of exponent and 6 of the fraction */
#define BUCKETS	     (1U << (63 - BUCKET_SHIFT))

enum html_column {
	COLUMN_UP,
	COLUMN_FRAME,
	COLUMN_SELF_A,
	COLUMN_SELF_B,
	COLUMN_CNT_A,
	COLUMN_CNT_B,
	COLUMN_HIDDEN,
	COLUMN_LINE,
	COLUMN_SPREAD,
	COLUMN_OWN_SPREAD,
	COLUMN_WITHIN,
	COLUMN_CNT
};

/* A frame as it is interned: no padding. */
struct frame_key {
	uint32_t name, module, kind; /* name and module: into strings */
};

struct encoder {
	const struct diff *d;
	double cut;	  /* nodes below it are pruned */
	uint64_t step[2]; /* all weights of the side are multiples of it */
	struct intern strings, frames;
	uint32_t *known; /* the diff's name -> string + 1: cleaned once, not for each node */
	struct buf columns[COLUMN_CNT];
	struct buf scratch;
	uint32_t node_cnt;
	struct html_pruned pruned;
	uint32_t *node_of; /* see html_data_options.ret_node_of */
	int error;
};

static double node_weight(const struct diff *d, uint32_t n)
{
	return fmax(diff_total(d, n, DIFF_A), diff_total(d, n, DIFF_B));
}

/* ---- pruning --------------------------------------------------------------------------------- */

static uint32_t bucket_of(double weight)
{
	uint64_t bits;

	memcpy(&bits, &weight, sizeof(bits));
	return (uint32_t)(bits >> BUCKET_SHIFT);
}

static double bucket_start(uint32_t bucket)
{
	uint64_t bits = (uint64_t)bucket << BUCKET_SHIFT;
	double weight;

	memcpy(&weight, &bits, sizeof(weight));
	return weight;
}

/* The smallest weight at whose nodes and heavier ones are at most max_nodes. */
static int find_cut(const struct diff *d, double least, uint32_t max_nodes, double *ret_cut)
{
	uint32_t *cnt, bucket = BUCKETS;
	uint64_t sum = 0;

	if (d->node_cnt <= max_nodes) {
		*ret_cut = least;
		return 0;
	}
	cnt = calloc(BUCKETS, sizeof(*cnt));
	if (!cnt)
		return -ENOMEM;
	for (uint32_t n = 0; n < d->node_cnt; n++)
		cnt[bucket_of(node_weight(d, n))]++;
	while (bucket && sum + cnt[bucket - 1] <= max_nodes)
		sum += cnt[--bucket];
	free(cnt);
	*ret_cut = fmax(least, bucket_start(bucket));
	return 0;
}

/* Of sums of many nodes' changes: of a single one diff knows better. */
static double freedom(const struct diff *d)
{
	double df = 0;

	for (int side = DIFF_A; side <= DIFF_B; side++)
		df += d->side[side].replicate_cnt > 1 ? d->side[side].replicate_cnt - 1.0 : 0;
	return d->noise_basis == DIFF_NOISE_WINDOWS ? fmax(df, 1) : INFINITY;
}

static bool is_kept(const struct encoder *e, uint32_t n)
{
	return !n || node_weight(e->d, n) >= e->cut;
}

/* ---- strings and frames ---------------------------------------------------------------------- */

/* Cleaned and cut in the middle; empty ones stay empty. Valid until the next one. */
static struct str clean_name(struct encoder *e, struct str name)
{
	if (!name.len)
		return STR_LIT("");
	buf_clear(&e->scratch);
	text_add_clean(&e->scratch, name);
	if (e->scratch.len > HTML_MAX_NAME) { /* a cleaned byte is at most three, a rune four */
		buf_clear(&e->scratch);
		label_add(&e->scratch, name, HTML_MAX_NAME / 4);
	}
	if (buf_error(&e->scratch) && !e->error)
		e->error = buf_error(&e->scratch);
	return buf_str(&e->scratch);
}

static uint32_t add_string(struct encoder *e, struct str name)
{
	struct str clean = clean_name(e, name);
	uint32_t id = 0;
	int r = intern_add(&e->strings, clean.p, clean.len, &id);

	if (r && !e->error)
		e->error = r;
	return id;
}

static uint32_t add_name(struct encoder *e, uint32_t name)
{
	if (!e->known[name])
		e->known[name] = add_string(e, intern_get(&e->d->names, name)) + 1;
	return e->known[name] - 1;
}

/* `name` and `module` are strings of the page. */
static uint32_t add_frame(struct encoder *e, uint32_t name, uint32_t module, uint32_t kind)
{
	struct frame_key key = {name, module, kind};
	uint32_t id = 0;
	int r = intern_add(&e->frames, &key, sizeof(key), &id);

	if (r && !e->error)
		e->error = r;
	return id;
}

/* Where in its source a node was, in words; 0: unknown. */
static uint32_t add_line(struct encoder *e, uint32_t n)
{
	uint32_t id = 0;
	int r;

	buf_clear(&e->scratch);
	flame_add_line(e->d, n, "", &e->scratch);
	r = buf_error(&e->scratch);
	if (!r && e->scratch.len)
		r = intern_add(&e->strings, e->scratch.data, e->scratch.len, &id);
	if (r && !e->error)
		e->error = r;
	return id;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static void find_steps(struct encoder *e)
{
	for (int side = DIFF_A; side <= DIFF_B; side++) {
		uint64_t step = 0;

		for (uint32_t n = 0; step != 1 && n < e->d->node_cnt; n++)
			if (e->d->nodes[n].side[side].self)
				step = gcd(step, e->d->nodes[n].side[side].self);
		e->step[side] = step ? step : 1;
	}
}

/* What a node has for itself on the two sides, and how its samples differ from the expected. */
static void add_counts(struct encoder *e, const struct diff_count own[2])
{
	for (int side = DIFF_A; side <= DIFF_B; side++) {
		const struct diff_side *s = &e->d->side[side];
		double expected;

		buf_addvarint(&e->columns[COLUMN_SELF_A + side], own[side].self / e->step[side]);
		if (!s->cnt)
			continue;
		expected = s->total ? (double)(own[side].self / e->step[side]) *
					      ((double)s->cnt / (double)(s->total / e->step[side]))
				    : 0;
		buf_addvarint(&e->columns[COLUMN_CNT_A + side],
			      zigzag((int64_t)own[side].cnt - (int64_t)floor(expected + 0.5)));
	}
}

/* What the windows of the sides say: standard errors of the changes, and whether they are chance. */
static void add_spread(struct encoder *e, double total, double own, bool total_within,
		       bool own_within)
{
	double whole = node_weight(e->d, 0);

	buf_addch(&e->columns[COLUMN_SPREAD], (char)html_spread_code(total, whole));
	buf_addch(&e->columns[COLUMN_OWN_SPREAD], (char)html_spread_code(own, whole));
	buf_addch(&e->columns[COLUMN_WITHIN], (char)(total_within | own_within << 1));
}

/* Of the frames that a pruned node stands for: their variances add up. */
static void add_pruned_spread(struct encoder *e, uint32_t n)
{
	const struct diff *d = e->d;
	double variance = 0, delta = 0;
	bool within;

	for (uint32_t c = n + 1; c < d->nodes[n].end; c = d->nodes[c].end) {
		if (is_kept(e, c))
			continue;
		variance += pow(diff_noise(d, c), 2);
		delta += diff_delta(d, c);
	}
	within = fabs(delta) < noise_t(freedom(d)) * sqrt(variance);
	add_spread(e, sqrt(variance), sqrt(variance), within, within);
}

/* One node for all pruned children of n, right behind n; returns whether there are any. */
static bool add_pruned(struct encoder *e, uint32_t n)
{
	const struct diff *d = e->d;
	struct diff_count own[2] = {{0}};
	uint32_t hidden = 0;

	for (uint32_t c = n + 1; c < d->nodes[n].end; c = d->nodes[c].end) {
		if (is_kept(e, c))
			continue;
		hidden += d->nodes[c].end - c;
		for (uint32_t i = c; e->node_of && i < d->nodes[c].end; i++)
			e->node_of[i] = e->node_cnt;
		for (int side = DIFF_A; side <= DIFF_B; side++) {
			own[side].self += d->nodes[c].side[side].total;
			own[side].cnt += d->nodes[c].side[side].cnt;
			e->pruned.total[side] += diff_total(d, c, (enum diff_which)side);
		}
	}
	if (!hidden)
		return false;
	e->pruned.cnt += hidden;
	e->node_cnt++;
	buf_addvarint(&e->columns[COLUMN_UP], 0);
	buf_addvarint(&e->columns[COLUMN_FRAME], add_frame(e, 0, 0, HTML_KIND_PRUNED));
	buf_addvarint(&e->columns[COLUMN_HIDDEN], hidden);
	buf_addvarint(&e->columns[COLUMN_LINE], 0);
	add_counts(e, own);
	if (d->noise_basis == DIFF_NOISE_WINDOWS)
		add_pruned_spread(e, n);
	return true;
}

static void add_node(struct encoder *e, uint32_t n, uint32_t up)
{
	const struct diff *d = e->d;
	struct diff_count own[2] = {d->nodes[n].side[DIFF_A], d->nodes[n].side[DIFF_B]};

	for (uint32_t c = n + 1; c < d->nodes[n].end; c = d->nodes[c].end)
		for (int side = DIFF_A; side <= DIFF_B; side++)
			own[side].cnt -= d->nodes[c].side[side].cnt;
	if (n)
		buf_addvarint(&e->columns[COLUMN_UP], up);
	buf_addvarint(
		&e->columns[COLUMN_FRAME],
		add_frame(e, add_name(e, d->nodes[n].name), add_name(e, d->nodes[n].module),
			  d->nodes[n].depth <= d->group_cnt ? HTML_KIND_LABEL : d->nodes[n].kind));
	buf_addvarint(&e->columns[COLUMN_HIDDEN], 0);
	buf_addvarint(&e->columns[COLUMN_LINE], add_line(e, n));
	add_counts(e, own);
	if (d->noise_basis == DIFF_NOISE_WINDOWS)
		add_spread(e, diff_noise(d, n), diff_self_noise(d, n), diff_within_noise(d, n),
			   diff_self_within_noise(d, n));
	if (e->node_of)
		e->node_of[n] = e->node_cnt;
	e->node_cnt++;
}

static void add_nodes(struct encoder *e)
{
	const struct diff *d = e->d;
	uint32_t depth = 0; /* of the node written last */

	for (uint32_t n = 0; n < d->node_cnt && !e->error;) {
		if (!is_kept(e, n)) {
			n = d->nodes[n].end;
			continue;
		}
		add_node(e, n, n ? depth + 1 - d->nodes[n].depth : 0);
		depth = d->nodes[n].depth + add_pruned(e, n);
		n++;
	}
}

unsigned int html_spread_code(double spread, double whole)
{
	double steps;

	if (!(spread > 0) || !(whole > 0))
		return 0;
	steps = ceil(8 * (log2(spread / whole) + 31));
	return (unsigned int)fmax(1, fmin(255, steps + 1));
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void add_facts(const struct encoder *e, struct buf *out)
{
	static const char *const bases[] = {
		[DIFF_NOISE_UNKNOWN] = "none",
		[DIFF_NOISE_COUNTING] = "counting",
		[DIFF_NOISE_WINDOWS] = "windows",
	};
	const struct diff *d = e->d;
	struct json j;

	json_init(&j, out, false);
	json_object(&j, NULL);
	json_bool(&j, "single", d->single);
	json_cstr(&j, "unit", diff_unit_name(d->unit));
	json_u64(&j, "groups", d->group_cnt);
	json_bool(&j, "lines", d->lines != NULL);
	json_array(&j, "counted");
	for (int side = DIFF_A; side <= DIFF_B; side++)
		json_bool(&j, NULL, d->side[side].cnt > 0);
	json_end(&j);
	json_array(&j, "scale");
	for (int side = DIFF_A; side <= DIFF_B; side++)
		json_double(&j, NULL, d->side[side].scale * (double)e->step[side], 17);
	json_end(&j);
	json_array(&j, "samples");
	for (int side = DIFF_A; side <= DIFF_B; side++)
		json_u64(&j, NULL, d->side[side].cnt);
	json_end(&j);
	json_array(&j, "labels");
	for (int side = DIFF_A; side <= DIFF_B; side++)
		json_cstr(&j, NULL, d->side[side].label);
	json_end(&j);
	json_cstr(&j, "basis", d->single ? bases[DIFF_NOISE_UNKNOWN] : bases[d->noise_basis]);
	json_double(&j, "sigmas", noise_t(freedom(d)), 6);
	json_double(&j, "whole", node_weight(d, 0), 17);
	json_object(&j, "pruned");
	json_u64(&j, "frames", e->pruned.cnt);
	json_double(&j, "a", e->pruned.total[DIFF_A], 6);
	json_double(&j, "b", e->pruned.total[DIFF_B], 6);
	json_double(&j, "below", e->pruned.below, 6);
	json_end(&j);
	json_end(&j);
}

static void add_tables(const struct encoder *e, struct buf *out)
{
	uint32_t string_cnt = intern_cnt(&e->strings), frame_cnt = intern_cnt(&e->frames);

	buf_addvarint(out, string_cnt);
	for (uint32_t i = 0; i < string_cnt; i++)
		buf_addvarint(out, intern_get(&e->strings, i).len);
	for (uint32_t i = 0; i < string_cnt; i++)
		buf_add(out, intern_get(&e->strings, i).p, intern_get(&e->strings, i).len);
	buf_addvarint(out, frame_cnt);
	for (int part = 0; part < 3; part++) {
		for (uint32_t i = 0; i < frame_cnt; i++) {
			struct frame_key key;

			memcpy(&key, intern_get(&e->frames, i).p, sizeof(key));
			if (part == 2)
				buf_addch(out, (char)key.kind);
			else
				buf_addvarint(out, part ? key.module : key.name);
		}
	}
}

static void add_columns(const struct encoder *e, struct buf *out)
{
	buf_addvarint(out, e->node_cnt);
	for (int i = 0; i < COLUMN_CNT; i++) {
		if (e->d->single && i == COLUMN_SELF_A)
			continue;
		if (i == COLUMN_LINE && !e->d->lines)
			continue;
		if ((i == COLUMN_CNT_A || i == COLUMN_CNT_B) && !e->d->side[i - COLUMN_CNT_A].cnt)
			continue;
		buf_add(out, e->columns[i].data, e->columns[i].len);
		if (!out->error)
			out->error = e->columns[i].error;
	}
}

/*
 * How sure the changes of functions are, over all their frames: no sum of what is known of the
 * frames, because those of one function rise and fall together.
 */
static int add_functions(struct encoder *e, struct buf *out)
{
	const struct diff *d = e->d;
	double whole = node_weight(d, 0);
	struct diff_table t;
	struct buf rows;
	uint32_t id, cnt = 0;
	int r;

	if (d->noise_basis != DIFF_NOISE_WINDOWS)
		return 0;
	r = diff_functions(d, DIFF_BY_TOTAL, &t);
	if (r)
		return r;
	buf_init(&rows, MAX_BYTES);
	for (size_t i = 0; i < t.cnt; i++) {
		const struct diff_row *row = &t.rows[i];
		struct str name = clean_name(e, row->name);

		if (!intern_find(&e->strings, name.p, name.len, &id))
			continue; /* pruned */
		buf_addvarint(&rows, id);
		buf_addch(&rows, (char)html_spread_code(row->noise[DIFF_BY_TOTAL], whole));
		buf_addch(&rows, (char)html_spread_code(row->noise[DIFF_BY_SELF], whole));
		buf_addch(&rows, (char)(row->within_noise[DIFF_BY_TOTAL] |
					row->within_noise[DIFF_BY_SELF] << 1));
		cnt++;
	}
	buf_addvarint(out, cnt);
	buf_add(out, rows.data, rows.len);
	r = buf_error(&rows) ? buf_error(&rows) : e->error;
	buf_release(&rows);
	diff_table_release(&t);
	return r;
}

static int add_base64(struct str in, struct buf *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = (in.len + 2) / 3 * 4;
	char *p = buf_reserve(out, len);

	if (!p)
		return buf_error(out);
	for (size_t i = 0; i < in.len; i += 3) {
		uint32_t v = (uint32_t)(unsigned char)in.p[i] << 16;
		bool two = i + 1 < in.len, three = i + 2 < in.len;

		v |= two ? (uint32_t)(unsigned char)in.p[i + 1] << 8 : 0;
		v |= three ? (unsigned char)in.p[i + 2] : 0;
		*p++ = digits[v >> 18];
		*p++ = digits[v >> 12 & 63];
		*p++ = two ? digits[v >> 6 & 63] : '=';
		*p++ = three ? digits[v & 63] : '=';
	}
	buf_commit(out, len);
	return 0;
}

int html_data_pack(struct str plain, struct buf *out)
{
	struct buf packed;
	int r;

	buf_init(&packed, MAX_BYTES);
	r = compress_gzip(plain, &packed);
	if (!r)
		r = add_base64(buf_str(&packed), out);
	buf_release(&packed);
	return r;
}

static int pack(struct encoder *e, struct buf *out)
{
	struct buf facts, plain;
	int r;

	buf_init(&facts, MAX_BYTES);
	buf_init(&plain, MAX_BYTES);
	add_facts(e, &facts);
	buf_addstr(&plain, "CPT1");
	buf_addvarint(&plain, facts.len);
	buf_add(&plain, facts.data, facts.len);
	add_tables(e, &plain);
	add_columns(e, &plain);
	r = add_functions(e, &plain);
	if (!r)
		r = buf_error(&facts) ? buf_error(&facts) : buf_error(&plain);
	if (!r)
		r = html_data_pack(buf_str(&plain), out);
	buf_release(&facts);
	buf_release(&plain);
	return r;
}

int html_data(const struct diff *d, const struct html_data_options *opt, struct buf *out,
	      struct html_pruned *ret_pruned)
{
	double share = opt && opt->min_share != 0 ? opt->min_share : HTML_MIN_SHARE;
	uint32_t max_nodes = opt && opt->max_nodes ? opt->max_nodes : HTML_MAX_NODES, empty;
	struct encoder e = {.d = d, .node_of = opt ? opt->ret_node_of : NULL};
	int r;

	intern_init(&e.strings, UINT32_MAX, MAX_BYTES);
	intern_init(&e.frames, UINT32_MAX, MAX_BYTES);
	buf_init(&e.scratch, MAX_BYTES);
	for (int i = 0; i < COLUMN_CNT; i++)
		buf_init(&e.columns[i], MAX_BYTES);
	e.known = calloc((size_t)intern_cnt(&d->names) + 1, sizeof(*e.known));
	r = e.known ? intern_add(&e.strings, "", 0, &empty) : -ENOMEM;
	if (!r)
		r = find_cut(d, fmax(0, share) * node_weight(d, 0), max_nodes, &e.cut);
	if (!r) {
		find_steps(&e);
		e.pruned.below = e.cut;
		add_nodes(&e);
		r = e.error ? e.error : pack(&e, out);
	}
	if (!r)
		*ret_pruned = e.pruned;
	intern_release(&e.strings);
	intern_release(&e.frames);
	free(e.known);
	buf_release(&e.scratch);
	for (int i = 0; i < COLUMN_CNT; i++)
		buf_release(&e.columns[i]);
	return r;
}
