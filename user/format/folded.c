// SPDX-License-Identifier: Apache-2.0
/*
 * The reader of folded text: one pass, nothing allocated per line.
 *
 * Two shortcuts carry the speed. Neighbouring lines share most of their frames: what a line has in
 * common with the one before is found by comparing bytes, and those nodes are taken over. The other
 * frames go through a small direct-mapped cache (parent node, frame text) -> node, whose slots
 * point into the text; only its misses reach the builder.
 */
#include "format/folded.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "format/folded_line.h"
#include "format/window.h"
#include "model/builder.h"

#define CACHE_BITS	 15
#define SERIES_PARENT	 UINT32_MAX /* in the cache: the frame is a process, the id a series */
#define DEFAULT_REJECTED 0.1

struct cached {
	const char *p;
	uint32_t len;
	uint32_t parent;
	uint32_t id;
	uint32_t generation;
};

/* A frame of the line before: where it ends in the line, and what it became. */
struct level {
	uint32_t end;
	uint32_t id; /* node, or the series for the process frame */
};

struct parser {
	const struct folded_opts *opts;
	struct folded_report *report;
	struct err *err;
	bool check_only; /* first pass over a windowed file: nothing is built */
	bool escaped;

	struct builder *b; /* NULL until the first stack or window */
	enum profile_unit unit;
	uint64_t period_ns;   /* of the window; 0 = no rate */
	bool weights;	      /* the window's numbers are weights, whatever its rate */
	int64_t carry;	      /* billionths of a sample that rounding still owes */
	uint64_t rejected_to; /* how many rejections the builder knows of */
	bool has_window;

	folded_window_fn fn; /* NULL: one profile of all */
	void *arg;
	bool by_callback; /* the result is the callback's */

	uint32_t series; /* of the builder, when there is no process frame */
	struct str last; /* stack of the line before */
	struct level *levels;
	size_t level_cap;
	uint32_t depth;
	uint32_t generation;
	struct cached *cache;
	struct buf scratch; /* an unescaped frame */
};

static int fail(struct parser *p, int code, const char *what)
{
	return err_set(p->err, code, "line %" PRIu64 ": %s", p->report->lines, what);
}

/* A full table and a lack of memory are told apart for the person who asked for the file. */
static int fail_build(struct parser *p, int r)
{
	return fail(p, r,
		    r == -ENOSPC ? "more distinct stacks and names than one profile holds"
				 : "out of memory");
}

static int make_series(struct parser *p, struct str process, uint32_t *ret_id)
{
	size_t n = p->opts->label_cnt;
	struct str labels[64][2] = {{STR_LIT(LABEL_PROCESS), process}};

	if (!process.len)
		labels[0][1] = STR_LIT("[unknown]");
	if (n >= ARRAY_SIZE(labels))
		return -ENOSPC;
	for (size_t i = 0; i < n; i++) {
		labels[i + 1][0] = p->opts->labels[i][0];
		labels[i + 1][1] = p->opts->labels[i][1];
	}
	return builder_series(p->b, (const struct str(*)[2])labels, n + 1, ret_id);
}

/* A fresh builder, or the same one again after a seal: everything remembered is void. */
static int start_builder(struct parser *p, enum profile_unit unit)
{
	const struct builder_limits *limits =
		p->opts->limits ? p->opts->limits : &builder_limits_file;

	if (p->b && unit != p->unit) {
		builder_free(p->b);
		p->b = NULL;
	}
	if (!p->b)
		p->b = builder_new(limits, unit);
	if (!p->b)
		return -ENOMEM;
	p->unit = unit;
	p->generation++;
	p->depth = 0;
	p->carry = 0;
	return p->opts->no_process_frame ? make_series(p, p->opts->process, &p->series) : 0;
}

