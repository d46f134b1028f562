/* SPDX-License-Identifier: Apache-2.0 */
/* clipped.h - the samples of a store that were taken in exact ranges, not whole windows. For load.c. */
#ifndef LOAD_CLIPPED_H
#define LOAD_CLIPPED_H

#include "base/buf.h"
#include "store/store.h"

/*
 * `s` was opened with moments, `ranges` do not overlap. One owned profile. What has no time, and so
 * was left out, is told in *note. 0 or -errno with a line in err; -ENODATA when no window touches the
 * ranges, or no sample of those that do has a time.
 */
int must_check load_clipped(struct store *s, const char *name, const struct time_range *ranges,
			    size_t range_cnt, const struct matcher *m, struct profile **ret,
			    struct buf *note, struct err *err);

#endif
