/* SPDX-License-Identifier: Apache-2.0 */
/* sniff.h - which format are these bytes? Found out from the contents, never from a name. */
#ifndef FORMAT_SNIFF_H
#define FORMAT_SNIFF_H

#include "base/compiler.h"

enum sniff {
	SNIFF_EMPTY = 1,    /* nothing, or only blanks */
	SNIFF_FOLDED = 2,   /* text in which a line reads as a stack */
	SNIFF_WINDOWED = 3, /* the same with a `# window` line before the first stack */
	SNIFF_PPROF = 4,
	SNIFF_GZIP = 5,	  /* sniff what is inside */
	SNIFF_RAW = 6,	  /* raw records */
	SNIFF_SQLITE = 7, /* a block of a store: the directory was meant */
	SNIFF_ELF = 8,
	SNIFF_PERF = 9,		/* perf.data */
	SNIFF_TEXT = 10,	/* text, but no stack in what was looked at */
	SNIFF_BINARY = 11,	/* none of these */
	SNIFF_FLAMEBEARER = 13, /* JSON with a flamebearer in it */
	SNIFF_JSON = 14,	/* JSON of another kind, as it seems */
	SNIFF_PERFSCRIPT = 12,	/* what perf script prints */
};

/* Looks at the first SNIFF_BYTES of the bytes; pprof is also told by its whole length. */
#define SNIFF_BYTES ((size_t)1 << 20)

enum sniff sniff(struct str bytes);

/* For messages: "a pprof profile", "an SQLite database", …; a constant. */
const char *sniff_name(enum sniff kind);

#endif
