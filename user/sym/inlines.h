/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inlines.h - the line of source at a place, and the functions that a compiler has put there.
 *
 * They are asked for place by place (elf/linecache.h) and remembered: the first question to a file
 * takes as long as its DWARF is large. Not thread-safe.
 */
#ifndef SYM_INLINES_H
#define SYM_INLINES_H

#include "base/compiler.h"
#include "elf/lines.h"
#include "elf/place.h"

struct inlines;
struct sandbox;

struct inlines_opts {
	struct sandbox *sandbox; /* borrowed, with JOB_LINES; NULL: ask in this process */
	uint32_t max_places;	 /* that are remembered */
	uint32_t max_names;
	size_t max_bytes; /* of names and files */
};

extern const struct inlines_opts inlines_opts_default; /* without a sandbox */

int must_check inlines_new(const struct inlines_opts *opts, struct inlines **ret);
void inlines_free(struct inlines *in); /* NULL is fine */

/*
 * The functions at a place, the outermost first, each with its line: how many, borrowed until the
 * next call; 0 where nobody knows. The first one is the symbolizer's to name, the others are inlined
 * into it.
 */
size_t inlines_at(struct inlines *in, const struct place *place,
		  struct lines_frame frames[LINES_MAX_FRAMES]);

/* After inlines_at() said 0: it may say something else later, since there was no child to ask. */
bool inlines_was_put_off(const struct inlines *in);

struct inlines_stats {
	uint64_t places; /* asked for, those that were remembered not counted */
	uint64_t found;	 /* of them with a line */
	uint64_t files, failed_files;
};

void inlines_stats(const struct inlines *in, struct inlines_stats *ret);

#endif
