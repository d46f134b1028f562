/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jitmap.h - the text of one perf-PID.map, made searchable.
 *
 * Regions may overlap, because a JIT reuses memory: the later line wins where they do. Constant
 * once made.
 */
#ifndef SYM_JITMAP_H
#define SYM_JITMAP_H

#include "base/compiler.h"

struct jitmap;

/*
 * Takes `text` (malloc'ed, len bytes and a NUL) in any case. Lines that make no sense, and the
 * oldest over `max_lines`, are skipped and counted in *ret_rejected. 0 or -ENOMEM.
 */
int must_check jitmap_parse(char *text, size_t len, size_t max_lines, struct jitmap **ret,
			    uint64_t *ret_rejected);
void jitmap_free(struct jitmap *map); /* NULL is fine */

/* Borrowed, valid as long as the map. */
bool jitmap_find(const struct jitmap *map, uint64_t address, struct str *ret_name);

size_t jitmap_bytes(const struct jitmap *map); /* of memory */

#endif
