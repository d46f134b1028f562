// SPDX-License-Identifier: Apache-2.0
#include "format/flamebearer.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "format/pprof_names.h"
#include "format/window.h"
#include "model/builder.h"

#define MAX_LEVELS 65535
#define MAX_LABELS 60
/* A number of the file above this is none: sums and products of them stay far from overflowing. */
#define MAX_NUMBER (UINT64_C(1) << 62)

/* A bar of the level above: where it lies, and its node. */
struct bar {
	uint64_t begin, end;
	uint32_t node;
};

struct level {
	struct bar *bars;
	size_t cnt, cap;
};

struct reader_state {
	const struct flamebearer_opts *opts;
	struct flamebearer_report *report;
	struct err *err;
	struct builder *b;
	json_t *names;
	size_t tuple;	 /* numbers of a bar: 4 or 7 */
	uint64_t period; /* nanoseconds a sample; 0: weights stay as they are */
	bool counts;	 /* self is a number of samples */
	uint32_t series;
	uint32_t *frames; /* name -> frame + 1 */
};

static int fail_build(struct reader_state *s, int r)
{
	return err_set(s->err, r,
		       r == -ENOSPC ? "more stacks and names than one profile holds"
				    : "out of memory");
}

static struct str text_of(const json_t *v)
{
	if (!json_is_string(v))
		return STR_LIT("");
	return (struct str){json_string_value(v), json_string_length(v)};
}

static bool get_number(const json_t *v, uint64_t *ret)
{
	if (json_is_integer(v) && json_integer_value(v) >= 0)
		*ret = (uint64_t)json_integer_value(v);
	else if (json_is_real(v) && json_real_value(v) >= 0 &&
		 json_real_value(v) < (double)MAX_NUMBER)
		*ret = (uint64_t)(json_real_value(v) + 0.5);
	else
		return false;
	return *ret <= MAX_NUMBER;
}

static int find_frame(struct reader_state *s, uint64_t name, uint32_t *ret)
{
	struct str text;
	int r;

	if (!s->frames[name]) {
		text = text_of(json_array_get(s->names, name));
		r = builder_frame(s->b, text, STR_LIT(""), FRAME_UNKNOWN, ret);
		if (r)
			return fail_build(s, r);
		s->frames[name] = *ret + 1;
	}
	*ret = s->frames[name] - 1;
	return 0;
}

/* Both sides of a double one are laid end to end: what lies in both lies in the sum. */
struct tuple {
	uint64_t delta, total; /* of all sides */
	uint64_t self;	       /* of the side that is wanted */
	uint64_t name;
};

static int get_tuple(struct reader_state *s, const json_t *level, size_t at, size_t number,
		     struct tuple *ret)
{
	uint64_t n[7] = {0};
	bool is_good = true;

	for (size_t i = 0; i < s->tuple; i++)
		is_good &= get_number(json_array_get(level, at + i), &n[i]);
	if (!is_good || n[s->tuple - 1] >= json_array_size(s->names))
		return err_set(s->err, EINVAL, "level %zu, number %zu: %s", number, at,
			       is_good ? "no such name" : "want whole numbers from 0 to 2^62");
	*ret = (struct tuple){n[0], n[1], n[2], n[s->tuple - 1]};
	if (s->tuple == 7) {
		ret->delta += n[3];
		ret->total += n[4];
		ret->self = s->opts->column == 2 ? n[5] : n[2];
	}
	return 0;
}

static int add_weight(struct reader_state *s, uint32_t node, uint64_t self)
{
	uint64_t weight = self;

	if (s->period && __builtin_mul_overflow(self, s->period, &weight))
		weight = UINT64_MAX;
	return builder_sample(s->b, s->series, node, weight, s->counts ? self : 0);
}

