/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posted.h - the body of a request while it comes in, piece by piece. Bounded in bytes and time; what
 * is too large is read on for a while, so that the sender gets to see why, and forgotten.
 */
#ifndef SERVE_POSTED_H
#define SERVE_POSTED_H

#include "base/buf.h"
#include "base/compiler.h"

#define POSTED_MAX_NS	(30 * NSEC_PER_SEC) /* from the first byte to the last */
#define POSTED_PATIENCE 16		    /* times the limit, until the connection is given up */

struct posted {
	struct buf body;
	size_t max;
	uint64_t bytes; /* that came */
	uint64_t until_ns;
};

/* At most `max` bytes are kept. posted_release() afterwards. `now_ns`: monotonic. */
void posted_init(struct posted *p, size_t max, uint64_t now_ns);
void posted_release(struct posted *p);

/* False: enough of it, the connection is to be closed. */
bool must_check posted_add(struct posted *p, struct str piece, uint64_t now_ns);

/* 0: all of it is in `body`; -E2BIG, -ENOMEM: not. */
int must_check posted_check(const struct posted *p);

#endif
