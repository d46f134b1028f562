// SPDX-License-Identifier: Apache-2.0
#include "blame/score.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "blame/evidence.h"

/* Medians of more values than this are taken from every n-th of them. */
#define MEDIAN_CAP 512

/*
 * Fewer blocks nearby, or at that time of other days, say nothing; of the whole baseline any number
 * does.
 */
#define MEDIAN_LEAST 3

#define LAG_MAX 64

#define EXCUSE_BLOCKS 3 /* an incident and the two blocks that it may reach into */

enum { SET_ALL, SET_NEAR, SET_CLOCK };

static int alloc_blocks(struct scorer *s)
{
	size_t n = (size_t)s->plan->block_cnt + 1, slots = (size_t)s->axis->cnt + 1;

	s->blocks = calloc(n, sizeof(double));
	s->upward = calloc(n, sizeof(double));
	s->total = calloc(n, sizeof(double));
	s->scratch = calloc(n, sizeof(double));
	s->local = calloc(n, sizeof(double));
	s->sets = calloc(n, 1);
	s->value = calloc(slots, sizeof(double));
	s->before = calloc(slots, sizeof(double));
	return s->blocks && s->upward && s->total && s->scratch && s->local && s->sets &&
			       s->value && s->before
		       ? 0
		       : -ENOMEM;
}

static int alloc_incidents(struct scorer *s)
{
	size_t n = (size_t)s->plan->incident_cnt + 1;

	s->levels = calloc(n, sizeof(double));
	s->rises = calloc(n, sizeof(double));
	s->falls = calloc(n, sizeof(double));
	s->sorted = calloc(n, sizeof(double));
	s->tau = calloc(n, sizeof(double));
	s->incident_total = calloc(n, sizeof(double));
	s->incident_rise = calloc(n, sizeof(double));
	for (int i = 0; i < 3; i++) {
		s->busy[i] = calloc(n, sizeof(uint32_t));
		if (!s->busy[i])
			return -ENOMEM;
	}
	return s->levels && s->rises && s->falls && s->sorted && s->tau && s->incident_total &&
			       s->incident_rise
		       ? 0
		       : -ENOMEM;
}

static void mark_set(struct scorer *s, struct plan_run run, int set)
{
	for (uint32_t b = run.first; b < run.end; b++) {
		s->set_cnt[set] += !(s->sets[b] & (1U << set));
		s->sets[b] |= (uint8_t)(1U << set);
	}
}

int scorer_init(struct scorer *s, const struct timeline *t, const struct axis *a,
		const struct plan *p)
{
	int r;

	memset(s, 0, sizeof(*s));
	s->t = t;
	s->axis = a;
	s->plan = p;
	r = alloc_blocks(s);
	if (!r)
		r = alloc_incidents(s);
	if (r) {
		scorer_release(s);
		return r;
	}
	s->set_cnt[SET_ALL] = p->block_cnt;
	for (uint32_t k = 0; k < p->incident_cnt; k++) {
		mark_set(s, p->incidents[k].near, SET_NEAR);
		for (uint32_t c = p->incidents[k].clock_first; c < p->incidents[k].clock_end; c++)
			mark_set(s, p->clock[c], SET_CLOCK);
	}
	return 0;
}

void scorer_release(struct scorer *s)
{
	free(s->blocks);
	free(s->upward);
	free(s->total);
	free(s->scratch);
	free(s->local);
	free(s->sets);
	free(s->value);
	free(s->before);
	free(s->levels);
	free(s->rises);
	free(s->falls);
	free(s->sorted);
	free(s->tau);
	free(s->incident_total);
	free(s->incident_rise);
	for (int i = 0; i < 3; i++)
		free(s->busy[i]);
	memset(s, 0, sizeof(*s));
}

/* ---- order statistics -------------------------------------------------------------------- */

