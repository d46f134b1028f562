// SPDX-License-Identifier: Apache-2.0
/*
 * Two passes over the text: which events are there, then the samples of one of them. Both walk the
 * same lines; the first one stops at the sample's own line. Who a sample is of is remembered by the
 * bytes that say so, as its frames are (perfscript_stack.h).
 */
#include "format/perfscript.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/num.h"
#include "base/sum.h"
#include "base/text.h"
#include "format/folded_line.h"
#include "format/perfscript_event.h"
#include "format/perfscript_line.h"
#include "format/perfscript_stack.h"
#include "model/builder.h"

#define CACHE_BITS 14
#define MAX_LABELS 60
#define UNNAMED	   "[unknown]"

/* Bytes of the text, and what became of them. */
struct known {
	struct str text; /* p NULL: free */
	uint32_t id;
};

struct parser {
	const struct perfscript_opts *opts;
	struct perfscript_report *report;
	struct err *err;
	bool count_only; /* the first pass */

	struct builder *b;
	enum profile_unit unit;
	struct known *series;

	/* the sample whose lines are being read */
	bool in_header;
	bool is_open, is_skipped;
	bool was_rejected; /* what follows belongs to a line that was no sample */
	struct str head_line;
	uint64_t head_at;
	struct perfscript_head head;
	struct perfscript_stack stack;

	uint64_t first_ns, last_ns; /* of the samples taken */
	uint64_t period_ns;	    /* the same for all samples so far, or 0 */
	double hz;		    /* as the header says */
	uint32_t cpus;
};

static int fail_build(struct parser *p, int r)
{
	return err_set(p->err, r, "line %" PRIu64 ": %s", p->report->lines,
		       r == -ENOSPC ? "more distinct stacks and names than one profile holds"
				    : "out of memory");
}

static void reject(struct parser *p, uint64_t line, const char *reason, struct str text)
{
	if (!p->count_only)
		rejects_add(&p->report->rejects, line, reason, text);
}

static bool begins(struct str s, const char *with)
{
	size_t n = strlen(with);

	return s.len >= n && !memcmp(s.p, with, n);
}

/* ---- samples ---- */

static int make_series(struct parser *p, uint32_t *ret)
{
	const struct perfscript_head *h = &p->head;
	struct str labels[MAX_LABELS + 4][2] = {
		{STR_LIT(LABEL_PROCESS), h->comm},
		{STR_LIT(LABEL_COMM), h->comm},
		{STR_LIT("pid"), h->pid},
		{STR_LIT("tid"), h->tid},
	};
	struct known *known = &p->series[hash_bytes(h->who.p, h->who.len) >> (64 - CACHE_BITS)];
	size_t cnt = 4;
	int r;

	if (known->text.p && str_eq(known->text, h->who)) {
		*ret = known->id;
		return 0;
	}
	if (p->opts->process.len)
		labels[0][1] = p->opts->process;
	else if (!h->comm.len)
		labels[0][1] = STR_LIT(UNNAMED);
	for (size_t i = 0; i < p->opts->label_cnt && i < MAX_LABELS; i++, cnt++) {
		labels[cnt][0] = p->opts->labels[i][0];
		labels[cnt][1] = p->opts->labels[i][1];
	}
	r = builder_series(p->b, (const struct str(*)[2])labels, cnt, ret);
	if (!r && h->who.len)
		*known = (struct known){h->who, *ret};
	return r;
}

static uint64_t weigh(struct parser *p)
{
	const struct perfscript_head *h = &p->head;

	if (p->unit == PROFILE_NANOSECONDS && !h->has_period)
		return (uint64_t)(1e9 / p->hz + 0.5);
	if (!h->has_period)
		return 1;
	if (!p->report->samples)
		p->period_ns = h->period;
	else if (p->period_ns != h->period)
		p->period_ns = 0;
	return h->period;
}

static void note_time(struct parser *p)
{
	const struct perfscript_head *h = &p->head;

	if (!h->has_time)
		return;
	if (!p->report->samples || h->time_ns < p->first_ns)
		p->first_ns = h->time_ns;
	if (h->time_ns > p->last_ns)
		p->last_ns = h->time_ns;
}

static int add_sample(struct parser *p)
{
	uint32_t node = 0, series = 0;
	uint64_t weight;
	int r = perfscript_stack_node(&p->stack, &node);

	if (!r)
		r = make_series(p, &series);
	if (r)
		return r;
	weight = weigh(p);
	note_time(p);
	p->report->samples++;
	r = builder_sample(p->b, series, node, weight, 1);
	if (!r && weight && p->opts->moments && p->head.has_time && p->head.time_ns <= INT64_MAX)
		r = builder_moment(p->b, series, node, (int64_t)p->head.time_ns, weight, 1);
	return r;
}

