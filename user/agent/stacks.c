// SPDX-License-Identifier: Apache-2.0
#include "agent/stacks.h"

#include <errno.h>

#include "base/text.h"
#include "elf/image.h"
#include "model/builder.h"
#include "proc/mappings.h"
#include "proc/registry.h"
#include "sym/inlines.h"
#include "sym/symbolizer.h"
#include "unwind/unwinder.h"

#define MAX_KNOWN 16384 /* places of one window */

/* Frames of one stack beside those that have addresses. */
#define MAX_INLINED (3 * (WIRE_MAX_KERNEL_FRAMES + WIRE_MAX_USER_FRAMES))

void stacks_init(struct stacks *st, struct agg *agg, struct symbolizer *symbolizer,
		 struct inlines *inlines, bool no_kernel_frames)
{
	st->agg = agg;
	st->symbolizer = symbolizer;
	st->inlines = inlines;
	st->no_kernel_frames = no_kernel_frames;
	idmap_init(&st->known, MAX_KNOWN);
}

void stacks_forget(struct stacks *st)
{
	idmap_release(&st->known);
}

/*
 * The key under which a place's frame is remembered; false for places whose name may change, or
 * that are rare. Kernel addresses are above all (image, offset) pairs that are remembered.
 */
static bool place_key(const struct place *place, uint64_t *ret_key)
{
	uint64_t id;

	switch (place->kind) {
	case PLACE_NONE:
		*ret_key = UINT64_MAX;
		return true;
	case PLACE_KERNEL:
		*ret_key = place->offset;
		return place->offset >> 63 && place->offset != UINT64_MAX;
	case PLACE_FILE:
		id = image_id(place->image);
		*ret_key = id << 32 | place->offset;
		return !(place->offset >> 32) && !(id >> 31);
	default:
		return false;
	}
}

static enum loss frame_loss(const struct place *place, const struct symbol *symbol)
{
	if (place->kind == PLACE_NONE)
		return LOSS_NO_MAPPING;
	return symbol->named ? LOSS_NONE : LOSS_NO_SYMBOL;
}

/* The line of source at a place, if that is wanted and known. */
static const struct source_line *line_at(struct stacks *st, const struct place *place,
					 struct source_line *line)
{
	struct lines_frame frames[LINES_MAX_FRAMES];

	if (!st->inlines || !inlines_at(st->inlines, place, frames))
		return NULL;
	*line = (struct source_line){frames[0].file, frames[0].line, frames[0].start};
	return line;
}

/* Having been looked up, it stays the same as long as the mappings do, and its line as well. */
static bool is_lasting(const struct stacks *st, const struct place *place)
{
	if (st->inlines && inlines_was_put_off(st->inlines))
		return false;
	return place->kind == PLACE_NONE || place->kind == PLACE_NO_FILE ||
	       (place->kind == PLACE_FILE && !image_is_pending(place->image));
}

/*
 * The frame of a place in the window that is open, and what each sample with it loses. 0, or what
 * agg_frame() says.
 */
static int name_frame(struct stacks *st, const struct place *place, uint32_t *ret_frame,
		      enum loss *ret_loss)
{
	uint64_t key, value;
	struct source_line line;
	struct symbol symbol;
	bool cached = place_key(place, &key);
	int r;

	if (!cached || !idmap_get(&st->known, key, &value)) {
		symbolizer_name(st->symbolizer, place, &symbol);
		r = agg_frame(st->agg,
			      &(struct agg_frame){symbol.name, symbol.module, symbol.kind,
						  line_at(st, place, &line)},
			      ret_frame);
		if (r)
			return r;
		value = (uint64_t)frame_loss(place, &symbol) << 32 | *ret_frame;
		/* a full table costs time, nothing else */
		if (cached && is_lasting(st, place) && idmap_put(&st->known, key, value) == -ENOMEM)
			return -ENOMEM;
	}
	*ret_frame = (uint32_t)value;
	*ret_loss = value >> 32;
	return 0;
}

