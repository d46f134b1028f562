/* SPDX-License-Identifier: Apache-2.0 */
/*
 * whole.h - a diff's own times as whole numbers, for formats that know no others.
 *
 * Where the sides' weights cannot stand as they are (normalised, watched for different times), one
 * of them is scaled up to the other's scale: never down, which would make nothing of small ones. It
 * is rounded by largest remainders, so that the sum is the rounded sum and no stack that has a
 * weight is off by 1 or more.
 */
#ifndef RENDER_WHOLE_H
#define RENDER_WHOLE_H

#include "base/compiler.h"
#include "diff/diff.h"

/* By node; owned. Side A of one profile alone is all 0. 0 or -ENOMEM. */
int must_check whole_selves(const struct diff *d, enum diff_which side, uint64_t **ret);

/* What the side's weights are multiplied with. */
double whole_factor(const struct diff *d, enum diff_which side);

#endif
