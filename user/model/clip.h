/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clip.h - the part of a profile that lies in a stretch of time, by the times of its single samples:
 * finer than whole windows.
 */
#ifndef MODEL_CLIP_H
#define MODEL_CLIP_H

#include "base/times.h"
#include "model/profile.h"

struct builder;

/* Do the profile and the range have any time in common? Not if nobody knows when it was. */
bool clip_touches(const struct profile *p, struct time_range range);

/*
 * Adds the samples that have a moment in the range (whole steps of MOMENT_NS, from the one that
 * range.from_ns lies in), their moments, and one window of the time in common. Losses are added
 * whole: nobody knows when they were. Samples without a time are left out; *ret_untimed, which may
 * be NULL, counts them. 0, -ENOSPC, -ENOMEM, -EINVAL when the builder has another unit.
 */
int must_check clip_add(struct builder *b, const struct profile *p, struct time_range range,
			uint64_t *ret_untimed);

#endif
