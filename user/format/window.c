// SPDX-License-Identifier: Apache-2.0
#include "format/window.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "model/builder.h"

#define LOST_PREFIX "lost_"
#define PSI_PREFIX  "psi_"

static int bad(struct err *err, struct str key, struct str value, const char *want)
{
	return err_set(err, EINVAL, "%.*s=%.*s: want %s", (int)key.len, key.p,
		       (int)(value.len < 64 ? value.len : 64), value.p, want);
}

static int parse_lost(struct str key, struct str value, struct window *w, uint64_t *total,
		      struct err *err)
{
	struct str name = {key.p + strlen(LOST_PREFIX), key.len - strlen(LOST_PREFIX)};
	uint64_t v;

	if (num_parse_u64(value, &v))
		return bad(err, key, value, "a number of samples");
	if (str_eq(key, STR_LIT("lost"))) {
		*total = v;
		return 0;
	}
	for (unsigned int i = 0; i < LOSS_CNT; i++)
		if (loss_name(i) && str_eq(str_of(loss_name(i)), name))
			w->lost[i] = v;
	return 0;
}

static int parse_pressure(struct str key, struct str value, struct window *w, struct err *err)
{
	struct str name = {key.p + strlen(PSI_PREFIX), key.len - strlen(PSI_PREFIX)};
	struct str rest = value, stalled;
	int64_t stalled_ns, watched_ns;

	if (!str_split(&rest, '/', &stalled) || num_parse_seconds(stalled, &stalled_ns) ||
	    num_parse_seconds(rest, &watched_ns) || stalled_ns < 0 || watched_ns <= 0 ||
	    stalled_ns > watched_ns)
		return bad(err, key, value, "seconds that somebody waited / seconds watched");
	for (unsigned int i = 0; i < PRESSURE_CNT; i++)
		if (str_eq(str_of(pressure_name(i)), name))
			w->pressure[i] =
				(struct pressure){(uint64_t)stalled_ns, (uint64_t)watched_ns};
	return 0;
}

static int parse_word(struct str key, struct str value, struct window *w, uint64_t *total,
		      struct err *err)
{
	int64_t ns;
	uint64_t v;
	double d;

	if (str_eq(key, STR_LIT("start"))) {
		if (num_parse_seconds(value, &w->start_ns))
			return bad(err, key, value, "Unix seconds such as 1700000000.25");
		w->has_start = true;
	} else if (str_eq(key, STR_LIT("length"))) {
		if (num_parse_seconds(value, &ns) || ns <= 0 || (uint64_t)ns > WINDOW_MAX_LENGTH_NS)
			return bad(err, key, value, "seconds, more than 0 and at most 366 days");
		w->length_ns = (uint64_t)ns;
		w->has_length = true;
	} else if (str_eq(key, STR_LIT("cpus"))) {
		if (num_parse_u64(value, &v) || v > WINDOW_MAX_CPUS)
			return bad(err, key, value, "a number of CPUs, at most 65536");
		w->cpus = (uint32_t)v;
	} else if (str_eq(key, STR_LIT("hz"))) {
		if (num_parse_double(value, &d) || !(d >= 0 && d <= WINDOW_MAX_HZ))
			return bad(err, key, value, "samples per second, 0 (unknown) to 1000000");
		w->hz = d;
	} else if (str_eq(key, STR_LIT("end"))) {
		if (num_parse_seconds(value, &w->end_ns))
			return bad(err, key, value, "Unix seconds");
	} else if (str_eq(key, STR_LIT("capacity"))) {
		if (num_parse_seconds(value, &ns) || ns < 0)
			return bad(err, key, value, "CPU-seconds");
		w->capacity_ns = (uint64_t)ns;
		w->has_capacity = true;
	} else if (str_eq(key, STR_LIT("windows"))) {
		if (num_parse_u64(value, &v) || !v || v > UINT32_MAX)
			return bad(err, key, value, "a number of windows");
		w->window_cnt = (uint32_t)v;
	} else if (str_eq(key, STR_LIT("unit"))) {
		if (str_eq(value, STR_LIT("nanoseconds")))
			w->unit = PROFILE_NANOSECONDS;
		else if (str_eq(value, STR_LIT("samples")))
			w->unit = PROFILE_SAMPLES;
		else
			return bad(err, key, value, "samples or nanoseconds");
	} else if (key.len >= 4 && !memcmp(key.p, "lost", 4) &&
		   (key.len == 4 || (key.len > 5 && key.p[4] == '_'))) {
		return parse_lost(key, value, w, total, err);
	} else if (key.len > strlen(PSI_PREFIX) && !memcmp(key.p, PSI_PREFIX, strlen(PSI_PREFIX))) {
		return parse_pressure(key, value, w, err);
	}
	return 0;
}

