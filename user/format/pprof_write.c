// SPDX-License-Identifier: Apache-2.0
/*
 * From a profile to the tables of pprof. Series and frames are ranked by their texts (order.h), so
 * samples come in an order of their own contents; strings, functions, mappings and locations get
 * their numbers in the order in which these samples need them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/num.h"
#include "base/sum.h"
#include "base/text.h"
#include "format/arena.h"
#include "format/pprof.h"
#include "format/pprof_names.h"
#include "format/pprof_order.h"
#include "format/window.h"
#include "profile.pb-c.h"

#define MAX_MESSAGE ((size_t)8 << 30)

struct writer {
	const struct profile *p;
	const struct pprof_write_opts *opts;
	struct arena arena;
	struct intern strings, functions, mappings, locations; /* number - 1; strings: number */
	struct buf scratch;
	uint32_t *location_of; /* by frame; 0 = none yet */
	bool counts;	       /* a samples/count column */
	uint64_t period_ns;
	Perftools__Profiles__Profile *pb;
};

/* What a location is made of, taken as bytes. */
struct place {
	uint32_t function, mapping, line;
};

/* And a function. */
struct function {
	int64_t name, file, start; /* strings, and a line */
};

static int add_string(struct writer *w, struct str s, int64_t *ret)
{
	uint32_t id;
	int r;

	if (!pprof_is_fit(s)) {
		buf_clear(&w->scratch);
		pprof_add_fit(&w->scratch, s);
		r = buf_error(&w->scratch);
		if (r)
			return r;
		s = buf_str(&w->scratch);
	}
	if (w->opts->for_push && s.len > PPROF_PUSH_MAX_TEXT) {
		s.len = PPROF_PUSH_MAX_TEXT;
		while (s.len && ((unsigned char)s.p[s.len] & 0xc0) == 0x80)
			s.len--; /* not within a character */
	}
	r = intern_add(&w->strings, s.p, s.len, &id);
	if (!r)
		*ret = id;
	return r;
}

/* The mapping's number, from 1; 0 for a frame without a module. */
static int add_mapping(struct writer *w, struct str module, uint32_t *ret)
{
	int64_t name;
	uint32_t id;
	int r;

	if (!module.len) {
		*ret = 0;
		return 0;
	}
	r = add_string(w, module, &name);
	if (!r)
		r = intern_add(&w->mappings, &name, sizeof(name), &id);
	if (!r)
		*ret = id + 1;
	return r;
}

static int add_location(struct writer *w, const struct frame *f, uint32_t *ret)
{
	struct str name = profile_str(w->p, f->name), module = profile_str(w->p, f->module);
	const struct frame_line *line = &w->p->lines[f->line];
	struct place place = {.line = line->line};
	struct function function = {.start = line->start};
	uint32_t id;
	int r;

	buf_clear(&w->scratch);
	module = pprof_module_out(module, (enum frame_kind)f->kind);
	r = add_mapping(w, module, &place.mapping);
	if (r)
		return r;
	buf_clear(&w->scratch);
	if (!name.len) {
		pprof_add_stub(&w->scratch, module);
		r = intern_add(&w->strings, w->scratch.data, w->scratch.len, &id);
		function.name = id;
	} else {
		r = add_string(w, name, &function.name);
	}
	if (!r)
		r = add_string(w, profile_str(w->p, line->file), &function.file);
	if (!r)
		r = intern_add(&w->functions, &function, sizeof(function), &place.function);
	place.function++;
	if (!r)
		r = intern_add(&w->locations, &place, sizeof(place), &id);
	if (!r)
		*ret = id + 1;
	return r;
}

