/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folded2.h - a diff as folded stacks with two columns, "stack a b", as flamegraph.pl reads it.
 *
 * Columns are weights of the samples that end in the stack, always whole numbers: readers cut
 * fractions off. Where they cannot stand as they are (normalised, or watched for different times)
 * one side is scaled up and rounded by largest remainders (whole.h).
 * Lines ascend bytewise by frame. `;` in a name becomes `:`, a line break or another control
 * character U+FFFD. One profile alone gets one column.
 */
#ifndef RENDER_FOLDED2_H
#define RENDER_FOLDED2_H

#include "base/buf.h"
#include "diff/diff.h"

/* Appends. 0, -ENOMEM or the buf's error. */
int must_check folded2(const struct diff *d, struct buf *out);

#endif
