/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaves.h - the unwind rules of files in the arena: directories, and the leaves of chunks that
 * somebody was seen in.
 *
 * A directory stands for the code of one mapping of a file, and is shared by all processes that map
 * it so. It is born with all its leaves unknown; a walk that comes to such a place has them loaded,
 * with their neighbours. When room runs short the leaves that nobody has looked at for longest go,
 * and with their last leaf the directories that no process has any more. Single thread.
 */
#ifndef UNWIND_LEAVES_H
#define UNWIND_LEAVES_H

#include "base/compiler.h"
#include "unwind/units.h"

struct image;
struct leaves;

/* Borrows the arena. */
int must_check leaves_new(struct units *units, uint32_t max_dirs, struct leaves **ret);
void leaves_free(struct leaves *l); /* NULL is fine */

/*
 * The directory for `cnt` (1 to UNWIND_MAX_LEAVES) chunks of a file from first_chunk on: its unit,
 * with a reference for leaves_put(); 0 when there is no room.
 */
uint32_t leaves_get(struct leaves *l, uint32_t image_id, uint32_t first_chunk, uint32_t cnt);
void leaves_put(struct leaves *l, uint32_t dir);

/*
 * Loads the leaf of the `index`th chunk of a directory, of which `image` is the file, and some
 * around it. 0, also when there are no rules there; -EAGAIN: no time now; -ENOSPC: no room now;
 * -errno of reading the file, after which its code counts as without rules for some minutes.
 */
int must_check leaves_load(struct leaves *l, uint32_t dir, uint32_t index, struct image *image);

/* Once a second or so, before units_tick(); leaves are marked with `tick` from now on. */
void leaves_tick(struct leaves *l, uint16_t tick);

struct leaves_stats {
	size_t dirs;
	size_t leaves;
	uint64_t loaded;  /* leaves, ever */
	uint64_t evicted; /* leaves, ever */
	uint64_t invalid; /* leaves that did not pass their check, ever */
	uint64_t no_room; /* loads that found no room */
};

void leaves_stats(const struct leaves *l, struct leaves_stats *ret);

#endif
