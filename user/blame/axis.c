// SPDX-License-Identifier: Apache-2.0
#include "blame/axis.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A window that lost more than this says too little about who was busy. */
#define MAX_LOST 0.5

/* Times that leave room for adding days to them. */
#define MAX_LENGTH_NS (366 * UINT64_C(86400) * NSEC_PER_SEC)
#define MAX_TIME_NS   (INT64_MAX / 2)

static int by_u64(const void *va, const void *vb)
{
	uint64_t a = *(const uint64_t *)va, b = *(const uint64_t *)vb;

	return (a > b) - (a < b);
}

/* Median of f(window) over those where it is not 0; 0 when there is none. */
static uint64_t median_of(uint64_t *v, size_t cnt)
{
	size_t kept = 0;

	for (size_t i = 0; i < cnt; i++)
		if (v[i])
			v[kept++] = v[i];
	if (!kept)
		return 0;
	qsort(v, kept, sizeof(*v), by_u64);
	return v[kept / 2];
}

/* Lengths that nobody knows are taken from the distance to the next window. */
static uint64_t guess_length(const struct timeline *t, uint64_t *scratch)
{
	uint64_t n;

	for (uint32_t i = 0; i + 1 < t->window_cnt; i++)
		scratch[i] = (uint64_t)(t->windows[i + 1].start_ns - t->windows[i].start_ns);
	n = t->window_cnt > 1 ? median_of(scratch, t->window_cnt - 1) : 0;
	return n && n <= MAX_LENGTH_NS ? n : NSEC_PER_SEC;
}

/* Whether the next window is of the same time: then this one goes into its slot. */
static bool shares_next(const struct timeline *t, uint32_t i)
{
	const struct timeline_window *w = &t->windows[i];

	return i + 1 < t->window_cnt && w[0].start_ns == w[1].start_ns &&
	       w[0].length_ns == w[1].length_ns;
}

static void share_slots(struct axis *a, const struct timeline *t)
{
	for (uint32_t i = a->cnt; i-- > 0;) {
		bool shares = shares_next(t, i);

		a->slot_of[i] = shares ? a->slot_of[i + 1] : i;
		a->shared += shares;
	}
}

static void place_slots(struct axis *a, const struct timeline *t, uint64_t guessed)
{
	double lost = 0, kept = 0;

	for (uint32_t i = 0; i < a->cnt; i++) {
		const struct timeline_window *w = &t->windows[i];
		struct axis_slot *s = &a->slots[i];
		uint64_t length = w->length_ns ? w->length_ns : guessed;

		s->from_ns = w->start_ns;
		s->until_ns = w->start_ns + (int64_t)length;
		lost += (double)w->lost;
		kept += (double)w->cnt;
		if (a->slot_of[i] != i) {
			s->until_ns = s->from_ns;
			continue;
		}
		if (i + 1 < a->cnt && s->until_ns > t->windows[i + 1].start_ns) {
			/* clocks jitter: a hundredth of a window is no overlap worth a word */
			a->overlapping +=
				(uint64_t)(s->until_ns - t->windows[i + 1].start_ns) > length / 100;
			s->until_ns = t->windows[i + 1].start_ns;
		}
		s->lost = lost > 0 ? lost / (kept + lost) : 0;
		lost = kept = 0;
		s->seconds = (double)(s->until_ns - s->from_ns) / 1e9;
		if (s->lost > MAX_LOST) {
			s->seconds = 0;
			a->dropped++;
		}
	}
}

static void find_scales(struct axis *a, const struct timeline *t, const double *total)
{
	double unit = t->unit == PROFILE_NANOSECONDS ? 1e-9 : 1;

	for (uint32_t i = 0; i < a->cnt; i++) {
		struct axis_slot *s = &a->slots[i];
		double length = (double)t->windows[i].length_ns / 1e9;

		if (a->measure == MEASURE_SHARE)
			s->scale = total[i] > 0 ? s->seconds / total[i] : 0;
		else
			s->scale = unit * s->seconds / length / (1 - s->lost);
		if (s->seconds <= 0)
			s->scale = 0;
	}
}

static void find_measure(struct axis *a, const struct timeline *t)
{
	a->measure = t->unit == PROFILE_NANOSECONDS ? MEASURE_CORES : MEASURE_SAMPLES;
	for (uint32_t i = 0; i < t->window_cnt; i++)
		if (!t->windows[i].length_ns)
			a->measure = MEASURE_SHARE;
}

static void find_capacity(struct axis *a, const struct timeline *t, uint32_t cpus)
{
	double capacity = 0, length = 0;

	for (uint32_t i = 0; i < t->window_cnt; i++) {
		if (!t->windows[i].capacity_ns)
			continue;
		capacity += (double)t->windows[i].capacity_ns;
		length += (double)t->windows[i].length_ns;
	}
	if (a->measure == MEASURE_SHARE)
		a->capacity = 1;
	else if (a->measure == MEASURE_CORES)
		a->capacity = cpus ? cpus : length > 0 ? capacity / length : 0;
}

