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

double noise_variance(const struct noise_base *base, const struct spread_cell *cell)
{
	double ratio = base->x > 0 ? cell->sum / base->x : 0, k = base->cnt;
	double residual = cell->sq - 2 * ratio * cell->by_x + ratio * ratio * base->x_sq;

	/* equal replicates leave what was rounded */
	if (residual < 1e-12 * cell->sq)
		return 0;
	return k / (k - 1) * residual * base->scale * base->scale;
}

double noise_borrowed(const struct diff *d, enum diff_which from)
{
	const struct diff_side *f = &d->side[from],
			       *to = &d->side[from == DIFF_A ? DIFF_B : DIFF_A];
	double times = f->length_ns && to->length_ns ? (double)f->length_ns / (double)to->length_ns
						     : (double)f->replicate_cnt;

	/* the mean over a time varies with 1 / its length, a sum over it with its length */
	return d->normalised == DIFF_NORMALISE_NONE ? 1 / times : times;
}

/* Degrees of freedom of a side's replicates, or of those that it was lent. */
static double freedom(const struct diff *d, enum diff_which side)
{
	uint32_t own = d->side[side].replicate_cnt, other = d->side[!side].replicate_cnt;

	return (own > 1 ? own : other) - 1.0;
}

struct noise noise_of(const struct diff *d, const double v[2], const double n[2],
		      const double *variance)
{
	double sum = 0, by_df = 0, delta = v[DIFF_B] - v[DIFF_A];
	struct noise noise = {0};

	if (d->single || !d->noise_basis)
		return noise;
	for (int side = DIFF_A; side <= DIFF_B; side++) {
		double var = n[side] > 0 ? v[side] * v[side] / n[side] : 0;

		if (variance && variance[side] > var) {
			var = variance[side];
			by_df += var * var / freedom(d, (enum diff_which)side);
		}
		sum += var;
	}
	noise.error = sqrt(sum);
	noise.is_within =
		delta == 0 ||
		fabs(delta) < noise.error * noise_t(by_df > 0 ? sum * sum / by_df : INFINITY);
	return noise;
}

static struct noise noise_of_node(const struct diff *d, uint32_t node, bool self)
{
	const struct diff_scatter *s = d->scatter ? &d->scatter[node] : NULL;
	double v[2], n[2];

	for (int i = DIFF_A; i <= DIFF_B; i++) {
		double total = diff_total(d, node, (enum diff_which)i);

		v[i] = self ? diff_self(d, node, (enum diff_which)i) : total;
		n[i] = (double)diff_samples(d, node, (enum diff_which)i);
		if (self && total > 0) /* own samples are that share of all that pass */
			n[i] *= v[i] / total;
	}
	return noise_of(d, v, n, s ? (self ? s->self : s->total) : NULL);
}

double diff_noise(const struct diff *d, uint32_t node)
{
	return noise_of_node(d, node, false).error;
}

double diff_self_noise(const struct diff *d, uint32_t node)
{
	return noise_of_node(d, node, true).error;
}

bool diff_within_noise(const struct diff *d, uint32_t node)
{
	return noise_of_node(d, node, false).is_within;
}

bool diff_self_within_noise(const struct diff *d, uint32_t node)
{
	return noise_of_node(d, node, true).is_within;
}

void diff_add_noise_words(const struct diff *d, struct buf *b)
{
	uint32_t in_a = d->side[DIFF_A].replicate_cnt, in_b = d->side[DIFF_B].replicate_cnt;

	if (d->noise_basis == DIFF_NOISE_UNKNOWN) {
		buf_addstr(b, "Noise unknown: samples were not counted, so that no change can be "
			      "told from chance.");
		return;
	}
	if (d->noise_basis == DIFF_NOISE_COUNTING) {
		buf_addstr(b, "Noise unknown: one window per side; only counting noise is "
			      "considered.");
		return;
	}
	buf_addf(b, "Noise: how %u measurement%s of A and %u of B differ, or counting noise where ",
		 in_a, in_a == 1 ? "" : "s", in_b);
	buf_addstr(b, "that is larger; changes within 95 % of chance are neutral.");
	if (in_a < 2 || in_b < 2)
		buf_addf(b, " %s is taken to vary like %s.", in_a < 2 ? "A" : "B",
			 in_a < 2 ? "B" : "A");
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
		return "not normalised: as they were counted";
	}
}