static void count_event(struct parser *p)
{
	uint32_t i = perfscript_event_find(p->report, p->head.event);

	p->report->events[i].samples++;
	p->report->events[i].has_period |= p->head.has_period;
}

static int end_sample(struct parser *p)
{
	int r = 0;

	if (!p->is_open)
		return 0;
	p->is_open = false;
	if (!p->stack.depth && !perfscript_is_strong(&p->head))
		reject(p, p->head_at, "neither a sample nor a frame", p->head_line);
	else if (p->count_only)
		count_event(p);
	else if (!p->is_skipped)
		r = add_sample(p);
	return r ? fail_build(p, r) : 0;
}

/* PERF_RECORD_LOST lost 12: the other records are no samples either. */
static void take_record(struct parser *p, struct str text)
{
	struct str word;
	uint64_t lost;

	if (p->count_only || !begins(text, "PERF_RECORD_LOST"))
		return;
	while (str_split(&text, ' ', &word))
		if (!num_parse_u64(word, &lost))
			sum_add(&p->report->lost, lost);
}

static int take_frame(struct parser *p, struct str line)
{
	int r;

	if (p->count_only || p->is_skipped) {
		p->stack.depth = 1; /* enough to know that there is one */
		return 0;
	}
	r = perfscript_stack_push(&p->stack, line);
	if (r != -E2BIG)
		return r ? fail_build(p, r) : 0;
	reject(p, p->head_at, "deeper than 65535 frames", p->head_line);
	p->is_open = false;
	p->was_rejected = true;
	return 0;
}

/* `line` is its first one; -F ip,sym prints frames alone, of nobody knows whom. */
static void open_sample(struct parser *p, const struct perfscript_head *head, struct str line)
{
	p->was_rejected = false;
	p->is_open = true;
	p->head = *head;
	p->head_line = line;
	p->head_at = p->report->lines;
	p->stack.depth = 0;
	p->is_skipped =
		!p->count_only && perfscript_event_find(p->report, head->event) != p->report->event;
}

static int take_head(struct parser *p, struct str line)
{
	struct perfscript_frame frame;
	struct perfscript_head head;
	int r = end_sample(p);

	p->was_rejected = true;
	if (r || !perfscript_parse_head(line, &head))
		return r;
	if (begins(head.rest, "PERF_RECORD_") || begins(line, "PERF_RECORD_")) {
		take_record(p, head.rest.len ? head.rest : line);
		return 0;
	}
	open_sample(p, &head, line);
	/* recorded without call chains: the one frame stands on the same line */
	if (!perfscript_is_strong(&p->head) || !perfscript_parse_frame(p->head.rest, &frame))
		return 0;
	r = take_frame(p, p->head.rest);
	return r ? r : end_sample(p);
}

/* Words of --header that tell more: how many CPUs there were, and the rate. */
static void take_comment(struct parser *p, struct str line)
{
	struct str text = str_trim((struct str){line.p + 1, line.len - 1});
	const char *at = text.len ? memmem(text.p, text.len, "sample_freq } = ", 16) : NULL;
	uint64_t n = 0;

	if (begins(text, "nrcpus online : ") &&
	    !num_parse_u64((struct str){text.p + 16, text.len - 16}, &n) && n <= 65536)
		p->cpus = (uint32_t)n;
	if (!at || !begins(text, "event : name = ") || !memmem(text.p, text.len, "freq = 1", 8))
		return;
	for (at += 16, n = 0; at < text.p + text.len && *at >= '0' && *at <= '9' && n < 1000000;)
		n = n * 10 + (uint64_t)(*at++ - '0');
	if (n && n <= 1000000 && !p->hz)
		p->hz = (double)n;
}

/* A thread may be called "# 1". */
static bool is_comment(struct str line)
{
	struct perfscript_head head;

	if (line.p[0] != '#' || (line.len > 1 && line.p[1] != ' ' && line.p[1] != '='))
		return false;
	return !perfscript_parse_head(line, &head) || !head.has_time || !head.tid.len;
}

/* The header stands between two lines of "# ========"; the command in it may be several lines. */
static bool is_header(struct parser *p, struct str line)
{
	bool is_edge = begins(line, "# ====") && is_comment(line);

	if (is_edge)
		p->in_header = !p->in_header;
	if (line.p[0] == '#' && p->in_header)
		take_comment(p, line);
	return is_edge || p->in_header;
}

/* A line that begins with a blank, while a sample is open: a frame, its source, or a sample. */
static int take_indented(struct parser *p, struct str line)
{
	struct perfscript_head head;

	if (perfscript_parse_head(line, &head) && (head.has_time || head.has_cpu))
		return take_head(p, line);
	if (line.len > 1 && line.p[1] == ' ')
		return 0; /* file:line of the frame above */
	return take_frame(p, line);
}

