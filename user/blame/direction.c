// SPDX-License-Identifier: Apache-2.0
#include "blame/direction.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "blame/evidence.h"

#define STEP_SLOTS   64	  /* looked at, on either side of the label */
#define STEP_LEAST   4	  /* slots before the label at least */
#define STEP_CLEAR   1.5  /* a step smaller than so many standard deviations has no time */
#define SPREAD_FLOOR 1e-6 /* of the squares: no fit is better than this */
#define ERROR_FLOOR  0.2  /* of a slot: neither work nor its windows begin exactly */
#define Z_MOST	     2.0  /* of one incident: no single one decides */
#define Z_FREE	     1.0  /* what chance gives to the luckiest of several */
#define OTHER_LEAST  0.2  /* a rise smaller than this part of another's cannot be behind it */
#define LOSS_LEAST   0.1  /* nor can a loss that small, and noise has losses, too */
#define TIMED_LEAST  2	  /* incidents: one order alone is chance as often as not */
#define DOSE_LAGS    3	  /* slots by which the symptom may follow */
#define DOSE_LEAST   12	  /* slots within incidents to correlate over */
#define NODE_FULL    0.95 /* of its CPUs */
#define LATE_SLOTS   0.4  /* a mean lag behind the labels of more than this is late */

/* ---- pure parts -------------------------------------------------------------------------- */

/* Split with the largest between-group sum of squares; SIZE_MAX when none goes the right way. */
static size_t split_of(const double *v, size_t n, double sign)
{
	double all = 0, before = 0, best = 0;
	size_t at = SIZE_MAX;

	for (size_t i = 0; i < n; i++)
		all += v[i];
	for (size_t m = 1; m < n; m++) {
		double a, b, gain;

		before += v[m - 1];
		a = before / (double)m;
		b = (all - before) / (double)(n - m);
		gain = (double)m * (double)(n - m) * (b - a) * (b - a);
		if ((b - a) * sign > 0 && gain > best) {
			best = gain;
			at = m;
		}
	}
	return at;
}

static double mean_of(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum / (double)n;
}

static double squares_of(const double *v, size_t n, double mean)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (v[i] - mean) * (v[i] - mean);
	return sum;
}

/* What lies before slot j is the base, what lies after it the top; the step is inside of j. */
struct fit {
	double base, top, squares, at;
};

static struct fit fit_at(const double *v, size_t n, size_t j)
{
	size_t high = j + 1;
	struct fit f = {.base = mean_of(v, j), .top = mean_of(v + high, n - high)};
	double filled = (v[j] - f.base) / (f.top - f.base), inside = fmax(0, fmin(filled, 1));
	double off = (filled - inside) * (f.top - f.base);

	f.squares = squares_of(v, j, f.base) + squares_of(v + high, n - high, f.top) + off * off;
	f.at = (double)high - inside;
	return f;
}

/*
 * How far from `at` the step may be: the root mean square distance over all slots that it could lie
 * in, each by its likelihood (Student's, the noise being unknown). In noise any slot will do, and
 * the best one of many means nothing.
 */
static double spread_of(const double *v, size_t n, double sign, double at)
{
	double least = INFINITY, sum = 0, far = 0, scale = squares_of(v, n, mean_of(v, n));

	for (int pass = 0; pass < 2; pass++) {
		for (size_t j = 1; j + 1 < n; j++) {
			struct fit f = fit_at(v, n, j);
			double squares = f.squares + SPREAD_FLOOR * scale, p;

			if (!((f.top - f.base) * sign > 0))
				continue;
			if (!pass) {
				least = fmin(least, squares);
				continue;
			}
			p = pow(squares / least, -((double)n - 2) / 2) /
			    sqrt((double)j * (double)(n - j - 1));
			sum += p;
			far += p * (f.at - at) * (f.at - at);
		}
	}
	return sum > 0 ? sqrt(far / sum) : 0;
}

