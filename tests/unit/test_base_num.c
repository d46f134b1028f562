// SPDX-License-Identifier: Apache-2.0
#include "base/num.h"

#include <errno.h>
#include <math.h>

#include "base/text.h"
#include "unit/tap.h"

struct u64_case {
	const char *text;
	int r;
	uint64_t want;
};

static void check_u64(int (*parse)(struct str, uint64_t *), const char *what,
		      const struct u64_case *cases, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		uint64_t got = 4711;

		is_i64(parse(str_of(cases[i].text), &got), cases[i].r, "%s '%s': result", what,
		       cases[i].text);
		is_u64(got, cases[i].r ? 4711 : cases[i].want, "%s '%s': value", what,
		       cases[i].text);
	}
}

static void test_u64(void)
{
	static const struct u64_case decimal[] = {
		{"0", 0, 0},
		{"007", 0, 7},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
		{"99999999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
	};
	static const struct u64_case hex[] = {
		{"0", 0, 0},
		{"dEadBEEF", 0, 0xdeadbeef},
		{"ffffffffffffffff", 0, UINT64_MAX},
		{"10000000000000000", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"0x1", -EINVAL, 0},
		{"g", -EINVAL, 0},
		{"@", -EINVAL, 0},
	};
	static const struct u64_case bytes[] = {
		{"4096", 0, 4096},
		{"64MiB", 0, 64 << 20},
		{"64mb", 0, 64 << 20},
		{"1.5G", 0, UINT64_C(3) << 29},
		{"2k", 0, 2048},
		{"3B", 0, 3},
		{"1T", 0, UINT64_C(1) << 40},
		{"", -EINVAL, 0},
		{"M", -EINVAL, 0},
		{"-1M", -EINVAL, 0},
		{"1MM", -EINVAL, 0},
		{"1Mi b", -EINVAL, 0},
		{"1..5M", -EINVAL, 0},
		{"99999999T", -ERANGE, 0},
	};
	uint64_t v = 5;

	check_u64(num_parse_u64, "u64", decimal, ARRAY_SIZE(decimal));
	check_u64(num_parse_hex, "hex", hex, ARRAY_SIZE(hex));
	check_u64(num_parse_bytes, "bytes", bytes, ARRAY_SIZE(bytes));
	is_i64(num_parse_u64((struct str){"12\0", 3}, &v), -EINVAL, "a NUL is no digit");
	is_i64(num_parse_u64((struct str){"129", 2}, &v), 0, "only the length counts");
	is_u64(v, 12, "…not the NUL");
}

static void test_i64(void)
{
	static const struct {
		const char *text;
		int r;
		int64_t want;
	} cases[] = {
		{"-0", 0, 0},
		{"-42", 0, -42},
		{"9223372036854775807", 0, INT64_MAX},
		{"9223372036854775808", -ERANGE, 0},
		{"-9223372036854775808", 0, INT64_MIN},
		{"-9223372036854775809", -ERANGE, 0},
		{"-", -EINVAL, 0},
		{"--1", -EINVAL, 0},
		{"", -EINVAL, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t got = 4711;

		is_i64(num_parse_i64(str_of(cases[i].text), &got), cases[i].r, "i64 '%s': result",
		       cases[i].text);
		is_i64(got, cases[i].r ? 4711 : cases[i].want, "i64 '%s': value", cases[i].text);
	}
}

static void test_double(void)
{
	static const struct {
		const char *text;
		int r;
		double want;
	} cases[] = {
		{"0", 0, 0},	     {"1.5", 0, 1.5},	    {"-2.25", 0, -2.25},
		{".5", 0, .5},	     {"5.", 0, 5},	    {"1e3", 0, 1000},
		{"1E-3", 0, 0.001},  {"1e999", -ERANGE, 0}, {"", -EINVAL, 0},
		{".", -EINVAL, 0},   {"-", -EINVAL, 0},	    {"nan", -EINVAL, 0},
		{"inf", -EINVAL, 0}, {"0x10", -EINVAL, 0},  {" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},  {"+1", -EINVAL, 0},    {"1-2", -EINVAL, 0},
		{"1e", -EINVAL, 0},  {"1,5", -EINVAL, 0},
	};
	char lots[200];
	double v = 7;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		double got = 4711;

		is_i64(num_parse_double(str_of(cases[i].text), &got), cases[i].r,
		       "double '%s': result", cases[i].text);
		is_near(got, cases[i].r ? 4711 : cases[i].want, 1e-12, "double '%s': value",
			cases[i].text);
	}
	is_i64(num_parse_double((struct str){"1\0", 2}, &v), -EINVAL,
	       "a NUL is no part of a number");
	is_i64(num_parse_double((struct str){"1\0junk", 6}, &v), -EINVAL,
	       "…nor is what follows it");
	memset(lots, '1', sizeof(lots));
	ok(num_parse_double((struct str){lots, sizeof(lots)}, &v) < 0, "200 digits are refused");
	is_near(v, 7, 0, "…and the value is untouched");
}

static void test_seconds(void)
{
	static const struct {
		const char *text;
		int r;
		int64_t want;
	} cases[] = {
		{"0", 0, 0},
		{"1700000000.25", 0, 1700000000250000000},
		{"1.000000001", 0, 1000000001},
		{"1.0000000019", 0, 1000000001},
		{"-1.5", 0, -1500000000},
		{"0.1", 0, 100000000},
		{"9223372035", 0, 9223372035000000000},
		{"99999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{".", -EINVAL, 0},
		{"1.", -EINVAL, 0},
		{".5", -EINVAL, 0},
		{"1.5s", -EINVAL, 0},
		{"1.123456789x", -EINVAL, 0},
		{"1.-5", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
	};
	uint64_t random = 3;
	struct buf b;
	bool same = true;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t got = 4711;

		is_i64(num_parse_seconds(str_of(cases[i].text), &got), cases[i].r,
		       "seconds '%s': result", cases[i].text);
		is_i64(got, cases[i].r ? 4711 : cases[i].want, "seconds '%s': value",
		       cases[i].text);
	}
	buf_init(&b, 100);
	for (int i = 0; i < 2000; i++) {
		int64_t back, ns = (int64_t)(random % 9000000000000000000u);

		random = random * 6364136223846793005u + 1442695040888963407u;
		if (random & 1)
			ns = -ns;
		if (random & 2)
			ns -= ns % 10000000;
		buf_clear(&b);
		num_add_seconds(&b, ns);
		same = same && !num_parse_seconds(buf_str(&b), &back) && back == ns;
	}
	ok(same, "2000 times written out come back to the nanosecond");
	buf_clear(&b);
	num_add_seconds(&b, INT64_MIN);
	is_str(b.data, "-9223372036.854775808", "…the earliest, too, is written");
	buf_release(&b);
}

static void test_add_double(void)
{
	static const struct {
		double v;
		int digits;
		const char *want;
	} cases[] = {
		{0, 3, "0"},
		{-0.0, 3, "0"},
		{1, 3, "1"},
		{1.42, 3, "1.42"},
		{1.4200001, 3, "1.42"},
		{9.999, 3, "10"},
		{0.001234, 3, "0.00123"},
		{123456, 3, "123456"},
		{-2.5, 2, "-2.5"},
		{1e-30, 3, "1e-30"},
		{-1e-300, 3, "-1e-300"},
		{1e300, 3, "1e+300"},
		{NAN, 3, "0"},
		{INFINITY, 3, "0"},
	};
	uint64_t random = 5;
	struct buf b;
	bool near = true;

	buf_init(&b, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		buf_clear(&b);
		num_add_double(&b, cases[i].v, cases[i].digits);
		is_str(b.data, cases[i].want, "%g in %d digits", cases[i].v, cases[i].digits);
	}
	for (int i = 0; i < 5000; i++) {
		double back, v = ldexp((double)(random >> 11), (int)(random % 200) - 150);

		random = random * 6364136223846793005u + 1442695040888963407u;
		buf_clear(&b);
		num_add_double(&b, v, 6);
		near = near && !num_parse_double(buf_str(&b), &back) &&
		       fabs(back - v) <= 1e-5 * fabs(v);
	}
	ok(near, "5000 numbers of all sizes keep six digits");
	buf_release(&b);
}

int main(void)
{
	test_u64();
	test_i64();
	test_double();
	test_seconds();
	test_add_double();
	return tap_done();
}
