// SPDX-License-Identifier: Apache-2.0
#include "diff/spread.h"

#include <errno.h>
#include <stdlib.h>

#define FEW 16 /* one in so many is few: those are sorted; else all are looked at in order */

int spread_init(struct spread *s, uint32_t cnt)
{
	*s = (struct spread){.cnt = cnt};
	s->cells = calloc((size_t)cnt + 1, sizeof(*s->cells));
	s->touched = malloc(((size_t)cnt + 1) * sizeof(*s->touched));
	return s->cells && s->touched ? 0 : -ENOMEM;
}

void spread_release(struct spread *s)
{
	free(s->cells);
	free(s->touched);
	*s = (struct spread){0};
}

void spread_add(struct spread *s, uint32_t id, double weight)
{
	struct spread_cell *cell = &s->cells[id];

	if (!cell->listed) {
		cell->listed = true;
		s->touched[s->touched_cnt++] = id;
	}
	cell->now += weight;
}

static int descending(const void *va, const void *vb)
{
	uint32_t a = *(const uint32_t *)va, b = *(const uint32_t *)vb;

	return (a < b) - (a > b);
}

void spread_sort(struct spread *s)
{
	uint32_t n = 0;

	if (s->touched_cnt < s->cnt / FEW) {
		if (s->touched_cnt)
			qsort(s->touched, s->touched_cnt, sizeof(*s->touched), descending);
		return;
	}
	for (uint32_t id = s->cnt; id-- > 0;)
		if (s->cells[id].listed)
			s->touched[n++] = id;
}

void spread_close(struct spread *s, double x)
{
	for (uint32_t i = 0; i < s->touched_cnt; i++) {
		struct spread_cell *cell = &s->cells[s->touched[i]];

		cell->sum += cell->now;
		cell->sq += cell->now * cell->now;
		cell->by_x += cell->now * x;
		cell->now = 0;
		cell->listed = false;
	}
	s->touched_cnt = 0;
}
