// SPDX-License-Identifier: Apache-2.0
#include "blame/plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/times.h"

#define MINUTE	     (60 * (int64_t)NSEC_PER_SEC)
#define HOUR	     (60 * MINUTE)
#define DAY	     (24 * HOUR)
#define WEEK	     (7 * DAY)
#define NEAR_NS	     HOUR
#define CLOCK_NS     (HOUR / 2)
#define LOCAL_NS     (2 * HOUR)
#define LOCAL_BLOCKS 8		     /* a local median of fewer would follow its own blocks */
#define MAX_DAYS     60		     /* of other days at the same time of day, on either side */
#define MAX_LENGTH   (INT64_MAX / 4) /* of an incident: centuries; twice as much still fits */
#define MIN_COVERAGE 0.7	     /* of a block by data */
#define MAX_BLOCKS   (1U << 24)
#define MAX_RUNS     (1U << 20)

static int by_start(const void *va, const void *vb)
{
	const struct plan_given *a = va, *b = vb;

	if (a->range.from_ns != b->range.from_ns)
		return a->range.from_ns < b->range.from_ns ? -1 : 1;
	return (a->range.until_ns > b->range.until_ns) - (a->range.until_ns < b->range.until_ns);
}

static int64_t length_of(const struct blame_incident *i)
{
	return i->until_ns - i->from_ns;
}

static int note_range(struct verdict *v, const struct blame_incident *i, const char *what)
{
	struct buf b;
	int r;

	buf_init(&b, 256);
	time_add(&b, i->from_ns);
	buf_addstr(&b, "..");
	time_add(&b, i->until_ns);
	r = buf_error(&b);
	if (!r)
		r = verdict_note(v, "the incident of %s %s", b.data, what);
	buf_release(&b);
	return r == -ENOSPC ? 0 : r;
}

static int check_incidents(const struct blame_incident *inc, size_t cnt, struct err *err)
{
	if (!cnt)
		return err_set(err, EINVAL, "no incident was given: name at least one time range");
	if (cnt > BLAME_MAX_INCIDENTS)
		return err_set(err, EINVAL, "%zu incidents are more than the %d that are looked at",
			       cnt, BLAME_MAX_INCIDENTS);
	for (size_t i = 0; i < cnt; i++)
		if (inc[i].until_ns <= inc[i].from_ns || inc[i].from_ns < -(INT64_MAX / 2) ||
		    inc[i].until_ns > INT64_MAX / 2)
			return err_set(err, EINVAL,
				       "incident %zu is empty or backwards: its end must be after "
				       "its start",
				       i + 1);
	for (size_t i = 0; i < cnt; i++)
		if (length_of(&inc[i]) > MAX_LENGTH)
			return err_set(err, EINVAL, "incident %zu lasts longer than any history",
				       i + 1);
	return 0;
}

/* What overlaps is one incident; it is judged when a part of it is. */
static int take_incidents(struct plan *p, const struct blame_incident *inc, size_t cnt,
			  const bool *aside, struct verdict *v, struct err *err)
{
	size_t kept = 0;
	int r = check_incidents(inc, cnt, err);

	if (r)
		return r;
	p->given = calloc(cnt, sizeof(*p->given));
	if (!p->given)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < cnt; i++)
		p->given[i] = (struct plan_given){inc[i], aside && aside[i]};
	qsort(p->given, cnt, sizeof(*p->given), by_start);
	for (size_t i = 0; i < cnt; i++) {
		struct plan_given *g = &p->given[i], *last = kept ? &p->given[kept - 1] : NULL;

		if (last && g->range.from_ns < last->range.until_ns) {
			if (g->range.until_ns > last->range.until_ns)
				last->range.until_ns = g->range.until_ns;
			last->aside = last->aside && g->aside;
		} else {
			p->given[kept++] = *g;
		}
	}
	p->given_cnt = kept;
	if (kept < cnt &&
	    verdict_note(v, "%zu of %zu incidents overlap others and were merged", cnt - kept, cnt))
		return -ENOMEM;
	return 0;
}

