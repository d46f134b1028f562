// SPDX-License-Identifier: Apache-2.0
/*
 * The reader of folded text: one pass over pieces of it, nothing allocated per line. Lines are
 * taken apart where they lie (folded_line.h), their frames by folded_walk.h.
 */
#include "format/folded.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "format/folded_line.h"
#include "format/folded_walk.h"
#include "format/window.h"
#include "model/builder.h"

#define PIECE_BYTES ((size_t)256 << 10) /* fits into a cache */
#define MAX_LINE    ((size_t)1 << 30)	/* of a text that comes in pieces */

struct parser {
	const struct folded_opts *opts;
	struct folded_report *report;
	struct err *err;
	bool check_only; /* first pass over a windowed file: nothing is built */

	struct builder *b; /* NULL until the first stack or window */
	struct folded_walk walk;
	enum profile_unit unit;
	uint64_t period_ns;   /* of the window; 0 = no rate */
	bool weights;	      /* the window's numbers are weights, whatever its rate */
	int64_t carry;	      /* billionths of a sample that rounding still owes */
	uint64_t rejected_to; /* how many rejections the builder knows of */
	bool has_window;

	folded_window_fn fn; /* NULL: one profile of all */
	void *arg;
	bool by_callback; /* the result is the callback's */
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
	p->carry = 0;
	return folded_walk_start(&p->walk, p->b);
}

