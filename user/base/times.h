/* SPDX-License-Identifier: Apache-2.0 */
/*
 * times.h - points in time, ranges and durations as people write them.
 *
 * A point in time is int64_t nanoseconds since the Unix epoch (UTC). Accepted: RFC 3339 with zone
 * (2026-11-23T03:00:00.5Z, …+01:00), Unix seconds with an optional fraction, now, now-90m, and
 * HH:MM[:SS] of today in the local time zone. A range is T..T with the end after the start. A
 * duration is a number with one of ms s m h d w, or several of them (1h30m).
 */
#ifndef BASE_TIMES_H
#define BASE_TIMES_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

struct time_range {
	int64_t from_ns;  /* inclusive */
	int64_t until_ns; /* exclusive */
};

#define TIME_RANGE_ALL ((struct time_range){INT64_MIN, INT64_MAX})

/* 0, or -EINVAL with the reason in err. `now_ns` is what "now" and "today" mean. */
int must_check time_parse(struct str s, int64_t now_ns, int64_t *ret_ns, struct err *err);
int must_check time_range_parse(struct str s, int64_t now_ns, struct time_range *ret,
				struct err *err);
int must_check duration_parse(struct str s, uint64_t *ret_ns, struct err *err);

/* RFC 3339 with zone, from 1678 to 2261, and nothing else: what programs write. False: it is none. */
bool must_check time_parse_rfc3339(struct str s, int64_t *ret_ns);

/* RFC 3339 in UTC, with milliseconds only when there are any: 2026-11-23T03:00:00Z. */
void time_add(struct buf *b, int64_t ns);

/* 1h30m, 10s, 250ms. */
void duration_add(struct buf *b, uint64_t ns);

#endif