/* Hoare's selection; equal values do not make it quadratic. */
static double select_nth(double *v, size_t cnt, size_t nth)
{
	size_t low = 0, high = cnt - 1;

	while (low < high) {
		double pivot = v[low + (high - low) / 2];
		size_t i = low, j = high;

		for (;;) {
			double swap;

			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i >= j)
				break;
			swap = v[i];
			v[i++] = v[j];
			v[j--] = swap;
		}
		/* i == j: that one is the pivot's; i > j: they crossed between two values */
		if (i == j) {
			if (nth < i)
				high = i - 1;
			else if (nth > i)
				low = i + 1;
			else
				return v[i];
		} else if (nth <= j) {
			high = j;
		} else {
			low = i;
		}
	}
	return v[nth];
}

double score_quantile(double *v, size_t cnt, double q)
{
	double at, below;
	size_t n;

	if (!cnt)
		return 0;
	at = q * (double)(cnt - 1);
	n = (size_t)at;
	below = select_nth(v, cnt, n);
	if (at - (double)n < 1e-9 || n + 1 >= cnt)
		return below;
	return below + (at - (double)n) * (select_nth(v, cnt, n + 1) - below);
}

/* Median over runs of blocks; NAN when they hold fewer than `least`. */
static double median_of_runs(struct scorer *s, const struct plan_run *runs, size_t cnt,
			     size_t least)
{
	size_t all = 0, n = 0, step;

	for (size_t i = 0; i < cnt; i++)
		all += runs[i].end - runs[i].first;
	if (all < least)
		return NAN;
	step = (all + MEDIAN_CAP - 1) / MEDIAN_CAP;
	for (size_t i = 0, skip = 0; i < cnt; i++) {
		uint32_t b;

		for (b = runs[i].first + (uint32_t)skip; b < runs[i].end; b += (uint32_t)step)
			s->scratch[n++] = s->blocks[b];
		skip = b - runs[i].end;
	}
	return score_quantile(s->scratch, n, 0.5);
}

/* ---- one entity -------------------------------------------------------------------------- */

static void measure_blocks(struct scorer *s, bool count)
{
	const struct plan *p = s->plan;

	for (uint32_t b = 0; b < p->block_cnt; b++)
		s->blocks[b] = axis_level(&p->blocks[b].at, s->value, s->before);
	for (size_t i = 0; i < p->local_cnt; i++) {
		double median = median_of_runs(s, &p->local[i], 1, MEDIAN_LEAST);

		s->local[i] = isnan(median) ? 0 : median;
	}
	if (!count)
		return;
	for (size_t i = 0; i < p->local_cnt; i++) {
		for (uint32_t b = p->local[i].first; b < p->local[i].end; b++) {
			s->total[b] += s->blocks[b];
			if (s->blocks[b] > s->local[i])
				s->upward[b] += s->blocks[b] - s->local[i];
		}
	}
}

/* Step B: the level in each incident, above the larger of the medians nearby and at that time of
 * other days, so that neither daily load nor a job of that hour looks like a rise. */
static void measure_incidents(struct scorer *s, bool count)
{
	const struct plan *p = s->plan;
	struct plan_run all = {0, p->block_cnt};
	double global = NAN;

	for (uint32_t k = 0; k < p->incident_cnt; k++) {
		const struct plan_incident *inc = &p->incidents[k];
		double near = median_of_runs(s, &inc->near, 1, MEDIAN_LEAST), clock, high, low;

		clock = median_of_runs(s, &p->clock[inc->clock_first],
				       inc->clock_end - inc->clock_first, MEDIAN_LEAST);
		if (isnan(near)) {
			if (isnan(global))
				global = median_of_runs(s, &all, 1, 1);
			near = isnan(global) ? 0 : global;
		}
		high = clock > near ? clock : near;
		low = clock < near ? clock : near;
		s->levels[k] = axis_level(&inc->at, s->value, s->before);
		s->rises[k] = s->levels[k] - high;
		s->falls[k] = low - s->levels[k];
		if (count) {
			s->incident_total[k] += s->levels[k];
			s->incident_rise[k] += s->rises[k] > 0 ? s->rises[k] : 0;
		}
	}
}

static int ascending(const void *va, const void *vb)
{
	double a = *(const double *)va, b = *(const double *)vb;

	return (a > b) - (a < b);
}

