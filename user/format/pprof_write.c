// SPDX-License-Identifier: Apache-2.0
/*
 * From a profile to the samples of pprof. Series and frames are ranked by their texts (order.h), so
 * samples come in an order of their own contents; what they refer to gets its numbers in the order
 * in which they need it (pprof_tables.h).
 */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/sum.h"
#include "base/text.h"
#include "format/arena.h"
#include "format/pprof.h"
#include "format/pprof_names.h"
#include "format/pprof_order.h"
#include "format/pprof_tables.h"
#include "format/window.h"
#include "profile.pb-c.h"

#define MAX_MESSAGE ((size_t)8 << 30)

struct writer {
	const struct profile *p;
	const struct pprof_write_opts *opts;
	struct arena arena;
	struct pprof_tables tables;
	bool counts; /* a samples/count column */
	uint64_t period_ns;
	Perftools__Profiles__Profile *pb;
};

static int fill_stack(struct writer *w, uint32_t node, Perftools__Profiles__Sample *s)
{
	const struct profile *p = w->p;
	size_t depth = 0;
	uint32_t id;
	int r;

	for (uint32_t n = node; n; n = p->nodes[n].parent)
		depth++;
	s->location_id = arena_zalloc(&w->arena, depth + 1, sizeof(*s->location_id));
	if (!s->location_id)
		return -ENOMEM;
	if (!depth) { /* pprof leaves samples without a location out; frame 0 reads [unknown] */
		r = pprof_tables_location(&w->tables, 0, &id);
		s->location_id[s->n_location_id++] = id;
		return r;
	}
	for (uint32_t n = node; n; n = p->nodes[n].parent) {
		r = pprof_tables_location(&w->tables, p->nodes[n].frame, &id);
		if (r)
			return r;
		s->location_id[s->n_location_id++] = id;
	}
	return 0;
}

