/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pprof_tables.h - the strings, functions, mappings and locations of a pprof that is being written:
 * each once, numbered in the order in which they are asked for. For the writer only.
 *
 * A location has one line and no address, a mapping a name and no range: names are all we keep of a
 * frame. What has no name is called by its module.
 */
#ifndef FORMAT_PPROF_TABLES_H
#define FORMAT_PPROF_TABLES_H

#include "base/buf.h"
#include "base/intern.h"
#include "format/arena.h"
#include "model/profile.h"
#include "profile.pb-c.h"

struct pprof_tables { /* private */
	const struct profile *p;
	size_t max_text;
	struct intern strings, functions, mappings, locations; /* number - 1; strings: number */
	struct buf scratch;
	uint32_t *location_of; /* by frame; 0 = none yet */
};

/* Texts are cut to max_text bytes; a table may have max_bytes. Borrows the profile. 0 or -ENOMEM; to be
 * released in any case. */
int must_check pprof_tables_init(struct pprof_tables *t, const struct profile *p, size_t max_text,
				 size_t max_bytes);
void pprof_tables_release(struct pprof_tables *t);

/* The number of a text, cleaned if need be. 0, -ENOMEM or -ENOSPC. */
int must_check pprof_tables_string(struct pprof_tables *t, struct str s, int64_t *ret);

/* That of a module's mapping, from 1; 0 for no module. */
int must_check pprof_tables_mapping(struct pprof_tables *t, struct str module, uint32_t *ret);

/* That of a frame's location, from 1. */
int must_check pprof_tables_location(struct pprof_tables *t, uint32_t frame, uint32_t *ret);

/* Puts all of it into the message, which borrows the texts. */
int must_check pprof_tables_fill(const struct pprof_tables *t, struct arena *arena,
				 Perftools__Profiles__Profile *pb);

#endif
