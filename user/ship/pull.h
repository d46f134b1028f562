/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pull.h - profiles out of a Pyroscope-compatible backend: stacks of a range merged, or how busy each
 * process was window by window.
 *
 * A backend merges what it is asked for and forgets whose stacks they were, so each process is asked
 * for by itself: LabelValues names them, SelectMergeProfile gives one. By which label, `key` says: by
 * default `process`, which culprit pushes, or service_name where nothing has that.
 *
 * Windows are known by their starts only, and the backend tells these in steps. The first minutes of
 * a range are asked for in steps of a second, which tells how long windows are and when they begin;
 * all of the range is then asked for in steps that hold one window each. How many CPUs a machine has
 * is known to nobody there.
 */
#ifndef SHIP_PULL_H
#define SHIP_PULL_H

#include "model/profile.h"
#include "ship/querier.h"

#define PULL_MAX_NAMES 2000 /* processes of a day; more want --match */

struct pull_opts {
	struct str key;	  /* label; empty: process or else service_name */
	struct str *only; /* pull_profile(): these values of it; none: all */
	size_t only_cnt;
};

/*
 * All of the ranges merged, by window starts as culprit has them: a window belongs to the range that
 * its middle is in. Owned. -ENODATA, with what there is, when nothing of that type is there.
 */
int must_check pull_profile(struct querier *q, const struct pull_opts *opts,
			    const struct time_range *ranges, size_t cnt, struct profile **ret,
			    struct err *err);

/* Called with one borrowed window, in order of time: each process one sample without a frame. */
typedef int (*pull_window_fn)(void *arg, const struct profile *window);

/* Anything but 0 from fn stops, and is returned. None in the range is -ENODATA;
 * of several nodes -E2BIG. */
int must_check pull_windows(struct querier *q, const struct pull_opts *opts,
			    struct time_range range, pull_window_fn fn, void *arg, struct err *err);

#endif
