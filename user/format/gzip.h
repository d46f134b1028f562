/* SPDX-License-Identifier: Apache-2.0 */
/* gzip.h - gzip in both directions, with a guard against files that blow up. */
#ifndef FORMAT_GZIP_H
#define FORMAT_GZIP_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

struct gzip_limits {
	size_t max_bytes; /* inflated; 0: 1 GiB */
	/*
	 * Inflated over compressed bytes, judged from GZIP_RATIO_FROM inflated bytes on; 0: 250.
	 * Stacks reach 60 at most, deflate itself 1032.
	 */
	unsigned int max_ratio;
};

#define GZIP_RATIO_FROM ((size_t)16 << 20)

bool gzip_is(struct str bytes); /* begins like a gzip file */

/*
 * Appends what is inside, all members one behind the other. -EINVAL: no gzip, damaged, cut off (err
 * names the byte); -EFBIG: over a limit; -ENOMEM. `limits` may be NULL.
 */
int must_check gzip_inflate(struct str bytes, const struct gzip_limits *limits, struct buf *out,
			    struct err *err);

/* Appends the bytes as one member, without name and time: the same bytes always give the same. */
int must_check gzip_deflate(struct str bytes, struct buf *out);

#endif
