/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff_pprof.h - a diff as a pprof profile that go tool pprof shows as one: side A's samples are
 * negative and bear the label pprof::base=true, as pprof -diff_base writes them. -top and -peek then
 * print the differences, percentages being of A's total.
 *
 * Values are nanoseconds or samples; where the sides cannot stand as they are, one is scaled up
 * (whole.h). The labels of the groups are labels of the samples. One profile alone has no base.
 */
#ifndef RENDER_DIFF_PPROF_H
#define RENDER_DIFF_PPROF_H

#include "base/buf.h"
#include "diff/diff.h"

/* `keys`: what the diff is grouped by; none: process. Appends. 0, -ENOMEM, -ENOSPC. */
int must_check diff_pprof(const struct diff *d, const struct str *keys, size_t key_cnt,
			  struct buf *out);

#endif
