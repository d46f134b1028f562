/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heat.h - the sub-second heat map of a profile with moments (model/profile.h): time goes to the
 * right, the fraction of a second downwards, in 50 rows of 20 ms; the fuller a cell, the more was
 * taken in it. What happens several times a second, or at the same point of each, is a pattern that
 * an average over seconds hides.
 *
 * heat_html() is a page to explore (render/html.h): a range that is selected in the map becomes a
 * flame graph, two become a differential one. heat_text() is for a terminal.
 *
 * Samples without a time are in no cell; both say how many there are.
 */
#ifndef RENDER_HEAT_H
#define RENDER_HEAT_H

#include "base/buf.h"
#include "base/err.h"
#include "model/profile.h"

#define HEAT_ROWS	 50
#define HEAT_MAX_SECONDS (86400 + 3600) /* that one map may cover */

struct heat_options {
	struct str title;	      /* empty: one that fits */
	const struct str *group_keys; /* labels that become the first levels; NULL: process */
	size_t group_cnt;
	double min_share;   /* frames below are pruned; 0: a default, < 0: none. See html_data.h */
	unsigned int width; /* text: columns of the terminal; 0: 100 */
};

/*
 * Append the map. `opt` NULL: defaults. -ENODATA when no sample has a time, -E2BIG for more than
 * HEAT_MAX_SECONDS, both with a line in err; -ENOMEM, -EIO, or the buf's error.
 */
int must_check heat_html(const struct profile *p, const struct heat_options *opt, struct buf *out,
			 struct err *err);
int must_check heat_text(const struct profile *p, const struct heat_options *opt, struct buf *out,
			 struct err *err);

/* The seconds that the map covers: the first one's number since the clock's zero, and how many. */
struct heat_span {
	int64_t first;
	uint32_t cnt;
};

int must_check heat_span(const struct profile *p, struct heat_span *ret, struct err *err);

#endif