static bool times_are_sane(const struct timeline *t)
{
	for (uint32_t i = 0; i < t->window_cnt; i++)
		if (t->windows[i].length_ns > MAX_LENGTH_NS ||
		    t->windows[i].start_ns > MAX_TIME_NS || t->windows[i].start_ns < -MAX_TIME_NS)
			return false;
	return true;
}

static double *window_totals(const struct axis *a, const struct timeline *t)
{
	double *total = calloc((size_t)t->window_cnt + 1, sizeof(*total));

	for (uint32_t e = 0; total && e < t->entity_cnt; e++)
		for (const struct timeline_chunk *k = t->rows[e].first; k; k = k->next)
			for (uint32_t i = 0; i < k->cnt; i++)
				total[a->slot_of[k->cells[i].window]] += (double)k->cells[i].weight;
	return total;
}

int axis_init(struct axis *a, const struct timeline *t, uint32_t cpus)
{
	uint64_t *scratch = calloc((size_t)t->window_cnt + 1, sizeof(*scratch));
	double *total = NULL;
	int r = -ENOMEM;

	memset(a, 0, sizeof(*a));
	a->cnt = t->window_cnt;
	a->slots = calloc((size_t)a->cnt + 1, sizeof(*a->slots));
	a->slot_of = calloc((size_t)a->cnt + 1, sizeof(*a->slot_of));
	a->seconds_before = calloc((size_t)a->cnt + 1, sizeof(*a->seconds_before));
	if (!scratch || !a->slots || !a->slot_of || !a->seconds_before)
		goto out;
	share_slots(a, t);
	total = window_totals(a, t);
	if (!total)
		goto out;
	r = -EINVAL;
	if (!times_are_sane(t))
		goto out;
	find_measure(a, t);
	place_slots(a, t, guess_length(t, scratch));
	find_scales(a, t, total);
	find_capacity(a, t, cpus);
	for (uint32_t i = 0; i < a->cnt; i++) {
		a->seconds_before[i + 1] = a->seconds_before[i] + a->slots[i].seconds;
		scratch[i] = (uint64_t)(a->slots[i].until_ns - a->slots[i].from_ns);
	}
	a->typical_ns = median_of(scratch, a->cnt);
	r = a->seconds_before[a->cnt] > 0 ? 0 : -EINVAL;
out:
	free(scratch);
	free(total);
	if (r)
		axis_release(a);
	return r;
}

void axis_release(struct axis *a)
{
	free(a->slots);
	free(a->slot_of);
	free(a->seconds_before);
	memset(a, 0, sizeof(*a));
}

uint32_t axis_find(const struct axis *a, int64_t at_ns)
{
	uint32_t low = 0, high = a->cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (a->slots[mid].until_ns > at_ns)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static double part_of(const struct axis_slot *s, int64_t from_ns, int64_t until_ns)
{
	if (from_ns < s->from_ns)
		from_ns = s->from_ns;
	if (until_ns > s->until_ns)
		until_ns = s->until_ns;
	if (until_ns <= from_ns)
		return 0;
	return (double)(until_ns - from_ns) / (double)(s->until_ns - s->from_ns);
}

struct stretch axis_cut(const struct axis *a, int64_t from_ns, int64_t until_ns)
{
	struct stretch s = {.first = axis_find(a, from_ns), .first_part = 1, .last_part = 1};

	s.end = s.first;
	while (s.end < a->cnt && a->slots[s.end].from_ns < until_ns)
		s.end++;
	if (s.end == s.first)
		return s;
	s.first_part = part_of(&a->slots[s.first], from_ns, until_ns);
	if (s.end - s.first > 1)
		s.last_part = part_of(&a->slots[s.end - 1], from_ns, until_ns);
	s.seconds = a->seconds_before[s.end] - a->seconds_before[s.first] -
		    a->slots[s.first].seconds * (1 - s.first_part) -
		    a->slots[s.end - 1].seconds * (1 - s.last_part);
	if (s.seconds < 1e-9)
		s.seconds = 0;
	return s;
}

struct stretch axis_slots(const struct axis *a, uint32_t first, uint32_t end)
{
	return (struct stretch){
		.first = first,
		.end = end,
		.first_part = 1,
		.last_part = 1,
		.seconds = a->seconds_before[end] - a->seconds_before[first],
	};
}

void axis_project(const struct axis *a, const struct timeline *t, uint32_t entity, double *value,
		  double *before)
{
	double sum = 0;

	memset(value, 0, a->cnt * sizeof(*value));
	for (const struct timeline_chunk *k = t->rows[entity].first; k; k = k->next)
		for (uint32_t i = 0; i < k->cnt; i++) {
			uint32_t slot = a->slot_of[k->cells[i].window];

			value[slot] += (double)k->cells[i].weight * a->slots[slot].scale;
		}
	for (uint32_t i = 0; i < a->cnt; i++) {
		before[i] = sum;
		sum += value[i];
	}
	before[a->cnt] = sum;
}
