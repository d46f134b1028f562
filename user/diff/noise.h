/* SPDX-License-Identifier: Apache-2.0 */
/*
 * noise.h - how much of a change may be chance.
 *
 * Counting: n samples are a Poisson count, so that a side's value v of n samples scatters by
 * v / sqrt(n), variance v^2 / n. What a process does differently from one minute to the next comes
 * on top; it takes replicates to see that.
 *
 * A change is within the noise when |delta| < t * SE, SE^2 = var A + var B, t the 97.5 % quantile:
 * of the normal distribution (1.96) as long as only counting is known. Private to diff, besides
 * what diff.h declares.
 */
#ifndef DIFF_NOISE_H
#define DIFF_NOISE_H

#include "diff/diff.h"

/* Finds the noise's basis; the sides and the unit are known. */
void noise_init(struct diff *d);

/* Quantile 97.5 % of Student's t distribution; df INFINITY: of the normal one. */
double noise_t(double df);

#endif