/* `parent` moves on to the bar that this one lies in; below the first level there must be one. */
static int add_bar(struct reader_state *s, const struct tuple *t, struct level *above,
		   size_t *parent, uint64_t begin, struct level *below)
{
	struct bar bar = {.begin = begin, .end = begin + t->total};
	uint32_t frame;
	int r;

	r = mem_grow(&below->bars, &below->cap, below->cnt + 1, sizeof(bar), UINT32_MAX);
	if (r)
		return fail_build(s, r);
	if (above) {
		while (*parent < above->cnt && above->bars[*parent].end <= begin)
			(*parent)++;
		if (*parent == above->cnt || above->bars[*parent].begin > begin ||
		    above->bars[*parent].end < bar.end)
			return -ERANGE;
		r = find_frame(s, t->name, &frame);
		if (r)
			return r;
		r = builder_stack(s->b, above->bars[*parent].node, frame, &bar.node);
	}
	if (!r)
		r = add_weight(s, bar.node, t->self);
	if (r)
		return fail_build(s, r);
	below->bars[below->cnt++] = bar;
	s->report->bars++;
	return 0;
}

static int add_level(struct reader_state *s, const json_t *level, size_t number,
		     struct level *above, struct level *below)
{
	uint64_t at = 0;
	size_t parent = 0;
	struct tuple t = {0};
	int r = 0;

	below->cnt = 0;
	if (!json_is_array(level) || json_array_size(level) % s->tuple)
		return err_set(s->err, EINVAL, "level %zu: want a list of %zu numbers for each bar",
			       number, s->tuple);
	for (size_t i = 0; !r && i < json_array_size(level); i += s->tuple) {
		r = get_tuple(s, level, i, number, &t);
		if (r)
			break;
		if (t.delta > MAX_NUMBER || t.total > MAX_NUMBER || at + t.delta > MAX_NUMBER)
			r = -ERANGE;
		at += t.delta;
		if (!r && t.total)
			r = add_bar(s, &t, above, &parent, at, below);
		at += t.total;
		if (r == -ERANGE)
			return err_set(s->err, EINVAL,
				       "level %zu, number %zu: the bar does not lie in one of the "
				       "level above",
				       number, i);
	}
	return r;
}

static int add_levels(struct reader_state *s, const json_t *levels)
{
	struct level two[2] = {{0}, {0}};
	size_t cnt = json_array_size(levels);
	int r = 0;

	if (cnt > MAX_LEVELS)
		return err_set(s->err, EFBIG, "%zu levels, at most %d are read", cnt, MAX_LEVELS);
	for (size_t i = 0; !r && i < cnt; i++)
		r = add_level(s, json_array_get(levels, i), i, i ? &two[(i - 1) % 2] : NULL,
			      &two[i % 2]);
	free(two[0].bars);
	free(two[1].bars);
	return r;
}

/* What the numbers stand for. */
static enum profile_unit choose_unit(struct reader_state *s, const json_t *meta)
{
	struct str units = text_of(json_object_get(meta, "units"));
	double rate = json_number_value(json_object_get(meta, "sampleRate"));

	(void)snprintf(s->report->units, sizeof(s->report->units), "%.*s", (int)units.len, units.p);
	s->period = pprof_time_unit(units);
	if (s->period)
		return PROFILE_NANOSECONDS;
	s->counts = str_eq(units, STR_LIT("samples")) || !units.len;
	if (s->counts && rate >= 1e-3 && rate <= 1e9) {
		s->period = (uint64_t)(1e9 / rate + 0.5);
		s->counts = rate <= WINDOW_MAX_HZ; /* 1e9: they are nanoseconds, not samples */
		return PROFILE_NANOSECONDS;
	}
	s->report->no_time = !s->counts;
	return PROFILE_SAMPLES;
}

static void tell_window(struct reader_state *s, const json_t *root, enum profile_unit unit)
{
	const json_t *line = json_object_get(root, "timeline");
	uint64_t start = 0, step = 0, length_ns;
	size_t cnt = json_array_size(json_object_get(line, "samples"));
	double hz = 0;

	(void)get_number(json_object_get(line, "startTime"), &start);
	(void)get_number(json_object_get(line, "durationDelta"), &step);
	if (start > INT64_MAX / NSEC_PER_SEC / 2)
		start = 0;
	if (__builtin_mul_overflow(step, NSEC_PER_SEC * cnt, &length_ns) ||
	    cnt > WINDOW_MAX_LENGTH_NS / NSEC_PER_SEC || length_ns > WINDOW_MAX_LENGTH_NS)
		length_ns = 0;
	if (unit == PROFILE_NANOSECONDS && s->counts && s->period)
		hz = 1e9 / (double)s->period;
	builder_window(s->b, (int64_t)(start * NSEC_PER_SEC), length_ns, 0, hz);
}

