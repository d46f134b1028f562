/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pyroscope.h - a SOURCE that is a Pyroscope-compatible backend:
 *
 *	pyroscope+https://profiles.example:4040,tenant=shop,token-file=/etc/culprit/token
 *
 * with the settings of --push. Without a range the last hour is taken.
 */
#ifndef TOOLS_PYROSCOPE_H
#define TOOLS_PYROSCOPE_H

#include "base/buf.h"
#include "base/err.h"
#include "load/load.h"

bool pyroscope_is(const char *source);

struct pyroscope_query {
	const struct load_opts *load; /* ranges, matcher, type */
	const char *key;  /* label whose values are told apart; NULL or process: as usual */
	struct str *only; /* these values; none: all */
	size_t only_cnt;
};

/* As load_profile() and load_windows(), but a window has no stacks. */
int must_check pyroscope_profile(const char *source, const struct pyroscope_query *query,
				 struct profile **ret, struct err *err);
int must_check pyroscope_windows(const char *source, const struct pyroscope_query *query,
				 load_window_fn fn, void *arg, struct err *err);

/* Profile types, and labels with their values, as text for a person. */
int must_check pyroscope_list(const char *source, const struct pyroscope_query *query, size_t top,
			      struct buf *out, struct err *err);

#endif