bool direction_step(const double *v, size_t n, double sign, struct step *ret)
{
	size_t m = n >= 4 ? split_of(v, n, sign) : SIZE_MAX, low, high;
	double base, top, sd, filled;

	if (m == SIZE_MAX)
		return false;
	/* the slots beside the split are the ones that the step may cut in two */
	low = m > 1 ? m - 1 : m;
	high = m + 1 < n ? m + 1 : m;
	base = mean_of(v, low);
	top = mean_of(v + high, n - high);
	if ((top - base) * sign <= 0)
		return false;
	sd = sqrt((squares_of(v, low, base) + squares_of(v + high, n - high, top)) /
		  (double)(low + n - high > 2 ? low + n - high - 2 : 1));
	ret->size = fabs(top - base);
	if (ret->size < STEP_CLEAR * sd)
		return false;
	filled = 0;
	for (size_t i = low; i < high; i++)
		filled += (v[i] - base) / (top - base);
	filled = fmax(0, fmin(filled, (double)(high - low)));
	ret->at = (double)high - filled;
	ret->error =
		hypot(hypot(ERROR_FLOOR, M_SQRT2 * sd / ret->size), spread_of(v, n, sign, ret->at));
	return true;
}

double direction_pool(const double *z, size_t cnt)
{
	double sum = 0;

	for (size_t i = 0; i < cnt; i++)
		sum += fmax(-Z_MOST, fmin(z[i], Z_MOST));
	return cnt ? sum / sqrt((double)cnt) : 0;
}

double direction_behind(double pooled, size_t cnt)
{
	double z = pooled - Z_FREE;

	return z > 0 ? fmin(z * z / 2, (double)cnt) : 0;
}

/* Rank of each value, equal ones share their mean; n is small. */
static void ranks_of(const double *v, size_t n, double *ret)
{
	for (size_t i = 0; i < n; i++) {
		double below = 0, same = 0;

		for (size_t j = 0; j < n; j++) {
			below += v[j] < v[i];
			same += v[j] == v[i];
		}
		ret[i] = below + (same - 1) / 2;
	}
}

