/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jitmap.h - what one perf-PID.map says, made searchable.
 *
 * The text is parsed elsewhere (sym/jitparse.h), usually in a sandbox, into a table: a head, spans
 * sorted by address that do not overlap, the names one after the other. The table comes from whoever
 * may have taken the parser over, so it is checked before it is searched. Constant once made.
 */
#ifndef SYM_JITMAP_H
#define SYM_JITMAP_H

#include "base/compiler.h"

struct jitmap;

/* The table's layout: between forks of one program, never on disk, so in its own byte order. */
struct jitmap_head {
	uint32_t span_cnt;
	uint32_t names_len;
	uint64_t rejected_lines; /* that make no sense, or the oldest over the limit */
	uint64_t is_cut;	 /* 1: only the end of a file that is too large */
};

struct jitmap_span {
	uint64_t start, end; /* [start, end) */
	uint32_t name;	     /* offset into the names */
	uint32_t len;
};

/* Takes `table` (malloc'ed, len bytes) in any case. 0, -EBADMSG for one that is not right, -ENOMEM. */
int must_check jitmap_load(char *table, size_t len, struct jitmap **ret);
void jitmap_free(struct jitmap *map); /* NULL is fine */

/* Borrowed, valid as long as the map. */
bool jitmap_find(const struct jitmap *map, uint64_t address, struct str *ret_name);

const struct jitmap_head *jitmap_head(const struct jitmap *map); /* borrowed */
size_t jitmap_bytes(const struct jitmap *map);			 /* of memory */

#endif
