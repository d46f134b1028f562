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

#include "base/idmap.h"
#include "base/text.h"
#include "format/pprof_decode.h"
#include "format/pprof_names.h"
#include "format/window.h"
#include "model/builder.h"

#define MAX_LABELS 60
#define NONE	   SIZE_MAX
#define BASE_LABEL "pprof::base"

/*
 * A location can stand for a thousand inlined frames and be named by a byte or two: files of some
 * kilobytes would unfold into stacks without end. Stacks of real programs have fewer frames than
 * their file has bytes, even where most of them are inlined.
 */
#define MAX_DEPTH	65535 /* as folded text has it */
#define FRAMES_PER_BYTE 8
#define FRAMES_AT_LEAST (1 << 20)

/* What a location becomes: its frames, root first. */
struct spot {
	uint32_t first; /* in reader.frames */
	uint32_t cnt;
	bool is_nothing; /* [unknown] of no mapping: alone, it is a stack without frames */
};

struct reader_state {
	const struct pprof_read_opts *opts;
	struct pprof_report *report;
	struct err *err;
	struct arena arena;
	Perftools__Profiles__Profile *pb;
	struct builder *b;
	struct idmap mappings, functions, locations; /* id -> index */
	struct spot *spots;			     /* by index of the location */
	uint32_t *frames;
	size_t frame_cnt;
	uint64_t frames_left;	   /* that stacks may still unfold into */
	size_t value_at, count_at; /* columns of a sample; NONE */
	enum profile_unit unit;
	uint64_t scale;	    /* weight = value x scale */
	uint64_t period_ns; /* 0 = unknown */
	uint64_t base_cnt;  /* samples of the base of a difference */
	struct buf scratch;
};

static int fail_build(struct reader_state *s, int r)
{
	return err_set(s->err, r,
		       r == -ENOSPC ? "more stacks and names than one profile holds"
				    : "out of memory");
}

/* The string number i of `what` number `n`. */
static int get_string(struct reader_state *s, int64_t i, const char *what, uint64_t n,
		      struct str *ret)
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

static int get_value_type(struct reader_state *s, const Perftools__Profiles__ValueType *vt,
			  const char *what, uint64_t n, struct str *ret_type, struct str *ret_unit)
{
	int r = get_string(s, vt->type, what, n, ret_type);

	return r ? r : get_string(s, vt->unit, what, n, ret_unit);
}

/* "alloc_space" or "alloc_space/bytes" */
static bool is_called(struct str wanted, struct str type, struct str unit)
{
	if (!wanted.len || wanted.len < type.len ||
	    (type.len && memcmp(wanted.p, type.p, type.len)))
		return false;
	wanted = (struct str){wanted.p + type.len, wanted.len - type.len};
	return !wanted.len ||
	       (wanted.p[0] == '/' && str_eq((struct str){wanted.p + 1, wanted.len - 1}, unit));
}

static int refuse_type(struct reader_state *s)
{
	struct str type, unit;

	buf_clear(&s->scratch);
	for (size_t i = 0; i < s->pb->n_sample_type; i++) {
		if (get_value_type(s, s->pb->sample_type[i], "sample type", i, &type, &unit))
			return -EINVAL;
		buf_addstr(&s->scratch, i ? ", " : "");
		text_add_clean(&s->scratch, type);
		buf_addch(&s->scratch, '/');
		text_add_clean(&s->scratch, unit);
	}
	return err_set(s->err, EINVAL, "no sample type '%.*s' in it; there are: %s",
		       (int)s->opts->type.len, s->opts->type.p,
		       s->scratch.data ? s->scratch.data : "none");
}

/* Picks the columns: see pprof.h. */
static int choose_columns(struct reader_state *s)
{
	size_t asked = NONE, by_default = NONE, cpu = NONE;
	struct str type, unit, wanted;
	int r;

	r = get_string(s, s->pb->default_sample_type, "default sample type", 0, &wanted);
	s->count_at = NONE;
	for (size_t i = 0; !r && i < s->pb->n_sample_type; i++) {
		r = get_value_type(s, s->pb->sample_type[i], "sample type", i, &type, &unit);
		if (r)
			break;
		if (is_called(s->opts->type, type, unit))
			asked = i;
		if (str_eq(type, STR_LIT("cpu")) && pprof_time_unit(unit))
			cpu = i;
		if (str_eq(type, STR_LIT("samples")) && str_eq(unit, STR_LIT("count")))
			s->count_at = i;
		if (wanted.len && str_eq(type, wanted))
			by_default = i;
	}
	if (!r && s->opts->type.len && asked == NONE)
		return refuse_type(s);
	s->value_at = asked != NONE	   ? asked
		      : by_default != NONE ? by_default
		      : cpu != NONE	   ? cpu
					   : s->pb->n_sample_type - 1;
	return r;
}