/* The levels in order, and from where on a block is as busy as each. */
static void find_thresholds(struct scorer *s)
{
	uint32_t n = s->plan->incident_cnt;
	double usual;

	for (uint32_t k = 0; k < n; k++)
		s->sorted[k] = s->levels[k] - s->rises[k];
	usual = score_quantile(s->sorted, n, 0.5);
	memcpy(s->sorted, s->levels, n * sizeof(double));
	qsort(s->sorted, n, sizeof(double), ascending);
	for (uint32_t k = 0; k < n; k++)
		s->tau[k] = evidence_busy_from(s->sorted[k], usual);
}

/* busy[set][j]: blocks of the set as busy as the (j + 1)-th smallest level. */
static void count_busy(struct scorer *s)
{
	const struct plan *p = s->plan;
	uint32_t n = p->incident_cnt;
	double least = s->tau[0];

	for (int i = 0; i < 3; i++)
		memset(s->busy[i], 0, n * sizeof(uint32_t));
	for (uint32_t b = 0; b < p->block_cnt; b++) {
		uint32_t low = 0, high = n;

		if (s->blocks[b] < least)
			continue;
		while (low < high) { /* thresholds at or below the block */
			uint32_t mid = low + (high - low) / 2;

			if (s->tau[mid] <= s->blocks[b])
				low = mid + 1;
			else
				high = mid;
		}
		for (int i = 0; i < 3; i++)
			if (low && (!i || (s->sets[b] & (1U << i))))
				s->busy[i][low - 1]++;
	}
	for (int i = 0; i < 3; i++)
		for (uint32_t j = n - 1; j > 0; j--)
			s->busy[i][j - 1] += s->busy[i][j];
}

/* Whether the process was seen below tau in a block between two incidents. */
static bool calm_between(const struct scorer *s, uint32_t a, uint32_t b, double tau)
{
	const struct plan_incident *inc = s->plan->incidents;

	if (s->plan->separate)
		return true;
	for (uint32_t i = inc[a + 1].between.first; i < inc[b].between.end; i++)
		if (s->blocks[i] < tau)
			return true;
	return false;
}

/* Hits with no calm in between are one run: one long job that covers three incidents was lucky
 * once, not three times. */
static void count_hits(const struct scorer *s, double level, double tau, struct linkage *l)
{
	uint32_t last = UINT32_MAX;

	l->hits = l->runs = 0;
	for (uint32_t k = 0; k < s->plan->incident_cnt; k++) {
		if (s->levels[k] < level || s->rises[k] <= 0)
			continue;
		l->hits++;
		if (last == UINT32_MAX || calm_between(s, last, k, tau))
			l->runs++;
		last = k;
	}
	l->misses = s->plan->incident_cnt - l->hits;
}

static double tail_of_sets(const struct scorer *s, const uint32_t busy[3], double weight)
{
	double all = evidence_tail(busy[SET_ALL], s->set_cnt[SET_ALL], weight), f = all;

	for (int i = SET_NEAR; i <= SET_CLOCK; i++) {
		double near;

		if (s->set_cnt[i] < 5)
			continue;
		near = evidence_tail_near(busy[i], s->set_cnt[i], all);
		if (near > f)
			f = near;
	}
	return f;
}

/* The longest run of busy blocks that is no longer than an incident may be and does not begin at `but`.
 * Its length; 0: none. */
static uint32_t longest_run(const struct scorer *s, double tau, uint32_t but, uint32_t *ret_first)
{
	uint32_t best = 0, run = 0;

	for (uint32_t b = 0; b <= s->plan->block_cnt; b++) {
		if (b < s->plan->block_cnt && s->blocks[b] >= tau) {
			run++;
			continue;
		}
		if (run > best && run <= EXCUSE_BLOCKS && b - run != but) {
			best = run;
			*ret_first = b - run;
		}
		run = 0;
	}
	return best;
}

/*
 * A label that is wrong leaves a real incident among the baseline, where the cause was busy as well:
 * for each of two misses one run of busy blocks may be such. Takes the longest out of the counts
 * `busy` of the sets. Returns what that costs, in nats: of a run that is an incident, one place is as
 * good as any other; of one that is not, there are as many as what is left lets expect.
 */
