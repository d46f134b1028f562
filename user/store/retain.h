/* SPDX-License-Identifier: Apache-2.0 */
/* retain.h - which blocks go: the decision alone, without files. */
#ifndef STORE_RETAIN_H
#define STORE_RETAIN_H

#include "base/compiler.h"

struct retain_block {
	int64_t until_ns; /* end of the time that it covers */
	uint64_t bytes;
	bool marked; /* a recurrence of an incident lies in it */
	bool drop;   /* out */
};

struct retain_limits {
	uint64_t max_age_ns; /* a block that ended longer ago goes; 0: no limit */
	uint64_t max_bytes;  /* of those that stay, the oldest go while they are larger together; 0:
				no limit */
};

/*
 * `blocks` from the oldest to the newest. The newest always stays: it is being written, and a limit
 * that is too small must not turn the recorder off. Marked ones do not age: the next recurrence, in a
 * year, is to be compared with them. The bytes limit takes them too, after all others. Returns how
 * many go.
 */
size_t retain_choose(struct retain_block *blocks, size_t cnt, int64_t now_ns,
		     const struct retain_limits *limits);

#endif
