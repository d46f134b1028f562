/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote.h - a SOURCE that is far away: an agent that listens (http://HOST:PORT, https://…). What it
 * has of the ranges comes as windowed folded stacks into memory, and is then a file like any other.
 *
 * Settings as of --push may follow: http://node7:7070,token-file=/etc/culprit/token
 */
#ifndef TOOLS_REMOTE_H
#define TOOLS_REMOTE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/times.h"

struct remote {
	int fd;	       /* -1: none */
	char path[64]; /* of what was fetched, as long as it is not released */
};

#define REMOTE_NONE ((struct remote){.fd = -1})

bool remote_is(const char *source);

/* The windows between the first and the last of the ranges (none: all). 0 or -errno with a line in
 * err. remote_release() afterwards in any case. */
int must_check remote_fetch(struct remote *r, const char *source, const struct time_range *ranges,
			    size_t range_cnt, struct err *err);
/* What it holds, or each window of the range, as `culprit ls --format json` shows it. */
int must_check remote_list(const char *source, bool windows, struct time_range range,
			   struct buf *out, struct err *err);

void remote_release(struct remote *r);

/* Returns `result`; an error then speaks of the source, not of the memory. */
int must_check remote_explain(const char *source, int result, struct err *err);

/* What an agent's log of incidents holds (GET /api/v1/incidents), as `format` (text, json) appended to
 * `out`. `name`: NULL for all. */
int must_check remote_incidents(const char *source, const char *name, struct time_range range,
				const char *format, struct buf *out, struct err *err);

#endif