static int make_node(struct parser *p, uint32_t parent, struct str text, uint32_t *ret_id)
{
	enum frame_kind kind = FRAME_UNKNOWN;
	uint32_t frame;
	int r;

	if (parent != SERIES_PARENT)
		text = folded_strip_kind(text, &kind);
	if (p->escaped && text.len && memchr(text.p, '%', text.len)) {
		buf_clear(&p->scratch);
		folded_unescape(text, &p->scratch);
		r = buf_error(&p->scratch);
		if (r)
			return r;
		text = buf_str(&p->scratch);
	}
	if (parent == SERIES_PARENT)
		return make_series(p, text, ret_id);
	r = builder_frame(p->b, text, STR_LIT(""), kind, &frame);
	return r ? r : builder_stack(p->b, parent, frame, ret_id);
}

static int look_up(struct parser *p, uint32_t parent, struct str text, uint32_t *ret_id)
{
	uint64_t h = hash_bytes(text.p, text.len) ^ parent * UINT64_C(0x9e3779b97f4a7c15);
	struct cached *c = &p->cache[h >> (64 - CACHE_BITS)];
	int r;

	if (c->generation != p->generation || c->parent != parent || c->len != text.len ||
	    memcmp(c->p, text.p, text.len)) {
		r = make_node(p, parent, text, &c->id);
		if (r) {
			c->generation = 0;
			return r;
		}
		c->p = text.p;
		c->len = (uint32_t)text.len;
		c->parent = parent;
		c->generation = p->generation;
	}
	*ret_id = c->id;
	return 0;
}

/* How many frames the stack shares with the one before, from the root. */
static uint32_t shared_levels(const struct parser *p, struct str stack)
{
	size_t n = stack.len < p->last.len ? stack.len : p->last.len;
	size_t m = folded_common_prefix(stack.p, p->last.p, n);
	uint32_t depth = p->depth;
	bool ends_here =
		(m == stack.len || stack.p[m] == ';') && (m == p->last.len || p->last.p[m] == ';');

	while (depth &&
	       (p->levels[depth - 1].end > m || (p->levels[depth - 1].end == m && !ends_here)))
		depth--;
	return depth;
}

/* Walks the frames into levels[]. 1 when the line is too deep, which rejects it. */
static int walk_stack(struct parser *p, struct str stack)
{
	bool has_process = !p->opts->no_process_frame;
	uint32_t depth = shared_levels(p, stack);
	size_t at = depth ? (size_t)p->levels[depth - 1].end + 1 : 0;
	int r;

	p->last = stack;
	p->depth = depth;
	while (at <= stack.len) {
		const char *end = memchr(stack.p + at, ';', stack.len - at);
		struct str text = {stack.p + at,
				   end ? (size_t)(end - stack.p) - at : stack.len - at};
		uint32_t parent;

		if (p->depth == FOLDED_MAX_DEPTH)
			return 1;
		r = mem_grow(&p->levels, &p->level_cap, (size_t)p->depth + 1, sizeof(*p->levels),
			     FOLDED_MAX_DEPTH);
		if (r)
			return r;
		if (p->depth > has_process)
			parent = p->levels[p->depth - 1].id;
		else
			parent = has_process && !p->depth ? SERIES_PARENT : 0;
		r = look_up(p, parent, text, &p->levels[p->depth].id);
		if (r)
			return r;
		at += text.len;
		p->levels[p->depth++].end = (uint32_t)at;
		at++;
	}
	return 0;
}

static void reject(struct parser *p, const char *reason)
{
	struct folded_report *rep = p->report;

	if (rep->rejected < FOLDED_REPORT_LINES) {
		rep->first[rep->rejected].line = rep->lines;
		rep->first[rep->rejected].reason = reason;
	}
	rep->rejected++;
}

/* Whole samples; the fraction goes into the running total. */
static uint64_t round_count(struct parser *p, const struct folded_count *c)
{
	p->carry += c->billionths;
	if (p->carry < 500000000)
		return c->whole;
	p->carry -= 1000000000;
	return c->whole == UINT64_MAX ? c->whole : c->whole + 1;
}

