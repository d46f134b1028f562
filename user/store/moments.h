/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moments.h - the times of a window's samples as bytes, and back. Pure functions; FORMAT.md has
 * every byte. For the other files of store/ only.
 *
 * Like those of encode.h the decoder takes hostile bytes: what does not hold is -EBADMSG.
 */
#ifndef STORE_MOMENTS_H
#define STORE_MOMENTS_H

#include "base/buf.h"
#include "base/compiler.h"
#include "store/encode.h"

struct encode_moment {
	uint32_t sample; /* into the window's samples, as they are encoded */
	uint32_t step;	 /* steps of MOMENT_NS since the one that the window's start lies in */
	uint32_t cnt;	 /* > 0 */
};

/* `m` sorted by (sample, step), no pair twice; `sample_cnt` samples in all. Appends to *out. */
void encode_moments(const struct encode_moment *m, size_t cnt, size_t sample_cnt, struct buf *out);

/*
 * *ret is sorted like that, owned (free()). No sample gets more moments than it counts, unless its
 * count is unknown (0). 0, -EBADMSG, -ENOMEM.
 */
int must_check decode_moments(struct str payload, const struct encode_sample *samples,
			      size_t sample_cnt, struct encode_moment **ret, size_t *ret_cnt);

#endif
