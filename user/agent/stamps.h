/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stamps.h - the time that each window bears, when somebody sets the wall clock.
 *
 * Windows are cut by the monotonic clock, so setting the wall clock loses none of them; a window
 * keeps the time that it began at. But a clock that was set back comes past the same boundaries
 * once more, and a backend takes two profiles of one series and time for one that was sent twice:
 * it drops one of them. So a window that begins before the end of one that is there begins some
 * microseconds later than it would: more than the nanoseconds that tell the parts of a window apart
 * (ship/parcels.h), less than a hundredth of its length, and the same for all windows of such a
 * stretch. How many is drawn from the monotonic clock: a third time is not the second.
 *
 * Says when the clock was set, and counts it. Pure but for that.
 */
#ifndef AGENT_STAMPS_H
#define AGENT_STAMPS_H

#include "base/clock.h"
#include "model/profile.h"

#define STAMPS_STEP_NS (NSEC_PER_SEC / 2) /* less than that is no step: clocks are disciplined */

struct stamps {
	int64_t newest_ns; /* the end of the latest window that is there */
	int64_t offset_ns; /* wall clock less monotonic clock, when last looked at */
	int64_t shift_ns;  /* of the windows that come a second time; 0: none do */
	bool has_offset;
	uint64_t forth, back; /* times that the clock was set */
};

/* `newest_ns`: the end of the latest window that was there before; 0: none. */
void stamps_init(struct stamps *s, int64_t newest_ns);

/* Looks at the clocks, and gives a window that was just sealed a time of its own. */
void stamps_take(struct stamps *s, const struct clock *clock, struct profile *window);

#endif
