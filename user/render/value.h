/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.h - numbers as the renderers show them: three significant digits, never NaN, never
 * infinite; what has no ratio is "new" or "gone".
 */
#ifndef RENDER_VALUE_H
#define RENDER_VALUE_H

#include "base/buf.h"
#include "diff/diff.h"

/* How a negative number starts. */
#define VALUE_MINUS_ASCII	"-"
#define VALUE_MINUS_TYPOGRAPHIC "\xe2\x88\x92"

/* 1.42, 0.00310, 12.1, 1234; whole numbers of samples as they are. Not followed by the unit. */
void value_add(struct buf *b, const struct diff *d, double v);

/* The same with a sign, 0 without. `minus`: one of VALUE_MINUS_*. */
void value_add_delta(struct buf *b, const struct diff *d, double v, const char *minus);

/* "+1.42", as value_add_delta(); ratio "x12.8" with `times` before it; or new, gone, "-" */
void value_add_ratio(struct buf *b, double a, double v, const char *times);

/* 0.1 -> "10.0%"; shares that are not 0 but round to it: "<0.1%". */
void value_add_percent(struct buf *b, double share);

/* 1,234,567 */
void value_add_cnt(struct buf *b, uint64_t cnt);

/* " cores", " s", " samples" */
const char *value_unit(const struct diff *d);

#endif
