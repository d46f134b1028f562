// SPDX-License-Identifier: Apache-2.0
/*
 * Incidents that share a clock: whatever runs by that clock is busy in each of them. The fair
 * comparison is with the same phase when there was no incident.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "blame/plan.h"

#define MINUTE	   (60 * (int64_t)NSEC_PER_SEC)
#define MAX_PHASES (1U << 20)

static const int64_t periods[PLAN_MAX_PERIODS] = {
	5 * MINUTE,  10 * MINUTE,      15 * MINUTE,	     30 * MINUTE,
	60 * MINUTE, 24 * 60 * MINUTE, 7 * 24 * 60 * MINUTE,
};

static double angle_of(int64_t at_ns, int64_t period_ns)
{
	return 2 * M_PI * (double)(at_ns % period_ns) / (double)period_ns;
}

/*
 * How concentrated so many phases must be. Two or three random ones often lie close together: the
 * bounds keep chance below about one in ten (Rayleigh's statistic; two: 2 acos(R) / pi).
 */
static double least_concentration(uint32_t cycles)
{
	return cycles == 2 ? 0.988 : cycles == 3 ? 0.9 : 0.8;
}

/*
 * The mean phase of the starts in [0, period), if they share one. Starts in one cycle are one
 * start: incidents a minute apart share the hour, but not because of a clock.
 */
static bool find_phase(const struct plan *p, int64_t period_ns, int64_t *ret_ns)
{
	double x = 0, y = 0, length, angle;
	int64_t last = 0;
	uint32_t cycles = 0;

	for (uint32_t i = 0; i < p->incident_cnt; i++) {
		int64_t at = p->incidents[i].range.from_ns;

		if (cycles && at - last < period_ns / 2)
			continue;
		x += cos(angle_of(at, period_ns));
		y += sin(angle_of(at, period_ns));
		last = at;
		cycles++;
	}
	if (cycles < 2 || cycles * 2 < p->incident_cnt)
		return false;
	length = sqrt(x * x + y * y) / cycles;
	if (length <= least_concentration(cycles))
		return false;
	angle = atan2(y, x);
	if (angle < 0)
		angle += 2 * M_PI;
	*ret_ns = (int64_t)(angle / (2 * M_PI) * (double)period_ns);
	return true;
}

/* How far the starts lie before and after the mean phase. */
static void find_spread(const struct plan *p, int64_t period_ns, int64_t phase_ns,
			int64_t *ret_early, int64_t *ret_late)
{
	*ret_early = *ret_late = 0;
	for (uint32_t i = 0; i < p->incident_cnt; i++) {
		int64_t off = (p->incidents[i].range.from_ns - phase_ns) % period_ns;

		if (off > period_ns / 2)
			off -= period_ns;
		if (off < -period_ns / 2)
			off += period_ns;
		/* one that is elsewhere is a stray, not a spread */
		if (off > period_ns / 8 || off < -period_ns / 8)
			continue;
		if (off < *ret_early)
			*ret_early = off;
		if (off > *ret_late)
			*ret_late = off;
	}
}

static bool is_quiet(const struct plan *p, int64_t from_ns, int64_t until_ns)
{
	size_t low = 0, high = p->given_cnt;

	/* a window of room: labels and windows are not aligned */
	from_ns -= (int64_t)p->axis->typical_ns;
	until_ns += (int64_t)p->axis->typical_ns;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (p->given[mid].range.until_ns > from_ns)
			high = mid;
		else
			low = mid + 1;
	}
	return low == p->given_cnt || p->given[low].range.from_ns >= until_ns;
}

static int add_phases(struct plan *p, int64_t period_ns, int64_t phase_ns)
{
	struct plan_period *pp = &p->periods[p->period_cnt];
	const struct axis *a = p->axis;
	int64_t length = (int64_t)p->block_ns, from = a->slots[0].from_ns, shift[3];
	int64_t until = a->slots[a->cnt - 1].until_ns;
	size_t cap = 0;
	int r = 0;

	shift[1] = 0;
	find_spread(p, period_ns, phase_ns, &shift[0], &shift[2]);
	pp->period_ns = (uint64_t)period_ns;
	p->period_cnt++;
	from -= ((from - phase_ns) % period_ns + period_ns) % period_ns;
	for (int64_t at = from; !r && at < until; at += period_ns) {
		struct plan_phase phase;
		bool covered = true;

		for (int i = 0; i < 3; i++) {
			phase.at[i] = axis_cut(a, at + shift[i], at + shift[i] + length);
			covered = covered && phase.at[i].seconds >= 0.7 * (double)length / 1e9;
		}
		if (!covered || !is_quiet(p, at + shift[0], at + shift[2] + length))
			continue;
		r = mem_grow(&pp->phases, &cap, (size_t)pp->phase_cnt + 1, sizeof(*pp->phases),
			     MAX_PHASES);
		if (!r)
			pp->phases[pp->phase_cnt++] = phase;
	}
	return r;
}

int plan_find_periods(struct plan *p)
{
	int64_t phase;
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(periods); i++) {
		/* a period that the incidents themselves fill has no other times to compare with */
		if (periods[i] < 2 * (int64_t)p->block_ns)
			continue;
		if (find_phase(p, periods[i], &phase))
			r = add_phases(p, periods[i], phase);
	}
	return r;
}