static int64_t to_int64(uint64_t v)
{
	return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

/* What a difference takes off: a profile of the other side. */
static bool is_negative(const struct writer *w, uint32_t series)
{
	struct str key = w->opts->negative_label;

	return key.len && profile_label(w->p, series, key).len;
}

static int fill_values(struct writer *w, const struct sample *in, Perftools__Profiles__Sample *s)
{
	uint64_t cnt = in->cnt;

	s->value = arena_zalloc(&w->arena, 2, sizeof(*s->value));
	if (!s->value)
		return -ENOMEM;
	if (w->counts) {
		if (w->p->unit == PROFILE_SAMPLES)
			cnt = in->weight;
		else if (!cnt)
			cnt = (in->weight + w->period_ns / 2) / w->period_ns;
		s->value[s->n_value++] = to_int64(cnt ? cnt : 1);
	}
	if (w->p->unit == PROFILE_NANOSECONDS)
		s->value[s->n_value++] = to_int64(in->weight);
	for (size_t i = 0; is_negative(w, in->series) && i < s->n_value; i++)
		s->value[i] = -s->value[i];
	return 0;
}

static int fill_labels(struct writer *w, uint32_t series, Perftools__Profiles__Sample *s)
{
	const struct series *in = &w->p->series[series];

	s->label = arena_zalloc(&w->arena, in->label_cnt + 1, sizeof(Perftools__Profiles__Label *));
	if (!s->label)
		return -ENOMEM;
	for (uint32_t i = 0; i < in->label_cnt; i++) {
		const struct label *l = &w->p->labels[in->first_label + i];
		struct str key = profile_str(w->p, l->key), value = profile_str(w->p, l->value);
		Perftools__Profiles__Label *out;
		uint64_t number;
		int r;

		if (w->opts->for_push && !pprof_label_is_number(key))
			continue;
		out = arena_alloc(&w->arena, sizeof(*out));
		if (!out)
			return -ENOMEM;
		perftools__profiles__label__init(out);
		r = pprof_tables_string(&w->tables, key, &out->key);
		if (!r && pprof_label_is_number(key) && !num_parse_u64(value, &number)) {
			/* a number 0 without a unit would be taken for no label */
			out->num = to_int64(number);
			r = pprof_tables_string(&w->tables, STR_LIT("id"), &out->num_unit);
		} else if (!r && w->opts->for_push) {
			continue;
		} else if (!r) {
			r = pprof_tables_string(&w->tables, value, &out->str);
		}
		if (r)
			return r;
		s->label[s->n_label++] = out;
	}
	return 0;
}

/* Samples that read the same in the file are one. */
static int add_samples(struct writer *w, const struct order_item *items)
{
	size_t n = w->p->sample_cnt;
	Perftools__Profiles__Sample *all = arena_zalloc(&w->arena, n + 1, sizeof(*all)), *s;
	int r = 0;

	w->pb->sample = arena_zalloc(&w->arena, n + 1, sizeof(*w->pb->sample));
	if (!all || !w->pb->sample)
		return -ENOMEM;
	for (size_t i = 0, next; !r && i < n; i = next) {
		struct sample sum = w->p->samples[items[i].sample];

		for (next = i + 1; next < n && items[next].series_rank == items[i].series_rank &&
				   items[next].place == items[i].place;
		     next++) {
			const struct sample *more = &w->p->samples[items[next].sample];

			sum_add(&sum.weight, more->weight);
			sum_add(&sum.cnt, more->cnt);
		}
		s = &all[w->pb->n_sample];
		perftools__profiles__sample__init(s);
		w->pb->sample[w->pb->n_sample++] = s;
		r = fill_stack(w, sum.node, s);
		if (!r)
			r = fill_values(w, &sum, s);
		if (!r)
			r = fill_labels(w, sum.series, s);
	}
	return r;
}

static int add_value_type(struct writer *w, const char *type, const char *unit,
			  Perftools__Profiles__ValueType **ret)
{
	Perftools__Profiles__ValueType *vt = arena_alloc(&w->arena, sizeof(*vt));
	int r;

	if (!vt)
		return -ENOMEM;
	perftools__profiles__value_type__init(vt);
	r = pprof_tables_string(&w->tables, str_of(type), &vt->type);
	if (!r)
		r = pprof_tables_string(&w->tables, str_of(unit), &vt->unit);
	if (!r)
		*ret = vt;
	return r;
}

static int add_types(struct writer *w)
{
	Perftools__Profiles__Profile *pb = w->pb;
	bool time = w->p->unit == PROFILE_NANOSECONDS;
	int r = 0;

	pb->sample_type = arena_zalloc(&w->arena, 2, sizeof(*pb->sample_type));
	if (!pb->sample_type)
		return -ENOMEM;
	if (w->counts)
		r = add_value_type(w, "samples", "count", &pb->sample_type[pb->n_sample_type++]);
	if (!r && time)
		r = add_value_type(w, "cpu", "nanoseconds", &pb->sample_type[pb->n_sample_type++]);
	if (!r)
		r = time ? add_value_type(w, "cpu", "nanoseconds", &pb->period_type)
			 : add_value_type(w, "samples", "count", &pb->period_type);
	if (!r)
		r = pprof_tables_string(&w->tables, time ? STR_LIT("cpu") : STR_LIT("samples"),
					&pb->default_sample_type);
	pb->period = time ? to_int64(w->period_ns) : 1;
	pb->time_nanos = w->p->start_ns > 0 ? w->p->start_ns : 0;
	pb->duration_nanos = to_int64(w->p->length_ns);
	return r;
}

static int add_comments(struct writer *w)
{
	size_t n = w->opts->comment_cnt + 1;
	struct buf words;
	int r;

	if (w->opts->for_push)
		return 0;
	w->pb->comment = arena_zalloc(&w->arena, n, sizeof(*w->pb->comment));
	if (!w->pb->comment)
		return -ENOMEM;
	buf_init(&words, 1 << 16);
	buf_addstr(&words, PPROF_WINDOW_COMMENT);
	window_add(&words, w->p, 0);
	r = buf_error(&words);
	if (!r)
		r = pprof_tables_string(&w->tables, buf_str(&words),
					&w->pb->comment[w->pb->n_comment++]);
	for (size_t i = 0; !r && i + 1 < n; i++)
		r = pprof_tables_string(&w->tables, w->opts->comments[i],
					&w->pb->comment[w->pb->n_comment++]);
	buf_release(&words);
	return r;
}

/*
 * The module that readers should take for the program: what was said, else what is named like it.
 */
static int add_main_binary(struct writer *w)
{
	const struct profile *p = w->p;
	struct str main = w->opts->main_binary;
	uint64_t heaviest = 0, sum = 0;
	uint32_t unused, id;

	if (main.len)
		return pprof_tables_mapping(&w->tables, main, &unused);
	for (size_t i = 0; i < p->sample_cnt; i++) { /* sorted by series */
		if (i && p->samples[i].series != p->samples[i - 1].series)
			sum = 0;
		sum_add(&sum, p->samples[i].weight);
		if (sum >= heaviest) {
			heaviest = sum;
			main = profile_label(p, p->samples[i].series, STR_LIT(LABEL_PROCESS));
		}
	}
	if (!main.len || !intern_find(&p->strings, main.p, main.len, &id))
		return 0;
	for (uint32_t i = 1; i < p->frame_cnt; i++)
		if (p->frames[i].module == id && p->frames[i].kind != FRAME_KERNEL)
			return pprof_tables_mapping(&w->tables, main, &unused);
	return 0;
}

static int put_out(struct writer *w, struct buf *out)
{
	size_t len = perftools__profiles__profile__get_packed_size(w->pb);
	struct buf plain;
	char *room;
	int r;

	if (w->opts->plain) {
		room = buf_reserve(out, len);
		if (room)
			buf_commit(out, perftools__profiles__profile__pack(w->pb, (uint8_t *)room));
		return buf_error(out);
	}
	buf_init(&plain, MAX_MESSAGE);
	room = buf_reserve(&plain, len);
	if (room)
		buf_commit(&plain, perftools__profiles__profile__pack(w->pb, (uint8_t *)room));
	r = buf_error(&plain);
	if (!r)
		r = gzip_deflate(buf_str(&plain), out);
	buf_release(&plain);
	return r;
}

static int writer_init(struct writer *w, const struct profile *p)
{
	arena_init(&w->arena, MAX_MESSAGE);
	w->period_ns = window_period_ns(p->hz);
	w->counts = p->unit == PROFILE_SAMPLES || w->period_ns;
	for (size_t i = 0; !w->counts && i < p->sample_cnt; i++)
		if (!p->samples[i].cnt)
			break;
		else if (i + 1 == p->sample_cnt)
			w->counts = true;
	if (w->opts->for_push && p->unit == PROFILE_NANOSECONDS)
		w->counts = false;
	return pprof_tables_init(&w->tables, p, w->opts->for_push ? PPROF_PUSH_MAX_TEXT : SIZE_MAX,
				 MAX_MESSAGE);
}

static void writer_release(struct writer *w)
{
	arena_release(&w->arena);
	pprof_tables_release(&w->tables);
}

int pprof_write(const struct profile *p, const struct pprof_write_opts *opts, struct buf *out)
{
	static const struct pprof_write_opts defaults;
	Perftools__Profiles__Profile pb = PERFTOOLS__PROFILES__PROFILE__INIT;
	struct writer w = {.p = p, .opts = opts ? opts : &defaults, .pb = &pb};
	struct order_item *items = NULL;
	int r = writer_init(&w, p);

	if (!r)
		r = add_types(&w);
	if (!r)
		r = add_main_binary(&w);
	if (!r)
		r = pprof_order(p, &items);
	if (!r)
		r = add_samples(&w, items);
	if (!r)
		r = add_comments(&w);
	if (!r)
		r = pprof_tables_fill(&w.tables, &w.arena, &pb);
	if (!r)
		r = put_out(&w, out);
	free(items);
	writer_release(&w);
	return r;
}
