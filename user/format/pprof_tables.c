// SPDX-License-Identifier: Apache-2.0
#include "format/pprof_tables.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "format/pprof_names.h"

/* What a location is made of, taken as bytes. */
struct place {
	uint32_t function, mapping, line;
};

/* And a function. */
struct function {
	int64_t name, file, start; /* strings, and a line */
};

int pprof_tables_string(struct pprof_tables *t, struct str s, int64_t *ret)
{
	uint32_t id;
	int r;

	if (!pprof_is_fit(s)) {
		buf_clear(&t->scratch);
		pprof_add_fit(&t->scratch, s);
		r = buf_error(&t->scratch);
		if (r)
			return r;
		s = buf_str(&t->scratch);
	}
	if (s.len > t->max_text) {
		s.len = t->max_text;
		while (s.len && ((unsigned char)s.p[s.len] & 0xc0) == 0x80)
			s.len--; /* not within a character */
	}
	r = intern_add(&t->strings, s.p, s.len, &id);
	if (!r)
		*ret = id;
	return r;
}

int pprof_tables_mapping(struct pprof_tables *t, struct str module, uint32_t *ret)
{
	int64_t name;
	uint32_t id;
	int r;

	if (!module.len) {
		*ret = 0;
		return 0;
	}
	r = pprof_tables_string(t, module, &name);
	if (!r)
		r = intern_add(&t->mappings, &name, sizeof(name), &id);
	if (!r)
		*ret = id + 1;
	return r;
}

static int add_location(struct pprof_tables *t, const struct frame *f, uint32_t *ret)
{
	struct str name = profile_str(t->p, f->name), module = profile_str(t->p, f->module);
	const struct frame_line *line = &t->p->lines[f->line];
	struct place place = {.line = line->line};
	struct function function = {.start = line->start};
	uint32_t id;
	int r;

	buf_clear(&t->scratch);
	module = pprof_module_out(module, (enum frame_kind)f->kind);
	r = pprof_tables_mapping(t, module, &place.mapping);
	if (r)
		return r;
	buf_clear(&t->scratch);
	if (!name.len) {
		pprof_add_stub(&t->scratch, module);
		r = intern_add(&t->strings, t->scratch.data, t->scratch.len, &id);
		function.name = id;
	} else {
		r = pprof_tables_string(t, name, &function.name);
	}
	if (!r)
		r = pprof_tables_string(t, profile_str(t->p, line->file), &function.file);
	if (!r)
		r = intern_add(&t->functions, &function, sizeof(function), &place.function);
	place.function++;
	if (!r)
		r = intern_add(&t->locations, &place, sizeof(place), &id);
	if (!r)
		*ret = id + 1;
	return r;
}

int pprof_tables_location(struct pprof_tables *t, uint32_t frame, uint32_t *ret)
{
	int r = 0;

	if (!t->location_of[frame])
		r = add_location(t, &t->p->frames[frame], &t->location_of[frame]);
	*ret = t->location_of[frame];
	return r;
}

/* Mappings, functions and locations. */
static int add_tables(const struct pprof_tables *t, struct arena *arena,
		      Perftools__Profiles__Profile *pb)
{
	uint32_t n_map = intern_cnt(&t->mappings), n_loc = intern_cnt(&t->locations),
		 n_fun = intern_cnt(&t->functions);
	Perftools__Profiles__Mapping *maps = arena_zalloc(arena, n_map + 1, sizeof(*maps));
	Perftools__Profiles__Location *locs = arena_zalloc(arena, n_loc + 1, sizeof(*locs));
	Perftools__Profiles__Line *lines = arena_zalloc(arena, n_loc + 1, sizeof(*lines));
	Perftools__Profiles__Function *funs = arena_zalloc(arena, n_fun + 1, sizeof(*funs));
	Perftools__Profiles__Line **line_at;

	pb->mapping = arena_zalloc(arena, n_map + 1, sizeof(*pb->mapping));
	pb->location = arena_zalloc(arena, n_loc + 1, sizeof(*pb->location));
	pb->function = arena_zalloc(arena, n_fun + 1, sizeof(*pb->function));
	line_at = arena_zalloc(arena, n_loc + 1, sizeof(*line_at));
	if (arena->full)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_map; i++) {
		perftools__profiles__mapping__init(&maps[i]);
		maps[i].id = i + 1;
		memcpy(&maps[i].filename, intern_get(&t->mappings, i).p, sizeof(int64_t));
		maps[i].has_functions = true;
		pb->mapping[pb->n_mapping++] = &maps[i];
	}
	for (uint32_t i = 0; i < n_fun; i++) {
		struct function function;

		memcpy(&function, intern_get(&t->functions, i).p, sizeof(function));
		perftools__profiles__function__init(&funs[i]);
		funs[i].id = i + 1;
		funs[i].name = funs[i].system_name = function.name;
		funs[i].filename = function.file;
		funs[i].start_line = function.start;
		pb->function[pb->n_function++] = &funs[i];
	}
	for (uint32_t i = 0; i < n_loc; i++) {
		struct place place;

		memcpy(&place, intern_get(&t->locations, i).p, sizeof(place));
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

static int add_string_table(const struct pprof_tables *t, struct arena *arena,
			    Perftools__Profiles__Profile *pb)
{
	uint32_t n = intern_cnt(&t->strings);

	pb->string_table = arena_zalloc(arena, n, sizeof(*pb->string_table));
	if (!pb->string_table)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		struct str s = intern_get(&t->strings, i);

		pb->string_table[i].data = (uint8_t *)(uintptr_t)s.p;
		pb->string_table[i].len = s.len;
	}
	pb->n_string_table = n;
	return 0;
}

int pprof_tables_init(struct pprof_tables *t, const struct profile *p, size_t max_text,
		      size_t max_bytes)
{
	int64_t empty;

	*t = (struct pprof_tables){.p = p, .max_text = max_text};
	intern_init(&t->strings, UINT32_MAX, max_bytes);
	intern_init(&t->functions, UINT32_MAX, max_bytes);
	intern_init(&t->mappings, UINT32_MAX, max_bytes);
	intern_init(&t->locations, UINT32_MAX, max_bytes);
	buf_init(&t->scratch, max_bytes);
	t->location_of = calloc((size_t)p->frame_cnt + 1, sizeof(*t->location_of));
	return t->location_of ? pprof_tables_string(t, STR_LIT(""), &empty) : -ENOMEM;
}

void pprof_tables_release(struct pprof_tables *t)
{
	intern_release(&t->strings);
	intern_release(&t->functions);
	intern_release(&t->mappings);
	intern_release(&t->locations);
	buf_release(&t->scratch);
	free(t->location_of);
}

int pprof_tables_fill(const struct pprof_tables *t, struct arena *arena,
		      Perftools__Profiles__Profile *pb)
{
	int r = add_tables(t, arena, pb);

	return r ? r : add_string_table(t, arena, pb);
}