static int read_period(struct reader_state *s)
{
	struct str type, unit;
	int r;

	if (!s->pb->period_type)
		return 0;
	r = get_value_type(s, s->pb->period_type, "period type", 0, &type, &unit);
	if (!r && s->pb->period > 0 &&
	    __builtin_mul_overflow((uint64_t)s->pb->period, pprof_time_unit(unit), &s->period_ns))
		s->period_ns = 0;
	return r;
}

static int choose_unit(struct reader_state *s)
{
	struct str type, unit;
	int r;

	r = choose_columns(s);
	if (!r)
		r = read_period(s);
	if (!r)
		r = get_value_type(s, s->pb->sample_type[s->value_at], "sample type", s->value_at,
				   &type, &unit);
	if (r)
		return r;
	s->unit = PROFILE_NANOSECONDS;
	s->scale = pprof_time_unit(unit);
	/* who asks for counts by name gets counts */
	if (!s->scale && !s->opts->type.len && str_eq(unit, STR_LIT("count")) && s->period_ns) {
		s->scale = s->period_ns;
		s->count_at = s->value_at;
	}
	if (!s->scale) {
		s->unit = PROFILE_SAMPLES;
		s->scale = 1;
		s->report->other_unit = !str_eq(unit, STR_LIT("count"));
	}
	buf_clear(&s->scratch);
	text_add_clean(&s->scratch, type);
	buf_addch(&s->scratch, '/');
	text_add_clean(&s->scratch, unit);
	snprintf(s->report->type, sizeof(s->report->type), "%s",
		 s->scratch.data ? s->scratch.data : "");
	return 0;
}

static int add_id(struct reader_state *s, struct idmap *m, uint64_t id, size_t i, const char *what)
{
	if (!id)
		return err_set(s->err, EINVAL, "%s %zu has the id 0", what, i);
	if (idmap_get(m, id, NULL))
		return err_set(s->err, EINVAL, "two %ss have the id %" PRIu64, what, id);
	return idmap_put(m, id, i) ? err_set(s->err, ENOMEM, "out of memory") : 0;
}

static int index_tables(struct reader_state *s)
{
	const Perftools__Profiles__Profile *pb = s->pb;
	int r = 0;

	idmap_init(&s->mappings, pb->n_mapping);
	idmap_init(&s->functions, pb->n_function);
	idmap_init(&s->locations, pb->n_location);
	for (size_t i = 0; !r && i < pb->n_mapping; i++)
		r = add_id(s, &s->mappings, pb->mapping[i]->id, i, "mapping");
	for (size_t i = 0; !r && i < pb->n_function; i++)
		r = add_id(s, &s->functions, pb->function[i]->id, i, "function");
	for (size_t i = 0; !r && i < pb->n_location; i++)
		r = add_id(s, &s->locations, pb->location[i]->id, i, "location");
	return r;
}

static uint32_t line_number(int64_t n)
{
	return n > 0 && n <= UINT32_MAX ? (uint32_t)n : 0;
}

static int get_function(struct reader_state *s, const Perftools__Profiles__Location *loc,
			const Perftools__Profiles__Line *line, struct str *ret,
			struct source_line *ret_at)
{
	const Perftools__Profiles__Function *f;
	uint64_t i;
	int r;

	if (!idmap_get(&s->functions, line->function_id, &i))
		return err_set(s->err, EINVAL,
			       "location %" PRIu64 ": function %" PRIu64 " does not exist", loc->id,
			       line->function_id);
	f = s->pb->function[i];
	r = get_string(s, f->name, "function", f->id, ret);
	if (!r && !ret->len)
		r = get_string(s, f->system_name, "function", f->id, ret);
	*ret_at = (struct source_line){.line = line_number(line->line),
				       .start = line_number(f->start_line)};
	if (!r)
		r = get_string(s, f->filename, "function", f->id, &ret_at->file);
	return r;
}

static int get_module(struct reader_state *s, const Perftools__Profiles__Location *loc,
		      struct str *ret, enum frame_kind *ret_kind)
{
	struct str filename = STR_LIT("");
	uint64_t i;
	int r = 0;

