// SPDX-License-Identifier: Apache-2.0
#include "agent/stems.h"

struct stem *stems_get(struct stems *s, uint32_t tid, uint64_t window, uint64_t mappings)
{
	struct stem *stem = &s->stems[tid & (STEMS_CNT - 1)];

	if (stem->window != window || stem->mappings != mappings) {
		stem->window = window;
		stem->mappings = mappings;
		stem->cnt = 0;
	}
	return stem;
}

const struct stem_step *stem_follow(struct stem *s, uint32_t depth, uint64_t addr)
{
	if (depth >= s->cnt)
		return NULL;
	if (s->steps[depth].addr == addr)
		return &s->steps[depth];
	s->cnt = depth;
	return NULL;
}

void stem_put(struct stem *s, uint32_t depth, const struct stem_step *step)
{
	if (depth == s->cnt && depth < WIRE_MAX_USER_FRAMES)
		s->steps[s->cnt++] = *step;
}
