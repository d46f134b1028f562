// SPDX-License-Identifier: Apache-2.0
#include "format/perfscript_stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "format/perfscript_line.h"
#include "format/perfscript_module.h"
#include "format/pprof_names.h"
#include "model/builder.h"

#define MAX_DEPTH  65535 /* as folded text has it */
#define CACHE_BITS 14
#define UNNAMED	   "[unknown]"

struct perfscript_known {
	struct str text; /* p NULL: free */
	uint32_t id;	 /* of the frame */
};

/* A frame of the sample at hand; one that was inlined waits for the next one's module. */
struct perfscript_pending {
	struct str symbol;
	bool is_inlined;
	uint32_t id;
};

int perfscript_stack_init(struct perfscript_stack *s)
{
	*s = (struct perfscript_stack){0};
	buf_init(&s->scratch, (size_t)1 << 32);
	s->cache = calloc((size_t)1 << CACHE_BITS, sizeof(*s->cache));
	return s->cache ? 0 : -ENOMEM;
}

void perfscript_stack_release(struct perfscript_stack *s)
{
	free(s->cache);
	free(s->frames);
	buf_release(&s->scratch);
}

static int make_frame(struct perfscript_stack *s, struct str symbol, struct str module,
		      enum frame_kind kind, uint32_t *ret)
{
	if (!symbol.len || str_eq(symbol, STR_LIT(UNNAMED))) {
		buf_clear(&s->scratch);
		pprof_add_stub(&s->scratch, module);
		symbol = buf_str(&s->scratch);
	}
	return builder_frame(s->b, symbol, module, kind, ret);
}

static int push(struct perfscript_stack *s, const struct perfscript_pending *frame)
{
	int r;

	if (s->depth == MAX_DEPTH)
		return -E2BIG;
	r = mem_grow(&s->frames, &s->cap, s->depth + 1, sizeof(*s->frames), MAX_DEPTH);
	if (!r)
		s->frames[s->depth++] = *frame;
	return r;
}

/* Frames that were inlined into this one stand right in front of it, and are in its module. */
static int name_inlined(struct perfscript_stack *s, struct str module)
{
	int r = 0;

	for (size_t i = s->depth; !r && i && s->frames[i - 1].is_inlined; i--) {
		r = make_frame(s, s->frames[i - 1].symbol, module, FRAME_INLINED,
			       &s->frames[i - 1].id);
		s->frames[i - 1].is_inlined = false;
	}
	return r;
}

/* outer->inner of a JIT: the innermost comes first here. */
static int push_unfolded(struct perfscript_stack *s, struct str symbol, struct str module)
{
	struct perfscript_pending frame = {0};
	size_t at = symbol.len;
	int r;

	do {
		while (at && !(at >= 2 && symbol.p[at - 2] == '-' && symbol.p[at - 1] == '>'))
			at--;
		r = make_frame(s, (struct str){symbol.p + at, symbol.len - at}, module,
			       at ? FRAME_INLINED : FRAME_JIT, &frame.id);
		if (!r)
			r = push(s, &frame);
		symbol.len = at ? at - 2 : 0;
		at = at ? symbol.len : SIZE_MAX;
	} while (!r && at != SIZE_MAX);
	return r;
}

int perfscript_stack_push(struct perfscript_stack *s, struct str line)
{
	uint64_t h = hash_bytes(line.p, line.len);
	struct perfscript_known *known = &s->cache[h >> (64 - CACHE_BITS)];
	struct perfscript_pending frame = {0};
	struct perfscript_frame f;
	enum frame_kind kind;
	struct str module;
	bool waits = s->depth && s->frames[s->depth - 1].is_inlined;
	int r = 0;

	if (!waits && known->text.p && str_eq(known->text, line)) {
		frame.id = known->id;
		return push(s, &frame);
	}
	if (!perfscript_parse_frame(line, &f))
		return 0;
	frame.symbol = f.symbol;
	frame.is_inlined = f.is_inlined;
	if (f.is_inlined)
		return push(s, &frame);
	module = perfscript_module(&f, &kind);
	if (waits)
		r = name_inlined(s, module);
	if (!r && kind == FRAME_JIT && memmem(f.symbol.p, f.symbol.len, "->", 2))
		return push_unfolded(s, f.symbol, module);
	if (!r)
		r = make_frame(s, f.symbol, module, kind, &frame.id);
	if (!r)
		r = push(s, &frame);
	if (!r)
		*known = (struct perfscript_known){line, frame.id};
	return r;
}

int perfscript_stack_node(struct perfscript_stack *s, uint32_t *ret_node)
{
	uint32_t node = 0;
	int r = name_inlined(s, STR_LIT(""));

	for (size_t i = s->depth; !r && i; i--)
		r = builder_stack(s->b, node, s->frames[i - 1].id, &node);
	if (!r)
		*ret_node = node;
	return r;
}