static double excuse_misses(const struct scorer *s, double tau, uint32_t misses, uint32_t busy[3])
{
	uint32_t but = UINT32_MAX, first = 0, len;
	double cost = 0;

	for (uint32_t i = 0; i < misses && i < EVIDENCE_EXCUSES; i++) {
		len = longest_run(s, tau, but, &first);
		for (uint32_t b = first; b < first + len; b++)
			for (int set = SET_ALL; set <= SET_CLOCK; set++)
				busy[set] -= set == SET_ALL || (s->sets[b] & (1U << set));
		if (len)
			cost += evidence_excuse_cost(busy[SET_ALL]);
		but = first;
	}
	return cost;
}

/* Times at the incidents' phase at which it was as busy. */
static uint32_t busy_phases(const struct scorer *s, const struct plan_period *pp, double tau)
{
	uint32_t busy = 0;

	for (uint32_t c = 0; c < pp->phase_cnt; c++) {
		bool is = false;

		for (int a = 0; a < 3 && !is; a++)
			is = axis_level(&pp->phases[c].at[a], s->value, s->before) >= tau;
		busy += is;
	}
	return busy;
}

/* What the phases say against a tie. */
struct phase_tail {
	double f;
	double excused; /* f without the busy ones that may be incidents without a label, */
	double cost;	/* and what leaving them out costs */
	uint32_t busy, cnt;
};

/* As excuse_misses(), at the phases: the incidents share a clock, and so does one whose label is
 * elsewhere. */
static void tail_of_phases(const struct scorer *s, double tau, uint32_t misses,
			   struct phase_tail *ret)
{
	*ret = (struct phase_tail){0};
	for (uint32_t i = 0; i < s->plan->period_cnt; i++) {
		const struct plan_period *pp = &s->plan->periods[i];
		uint32_t busy = busy_phases(s, pp, tau), left = busy;
		double f = evidence_tail(busy, pp->phase_cnt, 1), excused;
		double cost = evidence_excuse(misses, &left);

		excused = evidence_tail(left, pp->phase_cnt, 1);
		if (excused > ret->excused) {
			ret->excused = excused;
			ret->cost = cost;
		}
		if (f <= ret->f)
			continue;
		ret->f = f;
		ret->busy = busy;
		ret->cnt = pp->phase_cnt;
	}
}

/*
 * How many independent blocks one block is worth. The series is taken relative to the local median:
 * daily load makes blocks alike without making bursts so.
 */
static double independence(struct scorer *s)
{
	const struct plan *p = s->plan;
	double mean = 0, var = 0, sum = 0, floor_rho = 1 / sqrt((double)p->block_cnt + 1);
	double *r = s->scratch;

	for (size_t i = 0; i < p->local_cnt; i++)
		for (uint32_t b = p->local[i].first; b < p->local[i].end; b++)
			mean += r[b] = s->blocks[b] - s->local[i];
	mean /= (double)p->block_cnt;
	for (uint32_t b = 0; b < p->block_cnt; b++) {
		r[b] -= mean;
		var += r[b] * r[b];
	}
	if (var <= 0)
		return 1;
	for (uint32_t lag = 1; lag <= LAG_MAX && lag < p->block_cnt; lag++) {
		double c = 0;

		for (uint32_t b = lag; b < p->block_cnt; b++)
			c += r[b] * r[b - lag];
		if (c / var <= floor_rho) /* the rest is noise */
			break;
		sum += c / var;
	}
	return 1 / (1 + 2 * sum);
}

/*
 * Evidence with the thresholds of the (j + 1)-th smallest level, for one weight of a block: the better
 * of taking the baseline as it is, and of leaving out of it what a miss leaves there.
 */
static void link_level(const struct scorer *s, uint32_t j, double weight, bool phases,
		       struct linkage *l)
{
	uint32_t busy[3] = {s->busy[0][j], s->busy[1][j], s->busy[2][j]}, misses;
	double choice = evidence_choice_cost(s->plan->incident_cnt), excused, cost = 0, other;
	struct phase_tail at;

