// SPDX-License-Identifier: Apache-2.0
#include "render/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define SMALLEST 1e-6 /* of a core: a tenth of a second a day */

/* Three significant digits, zeros kept, so that 1.40 beside 1.42 does not look less exact. */
static void add_three_digits(struct buf *b, double v)
{
	int decimals;

	if (!isfinite(v) || v <= 0) {
		buf_addch(b, '0');
		return;
	}
	if (v < SMALLEST) {
		buf_addstr(b, "<0.000001");
		return;
	}
	decimals = 2 - (int)floor(log10(v * 1.0005)); /* 0.9996 is 1.00 */
	buf_addf(b, "%.*f", decimals < 0 ? 0 : decimals, v);
}

void value_add(struct buf *b, const struct diff *d, double v)
{
	if (d->unit == DIFF_SAMPLES && isfinite(v) && v >= 0 && v < 1e15 && v == floor(v))
		buf_addf(b, "%.0f", v);
	else
		add_three_digits(b, v);
}

void value_add_delta(struct buf *b, const struct diff *d, double v, const char *minus)
{
	if (isfinite(v) && v != 0)
		buf_addstr(b, v < 0 ? minus : "+");
	value_add(b, d, fabs(v));
}

void value_add_ratio(struct buf *b, double a, double v, const char *times)
{
	if (a > 0 && v > 0) {
		buf_addstr(b, times);
		if (v / a >= 1e6)
			buf_addstr(b, ">1000000");
		else
			add_three_digits(b, v / a);
	} else if (v > 0) {
		buf_addstr(b, "new");
	} else {
		buf_addstr(b, a > 0 ? "gone" : "-");
	}
}

void value_add_percent(struct buf *b, double share)
{
	if (isfinite(share) && share > 0 && share < 0.0005)
		buf_addstr(b, "<0.1%");
	else
		buf_addf(b, "%.1f%%", isfinite(share) && share > 0 ? share * 100 : 0.0);
}

void value_add_cnt(struct buf *b, uint64_t cnt)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, cnt);

	for (int i = 0; i < n; i++) {
		if (i && !((n - i) % 3))
			buf_addch(b, ',');
		buf_addch(b, digits[i]);
	}
}

const char *value_unit(const struct diff *d)
{
	switch (d->unit) {
	case DIFF_CORES:
		return " cores";
	case DIFF_SECONDS:
		return " s";
	default:
		return " samples";
	}
}
