// SPDX-License-Identifier: Apache-2.0
#include "base/times.h"

#include <stdlib.h>
#include <time.h>

#include "base/text.h"
#include "unit/tap.h"

#define S ((int64_t)NSEC_PER_SEC)

static const int64_t now = 1700000000 * S; /* 2023-11-14T22:13:20Z */

static void test_points(void)
{
	static const struct {
		const char *text;
		int64_t want; /* 0 = refused */
	} cases[] = {
		{"1700000000", 1700000000 * S},
		{"1700000000.5", 1700000000 * S + S / 2},
		{"2023-11-14T22:13:20Z", 1700000000 * S},
		{"2023-11-14t22:13:20z", 1700000000 * S},
		{"2023-11-14 22:13:20Z", 1700000000 * S},
		{"2023-11-14T23:13:20+01:00", 1700000000 * S},
		{"2023-11-14T16:43:20-05:30", 1700000000 * S},
		{"2023-11-14T22:13:20.000000001Z", 1700000000 * S + 1},
		{"2023-11-14T22:13:20.1234567899Z", 1700000000 * S + 123456789},
		{"2024-02-29T00:00:00Z", 1709164800 * S},
		{"2000-02-29T00:00:00Z", 951782400 * S},
		{"1969-12-31T23:59:59Z", -1 * S},
		{"now", 1700000000 * S},
		{"now-90m", (1700000000 - 5400) * S},
		{"now-1h30m", (1700000000 - 5400) * S},
		{"22:13", 1699999980 * S},
		{"22:13:20", 1700000000 * S},
		{"00:00", 1699920000 * S},
		{"2023-02-29T00:00:00Z", 0},
		{"1900-02-29T00:00:00Z", 0},
		{"2023-13-01T00:00:00Z", 0},
		{"2023-00-01T00:00:00Z", 0},
		{"2023-01-00T00:00:00Z", 0},
		{"2023-04-31T00:00:00Z", 0},
		{"2023-11-14T24:00:00Z", 0},
		{"2023-11-14T22:60:00Z", 0},
		{"2023-11-14T22:13:20", 0},
		{"2023-11-14T22:13:20.Z", 0},
		{"2023-11-14T22:13:20+0100", 0},
		{"2023-11-14T22:13:20+24:00", 0},
		{"2023-11-14", 0},
		{"0001-01-01T00:00:00Z", 0},
		{"9999-01-01T00:00:00Z", 0},
		{"24:00", 0},
		{"22:60", 0},
		{"2:13", 0},
		{"22:13:", 0},
		{"now-", 0},
		{"now+1h", 0},
		{"nowhere", 0},
		{"now-90", 0},
		{"", 0},
		{"yesterday", 0},
		{" 1700000000", 0},
		{"99999999999999999999", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t got = 4711;
		struct err err;
		int r = time_parse(str_of(cases[i].text), now, &got, &err);

		is_i64(r, cases[i].want ? 0 : -EINVAL, "time '%s': result", cases[i].text);
		is_i64(got, cases[i].want ? cases[i].want : 4711, "time '%s': value",
		       cases[i].text);
		if (!cases[i].want)
			ok(strstr(err.text, "RFC 3339"), "…with the reason");
	}
}

static void test_ranges(void)
{
	static const struct {
		const char *text;
		int64_t from, until; /* 0 = refused */
		const char *reason;
	} cases[] = {
		{"100..200", 100 * S, 200 * S, NULL},
		{"100.5..200.25", 100 * S + S / 2, 200 * S + S / 4, NULL},
		{"now-10m..now-5m", now - 600 * S, now - 300 * S, NULL},
		{"2023-11-14T22:13:20Z..2023-11-14T22:13:21Z", now, now + S, NULL},
		{"200..100", 0, 0, "backwards"},
		{"200..200", 0, 0, "empty"},
		{"200", 0, 0, "T..T"},
		{"200.300", 0, 0, "T..T"},
		{"..", 0, 0, "not a time"},
		{"100..", 0, 0, "not a time"},
		{"..100", 0, 0, "not a time"},
		{"1..2..3", 0, 0, "not a time"},
		{"", 0, 0, "T..T"},
		{".", 0, 0, "T..T"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct time_range got = {1, 2};
		struct err err = {""};
		int r = time_range_parse(str_of(cases[i].text), now, &got, &err);

		is_i64(r, cases[i].until ? 0 : -EINVAL, "range '%s': result", cases[i].text);
		if (cases[i].until)
			ok(got.from_ns == cases[i].from && got.until_ns == cases[i].until,
			   "…value");
		else
			ok(got.from_ns == 1 && strstr(err.text, cases[i].reason), "…reason: %s",
			   err.text);
	}
}

static void test_durations(void)
{
	static const struct {
		const char *text;
		uint64_t want; /* 0 = refused */
		const char *back;
	} cases[] = {
		{"250ms", 250000000, "250ms"},
		{"10s", 10 * NSEC_PER_SEC, "10s"},
		{"1.5s", 1500000000, "1.5s"},
		{"5m", 300 * NSEC_PER_SEC, "5m"},
		{"1h30m", 5400 * NSEC_PER_SEC, "1h30m"},
		{"7d", 604800 * NSEC_PER_SEC, "7d"},
		{"1w", 604800 * NSEC_PER_SEC, "7d"},
		{"1d1s", 86401 * NSEC_PER_SEC, "1d1s"},
		{"0.5h", 1800 * NSEC_PER_SEC, "30m"},
		{"", 0, NULL},
		{"10", 0, NULL},
		{"s", 0, NULL},
		{"-5s", 0, NULL},
		{"5 s", 0, NULL},
		{"5sec", 0, NULL},
		{"1h30", 0, NULL},
		{"99999999w", 0, NULL},
		{"1..5s", 0, NULL},
		{"1e3s", 0, NULL},
	};
	struct buf b;
	uint64_t v = 5;

	buf_init(&b, 100);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t got = 4711;
		int r = duration_parse(str_of(cases[i].text), &got, NULL);

		is_i64(r, cases[i].want ? 0 : -EINVAL, "duration '%s': result", cases[i].text);
		is_u64(got, cases[i].want ? cases[i].want : 4711, "…value");
		if (!cases[i].want)
			continue;
		buf_clear(&b);
		duration_add(&b, got);
		is_str(b.data, cases[i].back, "…and back");
	}
	is_i64(duration_parse((struct str){"1\0s", 3}, &v, NULL), -EINVAL, "a NUL is no digit");
	buf_clear(&b);
	duration_add(&b, 0);
	is_str(b.data, "0ms", "nothing is written as 0ms");
	buf_release(&b);
}

/* Every hour of 300 years and a few odd numbers, written out and read again. */
static void test_round_trip(void)
{
	bool same = true;
	struct buf b;

	buf_init(&b, 100);
	for (int64_t t = -4000000000; t < 8000000000; t += 3600 * 25 + 61) {
		int64_t back, ns = t * S + (t % 1000 + 1000) % 1000 * 1000000;

		buf_clear(&b);
		time_add(&b, ns);
		same = same && !time_parse(buf_str(&b), now, &back, NULL) && back == ns;
	}
	ok(same, "times come back to the millisecond");
	buf_clear(&b);
	time_add(&b, now);
	is_str(b.data, "2023-11-14T22:13:20Z", "no fraction without need");
	buf_clear(&b);
	time_add(&b, -1);
	is_str(b.data, "1969-12-31T23:59:59.999Z", "before the epoch, downwards");
	buf_release(&b);
}

static void test_zone(void)
{
	int64_t got;

	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	if (time_parse(STR_LIT("22:13"), now, &got, NULL) || got == 1699999980 * S) {
		tap_skip("no time zones on this machine");
	} else {
		/* it is 23:13 in Berlin: 22:13 was an hour ago */
		is_i64(got, (1699999980 - 3600) * S, "HH:MM is in the local zone");
	}
	setenv("TZ", "UTC", 1);
	tzset();
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	test_points();
	test_ranges();
	test_durations();
	test_round_trip();
	test_zone();
	return tap_done();
}
