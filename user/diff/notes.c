// SPDX-License-Identifier: Apache-2.0
#include "diff/notes.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/num.h"

#define MUCH_LOST	 0.05 /* a side that lost more than this is worth a word of its own */
#define LOST_DIFFERENTLY 0.01

struct notes {
	struct diff *d;
	int error;
};

static void note(struct notes *n, const char *fmt, ...) printf_like(2, 3);

static void note(struct notes *n, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int len;

	if (n->error || n->d->note_cnt == DIFF_MAX_NOTES)
		return;
	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		n->error = -ENOMEM;
	else
		n->d->notes[n->d->note_cnt++] = text;
}

static void note_losses(struct notes *n)
{
	const struct diff_side *a = &n->d->side[DIFF_A], *b = &n->d->side[DIFF_B];

	if (!n->d->single && fabs(a->lost_share - b->lost_share) > LOST_DIFFERENTLY) {
		note(n,
		     "The sides lost differently: %s %.1f %% of its samples, %s %.1f %%. The side "
		     "that lost more looks smaller than it was.",
		     a->label, a->lost_share * 100, b->label, b->lost_share * 100);
		return;
	}
	for (int side = n->d->single ? DIFF_B : DIFF_A; side <= DIFF_B; side++)
		if (n->d->side[side].lost_share > MUCH_LOST)
			note(n, "%s lost %.1f %% of its samples: all its values are too small.",
			     n->d->side[side].label, n->d->side[side].lost_share * 100);
}

static void note_units(struct notes *n)
{
	const struct diff_side *a = &n->d->side[DIFF_A], *b = &n->d->side[DIFF_B];

	if (n->d->unit == DIFF_SECONDS && !n->d->single && !(a->length_ns && b->length_ns))
		note(n,
		     "How long %s was watched is unknown: values are CPU seconds, and a longer "
		     "recording is a larger one.",
		     a->length_ns   ? b->label
		     : b->length_ns ? a->label
				    : "either side");
	if (n->d->single || a->unit == b->unit)
		return;
	if (n->d->normalised == DIFF_NORMALISE_TOTAL)
		note(n, "One side weighs CPU time, the other counts samples: only shares of the "
			"total can be compared, and the sides were scaled to one total.");
	else
		note(n, "One side weighs CPU time, the other counts samples: both are shown in "
			"samples, which compare only if they were taken at the same rate.");
}

static void note_rates(struct notes *n)
{
	const struct diff_side *a = &n->d->side[DIFF_A], *b = &n->d->side[DIFF_B];

	if (a->hz <= 0 || b->hz <= 0 || fabs(a->hz - b->hz) <= 0.01 * fmax(a->hz, b->hz))
		return;
	if (n->d->unit == DIFF_SAMPLES && n->d->normalised == DIFF_NORMALISE_NONE)
		note(n,
		     "The sides were sampled at different rates (%s at %.4g Hz, %s at %.4g Hz): "
		     "their "
		     "sample counts do not compare without normalising.",
		     a->label, a->hz, b->label, b->hz);
	else
		note(n,
		     "The sides were sampled at different rates (%s at %.4g Hz, %s at %.4g Hz): "
		     "their "
		     "values compare, their sample counts do not.",
		     a->label, a->hz, b->label, b->hz);
}

static void note_emptiness(struct notes *n, enum diff_normalise asked)
{
	const struct diff_side *a = &n->d->side[DIFF_A], *b = &n->d->side[DIFF_B];

	if (n->d->single) {
		if (!b->total)
			note(n, "There are no samples.");
		return;
	}
	if (!a->total && !b->total)
		note(n, "Neither side has any samples.");
	else if (!a->total)
		note(n, "%s has no samples: everything is new.", a->label);
	else if (!b->total)
		note(n, "%s has no samples: everything is gone.", b->label);
	if (asked == DIFF_NORMALISE_TOTAL && n->d->normalised != asked)
		note(n, "A side without samples has no total to normalise to: values are shown as "
			"they are.");
	if (asked == DIFF_NORMALISE_TIME && n->d->normalised != asked)
		note(n, "How long a side was watched is unknown, so that values cannot be "
			"normalised to time.");
}

/* Bare samples of runs of different length: the most common way to be led astray. */
static void note_sizes(struct notes *n)
{
	const struct diff_side *a = &n->d->side[DIFF_A], *b = &n->d->side[DIFF_B];
	double big = fmax((double)a->total, (double)b->total);
	double small = fmin((double)a->total, (double)b->total);

	if (n->d->single || n->d->unit == DIFF_CORES || small <= 0 || big < 2 * small ||
	    n->d->normalised != DIFF_NORMALISE_NONE)
		return;
	note(n,
	     "%s is %.3g times as large as %s, and nothing says that both were watched for the "
	     "same "
	     "time: normalise to the total if they were not.",
	     a->total > b->total ? a->label : b->label, big / small,
	     a->total > b->total ? b->label : a->label);
}

int notes_add_all(struct diff *d, enum diff_normalise asked)
{
	struct notes n = {.d = d};

	note_emptiness(&n, asked);
	note_losses(&n);
	note_units(&n);
	note_rates(&n);
	note_sizes(&n);
	return n.error;
}
