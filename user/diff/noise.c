// SPDX-License-Identifier: Apache-2.0
#include "diff/noise.h"

#include <math.h>

/*
 * Quantile of the normal distribution, and its expansion to Student's t (Abramowitz and Stegun,
 * 26.7.5): right to 0.2 % from three degrees of freedom on. Below, and between whole numbers, the
 * next smaller one is taken, which asks for more.
 */
double noise_t(double df)
{
	const double x = 1.9599639845, x3 = x * x * x, x5 = x3 * x * x, x7 = x5 * x * x,
		     x9 = x7 * x * x;

	if (df < 2)
		return 12.7062;
	if (df < 3)
		return 4.3027;
	df = floor(df);
	return x + (x3 + x) / 4 / df + (5 * x5 + 16 * x3 + 3 * x) / 96 / pow(df, 2) +
	       (3 * x7 + 19 * x5 + 17 * x3 - 15 * x) / 384 / pow(df, 3) +
	       (79 * x9 + 776 * x7 + 1482 * x5 - 1920 * x3 - 945 * x) / 92160 / pow(df, 4);
}

static bool counts_known(const struct diff_side *s)
{
	return !s->total || s->cnt || s->unit == PROFILE_SAMPLES || s->hz > 0;
}

void noise_init(struct diff *d)
{
	d->noise_basis = DIFF_NOISE_UNKNOWN;
	if (counts_known(&d->side[DIFF_B]) && (d->single || counts_known(&d->side[DIFF_A])))
		d->noise_basis = DIFF_NOISE_COUNTING;
}

/* Variance of a value of a node that comes from counting, both sides together. */
static double counting(const struct diff *d, uint32_t node, bool self)
{
	double variance = 0;

	for (int side = DIFF_A; side <= DIFF_B; side++) {
		double total = diff_total(d, node, (enum diff_which)side);
		double own = diff_self(d, node, (enum diff_which)side);
		uint64_t n = diff_samples(d, node, (enum diff_which)side);

		/* own samples are that share of all that pass: own^2 / (n * own / total) */
		if (n)
			variance += (self ? own : total) * total / (double)n;
	}
	return variance;
}

double diff_noise(const struct diff *d, uint32_t node)
{
	return d->single || !d->noise_basis ? 0 : sqrt(counting(d, node, false));
}

double diff_self_noise(const struct diff *d, uint32_t node)
{
	return d->single || !d->noise_basis ? 0 : sqrt(counting(d, node, true));
}

static bool within(const struct diff *d, double delta, double noise)
{
	return d->noise_basis && fabs(delta) < noise_t(INFINITY) * noise;
}

bool diff_within_noise(const struct diff *d, uint32_t node)
{
	return within(d, diff_delta(d, node), diff_noise(d, node));
}

bool diff_self_within_noise(const struct diff *d, uint32_t node)
{
	return within(d, diff_self_delta(d, node), diff_self_noise(d, node));
}

const char *diff_noise_words(const struct diff *d)
{
	switch (d->noise_basis) {
	case DIFF_NOISE_WINDOWS:
		return "Noise: how the windows of a side differ among themselves, or counting "
		       "noise where that is larger; a change within 95 % of chance is neutral.";
	case DIFF_NOISE_COUNTING:
		return "Noise unknown: one window per side; only counting noise is considered.";
	default:
		return "Noise unknown: samples were not counted, so that no change can be told "
		       "from chance.";
	}
}

const char *diff_normalised_words(const struct diff *d)
{
	switch (d->normalised) {
	case DIFF_NORMALISE_TOTAL:
		return "normalised to the total: A is scaled so that its total is B's";
	case DIFF_NORMALISE_TIME:
		return d->unit == DIFF_SAMPLES
			       ? "normalised to time: A is scaled to the length of time of B"
			       : "normalised to time: CPU time per second watched";
	default:
		return "not normalised: values are as they were counted";
	}
}
