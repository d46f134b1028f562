// SPDX-License-Identifier: Apache-2.0
/*
 * The reader of pprof. The bytes are inflated, walked over once (pprof_scan.h: where is it
 * broken?), decoded by protobuf-c into an arena with a ceiling, and only then read: every number
 * that points into a table is checked where it is used, and the message says whose it was.
 */
#include "format/pprof.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "format/pprof_names.h"
#include "format/pprof_reader.h"
#include "format/window.h"

#define MAX_LABELS 60
#define BASE_LABEL "pprof::base"

int pprof_fail_build(struct pprof_reader *s, int r)
{
	return err_set(s->err, r,
		       r == -ENOSPC ? "more stacks and names than one profile holds"
				    : "out of memory");
}

/* The string number i of `what` number `n`. */
int pprof_string(struct pprof_reader *s, int64_t i, const char *what, uint64_t n, struct str *ret)
{
	if (i < 0 || (uint64_t)i >= s->pb->n_string_table)
		return err_set(s->err, EINVAL,
			       "%s %" PRIu64 ": string number %" PRId64
			       " is not in the table of %zu strings",
			       what, n, i, s->pb->n_string_table);
	*ret = (struct str){(const char *)s->pb->string_table[i].data, s->pb->string_table[i].len};
	if (!ret->len)
		ret->p = "";
	return 0;
}

/* Name of the process when no label tells it. */
static int get_main_binary(struct pprof_reader *s, struct str *ret)
{
	enum frame_kind kind;
	struct str name = STR_LIT("");
	int r = 0;

	if (s->pb->n_mapping)
		r = pprof_string(s, s->pb->mapping[0]->filename, "mapping", s->pb->mapping[0]->id,
				 &name);
	*ret = pprof_module_in(name, &kind);
	if (!ret->len)
		*ret = STR_LIT("[unknown]");
	return r;
}

static int add_label(struct pprof_reader *s, const Perftools__Profiles__Label *l, uint64_t sample,
		     char number[24], struct str out[2])
{
	int r = pprof_string(s, l->key, "label of sample", sample, &out[0]);

	if (r)
		return r;
	r = pprof_string(s, l->str, "label of sample", sample, &out[1]);
	if (!r && !l->str && pprof_label_is_number(out[0])) {
		int n = snprintf(number, 24, "%" PRId64, l->num);

		out[1] = (struct str){number, (size_t)n};
	}
	return r;
}

static int make_series(struct pprof_reader *s, const Perftools__Profiles__Sample *in, uint64_t n,
		       struct str otherwise, uint32_t *ret)
{
	struct str labels[MAX_LABELS + 1][2];
	char numbers[4][24];
	size_t cnt = 0, number_cnt = 0;
	int r = 0;

	if (in->n_label > MAX_LABELS || in->n_label + s->opts->label_cnt > MAX_LABELS)
		return err_set(s->err, EINVAL, "sample %" PRIu64 " has more than %d labels", n,
			       MAX_LABELS);
	for (size_t i = 0; !r && i < in->n_label; i++) {
		r = add_label(s, in->label[i], n, numbers[number_cnt], labels[cnt]);
		if (r)
			return r;
		number_cnt += labels[cnt][1].p == numbers[number_cnt] && number_cnt < 3;
		cnt += labels[cnt][0].len && labels[cnt][1].len &&
		       !(s->opts->column && str_eq(labels[cnt][0], STR_LIT(BASE_LABEL)));
	}
	labels[cnt][1] = s->opts->process.len ? s->opts->process
					      : pprof_find_process((const struct str(*)[2])labels,
								   cnt, otherwise);
	labels[cnt++][0] = STR_LIT(LABEL_PROCESS);
	for (size_t i = 0; i < s->opts->label_cnt && cnt <= MAX_LABELS; i++, cnt++) {
		labels[cnt][0] = s->opts->labels[i][0];
		labels[cnt][1] = s->opts->labels[i][1];
	}
	r = builder_series(s->b, (const struct str(*)[2])labels, cnt, ret);
	return r ? pprof_fail_build(s, r) : 0;
}

