/* SPDX-License-Identifier: Apache-2.0 */
/*
 * noise.h - how much of a change may be chance.
 *
 * Counting. n samples are a Poisson count, so a side's value V of n samples has the variance V^2/n.
 *
 * Replicates. What a process does differently from one minute to the next comes on top. Of a side
 * that consists of k stretches of time (replicates) with weights w and lengths x each, the value is
 * the ratio R = sum w / sum x, whose variance is estimated by the residuals
 *
 *	var(sum w) = k / (k - 1) * sum (w - R x)^2
 *		   = k / (k - 1) * (sum w^2 - 2 R sum w x + R^2 sum x^2)
 *
 * (Cochran, Sampling Techniques, 3rd edition, 1977, 2.11 and 6.4, without finite population), for x
 * the seconds; or the replicate's total weight when the diff is normalised to the total; or 1 when
 * nobody knows the lengths: then it is k times the squared standard deviation. With (w, x) kept as
 * sums no replicate has to be remembered. A side of one replicate is taken to scatter like the
 * other side, by its length.
 *
 * Of the two variances of a side the larger counts. A change is within the noise when
 *
 *	|delta| < t * SE,  SE^2 = var A + var B,
 *
 * t the 97.5 % quantile of Student's distribution with Welch and Satterthwaite's degrees of freedom
 *
 *	df = (var A + var B)^2 / (var A^2 / df A + var B^2 / df B)
 *
 * (Welch, Biometrika 34, 1947), df of a side k - 1, or infinite when counting is the larger; 1.96
 * when both are. With two windows on each side that asks for thirteen to four standard errors:
 * two windows do not tell much. Windows that follow one another are more alike than those of
 * different days; the noise of what lies far apart is larger. Private to diff, besides what diff.h
 * declares.
 */
#ifndef DIFF_NOISE_H
#define DIFF_NOISE_H

#include "diff/diff.h"
#include "diff/spread.h"

/* Finds the noise's basis without replicates; the sides and the unit are known. */
void noise_init(struct diff *d);

/* The replicates of a side: how many, sums of x and x^2; `scale` as of struct diff_side. */
struct noise_base {
	uint32_t cnt; /* at least 2 */
	double x, x_sq;
	double scale;
};

/* var(sum w) in the diff's unit squared. */
double noise_variance(const struct noise_base *base, const struct spread_cell *cell);

/* What the variance of side `from` is multiplied with to be that of the other one. */
double noise_borrowed(const struct diff *d, enum diff_which from);

/* Quantile 97.5 % of Student's t distribution; df INFINITY: of the normal one. */
double noise_t(double df);

/* How sure a change is. */
struct noise {
	double error; /* standard error; 0 = unknown */
	bool is_within;
};

/*
 * Of values v[2] of n[2] samples (0 = unknown) with the variance that replicates show (NULL: there
 * are none).
 */
struct noise noise_of(const struct diff *d, const double v[2], const double n[2],
		      const double *variance);

#endif