static int add_sample(struct parser *p, const struct folded_count *c)
{
	bool has_process = !p->opts->no_process_frame;
	uint32_t series = has_process ? p->levels[0].id : p->series;
	uint32_t node = p->depth > has_process ? p->levels[p->depth - 1].id : 0;
	uint64_t weight, fraction;
	uint64_t cnt = round_count(p, c);

	if (p->weights) {
		weight = cnt;
		if (p->unit == PROFILE_NANOSECONDS)
			cnt = p->period_ns ? (weight + p->period_ns / 2) / p->period_ns : 0;
	} else if (p->period_ns) {
		fraction =
			(uint64_t)(((unsigned __int128)c->billionths * p->period_ns + 500000000) /
				   1000000000);
		if (__builtin_mul_overflow(c->whole, p->period_ns, &weight) ||
		    __builtin_add_overflow(weight, fraction, &weight)) {
			weight = UINT64_MAX;
			p->report->saturated++;
		}
	} else {
		weight = cnt;
	}
	return builder_sample(p->b, series, node, weight, cnt);
}

static int take_stack(struct parser *p, struct str line)
{
	struct folded_count count;
	struct str stack;
	const char *reason = folded_split(line, &stack, &count);
	int r;

	if (reason) {
		reject(p, reason);
		return 0;
	}
	if (p->fn && !p->has_window)
		return fail(p, EINVAL, "stacks before the first '# window' line");
	p->report->fractions += count.billionths != 0;
	p->report->saturated += count.saturated;
	if (p->check_only) {
		p->report->stacks++;
		return 0;
	}
	if (!p->b) {
		r = start_builder(p, PROFILE_SAMPLES);
		if (r)
			return fail_build(p, r);
		window_tell(&(struct window){0}, p->b);
	}
	r = walk_stack(p, stack);
	if (r > 0) {
		p->depth = 0;
		reject(p, "deeper than 65535 frames");
		return 0;
	}
	if (!r)
		r = add_sample(p, &count);
	if (r)
		return fail_build(p, r);
	p->report->stacks++;
	return 0;
}

/* Seals what is there and hands it out. */
static int finish_window(struct parser *p)
{
	struct profile *done;
	int r;

	if (!p->fn || !p->has_window || p->check_only)
		return 0;
	builder_lost(p->b, LOSS_LINES_REJECTED, p->report->rejected - p->rejected_to);
	p->rejected_to = p->report->rejected;
	r = builder_seal(p->b, &done);
	if (r)
		return fail_build(p, r);
	r = p->fn(p->arg, done);
	p->by_callback = r != 0;
	return r;
}

static int take_window(struct parser *p, struct str words)
{
	enum profile_unit unit;
	struct window w;
	int r;

	r = window_parse(words, &w, p->err);
	if (r)
		return err_prefix(p->err, r, "line %" PRIu64 ": window", p->report->lines);
	if (p->fn && (!w.has_start || !w.has_length))
		return fail(p, EINVAL, "a window needs start= and length=");
	if (p->report->stacks && !p->has_window)
		return fail(p, EINVAL, "a '# window' line behind stacks that belong to no window");
	r = finish_window(p);
	if (r)
		return r;
	unit = w.unit;
	if (!unit)
		unit = w.hz > 0 ? PROFILE_NANOSECONDS : PROFILE_SAMPLES;
	if (!p->check_only && (p->fn || !p->b)) {
		r = start_builder(p, unit);
		if (r)
			return fail_build(p, r);
	} else if (p->has_window && !p->fn && unit != p->unit) {
		return fail(p, EINVAL, "windows with and without hz= in one file cannot be added");
	}
	p->unit = unit;
	p->period_ns = window_period_ns(w.hz);
	p->weights = w.unit != 0;
	p->has_window = true;
	p->report->window_cnt++;
	if (!p->check_only)
		window_tell(&w, p->b);
	return 0;
}

static int take_comment(struct parser *p, struct str line)
{
	struct str text = str_trim((struct str){line.p + 1, line.len - 1});

	if (str_eq(text, STR_LIT("folded-escape: percent"))) {
		p->escaped = true;
		return 0;
	}
	if (text.len > 7 && !memcmp(text.p, "window ", 7) && memchr(text.p, '=', text.len))
		return take_window(p, (struct str){text.p + 7, text.len - 7});
	return 0;
}

