// SPDX-License-Identifier: Apache-2.0
/*
 * Locations into frames, and lists of locations into stacks. Every number that points into a table
 * is checked where it is used, and the message says whose it was.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/text.h"
#include "format/pprof_names.h"
#include "format/pprof_reader.h"

#define MAX_DEPTH 65535 /* as folded text has it */

static int add_id(struct pprof_reader *s, struct idmap *m, uint64_t id, size_t i, const char *what)
{
	if (!id)
		return err_set(s->err, EINVAL, "%s %zu has the id 0", what, i);
	if (idmap_get(m, id, NULL))
		return err_set(s->err, EINVAL, "two %ss have the id %" PRIu64, what, id);
	return idmap_put(m, id, i) ? err_set(s->err, ENOMEM, "out of memory") : 0;
}

static int index_tables(struct pprof_reader *s)
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

static int get_function(struct pprof_reader *s, const Perftools__Profiles__Location *loc,
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
	r = pprof_string(s, f->name, "function", f->id, ret);
	if (!r && !ret->len)
		r = pprof_string(s, f->system_name, "function", f->id, ret);
	*ret_at = (struct source_line){.line = line_number(line->line),
				       .start = line_number(f->start_line)};
	if (!r)
		r = pprof_string(s, f->filename, "function", f->id, &ret_at->file);
	return r;
}

static int get_module(struct pprof_reader *s, const Perftools__Profiles__Location *loc,
		      struct str *ret, enum frame_kind *ret_kind)
{
	struct str filename = STR_LIT("");
	uint64_t i;
	int r = 0;

	if (idmap_get(&s->mappings, loc->mapping_id, &i))
		r = pprof_string(s, s->pb->mapping[i]->filename, "mapping", loc->mapping_id,
				 &filename);
	else
		s->report->unknown_mappings += loc->mapping_id != 0;
	*ret = pprof_module_in(filename, ret_kind);
	return r;
}

static int add_frame(struct pprof_reader *s, struct str name, struct str module,
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
	return r ? pprof_fail_build(s, r) : 0;
}

/* The last line of a location is the physical function, those before it were inlined into it. */
static int make_spot(struct pprof_reader *s, size_t i)
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

static int make_spots(struct pprof_reader *s)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < s->pb->n_location; i++)
		n += s->pb->location[i]->n_line + 1;
	if (n > UINT32_MAX)
		return pprof_fail_build(s, -ENOSPC);
	s->spots = calloc(s->pb->n_location + 1, sizeof(*s->spots));
	s->frames = calloc(n + 1, sizeof(*s->frames));
	if (!s->spots || !s->frames)
		return pprof_fail_build(s, -ENOMEM);
	for (size_t i = 0; !r && i < s->pb->n_location; i++)
		r = make_spot(s, i);
	return r;
}

int pprof_make_frames(struct pprof_reader *s)
{
	int r = index_tables(s);

	return r ? r : make_spots(s);
}

static int check_depth(struct pprof_reader *s, size_t depth, uint64_t n)
{
	if (depth > MAX_DEPTH)
		return err_set(s->err, EINVAL, "sample %" PRIu64 " is deeper than %d frames", n,
			       MAX_DEPTH);
	if (depth > s->frames_left)
		return err_set(s->err, EFBIG,
			       "sample %" PRIu64 ": the stacks unfold into more than %d frames for "
			       "each byte: refused",
			       n, PPROF_FRAMES_PER_BYTE);
	return 0;
}

int pprof_make_stack(struct pprof_reader *s, const Perftools__Profiles__Sample *in, uint64_t n,
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
				return pprof_fail_build(s, r);
		}
	}
	s->frames_left -= depth;
	*ret = node;
	return 0;
}