/* One that is to be judged, if there is data for it. */
static int add_judged(struct plan *p, const struct blame_incident *g, struct verdict *v)
{
	struct stretch at = axis_cut(p->axis, g->from_ns, g->until_ns);
	int r = 0;

	if (at.seconds <= 0)
		return note_range(v, g, "was left out: the history has no window for it");
	if (at.seconds * 1e9 < 0.5 * (double)length_of(g))
		r = note_range(v, g, "is covered by windows for less than half of it");
	p->incidents[p->incident_cnt++] = (struct plan_incident){.range = *g, .at = at};
	return r;
}

static void add_aside(struct plan *p)
{
	for (size_t i = 0; i < p->given_cnt; i++) {
		const struct blame_incident *g = &p->given[i].range;
		struct plan_incident *next = &p->incidents[p->incident_cnt + p->aside_cnt];

		if (!p->given[i].aside)
			continue;
		next->range = *g;
		next->at = axis_cut(p->axis, g->from_ns, g->until_ns);
		p->aside_cnt += next->at.seconds > 0;
	}
}

/* Keeps the incidents for which there is data. */
static int find_data(struct plan *p, struct verdict *v, struct err *err)
{
	struct buf b;
	int r = 0;

	p->incidents = calloc(p->given_cnt + 1, sizeof(*p->incidents));
	if (!p->incidents)
		return err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; !r && i < p->given_cnt; i++)
		if (!p->given[i].aside)
			r = add_judged(p, &p->given[i].range, v);
	add_aside(p);
	if (r || p->incident_cnt)
		return r;
	buf_init(&b, 256);
	time_add(&b, v->history_from_ns);
	buf_addstr(&b, "..");
	time_add(&b, v->history_until_ns);
	r = err_set(err, ERANGE, "%s in the history, which is %s",
		    p->given_cnt == 1 ? "the incident does not lie" : "none of the incidents lies",
		    b.data ? b.data : "empty");
	buf_release(&b);
	return r;
}

static int by_length(const void *va, const void *vb)
{
	int64_t a = *(const int64_t *)va, b = *(const int64_t *)vb;

	return (a > b) - (a < b);
}

/*
 * Blocks are as long as the median incident, but not much longer than the shortest: means over
 * longer stretches vary less, and a short incident must not be judged by them.
 */
static int find_block_length(struct plan *p, struct verdict *v)
{
	int64_t *lengths = calloc(p->incident_cnt, sizeof(*lengths));
	int64_t block;

	if (!lengths)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->incident_cnt; i++)
		lengths[i] = length_of(&p->incidents[i].range);
	qsort(lengths, p->incident_cnt, sizeof(*lengths), by_length);
	block = lengths[p->incident_cnt / 2];
	if (lengths[0] < block / 2)
		block = 2 * lengths[0];
	p->block_ns = (uint64_t)block;
	if (p->block_ns < p->axis->typical_ns)
		p->block_ns = p->axis->typical_ns;
	block = lengths[0];
	free(lengths);
	if ((uint64_t)block < p->axis->typical_ns)
		return verdict_note(
			v,
			"some incidents are shorter than a window (%.3g s): the windows "
			"that contain them stand for them and dilute what happened",
			(double)p->axis->typical_ns / 1e9);
	return 0;
}

/*
 * How much of the `room_ns` beside an incident is guard, when `sides` guards share it. What is
 * right for long histories would eat a short one: then twice an incident is enough, or a third of
 * the room. At least half of it always stays baseline. Never below one window.
 */
static int64_t guard_for(struct plan *p, const struct blame_opts *o, int64_t room_ns, int sides)
{
	int64_t twice = 2 * (int64_t)p->block_ns, least = (int64_t)p->axis->typical_ns;
	int64_t guard = twice > 10 * MINUTE ? twice : 10 * MINUTE;

	if (guard > room_ns / 2 / sides) {
		guard = room_ns / 3 / sides;
		guard = guard < twice ? guard : twice;
	}
	if (guard < (int64_t)o->label_uncertainty_ns)
		guard = (int64_t)o->label_uncertainty_ns;
	if (guard > room_ns / 2 / sides)
		guard = room_ns / 2 / sides;
	if (guard < least)
		guard = least;
	if (o->guard_ns)
		guard = (int64_t)o->guard_ns;
	if (!p->guard_ns || (uint64_t)guard > p->guard_ns)
		p->guard_ns = (uint64_t)guard;
	if (!p->guard_min_ns || (uint64_t)guard < p->guard_min_ns)
		p->guard_min_ns = (uint64_t)guard;
	return guard;
}