static int make_series(struct reader_state *s, struct str name)
{
	struct str labels[MAX_LABELS + 1][2] = {{STR_LIT(LABEL_PROCESS), s->opts->process}};
	size_t cnt = 1;
	int r;

	if (!labels[0][1].len)
		labels[0][1] = name.len ? name : STR_LIT("[unknown]");
	for (size_t i = 0; i < s->opts->label_cnt && cnt <= MAX_LABELS; i++, cnt++) {
		labels[cnt][0] = s->opts->labels[i][0];
		labels[cnt][1] = s->opts->labels[i][1];
	}
	r = builder_series(s->b, (const struct str(*)[2])labels, cnt, &s->series);
	return r ? fail_build(s, r) : 0;
}

/* Single or double, as the file says and as was asked for. */
static int check_format(struct reader_state *s, const json_t *meta)
{
	struct str format = text_of(json_object_get(meta, "format"));
	bool is_double = str_eq(format, STR_LIT("double"));

	if (format.len && !is_double && !str_eq(format, STR_LIT("single")))
		return err_set(s->err, EINVAL,
			       "metadata: format '%.*s' is neither single nor double",
			       (int)format.len, format.p);
	if (is_double && !s->opts->column)
		return err_set(
			s->err, EINVAL,
			"a double flamebearer holds two profiles: say which one (--side), or "
			"compare them (culprit diff --two-column)");
	if (!is_double && s->opts->column)
		return err_set(s->err, EINVAL, "a single flamebearer holds one profile, not two");
	s->tuple = is_double ? 7 : 4;
	return 0;
}

static int build(struct reader_state *s, json_t *root, struct profile **ret)
{
	json_t *flame = json_object_get(root, "flamebearer"), *meta;
	json_t *levels = json_object_get(flame, "levels");
	enum profile_unit unit;
	int r;

	s->names = json_object_get(flame, "names");
	meta = json_object_get(root, "metadata");
	if (!json_is_array(s->names) || !json_is_array(levels))
		return err_set(s->err, EINVAL, "no flamebearer in it: want names and levels");
	r = check_format(s, meta);
	if (r)
		return r;
	unit = choose_unit(s, meta);
	s->b = builder_new(s->opts->limits ? s->opts->limits : &builder_limits_file, unit);
	s->frames = calloc(json_array_size(s->names) + 1, sizeof(*s->frames));
	if (!s->b || !s->frames)
		return fail_build(s, -ENOMEM);
	r = make_series(s, text_of(json_object_get(meta, "name")));
	if (!r)
		r = add_levels(s, levels);
	if (r)
		return r;
	tell_window(s, root, unit);
	return builder_seal(s->b, ret) ? fail_build(s, -ENOMEM) : 0;
}

int flamebearer_read(struct str text, const struct flamebearer_opts *opts, struct profile **ret,
		     struct flamebearer_report *report, struct err *err)
{
	static const struct flamebearer_opts defaults;
	struct flamebearer_report own;
	struct reader_state s = {
		.opts = opts ? opts : &defaults, .report = report ? report : &own, .err = err};
	json_error_t where;
	json_t *root;
	int r;

	*s.report = (struct flamebearer_report){0};
	if (text.len > FLAMEBEARER_MAX_BYTES)
		return err_set(err, EFBIG, "larger than %zu MiB, the most JSON that is read",
			       FLAMEBEARER_MAX_BYTES >> 20);
	root = json_loadb(text.p, text.len, JSON_ALLOW_NUL, &where);
	if (!root)
		return err_set(err, EINVAL, "line %d, column %d: %s", where.line, where.column,
			       where.text);
	r = build(&s, root, ret);
	builder_free(s.b);
	free(s.frames);
	json_decref(root);
	return r;
}