	misses = l->runs >= 2 ? l->misses : 0;
	l->f = tail_of_sets(s, busy, weight);
	if (misses)
		cost = excuse_misses(s, l->tau, misses, busy);
	excused = tail_of_sets(s, busy, weight);
	l->blocks = s->set_cnt[SET_ALL] * weight;
	l->flat = !s->busy[SET_ALL][j];
	if (phases) {
		tail_of_phases(s, l->tau, misses, &at);
		if (at.f > l->f) {
			l->f = at.f;
			l->blocks = at.cnt;
		}
		if (at.excused > excused)
			excused = at.excused;
		/* one incident without a label is a block and a phase */
		if (at.cost > cost)
			cost = at.cost;
		l->flat = l->flat && !at.busy;
	}
	l->plain = evidence_log_bf(l->f, l->runs, l->misses) - choice;
	other = evidence_log_bf(excused, l->runs, l->misses) - choice - cost;
	l->log_bf = other > l->plain ? other : l->plain;
}

/* Step C for one weight of a block. */
static void link_at(const struct scorer *s, double weight, bool phases, struct score *sc,
		    struct linkage *best)
{
	uint32_t n = s->plan->incident_cnt, most = n <= 2 ? 1 : n;
	struct phase_tail at;
	double plain = -INFINITY;

	best->log_bf = -INFINITY;
	for (uint32_t j = 0; j < most; j++) {
		struct linkage l = {.tau = s->tau[j], .level = s->sorted[j]};

		if (j && s->sorted[j] <= s->sorted[j - 1])
			continue;
		count_hits(s, s->sorted[j], l.tau, &l);
		if (!l.hits)
			continue;
		link_level(s, j, weight, phases, &l);
		if (l.plain > plain)
			plain = l.plain;
		if (l.log_bf > best->log_bf)
			*best = l;
	}
	best->plain = plain;
	if (!phases || best->log_bf == -INFINITY)
		return;
	tail_of_phases(s, best->tau, 0, &at);
	sc->phase_busy = at.busy;
	sc->phase_cnt = at.cnt;
}

static void link_entity(struct scorer *s, struct score *sc)
{
	double weight = 1;

	find_thresholds(s);
	count_busy(s);
	link_at(s, weight, false, sc, &sc->without);
	/* dependence only lowers the evidence: it matters where there is some */
	if (sc->without.log_bf > 0) {
		weight = independence(s);
		link_at(s, weight, false, sc, &sc->without);
	}
	sc->with = sc->without;
	if (s->plan->period_cnt && sc->without.log_bf > 0)
		link_at(s, weight, true, sc, &sc->with);
}

static void find_effect(struct scorer *s, struct score *sc)
{
	uint32_t n = s->plan->incident_cnt, upper = (n + 1) / 2;

	memcpy(s->sorted, s->rises, n * sizeof(double));
	qsort(s->sorted, n, sizeof(double), ascending);
	sc->delta = sc->delta_hit = 0;
	for (uint32_t k = 0; k < n; k++) {
		double rise = s->sorted[k] > 0 ? s->sorted[k] : 0;

		sc->delta += rise / n;
		if (k >= n - upper)
			sc->delta_hit += rise / upper;
	}
}

/* The mirror image of step C: how rarely it has as little CPU as in the incidents. */
static void find_loss(struct scorer *s, struct score *sc)
{
	const struct plan *p = s->plan;
	uint32_t n = p->incident_cnt, hits = n < 4 ? n : n - 1, low = 0;
	double bound, f;

	sc->loss = 0;
	for (uint32_t k = 0; k < n; k++)
		sc->loss += s->falls[k] / n;
	sc->loss_log_bf = 0;
	if (sc->loss <= 0)
		return;
	memcpy(s->sorted, s->levels, n * sizeof(double));
	qsort(s->sorted, n, sizeof(double), ascending);
	bound = s->sorted[hits - 1] / EVIDENCE_MARGIN;
	for (uint32_t b = 0; b < p->block_cnt; b++)
		low += s->blocks[b] <= bound;
	f = evidence_tail(low, p->block_cnt, 1);
	sc->loss_log_bf = evidence_log_bf(f, hits, n - hits);
}

void score_entity(struct scorer *s, uint32_t entity, bool count, struct score *ret)
{
	memset(ret, 0, sizeof(*ret));
	axis_project(s->axis, s->t, entity, s->value, s->before);
	measure_blocks(s, count);
	measure_incidents(s, count);
	find_effect(s, ret);
	find_loss(s, ret);
	link_entity(s, ret);
}
