/* SPDX-License-Identifier: Apache-2.0 */
/*
 * units.h - memory that the BPF programs read, given out in units of 64 bytes.
 *
 * Each page holds objects of one size class; nothing crosses a page (culprit/unwind.h). What is
 * freed is not given out again before two ticks have passed: a program on another CPU may be
 * reading it. Bookkeeping is kept outside, since what is inside is not ours alone. Single thread.
 */
#ifndef UNWIND_UNITS_H
#define UNWIND_UNITS_H

#include <culprit/unwind.h>

#include "base/compiler.h"

struct units;

/*
 * `memory` (page-aligned, zeroed) is borrowed. The first page stays unused: its units mean things.
 * reach(arg, n) is called before anything up to byte n is touched for the first time; when it does
 * not return 0 there is no room. NULL: all of it may be touched.
 */
int must_check units_new(void *memory, size_t bytes, int (*reach)(void *arg, size_t bytes),
			 void *reach_arg, struct units **ret);
void units_free(struct units *a); /* NULL is fine */

/* A unit for `bytes` (1 to UNWIND_PAGE), or 0 when there is no room. Not zeroed. */
uint32_t units_alloc(struct units *a, size_t bytes);

/* 0 is fine. */
void units_release(struct units *a, uint32_t unit);

/* Once a second or so: what was freed two ticks ago may be used again. */
void units_tick(struct units *a);

void *units_at(const struct units *a, uint32_t unit); /* borrows */

size_t units_bytes(const struct units *a);   /* all that can be given out */
size_t units_used(const struct units *a);    /* in pages that hold something, freed or not */
size_t units_waiting(const struct units *a); /* freed, not yet to be used again */

#endif