double direction_spearman(const double *a, const double *b, size_t n, double *scratch)
{
	double *ra = scratch, *rb = scratch + n, xy = 0, xx = 0, yy = 0;
	double mean = ((double)n - 1) / 2;

	ranks_of(a, n, ra);
	ranks_of(b, n, rb);
	for (size_t i = 0; i < n; i++) {
		xy += (ra[i] - mean) * (rb[i] - mean);
		xx += (ra[i] - mean) * (ra[i] - mean);
		yy += (rb[i] - mean) * (rb[i] - mean);
	}
	return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

/* ---- onsets ------------------------------------------------------------------------------ */

struct onset {
	double at_s, error_s; /* from the label's start; error 0: not clear */
};

struct measuring {
	struct scorer *s;
	struct onset *onsets; /* (DIRECTION_MAX + 1) x incidents; the last row is the victims' */
	double *lost;	      /* per slot: what the victims have, level x seconds */
	double *z;	      /* per incident */
	double loss;	      /* of all victims: level */
	size_t cnt;	      /* candidates */
};

static struct onset *row(const struct measuring *m, size_t candidate)
{
	return m->onsets + candidate * m->s->plan->incident_cnt;
}

/* The slots around the start of an incident: from the guard before it to its end. */
static void slots_around(const struct scorer *s, uint32_t k, uint32_t *ret_first, uint32_t *ret_end)
{
	const struct plan_incident *inc = &s->plan->incidents[k];
	const struct axis *a = s->axis;
	int64_t slot = (int64_t)a->typical_ns, length = inc->range.until_ns - inc->range.from_ns;
	int64_t before = length > STEP_LEAST * slot ? length : STEP_LEAST * slot;

	if (before > (int64_t)s->plan->guard_min_ns)
		before = (int64_t)s->plan->guard_min_ns;
	if (before < STEP_LEAST * slot)
		before = STEP_LEAST * slot;
	if (before > STEP_SLOTS * slot)
		before = STEP_SLOTS * slot;
	if (length > STEP_SLOTS * slot)
		length = STEP_SLOTS * slot;
	*ret_first = axis_find(a, inc->range.from_ns - before);
	*ret_end = *ret_first;
	while (*ret_end < a->cnt && *ret_end - *ret_first < 2 * STEP_SLOTS &&
	       a->slots[*ret_end].until_ns <= inc->range.from_ns + length)
		++*ret_end;
}

static struct onset find_onset(const struct scorer *s, uint32_t k, const double *value, double sign)
{
	const struct axis *a = s->axis;
	double level[2 * STEP_SLOTS] = {0};
	uint32_t which[2 * STEP_SLOTS], first, end;
	struct step step;
	size_t n = 0, slot;

	slots_around(s, k, &first, &end);
	for (uint32_t i = first; i < end; i++) {
		if (a->slots[i].seconds <= 0)
			continue;
		which[n] = i;
		level[n++] = value[i] / a->slots[i].seconds;
	}
	if (!direction_step(level, n, sign, &step))
		return (struct onset){0};
	slot = (size_t)step.at < n ? (size_t)step.at : n - 1;
	return (struct onset){
		.at_s = ((double)(a->slots[which[slot]].from_ns -
				  s->plan->incidents[k].range.from_ns) +
			 (step.at - (double)slot) * (double)a->typical_ns) /
			1e9,
		.error_s = step.error * (double)a->typical_ns / 1e9,
	};
}

static void find_onsets(struct measuring *m, size_t candidate, const struct rank *r)
{
	struct scorer *s = m->s;
	struct onset *o = row(m, candidate);
	struct score again;

	score_entity(s, r->entity, false, &again);
	for (uint32_t k = 0; k < s->plan->incident_cnt; k++)
		if (s->rises[k] > 0 && s->levels[k] >= r->score.with.level)
			o[k] = find_onset(s, k, s->value, 1);
}

/* Nats for "b rose (or fell) before a did". */
static double behind(struct measuring *m, size_t a, size_t b, double *ret_gap_s, double *ret_pooled,
		     uint32_t *ret_timed)
{
	const struct onset *oa = row(m, a), *ob = row(m, b);
	double gap = 0;
	size_t n = 0;

	for (uint32_t k = 0; k < m->s->plan->incident_cnt; k++) {
		double error = hypot(oa[k].error_s, ob[k].error_s);

		if (oa[k].error_s <= 0 || ob[k].error_s <= 0)
			continue;
		m->z[n++] = (oa[k].at_s - ob[k].at_s) / error;
		gap += oa[k].at_s - ob[k].at_s;
	}
	*ret_gap_s = n ? gap / (double)n : 0;
	*ret_timed = (uint32_t)n;
	*ret_pooled = direction_pool(m->z, n);
	return direction_behind(*ret_pooled, n);
}

static void judge_onset(struct measuring *m, struct rank *ranks, size_t c)
{
	struct verdict_direction *dir = &ranks[c].dir;
	const struct onset *o = row(m, c);
	double gap, nats, pooled, lag = 0;
	uint32_t timed;

	for (uint32_t k = 0; k < m->s->plan->incident_cnt; k++) {
		if (o[k].error_s <= 0)
			continue;
		lag += o[k].at_s;
		dir->timed++;
	}
	if (!dir->timed)
		return;
	dir->lag_s = lag / dir->timed;
	for (size_t other = 0; other <= DIRECTION_MAX; other++) {
		bool victims = other == DIRECTION_MAX;

		if (other == c || (!victims && other >= m->cnt) ||
		    (victims ? m->loss < LOSS_LEAST * ranks[c].score.delta_hit
			     : ranks[other].score.delta_hit <
				       OTHER_LEAST * ranks[c].score.delta_hit))
			continue;
		nats = behind(m, c, other, &gap, &pooled, &timed);
		if (timed < TIMED_LEAST)
			continue;
		if (victims) {
			dir->after_loss = pooled;
			dir->loss_timed = timed;
		}
		if (nats <= -dir->onset)
			continue;
		dir->onset = -nats;
		dir->behind_s = gap;
		dir->after = victims ? DIRECTION_AFTER_VICTIMS : DIRECTION_AFTER_ENTITY;
		dir->after_entity = victims ? 0 : ranks[other].entity;
	}
}

/* Without victims only the label tells when the symptom began. */
static void judge_lateness(const struct scorer *s, struct verdict_direction *dir,
			   const struct blame_opts *o)
{
	double room = LATE_SLOTS * (double)s->axis->typical_ns;

	if (room < (double)o->label_uncertainty_ns)
		room = (double)o->label_uncertainty_ns;
	dir->late = dir->timed >= 2 && !dir->loss_timed && dir->lag_s * 1e9 > room;
}

/* ---- dose, displacement ------------------------------------------------------------------ */

/* Correlation of its level with what the victims lose, some slots later, within incidents. */
static double dose_at(const struct measuring *m, uint32_t lag, double *a, double *b,
		      double *scratch, size_t *ret_n)
{
	const struct scorer *s = m->s;
	size_t n = 0;

	for (uint32_t k = 0; k < s->plan->incident_cnt; k++) {
		const struct stretch *at = &s->plan->incidents[k].at;
		size_t from = n;
		double ma = 0, mb = 0;

		for (uint32_t i = at->first + 1; i + 1 < at->end && n < 256; i++) {
			if (i + lag + 1 >= at->end || s->axis->slots[i].seconds <= 0 ||
			    s->axis->slots[i + lag].seconds <= 0)
				continue;
			a[n] = s->value[i] / s->axis->slots[i].seconds;
			b[n] = -m->lost[i + lag] / s->axis->slots[i + lag].seconds;
			ma += a[n];
			mb += b[n++];
		}
		for (size_t i = from; i < n; i++) {
			a[i] -= ma / (double)(n - from);
			b[i] -= mb / (double)(n - from);
		}
	}
	*ret_n = n;
	return n < DOSE_LEAST ? 0 : direction_spearman(a, b, n, scratch);
}

/* Fisher's z of the largest correlation in size, less what the choice of a lag gives by chance. */
static void judge_dose(struct measuring *m, struct rank *r)
{
	double a[256], b[256], scratch[512], best = 0;
	struct score again;

	score_entity(m->s, r->entity, false, &again);
	for (uint32_t lag = 0; lag <= DOSE_LAGS; lag++) {
		size_t n;
		double rho = dose_at(m, lag, a, b, scratch, &n);
		double z = n > 3 ? atanh(fmax(-0.99, fmin(rho, 0.99))) * sqrt((double)n - 3) : 0;

		if (fabs(z) > fabs(best))
			best = z;
	}
	if (fabs(best) > 2)
		r->dir.dose = fmax(-1, fmin((fabs(best) - 2) / 4, 1)) * (best > 0 ? 1 : -1);
}

/* On a full node nobody gains what others have not lost: a cause took at least so much. */
static void judge_displacement(const struct scorer *s, struct rank *r, double loss)
{
	double used = 0;

	for (uint32_t k = 0; k < s->plan->incident_cnt; k++)
		used += s->incident_total[k] / s->plan->incident_cnt;
	if (s->axis->capacity <= 0 || used < NODE_FULL * s->axis->capacity || loss <= 0 ||
	    r->score.delta_hit >= loss)
		return;
	r->dir.displacement = fmax(-1, log(r->score.delta_hit / loss) / 2);
}

/* ---- all --------------------------------------------------------------------------------- */

/* Variance of its baseline blocks, but never below a hundredth of what it lost, squared. */
static double noise_of(const struct scorer *s, double loss)
{
	double var = 0, mean;

	if (s->plan->block_cnt) {
		mean = mean_of(s->blocks, s->plan->block_cnt);
		var = squares_of(s->blocks, s->plan->block_cnt, mean) / s->plan->block_cnt;
	}
	return fmax(var, loss * loss / 1e4);
}

/*
 * What the victims have together, and when it fell. Each counts by its loss over its variance
 * (Fisher's discriminant), so that a large unsteady one does not hide what the others show. Only
 * those that are tied to the incidents as firmly as a suspect must be tell the time: of many
 * processes a few seem to lose by chance, and what drifts down by itself does so early.
 */
static double watch_victims(struct measuring *m, const uint32_t *victims, size_t cnt,
			    double least_log_bf)
{
	struct scorer *s = m->s;
	struct onset *o = row(m, DIRECTION_MAX);
	double loss = 0, weight;

	for (size_t v = 0; v < cnt; v++) {
		struct score sc;

		score_entity(s, victims[v], false, &sc);
		loss += sc.loss;
		if (sc.loss_log_bf < least_log_bf)
			continue;
		weight = sc.loss / noise_of(s, sc.loss);
		for (uint32_t i = 0; i < s->axis->cnt; i++)
			m->lost[i] += weight * s->value[i];
	}
	for (uint32_t k = 0; cnt && k < s->plan->incident_cnt; k++)
		o[k] = find_onset(s, k, m->lost, -1);
	return loss;
}

static void judge_signature(const struct scorer *s, struct rank *r, const struct blame_opts *o)
{
	struct str name = timeline_name(s->t, r->entity);

	for (size_t i = 0; i < o->reacting_cnt; i++)
		if (str_eq(o->reacting[i], name))
			r->dir.signature = -M_LN2;
}

/* Linked, or half way there: where the history is short nobody is linked, and the order tells all. */
static bool is_tied(const struct rank *r, double threshold)
{
	return r->linked || r->score.with.log_bf >= threshold / 2;
}

int direction_measure(struct scorer *s, struct rank *ranks, size_t cnt, const uint32_t *victims,
		      size_t victim_cnt, const struct blame_opts *o)
{
	double least = evidence_threshold((uint32_t)cnt, o->allowed_error);
	struct measuring m = {.s = s};
	uint32_t k = s->plan->incident_cnt;
	size_t tied = 0;
	int r = -ENOMEM;

	while (m.cnt < cnt && m.cnt < DIRECTION_MAX && ranks[m.cnt].s > -INFINITY) {
		tied += is_tied(&ranks[m.cnt], least);
		m.cnt++;
	}
	if (!tied)
		return 0;
	m.onsets = calloc((DIRECTION_MAX + 1) * (size_t)k, sizeof(*m.onsets));
	m.lost = calloc((size_t)s->axis->cnt + 1, sizeof(*m.lost));
	m.z = calloc((size_t)k + 1, sizeof(*m.z));
	if (!m.onsets || !m.lost || !m.z)
		goto out;
	m.loss = watch_victims(&m, victims, victim_cnt, least);
	for (size_t c = 0; c < m.cnt; c++)
		if (is_tied(&ranks[c], least))
			find_onsets(&m, c, &ranks[c]);
	for (size_t c = 0; c < m.cnt; c++) {
		if (!is_tied(&ranks[c], least))
			continue;
		judge_onset(&m, ranks, c);
		judge_lateness(s, &ranks[c].dir, o);
		if (victim_cnt)
			judge_dose(&m, &ranks[c]);
		judge_displacement(s, &ranks[c], m.loss);
		judge_signature(s, &ranks[c], o);
	}
	r = 0;
out:
	free(m.onsets);
	free(m.lost);
	free(m.z);
	return r;
}

bool direction_onset(const struct scorer *s, uint32_t k, double sign, double *ret_at_s,
		     double *ret_error_s)
{
	struct onset o = find_onset(s, k, s->value, sign);

	if (o.error_s <= 0)
		return false;
	*ret_at_s = o.at_s;
	*ret_error_s = o.error_s;
	return true;
}