/* pprof -diff_base labels the samples that it took off. */
static int find_base(struct pprof_reader *s, const Perftools__Profiles__Sample *in, uint64_t n,
		     bool *ret)
{
	struct str key, value;
	int r = 0;

	*ret = false;
	for (size_t i = 0; !r && i < in->n_label; i++) {
		r = pprof_string(s, in->label[i]->key, "label of sample", n, &key);
		if (!r)
			r = pprof_string(s, in->label[i]->str, "label of sample", n, &value);
		*ret |= !r && str_eq(key, STR_LIT(BASE_LABEL)) && str_eq(value, STR_LIT("true"));
	}
	s->base_cnt += *ret;
	return r;
}

/* How many there are tells a difference from a mistake. */
static int refuse_negative(struct pprof_reader *s, uint64_t n, int64_t value)
{
	uint64_t cnt = 0;

	for (size_t i = 0; i < s->pb->n_sample; i++)
		cnt += s->pb->sample[i]->n_value > s->value_at &&
		       s->pb->sample[i]->value[s->value_at] < 0;
	if (s->opts->column)
		return err_set(s->err, EINVAL,
			       "sample %" PRIu64 " has the value %" PRId64
			       ": the %s of a difference cannot have that",
			       n, value, s->opts->column == 1 ? "base" : "new side");
	return err_set(
		s->err, EINVAL,
		"sample %" PRIu64 " has the negative value %" PRId64 " (%" PRIu64 " of %zu "
		"have one): this is a difference of profiles; want each of them as a file, or, "
		"if its base is labelled (pprof -diff_base), culprit diff --two-column",
		n, value, cnt, s->pb->n_sample);
}

static int read_values(struct pprof_reader *s, const Perftools__Profiles__Sample *in, uint64_t n,
		       uint64_t *ret_weight, uint64_t *ret_cnt)
{
	int64_t value, cnt;

	if (in->n_value != s->pb->n_sample_type)
		return err_set(s->err, EINVAL,
			       "sample %" PRIu64
			       " has %zu values, the profile has %zu sample types",
			       n, in->n_value, s->pb->n_sample_type);
	value = in->value[s->value_at];
	cnt = s->count_at == PPROF_NO_COLUMN ? 0 : in->value[s->count_at];
	if (s->opts->column == 1) { /* the base was taken off */
		value = value == INT64_MIN ? INT64_MAX : -value;
		cnt = cnt == INT64_MIN ? INT64_MAX : -cnt;
	}
	if (value < 0 || cnt < 0)
		return refuse_negative(s, n,
				       value < 0 ? in->value[s->value_at] : in->value[s->count_at]);
	if (__builtin_mul_overflow((uint64_t)value, s->scale, ret_weight))
		*ret_weight = UINT64_MAX;
	*ret_cnt = (uint64_t)cnt;
	if (s->unit == PROFILE_SAMPLES)
		*ret_cnt = s->report->other_unit ? (uint64_t)cnt : (uint64_t)value;
	else if (s->count_at == PPROF_NO_COLUMN && s->period_ns)
		*ret_cnt = *ret_weight / s->period_ns +
			   (*ret_weight % s->period_ns >= s->period_ns - s->period_ns / 2);
	return 0;
}

static int add_samples(struct pprof_reader *s)
{
	struct str otherwise;
	uint32_t series = 0, node = 0;
	uint64_t weight = 0, cnt = 0;
	bool is_base = false;
	int r;

	r = get_main_binary(s, &otherwise);
	for (size_t i = 0; !r && i < s->pb->n_sample; i++) {
		const Perftools__Profiles__Sample *in = s->pb->sample[i];

		if (s->opts->column)
			r = find_base(s, in, i, &is_base);
		if (!r && s->opts->column && is_base != (s->opts->column == 1))
			continue;
		if (!r)
			r = read_values(s, in, i, &weight, &cnt);
		if (r)
			break;
		s->report->samples++;
		r = pprof_make_stack(s, in, i, &node);
		if (!weight) {
			s->report->zero_samples++;
			continue;
		}
		if (!r)
			r = make_series(s, in, i, otherwise, &series);
		if (!r && builder_sample(s->b, series, node, weight, cnt))
			r = pprof_fail_build(s, -ENOSPC);
	}
	if (!r && s->opts->column && !s->base_cnt)
		r = err_set(s->err, EINVAL,
			    "no sample has the label " BASE_LABEL
			    "=true: not a difference with its base (pprof -diff_base)");
	return r;
}

