// SPDX-License-Identifier: Apache-2.0
#include "agent/stamps.h"

#include "base/log.h"

#define STEP_NS	      ((int64_t)STAMPS_STEP_NS)
#define SHIFT_UNIT_NS 1000 /* one part of a window is a nanosecond behind the one before */
#define MAX_SHIFT_NS  ((uint64_t)MOMENT_NS) /* moments stay where they are */

void stamps_init(struct stamps *s, int64_t newest_ns)
{
	*s = (struct stamps){.newest_ns = newest_ns};
}

/* True if the clock was set since the last look. */
static bool look(struct stamps *s, const struct clock *clock)
{
	int64_t offset_ns = clock_wall_ns(clock) - (int64_t)clock_mono_ns(clock);
	int64_t step_ns = s->has_offset ? offset_ns - s->offset_ns : 0;

	s->offset_ns = offset_ns;
	s->has_offset = true;
	if (step_ns > -STEP_NS && step_ns < STEP_NS)
		return false;
	if (step_ns > 0)
		s->forth++;
	else
		s->back++;
	log_warn("agent: the wall clock was set %s by %.1f s: windows keep the time that they "
		 "began at%s",
		 step_ns > 0 ? "forth" : "back",
		 (double)(step_ns > 0 ? step_ns : -step_ns) / (double)NSEC_PER_SEC,
		 step_ns > 0 ? ""
			     : ", those of a time that was there already begin a little later");
	return true;
}

static int64_t draw_shift(const struct clock *clock, uint64_t length_ns)
{
	uint64_t span_ns = length_ns / 100 < MAX_SHIFT_NS ? length_ns / 100 : MAX_SHIFT_NS;
	uint64_t choices = span_ns / SHIFT_UNIT_NS;
	uint64_t lot = clock_mono_ns(clock) / SHIFT_UNIT_NS;

	return (int64_t)(SHIFT_UNIT_NS * (1 + (choices > 1 ? lot % (choices - 1) : 0)));
}

void stamps_take(struct stamps *s, const struct clock *clock, struct profile *window)
{
	int64_t end_ns = window->end_ns; /* unmoved, so that the next one need not move either */

	if (window->start_ns >= s->newest_ns) {
		s->shift_ns = 0;
	} else {
		if (!s->shift_ns)
			s->shift_ns = draw_shift(clock, window->length_ns);
		window->start_ns += s->shift_ns;
		window->end_ns += s->shift_ns;
	}
	if (end_ns > s->newest_ns)
		s->newest_ns = end_ns;
	if (look(s, clock)) /* this window began before: the stretch begins with the next one */
		s->shift_ns = 0;
}
