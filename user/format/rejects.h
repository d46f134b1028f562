/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rejects.h - lines of a text that could not be read: counted, the first few named, and from a
 * share on an error. The same for every reader of text.
 */
#ifndef FORMAT_REJECTS_H
#define FORMAT_REJECTS_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

#define REJECTS_NAMED	5
#define REJECTS_BYTES	40   /* of a line that are shown */
#define REJECTS_DEFAULT 0.01 /* share of lines that may be rejected */

struct rejects {
	uint64_t cnt;
	struct {
		uint64_t line; /* from 1 */
		const char *reason;
		char text[REJECTS_BYTES + 8]; /* how it begins; raw, NUL-terminated */
	} first[REJECTS_NAMED];
};

/* `reason` must be a constant. */
void rejects_add(struct rejects *r, uint64_t line, const char *reason, struct str text);

/* "3 of 120 lines rejected (line 7: negative count: 'a;b -5'; …)"; nothing when there are none. */
void rejects_tell(const struct rejects *r, uint64_t accepted, struct buf *b);

/*
 * 0, or -EINVAL with the first of them in err when they are more than `max_share` of all lines.
 * max_share 0 means REJECTS_DEFAULT, below 0: not one.
 */
int must_check rejects_judge(const struct rejects *r, uint64_t accepted, double max_share,
			     const char *what, struct err *err);

#endif
