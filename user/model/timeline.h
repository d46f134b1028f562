/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline.h - how much CPU each process took in each window: what blame works on, without any
 * stack.
 *
 * Entities are numbered 0 … entity_cnt-1 by name (bytewise), windows 0 … window_cnt-1 by start
 * time. The cells of an entity are sorted by window; a window in which it did not run has none.
 * Made by timeline_new(), filled, sealed; read-only after that.
 *
 *	for (const struct timeline_chunk *k = t->rows[e].first; k; k = k->next)
 *		for (uint32_t i = 0; i < k->cnt; i++)
 *			… k->cells[i].window, k->cells[i].weight
 */
#ifndef MODEL_TIMELINE_H
#define MODEL_TIMELINE_H

#include "base/compiler.h"
#include "base/intern.h"
#include "model/matcher.h"
#include "model/profile.h"

struct timeline_window {
	int64_t start_ns;
	uint64_t length_ns;   /* 0 = unknown */
	uint64_t capacity_ns; /* length x CPUs; 0 = unknown */
	uint64_t cnt;	      /* samples kept */
	uint64_t lost;	      /* whole samples lost */
	struct pressure pressure[PRESSURE_CNT];
};

/* Twelve bytes, not sixteen: a week of a busy machine has twenty million of them, and memory is what
 * they cost. */
struct timeline_cell {
	uint32_t window;
	uint64_t weight; /* CPU nanoseconds or samples, as the unit says */
} __attribute__((packed, aligned(4)));

/* Some cells of an entity. */
struct timeline_chunk {
	struct timeline_chunk *next;
	uint32_t cnt; /* at least one */
	struct timeline_cell cells[];
};

/* All cells of an entity, by window, no window twice. */
struct timeline_row {
	struct timeline_chunk *first; /* NULL: it has no cell */
	struct timeline_chunk *last;  /* private, as is what follows */
	struct timeline_cell *next;   /* the place of its next cell, */
	uint32_t room;		      /* of so many in the last chunk, until sealed */
	uint32_t window;	      /* of its last cell */
	bool is_unordered;
};

struct timeline {
	enum profile_unit unit;
	struct timeline_window *windows;
	struct timeline_row *rows; /* entity_cnt of them; from the seal on */
	uint32_t window_cnt, entity_cnt;
	size_t cell_cnt;
	struct intern names;	     /* private until sealed; then timeline_name() */
	uint32_t *name_of;	     /* private: entity -> name */
	struct timeline_slab *slabs; /* private: where the chunks lie */
	size_t window_cap, row_cap;  /* private */
	uint32_t row_cnt;	     /* private, until sealed */
};

struct timeline *timeline_new(enum profile_unit unit); /* NULL: no memory */
void timeline_free(struct timeline *t);

/* Windows in any order; *ret_id is valid until timeline_seal(), for timeline_add() only. 0, -ENOSPC
 * or -ENOMEM. */
int must_check timeline_window(struct timeline *t, const struct timeline_window *w,
			       uint32_t *ret_id);

/* The number of the entity of that name, a new one if need be; valid until timeline_seal(). */
int must_check timeline_entity(struct timeline *t, struct str name, uint32_t *ret_id);

/* Adds weight to (entity, window); as often as one likes. Cheap where windows come by time. */
int must_check timeline_add_cell(struct timeline *t, uint32_t entity, uint32_t window,
				 uint64_t weight);

/* Both in one, for those who add little. */
int must_check timeline_add(struct timeline *t, struct str name, uint32_t window, uint64_t weight);

/* One profile as one window; entities are the values of label `group_key` of the accepted series
 * (NULL: all); a series without the label counts as "[no <key>]". */
int must_check timeline_add_profile(struct timeline *t, const struct profile *p,
				    const struct matcher *m, struct str group_key);

/*
 * Adds all of another timeline that is not sealed, behind what there is: cheap where its windows are
 * later. `other` is taken, also on failure: 0, -EINVAL when the units differ, -ENOSPC, -ENOMEM.
 */
int must_check timeline_join(struct timeline *t, struct timeline *other);

/* Sorts and merges. Nothing may be added afterwards. 0 or -ENOMEM. */
int must_check timeline_seal(struct timeline *t);

struct str timeline_name(const struct timeline *t, uint32_t entity); /* borrowed; after the seal */

/* The entity of that name, or -ENOENT. */
int timeline_find(const struct timeline *t, struct str name, uint32_t *ret_entity);

#endif
