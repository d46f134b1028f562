/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mappings.h - the executable mappings of one address space: which file is behind an address.
 *
 * A sorted array of ranges that do not overlap. A new range replaces what it overlaps, as
 * mmap(MAP_FIXED) does; neighbours that continue each other become one. Tables are shared by
 * reference count between a process and its forks and copied when one of them changes. munmap is
 * not reported by the kernel: a range stays until something else takes its place. Single thread.
 */
#ifndef PROC_MAPPINGS_H
#define PROC_MAPPINGS_H

#include "base/compiler.h"
#include "elf/place.h"
#include "proc/rcstr.h"

struct image;

struct mapping {
	uint64_t start;
	uint64_t end;	      /* exclusive */
	uint64_t pgoff;	      /* file offset of start; 0 for PLACE_ANON */
	struct image *image;  /* PLACE_FILE: a reference; else NULL */
	struct rcstr *name;   /* PLACE_NO_FILE: a reference; else NULL */
	enum place_kind kind; /* PLACE_FILE, PLACE_NO_FILE or PLACE_ANON */
};

struct mappings; /* NULL is the empty table everywhere below */

/* Of all tables that are made with it, which it outlives. */
struct mappings_limits {
	size_t max_cnt;	  /* ranges of one table */
	size_t max_room;  /* for how many ranges all tables together have memory, about */
	size_t room;	  /* private: they have so much now */
	uint64_t version; /* private: the last one that was given to a table */
};

struct mappings *mappings_ref(struct mappings *m);
void mappings_unref(struct mappings *m);

/*
 * Puts a range into *m, which is copied first if somebody shares it. Copies *add and takes
 * references of its own. 0; -ENOSPC when the table would exceed max_cnt: what was overlapped is
 * gone then, but the new range (or the upper rest of a range that was cut in two) is not kept; or
 * when there is no room for it in all: nothing has changed then, nor has it with -ENOMEM.
 */
int must_check mappings_add(struct mappings **m, const struct mapping *add,
			    struct mappings_limits *limits);

/* The range that addr is in, borrowed until the next change; or NULL. */
const struct mapping *mappings_find(const struct mappings *m, uint64_t addr);

size_t mappings_cnt(const struct mappings *m);

/* Changes with every change: tables of one version are the same. 0: the empty table. */
uint64_t mappings_version(const struct mappings *m);
const struct mapping *mappings_get(const struct mappings *m,
				   size_t i); /* in the order of addresses */

/* Is there code without a file? Then a perf-PID.map may exist. */
bool mappings_has_anon(const struct mappings *m);

#endif