static void reject(struct parser *p, const char *reason, struct str line)
{
	rejects_add(&p->report->rejects, p->report->lines, reason, line);
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

static int add_sample(struct parser *p, uint32_t series, uint32_t node,
		      const struct folded_count *c)
{
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

static const char *split(const struct parser *p, struct str line, struct str *ret_stack,
			 struct folded_count *ret_count)
{
	if (p->opts->column)
		return folded_split_two(line, p->opts->column, ret_stack, ret_count);
	return folded_split(line, ret_stack, ret_count);
}

static int take_stack(struct parser *p, struct str line)
{
	struct folded_count count;
	struct str stack;
	const char *reason = split(p, line, &stack, &count);
	uint32_t series, node;
	int r;

	if (reason) {
		reject(p, reason, line);
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
	r = folded_walk_stack(&p->walk, stack, &series, &node);
	if (r == -E2BIG) {
		reject(p, "deeper than 65535 frames", line);
		return 0;
	}
	if (!r)
		r = add_sample(p, series, node, &count);
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
	builder_lost(p->b, LOSS_LINES_REJECTED, p->report->rejects.cnt - p->rejected_to);
	p->rejected_to = p->report->rejects.cnt;
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
		p->walk.is_escaped = true;
		return 0;
	}
	if (text.len > 7 && !memcmp(text.p, "window ", 7) && memchr(text.p, '=', text.len))
		return take_window(p, (struct str){text.p + 7, text.len - 7});
	return 0;
}

static int take_line(struct parser *p, struct str line)
{
	p->report->lines++;
	while (line.len && folded_is_blank(line.p[line.len - 1]))
		line.len--;
	if (!line.len)
		return 0;
	if (line.len > UINT32_MAX)
		reject(p, "longer than 4 GiB", line);
	else if (folded_is_comment(line))
		return take_comment(p, line);
	else
		return take_stack(p, line);
	return 0;
}

/* Takes the whole lines off the text; with `is_last` also one that no newline ends. */
static int take_lines(struct parser *p, struct str *text, bool is_last)
{
	const char *end = text->p + text->len;
	int r = 0;

	while (text->len && !r) {
		const char *nl = memchr(text->p, '\n', text->len);
		struct str line = {text->p, (size_t)((nl ? nl : end) - text->p)};

		if (!nl && !is_last)
			break;
		*text = (struct str){nl ? nl + 1 : end, text->len - line.len - (nl != NULL)};
		r = take_line(p, line);
	}
	return r;
}

static int judge(struct parser *p)
{
	const struct folded_report *rep = p->report;

	if (!rep->stacks && rep->rejects.cnt)
		return err_set(p->err, EINVAL,
			       "line %" PRIu64 ": %s: '%s'; no line is a folded stack (%s)",
			       rep->rejects.first[0].line, rep->rejects.first[0].reason,
			       rep->rejects.first[0].text,
			       p->opts->column ? "name;name COUNT COUNT" : "name;name COUNT");
	if (!rep->stacks && !rep->window_cnt)
		return err_set(p->err, EINVAL, "%s: want folded stacks (name;name COUNT)",
			       rep->lines ? "no stack in it" : "empty");
	return rejects_judge(&rep->rejects, rep->stacks, p->opts->max_rejected, "folded stacks",
			     p->err);
}

static void start_pass(struct parser *p)
{
	*p->report = (struct folded_report){0};
	p->has_window = p->walk.is_escaped = false;
	p->rejected_to = 0;
}

/* One pass over the text; the builder is left open. */
static int pass(struct parser *p, struct str text)
{
	int r;

	start_pass(p);
	r = take_lines(p, &text, true);
	return r ? r : judge(p);
}

/* What has been read and not been taken is `text`, in the buffer. */
struct pieces {
	folded_more_fn more;
	void *arg;
	struct buf buf;
	struct str text;
	uint64_t before; /* bytes that are gone from the buffer */
};

/* Reads on behind what is left, which moves to the front. *ret_len 0: the end. */
static int read_piece(struct parser *p, struct pieces *in, size_t *ret_len)
{
	size_t left = in->text.len, room = left < PIECE_BYTES / 2 ? PIECE_BYTES - left : left;
	const char *nul;
	char *at;
	int r;

	folded_walk_keep(&p->walk);
	in->before += in->buf.len - left;
	if (left && in->text.p != in->buf.data)
		memmove(in->buf.data, in->text.p, left);
	in->buf.len = left;
	at = left < MAX_LINE ? buf_reserve(&in->buf, room) : NULL;
	if (!at)
		return fail(p, left < MAX_LINE ? ENOMEM : EFBIG,
			    left < MAX_LINE ? "out of memory" : "the next line is too long");
	r = in->more(in->arg, at, room, ret_len, p->err);
	if (r)
		return r;
	nul = memchr(at, '\0', *ret_len);
	if (nul)
		return err_set(p->err, EINVAL,
			       "byte %" PRIu64 ": a NUL byte: binary data, want folded text",
			       in->before + (uint64_t)(nul - in->buf.data));
	buf_commit(&in->buf, *ret_len);
	in->text = buf_str(&in->buf);
	return 0;
}

static int pass_pieces(struct parser *p, struct pieces *in)
{
	size_t len;
	int r;

	start_pass(p);
	do {
		r = read_piece(p, in, &len);
		if (!r && !in->before && !p->report->lines && in->text.len >= 3 &&
		    !memcmp(in->text.p, "\xef\xbb\xbf", 3))
			in->text = (struct str){in->text.p + 3, in->text.len - 3};
		if (!r)
			r = take_lines(p, &in->text, !len);
	} while (!r && len);
	return r ? r : judge(p);
}

static int parser_init(struct parser *p, struct err *err)
{
	p->err = err;
	return folded_walk_init(&p->walk, p->opts) ? err_set(err, ENOMEM, "out of memory") : 0;
}

static void parser_release(struct parser *p)
{
	builder_free(p->b);
	folded_walk_release(&p->walk);
}

static int finish_profile(struct parser *p, struct profile **ret)
{
	int r;

	builder_lost(p->b, LOSS_LINES_REJECTED, p->report->rejects.cnt);
	r = builder_seal(p->b, ret);
	return r ? fail_build(p, r) : 0;
}

static const struct folded_opts defaults;

int folded_read(struct str text, const struct folded_opts *opts, struct profile **ret,
		struct folded_report *report, struct err *err)
{
	struct folded_report own;
	struct parser p = {.opts = opts ? opts : &defaults, .report = report ? report : &own};
	struct buf utf8;
	int r;

	buf_init(&utf8, SIZE_MAX / 4);
	r = parser_init(&p, err);
	if (!r)
		r = folded_decode(&text, &utf8, err);
	if (!r)
		r = pass(&p, text);
	if (!r)
		r = finish_profile(&p, ret);
	parser_release(&p);
	buf_release(&utf8);
	return r;
}

int folded_read_pieces(folded_more_fn more, void *arg, const struct folded_opts *opts,
		       struct profile **ret, struct folded_report *report, struct err *err)
{
	struct folded_report own;
	struct parser p = {.opts = opts ? opts : &defaults, .report = report ? report : &own};
	struct pieces in = {.more = more, .arg = arg, .text = {"", 0}};
	int r;

	buf_init(&in.buf, 4 * MAX_LINE);
	r = parser_init(&p, err);
	if (!r)
		r = pass_pieces(&p, &in);
	if (!r)
		r = finish_profile(&p, ret);
	parser_release(&p);
	buf_release(&in.buf);
	return r;
}

int folded_read_windows(struct str text, const struct folded_opts *opts, folded_window_fn fn,
			void *arg, struct folded_report *report, struct err *err)
{
	struct folded_report own;
	struct parser p = {.opts = opts ? opts : &defaults,
			   .report = report ? report : &own,
			   .fn = fn,
			   .arg = arg,
			   .check_only = true};
	struct buf utf8;
	int r;

	buf_init(&utf8, SIZE_MAX / 4);
	r = parser_init(&p, err);
	if (!r)
		r = folded_decode(&text, &utf8, err);
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
	parser_release(&p);
	buf_release(&utf8);
	return r;
}
