/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.h - from what a person names as a source to a profile.
 *
 * A source is a store directory, a file (folded stacks, windowed folded stacks, a pprof profile,
 * output of perf script, or gzip of these: found out by content) or "-", standard input.
 *
 * Ranges choose windows by their middle (from <= middle < until), as in the store. A file without
 * times cannot be asked for a range. Errors are one line: the source, the line or byte, what was
 * expected.
 */
#ifndef LOAD_LOAD_H
#define LOAD_LOAD_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/times.h"
#include "model/matcher.h"
#include "model/profile.h"

struct load_opts {
	const struct time_range *ranges; /* borrowed; none: all of it */
	size_t range_cnt;
	const struct matcher *matcher; /* NULL: all series */

	/* for files only */
	const struct str (*labels)[2]; /* more labels for every series; borrowed */
	size_t label_cnt;
	struct str process;    /* the process of a file that does not name one */
	bool no_process_frame; /* folded: the first frame is no process */
	struct str type;       /* event or sample type to take of several; empty: the usual one */
	int column;	     /* of a file that holds both sides of a diff: 1 or 2; 0: it does not */
	double max_rejected; /* of text: share of lines; 0: the default, 0.01; below 0: none */
	bool annotations;    /* folded: _[k] and its like are part of the name */
	bool untimed;	     /* load_windows(): a file without times is one window at time 0 */
	size_t max_bytes;    /* of a file, inflated or not; 0: 4 GiB, inflated 1 GiB */

	/* Moments as well, where the source has them: a store that was written with them, output of
	 * perf script. */
	bool moments;

	/*
	 * load_profile() of a store: only what was taken inside of the ranges, by the times of single
	 * samples, instead of whole windows. -EINVAL for files.
	 */
	bool exact;
};

/* What should be told beside the result: lines rejected, damaged blocks, … One line each. */
struct load_report {
	struct buf warnings;
};

void load_report_init(struct load_report *report);
void load_report_release(struct load_report *report);

/*
 * All of the source that was asked for as one owned profile. `opts` and `report` may be NULL. 0 or
 * -errno with a line in err; -ENODATA when the source is sound but has no window in the ranges.
 */
int must_check load_profile(const char *source, const struct load_opts *opts, struct profile **ret,
			    struct load_report *report, struct err *err);

/* Called with one borrowed window; anything but 0 stops, and is returned. */
typedef int (*load_window_fn)(void *arg, const struct profile *window);

/*
 * Window by window: a store in order of time, a windowed file in its own order, a pprof file as its
 * one window. A window that lies in several ranges comes once. Plain folded stacks are -EINVAL
 * unless `untimed`: nobody knows their time. None in the ranges is no error.
 */
int must_check load_windows(const char *source, const struct load_opts *opts, load_window_fn fn,
			    void *arg, struct load_report *report, struct err *err);

#endif
