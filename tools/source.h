/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - reading a SOURCE of the command line, with its warnings on stderr. */
#ifndef TOOLS_SOURCE_H
#define TOOLS_SOURCE_H

#include "model/matcher.h"
#include "model/profile.h"
#include "opt.h"

/* How files are read: the options that all commands that read files share. */
struct source_reading {
	const char *type;   /* which of several events or sample types; NULL: the usual one */
	double max_rejects; /* percent of lines */
	bool annotations;   /* _[k] and its like are part of a name */
};

#define SOURCE_READING_DEFAULTS  \
	{                        \
		.max_rejects = 1 \
	}

/* clang-format off */
/* Rows of a table of options, for a struct source_reading in a configuration struct. */
#define SOURCE_READING_OPTS(config, member) \
	{"type", 0, OPT_STRING, offsetof(config, member.type), "NAME", \
	 "which sample type of pprof, or event of perf script, to take", 0, 0}, \
	{"annotations", 0, OPT_FLAG, offsetof(config, member.annotations), NULL, \
	 "folded stacks: f and f_[k] are two functions, not one", 0, 0}, \
	{"max-rejects", 0, OPT_REAL, offsetof(config, member.max_rejects), "PERCENT", \
	 "of the lines of a file that may be unreadable (default 1)", 0, 100}
/* clang-format on */

struct source_query {
	const struct source_reading *reading; /* NULL: as by default */
	const struct opt_ranges *ranges;      /* NULL or none: all of it */
	const struct matcher *matcher;	      /* NULL: all series */
	int column;   /* of a file that holds both sides of a diff: 1 or 2; 0: it does not */
	bool moments; /* with the times of single samples, where there are any */
	bool exact;   /* source_read() of a store: the samples in the ranges, not whole windows */
	bool untimed; /* source_each(): a file that bears no time is one window at time 0 */
	bool quiet;   /* no warnings: it is read again */

	/* of a Pyroscope-compatible backend (pyroscope.h) */
	bool levels;	  /* source_each(): windows that say how busy each was are enough */
	const char *key;  /* label whose values are told apart; NULL: process */
	struct str *only; /* these values; none: all */
	size_t only_cnt;
};

/* An agent or a backend, which is asked over the network. */
bool source_is_far(const char *source);

/* All of a source (file, "-", store directory, URL) that the query asks for, merged; owned. */
int must_check source_read(const char *source, const struct source_query *q, struct profile **ret,
			   struct err *err);

/* One side of a comparison, and what came of it. */
struct source_side {
	const char *source;
	struct source_query query;
	struct profile *profile; /* owned */
};

/* Both at the same time. After a failure no profile is left. */
int must_check source_read_two(struct source_side *a, struct source_side *b, struct err *err);

/* Window by window; the function borrows each. */
typedef int (*source_window_fn)(void *arg, const struct profile *window);
int must_check source_each(const char *source, const struct source_query *q, source_window_fn fn,
			   void *arg, struct err *err);

#endif