/* A stack in the making: the node of the window that it has come to. */
struct trunk {
	uint32_t node;
	size_t inlined; /* frames of it that have no address of their own */
};

/* The functions that are inlined at a place, as far as there is room, after the one they are in. */
static int add_inlined(struct stacks *st, const struct place *place, struct trunk *t)
{
	struct lines_frame frames[LINES_MAX_FRAMES];
	size_t found = inlines_at(st->inlines, place, frames);
	uint32_t frame;
	int r = 0;

	for (size_t i = 1; i < found && !r && t->inlined < MAX_INLINED; i++) {
		const struct source_line line = {frames[i].file, frames[i].line, frames[i].start};

		t->inlined++;
		r = agg_frame(st->agg,
			      &(struct agg_frame){frames[i].name, image_module(place->image),
						  FRAME_INLINED, &line},
			      &frame);
		if (!r)
			r = agg_stack(st->agg, t->node, frame, &t->node);
	}
	return r;
}

static int add_frame(struct stacks *st, const struct place *place, struct trunk *t,
		     enum loss *ret_loss)
{
	uint32_t frame;
	int r = name_frame(st, place, &frame, ret_loss);

	if (!r)
		r = agg_stack(st->agg, t->node, frame, &t->node);
	if (!r && *ret_loss)
		agg_lost(st->agg, *ret_loss, 1);
	return r;
}

static int add_user_frames(struct stacks *st, const struct process *process,
			   const struct wire_sample *s, const struct unwind_stack *user,
			   struct trunk *t)
{
	struct stem *stem = stems_get(&st->stems, s->tid, st->known_in,
				      mappings_version(process_mappings(process)));
	int r = 0;

	for (size_t i = user->cnt; !r && i-- > 0;) {
		uint64_t addr = user->pcs[i] - (i ? 1 : 0);
		uint32_t depth = (uint32_t)(user->cnt - 1 - i);
		const struct stem_step *known = stem_follow(stem, depth, addr);
		struct place place;
		enum loss loss;

		if (known) {
			t->node = known->node;
			if (known->loss)
				agg_lost(st->agg, known->loss, 1);
			continue;
		}
		process_place(process, addr, &place);
		r = add_frame(st, &place, t, &loss);
		if (!r && st->inlines) /* may be known better the next time */
			r = add_inlined(st, &place, t);
		else if (!r && is_lasting(st, &place))
			stem_put(stem, depth, &(struct stem_step){addr, t->node, loss});
	}
	return r;
}

/* What stands for the user stack of a process that is between two programs. */
static int add_exec_frame(struct stacks *st, struct trunk *t)
{
	static const struct agg_frame frame = {STR_LIT("[exec]"), STR_LIT(""), FRAME_USER, NULL};
	uint32_t id;
	int r = agg_frame(st->agg, &frame, &id);

	if (!r)
		r = agg_stack(st->agg, t->node, id, &t->node);
	if (!r)
		agg_lost(st->agg, LOSS_IN_EXEC, 1);
	return r;
}

/* Frames of an older window are not its own. */
static void follow_window(struct stacks *st)
{
	if (st->known_in == agg_sealed(st->agg))
		return;
	idmap_clear(&st->known);
	st->known_in = agg_sealed(st->agg);
}

int stacks_name(struct stacks *st, const struct process *process, const struct wire_sample *s,
		size_t kernel_cnt, const struct unwind_stack *user, uint32_t *ret_node)
{
	struct trunk t = {0};
	enum loss loss;
	int r;

	follow_window(st);
	r = s->h.flags & WIRE_F_IN_EXEC ? add_exec_frame(st, &t)
					: add_user_frames(st, process, s, user, &t);
	for (size_t i = st->no_kernel_frames ? 0 : kernel_cnt; !r && i-- > 0;) {
		struct place place = {.kind = PLACE_KERNEL, .offset = s->pcs[i] - (i ? 1 : 0)};

		r = add_frame(st, &place, &t, &loss);
	}
	*ret_node = t.node;
	return r;
}