static int take_line(struct parser *p, struct str line)
{
	static const struct perfscript_head nobody = {
		.who = {"", 0},
		.comm = {"", 0},
		.pid = {"", 0},
		.tid = {"", 0},
		.event = {"", 0},
		.rest = {"", 0},
	};

	if (!line.len) {
		p->was_rejected = false;
		return end_sample(p);
	}
	if (is_header(p, line))
		return 0;
	if (line.p[0] == '\t') {
		if (p->was_rejected)
			return 0;
		if (!p->is_open)
			open_sample(p, &nobody, line);
		return take_frame(p, line);
	}
	if (p->is_open && line.p[0] == ' ')
		return take_indented(p, line);
	if (p->is_open && line.p[0] == '|')
		return 0; /* a line of the source, of -F srccode */
	if (is_comment(line)) {
		take_comment(p, line);
		return 0;
	}
	return take_head(p, line);
}

static int pass(struct parser *p, struct str text)
{
	const char *at = text.p, *end = text.p + text.len;
	int r = 0;

	p->report->lines = 0;
	p->in_header = p->is_open = p->was_rejected = false;
	while (at < end && !r) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		struct str line = {at, (size_t)((nl ? nl : end) - at)};

		at = nl ? nl + 1 : end;
		p->report->lines++;
		if (line.len && line.p[line.len - 1] == '\r')
			line.len--;
		r = take_line(p, line);
	}
	return r ? r : end_sample(p);
}

/* ---- all of it ---- */

static int choose_unit(struct parser *p)
{
	struct str event = str_of(p->report->events[p->report->event].name);
	bool has_period = p->report->events[p->report->event].has_period;

	p->unit = PROFILE_SAMPLES;
	if (perfscript_event_is_clock(event) && (has_period || p->hz > 0))
		p->unit = PROFILE_NANOSECONDS;
	p->report->no_time = p->unit == PROFILE_SAMPLES && has_period;
	p->b = builder_new(p->opts->limits ? p->opts->limits : &builder_limits_file, p->unit);
	p->stack.b = p->b;
	return p->b ? 0 : fail_build(p, -ENOMEM);
}

static void tell_window(struct parser *p)
{
	uint64_t length_ns = p->last_ns - p->first_ns;

	if (!p->report->samples || !p->last_ns)
		length_ns = 0;
	if (p->unit == PROFILE_NANOSECONDS && p->period_ns)
		p->hz = 1e9 / (double)p->period_ns;
	/* each sample stands for the time since the one before */
	if (length_ns && p->unit == PROFILE_NANOSECONDS)
		length_ns = sum_of(length_ns, (uint64_t)(p->hz > 0 ? 1e9 / p->hz : 0));
	builder_window(p->b, 0, length_ns, length_ns ? p->cpus : 0, p->hz);
	builder_lost(p->b, LOSS_LINES_REJECTED, p->report->rejects.cnt);
	builder_lost(p->b, LOSS_IMPORT, p->report->lost);
}

static int read_all(struct parser *p, struct str text, struct profile **ret)
{
	int r;

	p->count_only = true;
	r = pass(p, text);
	if (!r && !p->report->event_cnt)
		r = err_set(p->err, EINVAL, "no sample in it: want what 'perf script' prints");
	if (!r)
		r = perfscript_event_choose(p->report, p->opts->event, p->err);
	if (!r)
		r = choose_unit(p);
	p->count_only = false;
	if (!r)
		r = pass(p, text);
	if (!r)
		r = rejects_judge(&p->report->rejects, p->report->samples, p->opts->max_rejected,
				  "output of perf script", p->err);
	if (r)
		return r;
	tell_window(p);
	return builder_seal(p->b, ret) ? fail_build(p, -ENOMEM) : 0;
}

int perfscript_read(struct str text, const struct perfscript_opts *opts, struct profile **ret,
		    struct perfscript_report *report, struct err *err)
{
	static const struct perfscript_opts defaults;
	struct perfscript_report own;
	struct parser p = {
		.opts = opts ? opts : &defaults, .report = report ? report : &own, .err = err};
	struct buf utf8;
	int r;

	*p.report = (struct perfscript_report){0};
	buf_init(&utf8, SIZE_MAX / 4);
	p.series = calloc((size_t)1 << CACHE_BITS, sizeof(*p.series));
	r = perfscript_stack_init(&p.stack);
	r = r || !p.series ? fail_build(&p, -ENOMEM) : folded_decode(&text, &utf8, err);
	if (!r)
		r = read_all(&p, text, ret);
	builder_free(p.b);
	free(p.series);
	perfscript_stack_release(&p.stack);
	buf_release(&utf8);
	return r;
}