static int take_lines(struct parser *p, struct str text)
{
	const char *at = text.p, *end = text.p + text.len;
	int r = 0;

	while (at < end && !r) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		struct str line = {at, (size_t)((nl ? nl : end) - at)};

		at = nl ? nl + 1 : end;
		p->report->lines++;
		while (line.len && folded_is_blank(line.p[line.len - 1]))
			line.len--;
		if (!line.len)
			continue;
		if (line.len > UINT32_MAX)
			reject(p, "longer than 4 GiB");
		else if (folded_is_comment(line))
			r = take_comment(p, line);
		else
			r = take_stack(p, line);
	}
	return r;
}

static int judge(struct parser *p)
{
	const struct folded_report *rep = p->report;
	double share = p->opts->max_rejected > 0 ? p->opts->max_rejected : DEFAULT_REJECTED;

	if (!rep->stacks && rep->rejected)
		return err_set(p->err, EINVAL,
			       "line %" PRIu64 ": %s; no line is a folded stack (name;name COUNT)",
			       rep->first[0].line, rep->first[0].reason);
	if (!rep->stacks && !rep->window_cnt)
		return err_set(p->err, EINVAL, "%s: want folded stacks (name;name COUNT)",
			       rep->lines ? "no stack in it" : "empty");
	if ((double)rep->rejected > share * (double)(rep->rejected + rep->stacks))
		return err_set(p->err, EINVAL,
			       "line %" PRIu64 ": %s; %" PRIu64 " of %" PRIu64
			       " lines are no folded stacks, at most %g %% may be",
			       rep->first[0].line, rep->first[0].reason, rep->rejected,
			       rep->rejected + rep->stacks, share * 100);
	return 0;
}

/* One pass over the text; the builder is left open. */
static int pass(struct parser *p, struct str text)
{
	int r;

	*p->report = (struct folded_report){0};
	p->has_window = p->escaped = false;
	p->rejected_to = 0;
	r = take_lines(p, text);
	return r ? r : judge(p);
}

static int parser_init(struct parser *p, struct str *text, struct buf *utf8, struct err *err)
{
	p->err = err;
	buf_init(&p->scratch, (size_t)1 << 32);
	buf_init(utf8, SIZE_MAX / 4);
	p->cache = calloc((size_t)1 << CACHE_BITS, sizeof(*p->cache));
	if (!p->cache)
		return err_set(err, ENOMEM, "out of memory");
	return folded_decode(text, utf8, err);
}

static void parser_release(struct parser *p, struct buf *utf8)
{
	builder_free(p->b);
	free(p->levels);
	free(p->cache);
	buf_release(&p->scratch);
	buf_release(utf8);
}

int folded_read(struct str text, const struct folded_opts *opts, struct profile **ret,
		struct folded_report *report, struct err *err)
{
	static const struct folded_opts defaults;
	struct folded_report own;
	struct parser p = {.opts = opts ? opts : &defaults, .report = report ? report : &own};
	struct buf utf8;
	int r;

	r = parser_init(&p, &text, &utf8, err);
	if (!r)
		r = pass(&p, text);
	if (!r) {
		builder_lost(p.b, LOSS_LINES_REJECTED, p.report->rejected);
		r = builder_seal(p.b, ret);
		if (r)
			r = fail_build(&p, r);
	}
	parser_release(&p, &utf8);
	return r;
}

int folded_read_windows(struct str text, const struct folded_opts *opts, folded_window_fn fn,
			void *arg, struct folded_report *report, struct err *err)
{
	static const struct folded_opts defaults;
	struct folded_report own;
	struct parser p = {.opts = opts ? opts : &defaults,
			   .report = report ? report : &own,
			   .fn = fn,
			   .arg = arg,
			   .check_only = true};
	struct buf utf8;
	int r;

	r = parser_init(&p, &text, &utf8, err);
	if (!r)
		r = pass(&p, text);
	if (!r && !p.report->window_cnt)
		r = err_set(err, EINVAL, "no '# window start=… length=…' line in it");
	if (!r) {
		p.check_only = false;
		r = pass(&p, text);
	}
	if (!r)
		r = finish_window(&p);
	parser_release(&p, &utf8);
	return r;
}
