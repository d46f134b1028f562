// SPDX-License-Identifier: Apache-2.0
#include "format/folded_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "format/folded.h"
#include "format/folded_line.h"
#include "model/builder.h"

#define CACHE_BITS 14
#define IS_SERIES  UINT32_MAX /* as kind: the text is a process, the id a series */

struct folded_known {
	const char *p; /* the builder's copy of the text */
	uint32_t len;
	uint32_t kind; /* enum frame_kind, or IS_SERIES */
	uint32_t id;   /* of the frame */
	uint32_t generation;
};

/* Where a frame of the stack before ends in it, and what it became. */
struct folded_level {
	uint32_t end;
	uint32_t id; /* node, or the series for the process frame */
};

int folded_walk_init(struct folded_walk *w, const struct folded_opts *opts)
{
	*w = (struct folded_walk){.opts = opts};
	buf_init(&w->kept, (size_t)1 << 33);
	buf_init(&w->scratch, (size_t)1 << 33);
	w->cache = calloc((size_t)1 << CACHE_BITS, sizeof(*w->cache));
	return w->cache ? 0 : -ENOMEM;
}

void folded_walk_release(struct folded_walk *w)
{
	free(w->levels);
	free(w->cache);
	buf_release(&w->kept);
	buf_release(&w->scratch);
}

static int make_series(struct folded_walk *w, struct str process, uint32_t *ret_id)
{
	size_t n = w->opts->label_cnt;
	struct str labels[64][2] = {{STR_LIT(LABEL_PROCESS), process}};

	if (!process.len)
		labels[0][1] = STR_LIT("[unknown]");
	if (n >= ARRAY_SIZE(labels))
		return -ENOSPC;
	for (size_t i = 0; i < n; i++) {
		labels[i + 1][0] = w->opts->labels[i][0];
		labels[i + 1][1] = w->opts->labels[i][1];
	}
	return builder_series(w->b, (const struct str(*)[2])labels, n + 1, ret_id);
}

int folded_walk_start(struct folded_walk *w, struct builder *b)
{
	w->b = b;
	w->generation++;
	w->depth = 0;
	return w->opts->no_process_frame ? make_series(w, w->opts->process, &w->series) : 0;
}

static int unescape(struct folded_walk *w, struct str *text)
{
	int r;

	if (!w->is_escaped || !text->len || !memchr(text->p, '%', text->len))
		return 0;
	buf_clear(&w->scratch);
	folded_unescape(*text, &w->scratch);
	r = buf_error(&w->scratch);
	if (!r)
		*text = buf_str(&w->scratch);
	return r;
}

/* The cache did not know it: asks the builder. */
static int find_frame(struct folded_walk *w, struct str text, uint32_t kind,
		      struct folded_known *slot)
{
	uint32_t string;
	int r;

	slot->generation = 0;
	r = builder_string(w->b, text, &string);
	if (!r && kind == IS_SERIES)
		r = make_series(w, text, &slot->id);
	else if (!r)
		r = builder_frame(w->b, text, STR_LIT(""), kind, &slot->id);
	if (r)
		return r;
	slot->p = builder_text(w->b, string).p;
	slot->len = (uint32_t)text.len;
	slot->kind = kind;
	slot->generation = w->generation;
	return 0;
}

/* The frame's number, or the series' when it is the process. */
static int look_up(struct folded_walk *w, struct str text, bool is_process, uint32_t *ret_id)
{
	uint32_t kind = FRAME_UNKNOWN;
	struct folded_known *slot;
	int r;

	if (is_process)
		kind = IS_SERIES;
	else if (w->opts->annotations)
		(void)folded_strip_kind(text, &kind);
	else
		text = folded_strip_kind(text, &kind);
	r = unescape(w, &text);
	if (r)
		return r;
	slot = &w->cache[hash_bytes(text.p, text.len) >> (64 - CACHE_BITS)];
	if (slot->generation != w->generation || slot->len != text.len || slot->kind != kind ||
	    memcmp(slot->p, text.p, text.len)) {
		r = find_frame(w, text, kind, slot);
		if (r)
			return r;
	}
	*ret_id = slot->id;
	return 0;
}

/* How many frames the stack shares with the one before, from the root. */
static uint32_t shared_levels(const struct folded_walk *w, struct str stack)
{
	size_t n = stack.len < w->last.len ? stack.len : w->last.len;
	size_t m = w->depth ? folded_common_prefix(stack.p, w->last.p, n) : 0;
	uint32_t depth = w->depth;
	bool ends_here =
		(m == stack.len || stack.p[m] == ';') && (m == w->last.len || w->last.p[m] == ';');

	while (depth &&
	       (w->levels[depth - 1].end > m || (w->levels[depth - 1].end == m && !ends_here)))
		depth--;
	return depth;
}

static int add_level(struct folded_walk *w, struct str text, size_t end)
{
	bool has_process = !w->opts->no_process_frame;
	struct folded_level *level;
	uint32_t id;
	int r;

	if (w->depth == FOLDED_MAX_DEPTH)
		return -E2BIG;
	r = mem_grow(&w->levels, &w->level_cap, (size_t)w->depth + 1, sizeof(*w->levels),
		     FOLDED_MAX_DEPTH);
	if (!r)
		r = look_up(w, text, has_process && !w->depth, &id);
	if (r)
		return r;
	level = &w->levels[w->depth];
	level->end = (uint32_t)end;
	level->id = id;
	if (w->depth || !has_process)
		r = builder_stack(w->b, w->depth > has_process ? level[-1].id : 0, id, &level->id);
	w->depth += !r;
	return r;
}

int folded_walk_stack(struct folded_walk *w, struct str stack, uint32_t *ret_series,
		      uint32_t *ret_node)
{
	bool has_process = !w->opts->no_process_frame;
	size_t at;

	w->depth = shared_levels(w, stack);
	w->last = stack;
	at = w->depth ? (size_t)w->levels[w->depth - 1].end + 1 : 0;
	while (at <= stack.len) {
		const char *end = memchr(stack.p + at, ';', stack.len - at);
		size_t to = end ? (size_t)(end - stack.p) : stack.len;
		int r = add_level(w, (struct str){stack.p + at, to - at}, to);

		if (r) {
			w->depth = r == -E2BIG ? 0 : w->depth;
			return r;
		}
		at = to + 1;
	}
	*ret_series = has_process ? w->levels[0].id : w->series;
	*ret_node = w->depth > has_process ? w->levels[w->depth - 1].id : 0;
	return 0;
}

void folded_walk_keep(struct folded_walk *w)
{
	if (!w->depth || w->last.p == w->kept.data)
		return;
	buf_clear(&w->kept);
	buf_add(&w->kept, w->last.p, w->last.len);
	if (buf_error(&w->kept))
		w->depth = 0; /* the next stack is compared with nothing */
	w->last = buf_str(&w->kept);
}