	if (idmap_get(&s->mappings, loc->mapping_id, &i))
		r = get_string(s, s->pb->mapping[i]->filename, "mapping", loc->mapping_id,
			       &filename);
	else
		s->report->unknown_mappings += loc->mapping_id != 0;
	*ret = pprof_module_in(filename, ret_kind);
	return r;
}

static int add_frame(struct reader_state *s, struct str name, struct str module,
		     enum frame_kind kind, const struct source_line *at)
{
	bool has_line = at->file.len || at->line || at->start;
	int r;

	if (!name.len) {
		buf_clear(&s->scratch);
		pprof_add_stub(&s->scratch, module);
		name = buf_str(&s->scratch);
	}
	r = builder_frame_at(s->b, name, module, kind, has_line ? at : NULL,
			     &s->frames[s->frame_cnt]);
	s->frame_cnt += !r;
	return r ? fail_build(s, r) : 0;
}

/* The last line of a location is the physical function, those before it were inlined into it. */
static int make_spot(struct reader_state *s, size_t i)
{
	const Perftools__Profiles__Location *loc = s->pb->location[i];
	enum frame_kind kind;
	struct str name = STR_LIT(""), module;
	struct source_line at = {.line = 0};
	int r;

	s->spots[i].first = (uint32_t)s->frame_cnt;
	r = get_module(s, loc, &module, &kind);
	if (!r && !loc->n_line)
		r = add_frame(s, STR_LIT(""), module, kind, &at);
	for (size_t k = loc->n_line; !r && k; k--) {
		r = get_function(s, loc, loc->line[k - 1], &name, &at);
		if (!r)
			r = add_frame(s, name, module, k == loc->n_line ? kind : FRAME_INLINED,
				      &at);
	}
	s->spots[i].cnt = (uint32_t)s->frame_cnt - s->spots[i].first;
	s->spots[i].is_nothing = !r && !module.len && s->spots[i].cnt == 1 &&
				 (!loc->n_line || str_eq(name, STR_LIT("[unknown]")));
	return r;
}

static int make_spots(struct reader_state *s)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < s->pb->n_location; i++)
		n += s->pb->location[i]->n_line + 1;
	if (n > UINT32_MAX)
		return fail_build(s, -ENOSPC);
	s->spots = calloc(s->pb->n_location + 1, sizeof(*s->spots));
	s->frames = calloc(n + 1, sizeof(*s->frames));
	if (!s->spots || !s->frames)
		return fail_build(s, -ENOMEM);
	for (size_t i = 0; !r && i < s->pb->n_location; i++)
		r = make_spot(s, i);
	return r;
}

/* Name of the process when no label tells it. */
static int get_main_binary(struct reader_state *s, struct str *ret)
{
	enum frame_kind kind;
	struct str name = STR_LIT("");
	int r = 0;

	if (s->pb->n_mapping)
		r = get_string(s, s->pb->mapping[0]->filename, "mapping", s->pb->mapping[0]->id,
			       &name);
	*ret = pprof_module_in(name, &kind);
	if (!ret->len)
		*ret = STR_LIT("[unknown]");
	return r;
}

static int add_label(struct reader_state *s, const Perftools__Profiles__Label *l, uint64_t sample,
		     char number[24], struct str out[2])
{
	int r = get_string(s, l->key, "label of sample", sample, &out[0]);

	if (r)
		return r;
	r = get_string(s, l->str, "label of sample", sample, &out[1]);
	if (!r && !l->str && pprof_label_is_number(out[0])) {
		int n = snprintf(number, 24, "%" PRId64, l->num);

		out[1] = (struct str){number, (size_t)n};
	}
	return r;
}

static int make_series(struct reader_state *s, const Perftools__Profiles__Sample *in, uint64_t n,
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
	return r ? fail_build(s, r) : 0;
}

/* pprof -diff_base labels the samples that it took off. */
static int find_base(struct reader_state *s, const Perftools__Profiles__Sample *in, uint64_t n,
		     bool *ret)
{
	struct str key, value;
	int r = 0;

	*ret = false;
	for (size_t i = 0; !r && i < in->n_label; i++) {
		r = get_string(s, in->label[i]->key, "label of sample", n, &key);
		if (!r)
			r = get_string(s, in->label[i]->str, "label of sample", n, &value);
		*ret |= !r && str_eq(key, STR_LIT(BASE_LABEL)) && str_eq(value, STR_LIT("true"));
	}
	s->base_cnt += *ret;
	return r;
}