/* When and how long; what only our own comment says: CPUs, the exact rate, losses. */
static int add_window(struct pprof_reader *s)
{
	const Perftools__Profiles__Profile *pb = s->pb;
	struct str prefix = STR_LIT(PPROF_WINDOW_COMMENT), text;
	struct window w = {0};
	int r;

	for (size_t i = 0; i < pb->n_comment; i++) {
		r = pprof_string(s, pb->comment[i], "comment", i, &text);
		if (r)
			return r;
		if (text.len < prefix.len || memcmp(text.p, prefix.p, prefix.len))
			continue;
		text = (struct str){text.p + prefix.len, text.len - prefix.len};
		r = window_parse(text, &w, s->err);
		if (r)
			return err_prefix(s->err, r, "comment %zu", i);
	}
	if (pb->time_nanos > 0 && pb->time_nanos != w.start_ns)
		w.end_ns = w.start_ns = pb->time_nanos;
	if (pb->duration_nanos > 0 && (uint64_t)pb->duration_nanos <= WINDOW_MAX_LENGTH_NS &&
	    (uint64_t)pb->duration_nanos != w.length_ns) {
		w.length_ns = (uint64_t)pb->duration_nanos;
		w.capacity_ns = w.length_ns * w.cpus;
	}
	if (w.start_ns > INT64_MAX - (int64_t)w.length_ns)
		w.end_ns = w.start_ns = 0;
	if (w.end_ns < w.start_ns + (int64_t)w.length_ns)
		w.end_ns = w.start_ns + (int64_t)w.length_ns;
	if (s->unit == PROFILE_NANOSECONDS && s->period_ns &&
	    window_period_ns(w.hz) != s->period_ns)
		w.hz = 1e9 / (double)s->period_ns;
	window_tell(&w, s->b);
	return 0;
}

static int build(struct pprof_reader *s, struct profile **ret)
{
	int r;

	r = pprof_choose_unit(s);
	if (r)
		return r;
	s->b = builder_new(s->opts->limits ? s->opts->limits : &builder_limits_file, s->unit);
	if (!s->b)
		return pprof_fail_build(s, -ENOMEM);
	r = pprof_make_frames(s);
	if (!r)
		r = add_samples(s);
	if (!r)
		r = add_window(s);
	if (r)
		return r;
	return builder_seal(s->b, ret) ? pprof_fail_build(s, -ENOMEM) : 0;
}

int pprof_read(struct str bytes, const struct pprof_read_opts *opts, struct profile **ret,
	       struct pprof_report *report, struct err *err)
{
	static const struct pprof_read_opts defaults;
	struct pprof_report own;
	struct pprof_reader s = {
		.opts = opts ? opts : &defaults, .report = report ? report : &own, .err = err};
	struct buf plain;
	int r = 0;

	*s.report = (struct pprof_report){0};
	buf_init(&plain, SIZE_MAX / 4);
	arena_init(&s.arena, s.opts->max_memory ? s.opts->max_memory : (size_t)4 << 30);
	buf_init(&s.scratch, (size_t)1 << 31);
	if (gzip_is(bytes)) {
		r = gzip_inflate(bytes, &s.opts->gzip, &plain, err);
		bytes = buf_str(&plain);
	}
	s.frames_left = (uint64_t)bytes.len * PPROF_FRAMES_PER_BYTE + PPROF_FRAMES_AT_LEAST;
	if (!r)
		r = pprof_decode(bytes, &s.arena, &s.pb, err);
	if (!r)
		r = build(&s, ret);
	builder_free(s.b);
	idmap_release(&s.mappings);
	idmap_release(&s.functions);
	idmap_release(&s.locations);
	free(s.spots);
	free(s.frames);
	arena_release(&s.arena);
	buf_release(&s.scratch);
	buf_release(&plain);
	return r;
}