static int add_baseline(struct plan *p, int64_t from_ns, int64_t until_ns)
{
	int r;

	if (until_ns <= from_ns)
		return 0;
	r = mem_grow(&p->baseline, &p->baseline_cap, p->baseline_cnt + 1, sizeof(*p->baseline),
		     BLAME_MAX_INCIDENTS + 1);
	if (!r)
		p->baseline[p->baseline_cnt++] = (struct blame_incident){from_ns, until_ns};
	return r;
}

static int find_baseline(struct plan *p, const struct blame_opts *o, const struct verdict *v)
{
	int64_t at = v->history_from_ns, room, guard;
	int r = 0;

	for (size_t i = 0; !r && i <= p->given_cnt; i++) {
		bool last = i == p->given_cnt, outer = last || !i;
		int64_t until = last ? v->history_until_ns : p->given[i].range.from_ns;

		room = until > at ? until - at : 0;
		guard = room ? guard_for(p, o, room, outer ? 1 : 2) : 0;
		if (room > guard)
			r = add_baseline(p, i ? at + guard : at, last ? until : until - guard);
		if (!last && p->given[i].range.until_ns > at)
			at = p->given[i].range.until_ns;
	}
	return r;
}

static int close_block(struct plan *p, uint32_t first, uint32_t end)
{
	const struct axis *a = p->axis;
	struct plan_block b = {.at = axis_slots(a, first, end)};
	double span;
	int r;

	b.from_ns = a->slots[first].from_ns;
	b.until_ns = a->slots[end - 1].until_ns;
	span = (double)(b.until_ns - b.from_ns) / 1e9;
	if (span < (double)p->block_ns / 1e9)
		span = (double)p->block_ns / 1e9;
	/* windows do not divide every length: the last of a block may miss half a window */
	if (b.at.seconds + 0.5 * (double)a->typical_ns / 1e9 < MIN_COVERAGE * span ||
	    b.at.seconds <= 0)
		return 0;
	r = mem_grow(&p->blocks, &p->block_cap, (size_t)p->block_cnt + 1, sizeof(*p->blocks),
		     MAX_BLOCKS);
	if (!r)
		p->blocks[p->block_cnt++] = b;
	return r;
}

static int cut_blocks(struct plan *p, const struct blame_incident *range)
{
	const struct axis *a = p->axis;
	int64_t half = (int64_t)a->typical_ns / 2, length = (int64_t)p->block_ns;
	uint32_t first = axis_find(a, range->from_ns), i;
	int r = 0;

	while (first < a->cnt && a->slots[first].from_ns < range->from_ns)
		first++;
	for (i = first; !r && i < a->cnt && a->slots[i].until_ns <= range->until_ns; i++) {
		int64_t start = a->slots[first].from_ns;

		if (i > first && a->slots[i].from_ns - start > length - half) {
			r = close_block(p, first, i);
			first = i;
			start = a->slots[i].from_ns;
		}
		if (!r && a->slots[i].until_ns - start >= length - half) {
			r = close_block(p, first, i + 1);
			first = i + 1;
		}
	}
	if (!r && first < i)
		r = close_block(p, first, i);
	return r;
}

