// SPDX-License-Identifier: Apache-2.0
#include "base/num.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int num_parse_u64(struct str s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!s.len)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		if (!is_digit(s.p[i]))
			return -EINVAL;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return -ERANGE;
	}
	*ret = v;
	return 0;
}

int num_parse_i64(struct str s, int64_t *ret)
{
	bool negative = s.len && s.p[0] == '-';
	uint64_t v;
	int r;

	if (negative)
		s = (struct str){s.p + 1, s.len - 1};
	r = num_parse_u64(s, &v);
	if (r)
		return r;
	if (v > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*ret = (int64_t)(negative ? 0 - v : v);
	return 0;
}

int num_parse_hex(struct str s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!s.len)
		return -EINVAL;
	if (s.len > 16)
		return -ERANGE;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (is_digit(c))
			v = v << 4 | (uint64_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | (uint64_t)((c | 0x20) - 'a' + 10);
		else
			return -EINVAL;
	}
	*ret = v;
	return 0;
}

int num_parse_double(struct str s, double *ret)
{
	char copy[64], *end;
	double v;

	if (!s.len || s.len >= sizeof(copy))
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++)
		if (!is_digit(s.p[i]) && (!s.p[i] || !strchr("-+.eE", s.p[i])))
			return -EINVAL;
	if (s.p[0] != '-' && s.p[0] != '.' && !is_digit(s.p[0]))
		return -EINVAL;
	memcpy(copy, s.p, s.len);
	copy[s.len] = '\0';
	v = strtod(copy, &end);
	if (*end || !isfinite(v))
		return *end ? -EINVAL : -ERANGE;
	*ret = v;
	return 0;
}

int num_parse_bytes(struct str s, uint64_t *ret)
{
	static const char units[] = "KMGT";
	unsigned int shift = 0;
	const char *unit;
	size_t digits = 0;
	double v;
	int r;

	while (digits < s.len && (is_digit(s.p[digits]) || s.p[digits] == '.'))
		digits++;
	r = num_parse_double((struct str){s.p, digits}, &v);
	if (r)
		return r;
	if (digits < s.len) {
		unit = memchr(units, s.p[digits] & ~0x20, sizeof(units) - 1);
		if (unit) {
			shift = 10 * (unsigned int)(unit - units + 1);
			digits++;
			if (digits < s.len && s.p[digits] == 'i')
				digits++;
		}
		if (digits < s.len && (s.p[digits] | 0x20) == 'b')
			digits++;
	}
	if (digits != s.len)
		return -EINVAL;
	v = ldexp(v, (int)shift);
	if (v >= 9e18)
		return -ERANGE;
	*ret = (uint64_t)v;
	return 0;
}

int num_parse_seconds(struct str s, int64_t *ret_ns)
{
	bool negative = s.len && s.p[0] == '-';
	uint64_t whole = 0, fraction = 0;
	const char *dot;
	int64_t ns;
	int r;

	if (negative)
		s = (struct str){s.p + 1, s.len - 1};
	dot = s.len ? memchr(s.p, '.', s.len) : NULL;
	if (dot) {
		size_t digits = s.len - (size_t)(dot - s.p) - 1;

		if (digits > 9) /* more digits than a nanosecond has are cut */
			digits = 9;
		r = num_parse_u64((struct str){dot + 1, digits}, &fraction);
		if (r)
			return r;
		for (size_t i = (size_t)(dot - s.p) + 1; i < s.len; i++)
			if (!is_digit(s.p[i]))
				return -EINVAL;
		for (; digits < 9; digits++)
			fraction *= 10;
		s.len = (size_t)(dot - s.p);
	}
	r = num_parse_u64(s, &whole);
	if (r)
		return r;
	if (whole > (uint64_t)INT64_MAX / NSEC_PER_SEC - 1)
		return -ERANGE;
	ns = (int64_t)(whole * NSEC_PER_SEC + fraction);
	*ret_ns = negative ? -ns : ns;
	return 0;
}

/* 1.25e-30: what a fixed number of decimals would make a zero, or a hundred digits. */
static void add_exponential(struct buf *b, double v, int digits)
{
	char out[64], *e;
	size_t n;

	(void)snprintf(out, sizeof(out), "%.*e", digits > 1 ? digits - 1 : 0, v);
	e = strchr(out, 'e');
	n = (size_t)(e - out);
	if (memchr(out, '.', n)) {
		while (out[n - 1] == '0')
			n--;
		if (out[n - 1] == '.')
			n--;
	}
	buf_add(b, out, n);
	buf_addstr(b, e);
}

void num_add_double(struct buf *b, double v, int digits)
{
	char out[64];
	int decimals, n;

	if (!isfinite(v) || v == 0) {
		buf_addch(b, '0');
		return;
	}
	if (digits > 20)
		digits = 20;
	if (fabs(v) < 1e-9 || fabs(v) >= 1e40) {
		add_exponential(b, v, digits);
		return;
	}
	decimals = digits - 1 - (int)floor(log10(fabs(v)));
	if (decimals < 0)
		decimals = 0;
	n = snprintf(out, sizeof(out), "%.*f", decimals, v);
	if (memchr(out, '.', (size_t)n)) {
		while (out[n - 1] == '0')
			n--;
		if (out[n - 1] == '.')
			n--;
	}
	if (n == 2 && out[0] == '-' && out[1] == '0')
		buf_addch(b, '0');
	else
		buf_add(b, out, (size_t)n);
}

void num_add_seconds(struct buf *b, int64_t ns)
{
	uint64_t abs_ns = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	char fraction[16];
	int n;

	buf_addf(b, "%s%" PRIu64, ns < 0 ? "-" : "", abs_ns / NSEC_PER_SEC);
	if (abs_ns % NSEC_PER_SEC) {
		n = snprintf(fraction, sizeof(fraction), ".%09" PRIu64, abs_ns % NSEC_PER_SEC);
		while (fraction[n - 1] == '0')
			n--;
		buf_add(b, fraction, (size_t)n);
	}
}
