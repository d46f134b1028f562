// SPDX-License-Identifier: Apache-2.0
#include "base/times.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/num.h"

#define DAY_SECONDS 86400

/* Days from 1970-01-01 to a day of the proleptic Gregorian calendar; March-based years make leap
 * days come last. */
static int64_t days_from_civil(int64_t year, unsigned int month, unsigned int day)
{
	int64_t era;
	unsigned int year_of_era, day_of_year;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	year_of_era = (unsigned int)(year - era * 400);
	day_of_year = (153 * (month + (month > 2 ? -3U : 9U)) + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

static bool two_digits(const char *p, unsigned int max, unsigned int *ret)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return false;
	*ret = (unsigned int)(p[0] - '0') * 10 + (unsigned int)(p[1] - '0');
	return *ret <= max;
}

/* Fraction and zone behind the seconds: ".25+01:00". */
static bool parse_tail(struct str s, int64_t *ret_ns)
{
	size_t digits = 0;
	unsigned int hour, minute;
	int64_t fraction = 0;

	if (s.len && s.p[0] == '.') {
		while (digits + 1 < s.len && s.p[digits + 1] >= '0' && s.p[digits + 1] <= '9')
			digits++;
		if (!digits)
			return false;
		for (size_t i = 1; i <= 9; i++)
			fraction = fraction * 10 + (i <= digits ? s.p[i] - '0' : 0);
		s = (struct str){s.p + digits + 1, s.len - digits - 1};
	}
	*ret_ns = fraction;
	if (s.len == 1 && (s.p[0] | 0x20) == 'z')
		return true;
	if (s.len != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':' ||
	    !two_digits(s.p + 1, 23, &hour) || !two_digits(s.p + 4, 59, &minute))
		return false;
	*ret_ns += (s.p[0] == '+' ? -1 : 1) * (int64_t)(hour * 3600 + minute * 60) *
		   (int64_t)NSEC_PER_SEC;
	return true;
}

static unsigned int days_in_month(unsigned int year, unsigned int month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

bool time_parse_rfc3339(struct str s, int64_t *ret_ns)
{
	unsigned int century, year, month, day, hour, minute, second;
	int64_t tail;

	if (s.len < 20 || s.p[4] != '-' || s.p[7] != '-' ||
	    ((s.p[10] | 0x20) != 't' && s.p[10] != ' ') || s.p[13] != ':' || s.p[16] != ':')
		return false;
	if (!two_digits(s.p, 99, &century) || !two_digits(s.p + 2, 99, &year) ||
	    !two_digits(s.p + 5, 12, &month) || !two_digits(s.p + 8, 31, &day) ||
	    !two_digits(s.p + 11, 23, &hour) || !two_digits(s.p + 14, 59, &minute) ||
	    !two_digits(s.p + 17, 60, &second))
		return false;
	year += century * 100;
	if (month < 1 || day < 1 || year < 1678 || year > 2261 || day > days_in_month(year, month))
		return false; /* int64_t nanoseconds end in 2262 */
	if (!parse_tail((struct str){s.p + 19, s.len - 19}, &tail))
		return false;
	*ret_ns = (days_from_civil(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 +
		   second) *
			  (int64_t)NSEC_PER_SEC +
		  tail;
	return true;
}

static bool parse_clock_today(struct str s, int64_t now_ns, int64_t *ret_ns)
{
	time_t now = (time_t)(now_ns / (int64_t)NSEC_PER_SEC);
	unsigned int hour, minute, second = 0;
	struct tm tm;

	if ((s.len != 5 && s.len != 8) || s.p[2] != ':' || !two_digits(s.p, 23, &hour) ||
	    !two_digits(s.p + 3, 59, &minute))
		return false;
	if (s.len == 8 && (s.p[5] != ':' || !two_digits(s.p + 6, 60, &second)))
		return false;
	if (!localtime_r(&now, &tm))
		return false;
	tm.tm_hour = (int)hour;
	tm.tm_min = (int)minute;
	tm.tm_sec = (int)second;
	tm.tm_isdst = -1;
	*ret_ns = (int64_t)mktime(&tm) * (int64_t)NSEC_PER_SEC;
	return true;
}

int time_parse(struct str s, int64_t now_ns, int64_t *ret_ns, struct err *err)
{
	uint64_t ago;
	int64_t ns;

	if (s.len >= 3 && !memcmp(s.p, "now", 3)) {
		ns = now_ns;
		if (s.len > 3) {
			if (s.p[3] != '-' ||
			    duration_parse((struct str){s.p + 4, s.len - 4}, &ago, NULL))
				goto bad;
			ns -= (int64_t)ago;
		}
	} else if (num_parse_seconds(s, &ns) && !time_parse_rfc3339(s, &ns) &&
		   !parse_clock_today(s, now_ns, &ns)) {
		goto bad;
	}
	*ret_ns = ns;
	return 0;
bad:
	return err_set(err, EINVAL,
		       "'%.*s' is not a time (want RFC 3339 such as 2026-11-23T03:00:00Z, Unix "
		       "seconds, now-90m or HH:MM)",
		       (int)s.len, s.p);
}

int time_range_parse(struct str s, int64_t now_ns, struct time_range *ret, struct err *err)
{
	struct time_range range;
	size_t dots = 0;
	int r;

	while (dots + 1 < s.len && !(s.p[dots] == '.' && s.p[dots + 1] == '.'))
		dots++;
	if (dots + 1 >= s.len)
		return err_set(err, EINVAL, "'%.*s' is not a time range (want T..T)", (int)s.len,
			       s.p);
	if (!dots || dots + 2 == s.len)
		return err_set(err, EINVAL,
			       "'%.*s' is not a time range (want T..T, with both ends)", (int)s.len,
			       s.p);
	r = time_parse((struct str){s.p, dots}, now_ns, &range.from_ns, err);
	if (r)
		return r;
	r = time_parse((struct str){s.p + dots + 2, s.len - dots - 2}, now_ns, &range.until_ns,
		       err);
	if (r)
		return r;
	if (range.until_ns <= range.from_ns)
		return err_set(
			err, EINVAL, "time range '%.*s' is %s: its end must be after its start",
			(int)s.len, s.p, range.until_ns == range.from_ns ? "empty" : "backwards");
	*ret = range;
	return 0;
}

static bool duration_unit(struct str *s, uint64_t *ret_ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{"ms", 1000000},
		{"s", NSEC_PER_SEC},
		{"m", 60 * NSEC_PER_SEC},
		{"h", 3600 * NSEC_PER_SEC},
		{"d", 86400 * NSEC_PER_SEC},
		{"w", 7 * 86400 * NSEC_PER_SEC},
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t len = strlen(units[i].name);

		if (s->len >= len && !memcmp(s->p, units[i].name, len)) {
			*s = (struct str){s->p + len, s->len - len};
			*ret_ns = units[i].ns;
			return true;
		}
	}
	return false;
}

int duration_parse(struct str s, uint64_t *ret_ns, struct err *err)
{
	struct str rest = s;
	double total = 0, v;
	uint64_t unit;

	do {
		size_t digits = 0;

		while (digits < rest.len && rest.p[digits] && strchr("0123456789.", rest.p[digits]))
			digits++;
		if (num_parse_double((struct str){rest.p, digits}, &v))
			goto bad;
		rest = (struct str){rest.p + digits, rest.len - digits};
		if (!duration_unit(&rest, &unit))
			goto bad;
		total += v * (double)unit;
	} while (rest.len);
	if (total > 9e18)
		goto bad;
	*ret_ns = (uint64_t)(total + 0.5);
	return 0;
bad:
	return err_set(
		err, EINVAL,
		"'%.*s' is not a duration (want a number with a unit: 250ms, 10s, 5m, 1h30m, 7d)",
		(int)s.len, s.p);
}

void time_add(struct buf *b, int64_t ns)
{
	int64_t second = ns / (int64_t)NSEC_PER_SEC, part = ns % (int64_t)NSEC_PER_SEC;
	time_t t;
	struct tm tm;

	if (part < 0) {
		part += (int64_t)NSEC_PER_SEC;
		second--;
	}
	t = (time_t)second;
	if (!gmtime_r(&t, &tm)) {
		buf_addstr(b, "?");
		return;
	}
	buf_addf(b, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		 tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (part / 1000000)
		buf_addf(b, ".%03" PRId64, part / 1000000);
	buf_addch(b, 'Z');
}

void duration_add(struct buf *b, uint64_t ns)
{
	uint64_t seconds = ns / NSEC_PER_SEC, ms = ns % NSEC_PER_SEC / 1000000;

	if (!seconds) {
		buf_addf(b, "%" PRIu64 "ms", ms);
		return;
	}
	if (seconds >= 86400)
		buf_addf(b, "%" PRIu64 "d", seconds / 86400);
	if (seconds % 86400 >= 3600)
		buf_addf(b, "%" PRIu64 "h", seconds % 86400 / 3600);
	if (seconds % 3600 >= 60)
		buf_addf(b, "%" PRIu64 "m", seconds % 3600 / 60);
	if (!ms && !(seconds % 60))
		return;
	num_add_seconds(b, (int64_t)(seconds % 60 * NSEC_PER_SEC + ms * 1000000));
	buf_addch(b, 's');
}