int window_parse(struct str words, struct window *ret, struct err *err)
{
	struct window w = {0};
	uint64_t total = 0, named;
	struct str word;
	int r;

	while (str_split(&words, ' ', &word)) {
		const char *eq;

		word = str_trim(word);
		eq = word.len ? memchr(word.p, '=', word.len) : NULL;
		if (!eq)
			continue;
		r = parse_word((struct str){word.p, (size_t)(eq - word.p)},
			       (struct str){eq + 1, word.len - (size_t)(eq - word.p) - 1}, &w,
			       &total, err);
		if (r)
			return r;
	}
	if (w.start_ns > INT64_MAX - (int64_t)w.length_ns)
		return err_set(err, EINVAL, "start= lies beyond the year 2262");
	if (w.end_ns < w.start_ns + (int64_t)w.length_ns)
		w.end_ns = w.start_ns + (int64_t)w.length_ns;
	if (!w.has_capacity)
		w.capacity_ns = w.length_ns * w.cpus;
	if (!w.window_cnt)
		w.window_cnt = 1;
	named = loss_samples(w.lost);
	if (total > named)
		w.lost[LOSS_IMPORT] += total - named;
	*ret = w;
	return 0;
}

static void add_pressure(struct buf *b, enum pressure_resource resource, const struct pressure *p)
{
	if (!p->watched_ns || p->watched_ns > INT64_MAX)
		return;
	buf_addf(b, " " PSI_PREFIX "%s=", pressure_name(resource));
	num_add_seconds(b,
			(int64_t)(p->stalled_ns < p->watched_ns ? p->stalled_ns : p->watched_ns));
	buf_addch(b, '/');
	num_add_seconds(b, (int64_t)p->watched_ns);
}

void window_add(struct buf *b, const struct profile *p, enum profile_unit unit)
{
	if (p->length_ns && p->length_ns <= WINDOW_MAX_LENGTH_NS) {
		buf_addstr(b, "start=");
		num_add_seconds(b, p->start_ns);
		buf_addstr(b, " length=");
		num_add_seconds(b, (int64_t)p->length_ns);
		buf_addch(b, ' ');
	}
	buf_addf(b, "cpus=%u hz=", p->cpus);
	num_add_double(b, p->hz, 9);
	buf_addf(b, " lost=%" PRIu64, loss_samples(p->lost));
	for (unsigned int i = 0; i < LOSS_CNT; i++)
		if (p->lost[i] && i != LOSS_IMPORT && loss_name(i))
			buf_addf(b, " " LOST_PREFIX "%s=%" PRIu64, loss_name(i), p->lost[i]);
	if (p->window_cnt > 1)
		buf_addf(b, " windows=%u", p->window_cnt);
	if (p->end_ns > p->start_ns + (int64_t)p->length_ns) {
		buf_addstr(b, " end=");
		num_add_seconds(b, p->end_ns);
	}
	if (p->capacity_ns != p->length_ns * p->cpus && p->capacity_ns < INT64_MAX) {
		buf_addstr(b, " capacity=");
		num_add_seconds(b, (int64_t)p->capacity_ns);
	}
	for (unsigned int i = 0; i < PRESSURE_CNT; i++)
		add_pressure(b, i, &p->pressure[i]);
	if (unit)
		buf_addf(b, " unit=%s", unit == PROFILE_SAMPLES ? "samples" : "nanoseconds");
}

void window_tell(const struct window *w, struct builder *b)
{
	struct profile header = {
		.start_ns = w->start_ns,
		.end_ns = w->end_ns,
		.length_ns = w->length_ns,
		.capacity_ns = w->capacity_ns,
		.window_cnt = w->window_cnt ? w->window_cnt : 1,
		.cpus = w->cpus,
		.hz = w->hz,
	};

	memcpy(header.lost, w->lost, sizeof(header.lost));
	memcpy(header.pressure, w->pressure, sizeof(header.pressure));
	builder_add_header(b, &header);
}

uint64_t window_period_ns(double hz)
{
	if (!(hz > 0))
		return 0;
	return hz >= 1e9 ? 1 : (uint64_t)llround(1e9 / hz);
}
