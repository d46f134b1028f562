/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - memory that the BPF programs read, given out in units of 64 bytes.
 *
 * Each page holds objects of one size class; nothing crosses a page (culprit/unwind.h). What is
 * freed is not given out again before two ticks have passed: a program on another CPU may be
 * reading it. Bookkeeping is kept outside, since what is inside is not ours alone. Single thread.
 */
#ifndef UNWIND_ARENA_H
#define UNWIND_ARENA_H

#include <culprit/unwind.h>

#include "base/compiler.h"

struct arena;

/* `memory` (page-aligned, zeroed) is borrowed. The first page stays unused: its units mean things. */
int must_check arena_new(void *memory, size_t bytes, struct arena **ret);
void arena_free(struct arena *a); /* NULL is fine */

/* A unit for `bytes` (1 to UNWIND_PAGE), or 0 when there is no room. Not zeroed. */
uint32_t arena_alloc(struct arena *a, size_t bytes);

/* 0 is fine. */
void arena_release(struct arena *a, uint32_t unit);

/* Once a second or so: what was freed two ticks ago may be used again. */
void arena_tick(struct arena *a);

void *arena_at(const struct arena *a, uint32_t unit); /* borrows */

size_t arena_bytes(const struct arena *a);   /* all that can be given out */
size_t arena_used(const struct arena *a);    /* in pages that hold something, freed or not */
size_t arena_waiting(const struct arena *a); /* freed, not yet to be used again */

#endif