static int check_depth(struct reader_state *s, size_t depth, uint64_t n)
{
	if (depth > MAX_DEPTH)
		return err_set(s->err, EINVAL, "sample %" PRIu64 " is deeper than %d frames", n,
			       MAX_DEPTH);
	if (depth > s->frames_left)
		return err_set(s->err, EFBIG,
			       "sample %" PRIu64 ": the stacks unfold into more than %d frames for "
			       "each byte: refused",
			       n, FRAMES_PER_BYTE);
	return 0;
}

static int make_stack(struct reader_state *s, const Perftools__Profiles__Sample *in, uint64_t n,
		      uint32_t *ret)
{
	size_t depth = 0;
	uint32_t node = 0;
	uint64_t at;
	int r;

	for (size_t i = in->n_location_id; i; i--) {
		if (!idmap_get(&s->locations, in->location_id[i - 1], &at))
			return err_set(s->err, EINVAL,
				       "sample %" PRIu64 ": location %" PRIu64 " does not exist", n,
				       in->location_id[i - 1]);
		if (s->spots[at].is_nothing && in->n_location_id == 1)
			break;
		depth += s->spots[at].cnt;
		r = check_depth(s, depth, n);
		if (r)
			return r;
		for (uint32_t k = 0; k < s->spots[at].cnt; k++) {
			r = builder_stack(s->b, node, s->frames[s->spots[at].first + k], &node);
			if (r)
				return fail_build(s, r);
		}
	}
	s->frames_left -= depth;
	*ret = node;
	return 0;
}

/* How many there are tells a difference from a mistake. */
static int refuse_negative(struct reader_state *s, uint64_t n, int64_t value)
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

static int read_values(struct reader_state *s, const Perftools__Profiles__Sample *in, uint64_t n,
		       uint64_t *ret_weight, uint64_t *ret_cnt)
{
	int64_t value, cnt;

	if (in->n_value != s->pb->n_sample_type)
		return err_set(s->err, EINVAL,
			       "sample %" PRIu64
			       " has %zu values, the profile has %zu sample types",
			       n, in->n_value, s->pb->n_sample_type);
	value = in->value[s->value_at];
	cnt = s->count_at == NONE ? 0 : in->value[s->count_at];
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
	else if (s->count_at == NONE && s->period_ns)
		*ret_cnt = *ret_weight / s->period_ns +
			   (*ret_weight % s->period_ns >= s->period_ns - s->period_ns / 2);
	return 0;
}

static int add_samples(struct reader_state *s)
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
		r = make_stack(s, in, i, &node);
		if (!weight) {
			s->report->zero_samples++;
			continue;
		}
		if (!r)
			r = make_series(s, in, i, otherwise, &series);
		if (!r && builder_sample(s->b, series, node, weight, cnt))
			r = fail_build(s, -ENOSPC);
	}
	if (!r && s->opts->column && !s->base_cnt)
		r = err_set(s->err, EINVAL,
			    "no sample has the label " BASE_LABEL
			    "=true: not a difference with its base (pprof -diff_base)");
	return r;
}

/* When and how long; what only our own comment says: CPUs, the exact rate, losses. */
static int add_window(struct reader_state *s)
{
	const Perftools__Profiles__Profile *pb = s->pb;
	struct str prefix = STR_LIT(PPROF_WINDOW_COMMENT), text;
	struct window w = {0};
	int r;

	for (size_t i = 0; i < pb->n_comment; i++) {
		r = get_string(s, pb->comment[i], "comment", i, &text);
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

static int build(struct reader_state *s, struct profile **ret)
{
	int r;

	r = choose_unit(s);
	if (r)
		return r;
	s->b = builder_new(s->opts->limits ? s->opts->limits : &builder_limits_file, s->unit);
	if (!s->b)
		return fail_build(s, -ENOMEM);
	r = index_tables(s);
	if (!r)
		r = make_spots(s);
	if (!r)
		r = add_samples(s);
	if (!r)
		r = add_window(s);
	if (r)
		return r;
	return builder_seal(s->b, ret) ? fail_build(s, -ENOMEM) : 0;
}

int pprof_read(struct str bytes, const struct pprof_read_opts *opts, struct profile **ret,
	       struct pprof_report *report, struct err *err)
{
	static const struct pprof_read_opts defaults;
	struct pprof_report own;
	struct reader_state s = {
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
	s.frames_left = (uint64_t)bytes.len * FRAMES_PER_BYTE + FRAMES_AT_LEAST;
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