uint32_t plan_find_block(const struct plan *p, int64_t at_ns)
{
	uint32_t low = 0, high = p->block_cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (p->blocks[mid].from_ns >= at_ns)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static struct plan_run blocks_in(const struct plan *p, int64_t from_ns, int64_t until_ns)
{
	return (struct plan_run){plan_find_block(p, from_ns), plan_find_block(p, until_ns)};
}

/* 1970-01-01 was a Thursday. */
static bool is_weekend(int64_t at_ns)
{
	int64_t day = ((at_ns / DAY - (at_ns % DAY < 0)) % 7 + 7) % 7;

	return day == 2 || day == 3;
}

/* Same time of other days; of days of the same kind (weekend or not) when there are three. */
static int find_clock(struct plan *p, struct plan_incident *inc)
{
	int64_t middle = inc->range.from_ns + length_of(&inc->range) / 2;
	uint32_t alike = 0;
	int r = 0;

	inc->clock_first = (uint32_t)p->clock_cnt;
	for (int pass = 0; pass < 2; pass++) {
		for (int64_t d = -MAX_DAYS; !r && d <= MAX_DAYS; d++) {
			int64_t at = middle + d * DAY;
			struct plan_run run = blocks_in(p, at - CLOCK_NS, at + CLOCK_NS);
			bool same = is_weekend(at) == is_weekend(middle);

			if (!d || run.first >= run.end)
				continue;
			if (!pass) {
				alike += same;
				continue;
			}
			if (alike >= 3 && !same)
				continue;
			r = mem_grow(&p->clock, &p->clock_cap, p->clock_cnt + 1, sizeof(*p->clock),
				     MAX_RUNS);
			if (!r)
				p->clock[p->clock_cnt++] = run;
		}
	}
	inc->clock_end = (uint32_t)p->clock_cnt;
	return r;
}

static int find_references(struct plan *p)
{
	int64_t after = INT64_MIN;
	int r = 0;

	for (uint32_t i = 0; !r && i < p->incident_cnt; i++) {
		struct plan_incident *inc = &p->incidents[i];

		inc->near =
			blocks_in(p, inc->range.from_ns - NEAR_NS, inc->range.until_ns + NEAR_NS);
		inc->between = blocks_in(p, after, inc->range.from_ns);
		after = inc->range.until_ns;
		r = find_clock(p, inc);
	}
	return r;
}

static int find_local(struct plan *p)
{
	uint32_t first = 0;
	int r = 0;

	for (uint32_t i = 1; !r && i <= p->block_cnt; i++) {
		bool full = i - first >= LOCAL_BLOCKS && p->block_cnt - i >= LOCAL_BLOCKS &&
			    p->blocks[i].from_ns - p->blocks[first].from_ns >= LOCAL_NS;

		if (!full && i < p->block_cnt)
			continue;
		r = mem_grow(&p->local, &p->local_cap, p->local_cnt + 1, sizeof(*p->local),
			     MAX_BLOCKS);
		if (!r)
			p->local[p->local_cnt++] = (struct plan_run){first, i};
		first = i;
	}
	return r;
}

struct blame_incident plan_windows(const struct plan *p, const struct plan_incident *inc)
{
	const struct axis_slot *slots = p->axis->slots;
	uint32_t first = inc->at.first, end = inc->at.end;

	if (end - first > 1 && inc->at.first_part < 0.5 &&
	    (end - first > 2 || inc->at.last_part > inc->at.first_part))
		first++;
	if (end - first > 1 && inc->at.last_part < 0.5)
		end--;
	return (struct blame_incident){slots[first].from_ns, slots[end - 1].until_ns};
}

int plan_init(struct plan *p, const struct axis *axis, const struct blame_incident *inc, size_t cnt,
	      const struct blame_opts *o, struct verdict *v, struct err *err)
{
	int r;

	memset(p, 0, sizeof(*p));
	p->axis = axis;
	p->separate = o->separate;
	r = take_incidents(p, inc, cnt, o->aside, v, err);
	if (!r)
		r = find_data(p, v, err);
	if (r)
		goto out;
	r = find_block_length(p, v);
	if (!r)
		r = find_baseline(p, o, v);
	for (size_t i = 0; !r && i < p->baseline_cnt; i++)
		r = cut_blocks(p, &p->baseline[i]);
	if (!r)
		r = find_references(p);
	if (!r)
		r = find_local(p);
	if (!r)
		r = plan_find_periods(p);
	if (r)
		r = err_set(err, r, "cannot lay out the baseline: %s", strerror(-r));
out:
	if (r)
		plan_release(p);
	return r;
}

void plan_release(struct plan *p)
{
	free(p->given);
	free(p->incidents);
	free(p->baseline);
	free(p->blocks);
	free(p->clock);
	free(p->local);
	for (uint32_t i = 0; i < p->period_cnt; i++)
		free(p->periods[i].phases);
	memset(p, 0, sizeof(*p));
}