static int location_of(struct writer *w, uint32_t frame, uint32_t *ret)
{
	int r = 0;

	if (!w->location_of[frame])
		r = add_location(w, &w->p->frames[frame], &w->location_of[frame]);
	*ret = w->location_of[frame];
	return r;
}

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
		r = location_of(w, 0, &id);
		s->location_id[s->n_location_id++] = id;
		return r;
	}
	for (uint32_t n = node; n; n = p->nodes[n].parent) {
		r = location_of(w, p->nodes[n].frame, &id);
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
		r = add_string(w, key, &out->key);
		if (!r && pprof_label_is_number(key) && !num_parse_u64(value, &number)) {
			/* a number 0 without a unit would be taken for no label */
			out->num = to_int64(number);
			r = add_string(w, STR_LIT("id"), &out->num_unit);
		} else if (!r && w->opts->for_push) {
			continue;
		} else if (!r) {
			r = add_string(w, value, &out->str);
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

/* The tables that the samples asked for. */
static int add_tables(struct writer *w)
{
	uint32_t n_map = intern_cnt(&w->mappings), n_loc = intern_cnt(&w->locations),
		 n_fun = intern_cnt(&w->functions);
	Perftools__Profiles__Mapping *maps = arena_zalloc(&w->arena, n_map + 1, sizeof(*maps));
	Perftools__Profiles__Location *locs = arena_zalloc(&w->arena, n_loc + 1, sizeof(*locs));
	Perftools__Profiles__Line *lines = arena_zalloc(&w->arena, n_loc + 1, sizeof(*lines));
	Perftools__Profiles__Function *funs = arena_zalloc(&w->arena, n_fun + 1, sizeof(*funs));
	Perftools__Profiles__Profile *pb = w->pb;
	Perftools__Profiles__Line **line_at;

	pb->mapping = arena_zalloc(&w->arena, n_map + 1, sizeof(*pb->mapping));
	pb->location = arena_zalloc(&w->arena, n_loc + 1, sizeof(*pb->location));
	pb->function = arena_zalloc(&w->arena, n_fun + 1, sizeof(*pb->function));
	line_at = arena_zalloc(&w->arena, n_loc + 1, sizeof(*line_at));
	if (w->arena.full)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_map; i++) {
		perftools__profiles__mapping__init(&maps[i]);
		maps[i].id = i + 1;
		memcpy(&maps[i].filename, intern_get(&w->mappings, i).p, sizeof(int64_t));
		maps[i].has_functions = true;
		pb->mapping[pb->n_mapping++] = &maps[i];
	}
	for (uint32_t i = 0; i < n_fun; i++) {
		struct function function;

		memcpy(&function, intern_get(&w->functions, i).p, sizeof(function));
		perftools__profiles__function__init(&funs[i]);
		funs[i].id = i + 1;
		funs[i].name = funs[i].system_name = function.name;
		funs[i].filename = function.file;
		funs[i].start_line = function.start;
		pb->function[pb->n_function++] = &funs[i];
	}
	for (uint32_t i = 0; i < n_loc; i++) {
		struct place place;

		memcpy(&place, intern_get(&w->locations, i).p, sizeof(place));
		perftools__profiles__location__init(&locs[i]);
		perftools__profiles__line__init(&lines[i]);
		lines[i].function_id = place.function;
		lines[i].line = place.line;
		line_at[i] = &lines[i];
		locs[i].id = i + 1;
		locs[i].mapping_id = place.mapping;
		locs[i].n_line = 1;
		locs[i].line = &line_at[i];
		pb->location[pb->n_location++] = &locs[i];
	}
	return 0;
}

static int add_value_type(struct writer *w, const char *type, const char *unit,
			  Perftools__Profiles__ValueType **ret)
{
	Perftools__Profiles__ValueType *vt = arena_alloc(&w->arena, sizeof(*vt));
	int r;

	if (!vt)
		return -ENOMEM;
	perftools__profiles__value_type__init(vt);
	r = add_string(w, str_of(type), &vt->type);
	if (!r)
		r = add_string(w, str_of(unit), &vt->unit);
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
		r = add_string(w, time ? STR_LIT("cpu") : STR_LIT("samples"),
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
		r = add_string(w, buf_str(&words), &w->pb->comment[w->pb->n_comment++]);
	for (size_t i = 0; !r && i + 1 < n; i++)
		r = add_string(w, w->opts->comments[i], &w->pb->comment[w->pb->n_comment++]);
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
		return add_mapping(w, main, &unused);
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
			return add_mapping(w, main, &unused);
	return 0;
}

static int add_string_table(struct writer *w)
{
	uint32_t n = intern_cnt(&w->strings);
	Perftools__Profiles__Profile *pb = w->pb;

	pb->string_table = arena_zalloc(&w->arena, n, sizeof(*pb->string_table));
	if (!pb->string_table)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		struct str s = intern_get(&w->strings, i);

		pb->string_table[i].data = (uint8_t *)(uintptr_t)s.p;
		pb->string_table[i].len = s.len;
	}
	pb->n_string_table = n;
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

static void writer_init(struct writer *w, const struct profile *p)
{
	arena_init(&w->arena, MAX_MESSAGE);
	intern_init(&w->strings, UINT32_MAX, MAX_MESSAGE);
	intern_init(&w->functions, UINT32_MAX, MAX_MESSAGE);
	intern_init(&w->mappings, UINT32_MAX, MAX_MESSAGE);
	intern_init(&w->locations, UINT32_MAX, MAX_MESSAGE);
	buf_init(&w->scratch, MAX_MESSAGE);
	w->period_ns = window_period_ns(p->hz);
	w->counts = p->unit == PROFILE_SAMPLES || w->period_ns;
	for (size_t i = 0; !w->counts && i < p->sample_cnt; i++)
		if (!p->samples[i].cnt)
			break;
		else if (i + 1 == p->sample_cnt)
			w->counts = true;
	if (w->opts->for_push && p->unit == PROFILE_NANOSECONDS)
		w->counts = false;
}

static void writer_release(struct writer *w)
{
	arena_release(&w->arena);
	intern_release(&w->strings);
	intern_release(&w->functions);
	intern_release(&w->mappings);
	intern_release(&w->locations);
	buf_release(&w->scratch);
	free(w->location_of);
}

int pprof_write(const struct profile *p, const struct pprof_write_opts *opts, struct buf *out)
{
	static const struct pprof_write_opts defaults;
	Perftools__Profiles__Profile pb = PERFTOOLS__PROFILES__PROFILE__INIT;
	struct writer w = {.p = p, .opts = opts ? opts : &defaults, .pb = &pb};
	struct order_item *items = NULL;
	int64_t empty;
	int r;

	writer_init(&w, p);
	w.location_of = calloc((size_t)p->frame_cnt + 1, sizeof(*w.location_of));
	r = w.location_of ? add_string(&w, STR_LIT(""), &empty) : -ENOMEM;
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
		r = add_tables(&w);
	if (!r)
		r = add_string_table(&w);
	if (!r)
		r = put_out(&w, out);
	free(items);
	writer_release(&w);
	return r;
}
