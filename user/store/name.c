// SPDX-License-Identifier: Apache-2.0
#include "store/name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "base/times.h"

static int64_t floor_to(int64_t v, int64_t unit)
{
	int64_t rest = v % unit;

	return v - rest - (rest < 0 ? unit : 0);
}

struct block_name block_name_at(int64_t ns, uint64_t length_ns)
{
	int64_t length = (int64_t)length_ns;

	/* the very first block of all time would begin before what 64 bits can say */
	if (ns < INT64_MIN + length)
		ns = INT64_MIN + length;
	return (struct block_name){floor_to(ns, length), length_ns, 0};
}

int64_t block_name_until(const struct block_name *name)
{
	int64_t until;

	return __builtin_add_overflow(name->from_ns, (int64_t)name->length_ns, &until) ? INT64_MAX
										       : until;
}

int64_t block_middle(int64_t start_ns, int64_t end_ns)
{
	return end_ns <= start_ns
		       ? start_ns
		       : start_ns + (int64_t)(((uint64_t)end_ns - (uint64_t)start_ns) / 2);
}

void block_name_add(struct buf *b, const struct block_name *name)
{
	time_t from = (time_t)floor_to(name->from_ns, NSEC_PER_SEC) / (time_t)NSEC_PER_SEC;
	struct tm tm = {0};

	(void)gmtime_r(&from, &tm);
	buf_addf(b, "block-%04d%02d%02dT%02d%02d%02dZ-%" PRIu64 "s", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (uint64_t)(name->length_ns / NSEC_PER_SEC));
	if (name->part)
		buf_addf(b, "-%u", name->part);
	buf_addstr(b, ".db");
}

static bool parse_number(const char **at, uint64_t max, uint64_t *ret)
{
	size_t n = strspn(*at, "0123456789");
	bool good = n && !num_parse_u64((struct str){*at, n}, ret) && *ret <= max;

	*at += n;
	return good;
}

/* 20261123T060000Z -> 2026-11-23T06:00:00Z, which base/times.h reads. */
static bool parse_stamp(const char *s, int64_t *ret_ns)
{
	char full[32];

	if (strnlen(s, 16) < 16)
		return false;
	(void)snprintf(full, sizeof(full), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", s, s + 4, s + 6, s + 9,
		       s + 11, s + 13);
	return !time_parse((struct str){full, 20}, 0, ret_ns, NULL);
}

bool block_name_parse(const char *file, struct block_name *ret)
{
	struct block_name name = {.part = 0};
	struct buf again;
	const char *at = file + 6;
	uint64_t v = 0;
	bool same;

	if (strncmp(file, "block-", 6) || !parse_stamp(at, &name.from_ns) || at[16] != '-')
		return false;
	at += 17;
	if (!parse_number(&at, INT32_MAX, &v) || !v || *at++ != 's')
		return false;
	name.length_ns = v * NSEC_PER_SEC;
	if (*at == '-') {
		at++;
		if (!parse_number(&at, BLOCK_MAX_PART, &v))
			return false;
		name.part = (unsigned int)v;
	}
	/* One name for each block: whatever is not as we would write it is not a block. */
	buf_init(&again, 256);
	block_name_add(&again, &name);
	same = !buf_error(&again) && !strcmp(again.data, file);
	buf_release(&again);
	if (same)
		*ret = name;
	return same;
}

bool block_name_is_valid(const struct block_name *name)
{
	struct block_name again;
	struct buf b;
	bool valid;

	buf_init(&b, 256);
	block_name_add(&b, name);
	valid = !buf_error(&b) && block_name_parse(b.data, &again);
	buf_release(&b);
	return valid;
}
