/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sides.h - the two sides of a diff: read, merged, and read once more window by window, so that the
 * diff learns how much each side scatters without all windows being kept.
 *
 * What stands for itself (a replicate, see diff/replicates.h):
 *	ranges	of the incident: each range, when there are several, else each window in it; of the
 *		baseline: when there are several incidents, blocks of windows that are together as
 *		long as the median of them, cut anew in each range; else each window
 *	files	each file, when a side has several, else each window in it
 */
#ifndef TOOLS_SIDES_H
#define TOOLS_SIDES_H

#include "diff/diff.h"
#include "opt.h"
#include "source.h"

/* Where one side comes from: files (or other sources), or ranges of one source. */
struct side_source {
	const char *const *sources; /* borrowed */
	size_t source_cnt;
	struct opt_ranges ranges; /* none: all of it */
	int column;		  /* of a source that holds both sides: 1 or 2; 0: it does not */
};

struct sides {
	struct side_source from[2]; /* by enum diff_which; set by the caller, as are these two: */
	const struct source_reading *reading;
	const struct matcher *matcher;
	struct profile *profile[2]; /* owned */
};

/* Reads and merges both. 0 or -errno with a line in err; release in any case. */
int must_check sides_read(struct sides *s, struct err *err);
void sides_release(struct sides *s);

/* Lays the windows over a diff of the two. Standard input cannot be read again and stays out. */
int must_check sides_replicate(const struct sides *s, struct diff *d,
			       const struct diff_options *opt, struct err *err);

#endif
