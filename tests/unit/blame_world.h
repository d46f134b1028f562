/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blame_world.h - machines that never were: services, bursts, cron jobs, rare processes, and an
 * incident that recurs. For tests and the accuracy grid; the same seed gives the same world.
 *
 * Services: lognormal size, AR(1) noise of the logarithm, daily load. Three in ten are bursty or
 * run by a clock. During incidents a culprit adds its cores, some services react (x1.3-3.5), others
 * lose CPU, small helpers appear; the culprit comes first, then the symptom (what the victims lose),
 * then those who react, each after a delay of its own. When the machine is full everybody is squeezed alike. What the
 * profiler sees is a Poisson sample of that. Labels come from the symptom: late, and not exact.
 */
#ifndef TESTS_BLAME_WORLD_H
#define TESTS_BLAME_WORLD_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "blame/blame.h"
#include "blame/causes.h"
#include "model/timeline.h"

#define WORLD_MAX_K 16
#define WORLD_START INT64_C(1767225600) /* 2026-01-01T00:00:00Z, a Thursday */

enum world_clock { WORLD_RANDOM, WORLD_HOURLY, WORLD_DAILY };

struct world_opts {
	uint64_t seed;
	uint32_t services, rare, windows, k;
	double window_s, cpus, incident_s, incident_max_s;
	double hz;	      /* of the profiler; 0 = exact */
	double culprit;	      /* cores it adds; 0 = there is none */
	double culprit_base;  /* cores it takes anyway, as a service; 0 = it comes and goes */
	double label_error_s; /* edges are off by up to so much */
	double symptom_s;     /* the symptom follows the cause by up to so much, */
	double react_s;	      /* and what reacts follows the symptom by up to so much */
	uint32_t wrong;	      /* so many labels point anywhere */
	uint32_t reacting, victims, helpers;
	double second;	  /* cores that another culprit adds, in the incidents that are its own, */
	uint32_t seconds; /* so many: those that are not the first one's. 0 = there is none */
	double fickle;	  /* chance that one who reacts does not, this time */
	double load;	  /* share of the CPUs that services use; 0 = 0.5 */
	enum world_clock clock;
};

struct world {
	struct world_opts o;
	struct timeline *t;
	struct blame_incident labels[WORLD_MAX_K];
	float *level; /* [entity][window], seconds of CPU per second */
	uint32_t entity_cnt;
	uint64_t rng;
};

static inline double world_unit(struct world *w)
{
	uint64_t z = w->rng += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return ((double)((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}

static inline double world_between(struct world *w, double low, double high)
{
	return low + (high - low) * world_unit(w);
}

static inline double world_normal(struct world *w)
{
	return sqrt(-2 * log(world_unit(w))) * cos(2 * M_PI * world_unit(w));
}

static inline double world_poisson(struct world *w, double mean)
{
	double p = exp(-mean), sum = p, u;
	unsigned int n = 0;

	if (mean > 30) {
		double v = floor(mean + sqrt(mean) * world_normal(w) + 0.5);

		return v > 0 ? v : 0;
	}
	for (u = world_unit(w); u > sum && n < 200; sum += p)
		p *= mean / ++n;
	return n;
}

static inline float *world_row(struct world *w, uint32_t e)
{
	return &w->level[(size_t)e * w->o.windows];
}

/* Adds `cores` to the windows of [from, until), seconds since the start, by overlap. */
static inline void world_add(struct world *w, uint32_t e, double from, double until, double cores)
{
	double len = w->o.window_s;
	float *row = world_row(w, e);

	for (uint32_t i = from > 0 ? (uint32_t)(from / len) : 0;
	     i < w->o.windows && i * len < until; i++) {
		double a = from > i * len ? from : i * len;
		double b = until < (i + 1) * len ? until : (i + 1) * len;

		if (b > a)
			row[i] += (float)(cores * (b - a) / len);
	}
}

static inline void world_service(struct world *w, uint32_t e)
{
	double size = exp(1.2 * world_normal(w)), sd = world_between(w, 0.08, 0.5), x = 0;
	double keep = exp(-w->o.window_s / world_between(w, 30, 900)), phase = world_unit(w);
	double daily = world_unit(w) < 0.5 ? world_between(w, 0, 0.6) : 0;
	float *row = world_row(w, e);

	for (uint32_t i = 0; i < w->o.windows; i++) {
		x = keep * x + sqrt(1 - keep * keep) * sd * world_normal(w);
		row[i] = (float)(size * exp(x) *
				 (1 + daily * sin(2 * M_PI * (i * w->o.window_s / 86400 + phase))));
	}
}

/* A service that takes `cores` on the whole. */
static inline void world_resident(struct world *w, uint32_t e, double cores)
{
	float *row = world_row(w, e);
	double sum = 0;

	world_service(w, e);
	for (uint32_t i = 0; i < w->o.windows; i++)
		sum += row[i];
	for (uint32_t i = 0; i < w->o.windows; i++)
		row[i] *= (float)(cores * w->o.windows / sum);
}

static inline void world_bursty(struct world *w, uint32_t e)
{
	double on = world_between(w, 2, 40) * w->o.window_s, duty = world_between(w, 0.02, 0.4);
	double cores = world_between(w, 0.05, 2), end = w->o.windows * w->o.window_s;

	for (double at = 0; at < end;) {
		double length;

		at += -log(world_unit(w)) * on * (1 - duty) / duty;
		length = -log(world_unit(w)) * on;
		world_add(w, e, at, at + length, cores * world_between(w, 0.7, 1.3));
		at += length;
	}
}

static inline void world_cron(struct world *w, uint32_t e)
{
	static const double periods[] = {300, 600, 900, 1800, 3600, 3600, 7200, 21600, 86400};
	double end = w->o.windows * w->o.window_s, span = end < 3600 ? end / 3600 : 1;
	double period = periods[(int)(world_unit(w) * 9)] * span;
	double phase = world_unit(w) < 0.7 ? 0 : world_unit(w) * period;
	double length = world_between(w, 0.02, 0.3) * (period < 1800 ? period : 1800);
	double cores = world_between(w, 0.1, 2);

	for (double at = phase; at < end; at += period)
		world_add(w, e, at + world_between(w, 0, 0.01 * length), at + length,
			  cores * world_between(w, 0.8, 1.2));
}

static inline void world_rare(struct world *w, uint32_t e)
{
	double end = w->o.windows * w->o.window_s;
	double mean = end / world_between(w, 1, 20);

	for (double at = -log(world_unit(w)) * mean; at < end; at -= log(world_unit(w)) * mean)
		world_add(w, e, at, at + world_between(w, 0.05, 2) * w->o.window_s,
			  world_between(w, 0.05, 1));
}

/* Services take o.load of the machine, whatever their sizes came out as. */
static inline void world_scale(struct world *w, uint32_t services)
{
	double sum = 0, want = (w->o.load > 0 ? w->o.load : 0.5) * w->o.cpus;
	size_t n = (size_t)services * w->o.windows;

	for (size_t i = 0; i < n; i++)
		sum += w->level[i];
	for (size_t i = 0; i < n && sum > 0; i++)
		w->level[i] *= (float)(want * w->o.windows / sum);
}

static inline double world_start(struct world *w, double span, double length)
{
	double at = world_unit(w) * span;

	if (w->o.clock == WORLD_HOURLY)
		at = floor(at / 3600) * 3600;
	if (w->o.clock == WORLD_DAILY)
		at = floor(at / 86400) * 86400 + 10800;
	return at < length ? (w->o.clock ? at + 3600 : length) : at;
}

/* Incidents do not overlap, and there is room between them. */
static inline void world_times(struct world *w, double (*times)[2])
{
	double span = w->o.windows * w->o.window_s;

	for (uint32_t k = 0; k < w->o.k; k++) {
		double length = w->o.incident_max_s > 0
					? world_between(w, w->o.incident_s, w->o.incident_max_s)
					: w->o.incident_s;
		bool free_place = false;

		for (int tries = 0; tries < 1000 && !free_place; tries++) {
			times[k][0] = world_start(w, span - 2 * length, length);
			times[k][1] = times[k][0] + length;
			free_place = times[k][1] < span;
			for (uint32_t j = 0; j < k; j++)
				if (times[k][0] < times[j][1] + 2 * length &&
				    times[j][0] < times[k][1] + 2 * length)
					free_place = false;
		}
	}
}

/* Multiplies what a service takes from `from` to `until`, by overlap. */
static inline void world_scale_between(struct world *w, uint32_t e, double from, double until,
				       double factor)
{
	double len = w->o.window_s;
	float *row = world_row(w, e);

	for (uint32_t i = (uint32_t)(from / len); i < w->o.windows && i * len < until; i++) {
		double a = from > i * len ? from : i * len;
		double b = until < (i + 1) * len ? until : (i + 1) * len;

		if (b > a)
			row[i] *= (float)(1 + (factor - 1) * (b - a) / len);
	}
}

/* The culprit, and the other one; UINT32_MAX: there is none. */
static inline uint32_t world_culprit(const struct world *w)
{
	return w->entity_cnt - 1 - (w->o.seconds > 0);
}

static inline uint32_t world_second(const struct world *w)
{
	return w->o.seconds ? w->entity_cnt - 1 : UINT32_MAX;
}

static inline void world_incidents(struct world *w, double (*times)[2], const double *symptom,
				   uint32_t services)
{
	uint32_t culprit = world_culprit(w), helper = culprit - w->o.helpers;
	uint32_t plain = services * 7 / 10;

	for (uint32_t k = 0; k < w->o.k; k++) {
		double from = times[k][0], until = times[k][1];

		for (uint32_t e = 0; e < w->o.victims && e < plain; e++)
			world_scale_between(w, e, symptom[k], until, 1 - (0.3 + 0.5 * (e % 6) / 5));
		for (uint32_t e = w->o.victims; e < w->o.victims + w->o.reacting; e++) {
			double delay = world_between(w, 0, w->o.react_s);

			if (w->o.fickle > 0 && world_unit(w) < w->o.fickle)
				continue;
			world_scale_between(w, e % plain, symptom[k] + delay, until + delay,
					    1.3 + 0.4 * (e % 6));
		}
		for (uint32_t h = 0; h < w->o.helpers; h++)
			world_add(w, helper + h, symptom[k], until, 0.02);
		if (k + w->o.seconds >= w->o.k && w->o.seconds)
			world_add(w, world_second(w), from, until,
				  w->o.second * world_between(w, 0.6, 1.4));
		else if (w->o.culprit > 0)
			world_add(w, culprit, from, until,
				  w->o.culprit * world_between(w, 0.6, 1.4));
	}
}

static inline void world_label(struct world *w, double (*times)[2], const double *symptom)
{
	double off = w->o.label_error_s, span = w->o.windows * w->o.window_s;

	for (uint32_t k = 0; k < w->o.k; k++) {
		double from = symptom[k] + world_between(w, -0.5, 1) * off;
		double length = times[k][1] - times[k][0];

		if (k < w->o.wrong)
			from = world_unit(w) * (span - length);
		if (from < 0)
			from = 0;
		w->labels[k].from_ns = WORLD_START * 1000000000 + (int64_t)(from * 1e9);
		w->labels[k].until_ns =
			w->labels[k].from_ns +
			(int64_t)((length + world_between(w, -0.3, 0.3) * off) * 1e9);
	}
}

/* A full machine squeezes everybody alike. */
static inline void world_squeeze(struct world *w)
{
	float *sums = calloc(w->o.windows, sizeof(*sums));

	for (uint32_t e = 0; sums && e < w->entity_cnt; e++)
		for (uint32_t i = 0; i < w->o.windows; i++)
			sums[i] += world_row(w, e)[i];
	for (uint32_t e = 0; sums && e < w->entity_cnt; e++)
		for (uint32_t i = 0; i < w->o.windows; i++)
			if (sums[i] > w->o.cpus)
				world_row(w, e)[i] *= (float)w->o.cpus / sums[i];
	free(sums);
}

/* What the profiler sees of `level` in one window, nanoseconds. */
static inline uint64_t world_seen(struct world *w, double level)
{
	double weight = level * w->o.window_s * 1e9;

	if (weight > 0 && w->o.hz > 0)
		weight = world_poisson(w, weight * w->o.hz / 1e9) / w->o.hz * 1e9;
	return (uint64_t)weight;
}

static inline bool world_see(struct world *w, uint32_t e, uint32_t window, uint32_t *ids)
{
	uint64_t weight = world_seen(w, world_row(w, e)[window]);
	char name[32];

	if (!weight)
		return true;
	if (ids[e] == UINT32_MAX) { /* who is never seen is nobody */
		snprintf(name, sizeof(name),
			 e == world_culprit(w)	? "culprit"
			 : e == world_second(w) ? "second"
						: "p%03u",
			 e);
		if (timeline_entity(w->t, str_of(name), &ids[e]))
			return false;
	}
	return !timeline_add_cell(w->t, ids[e], window, weight);
}

static inline bool world_sample(struct world *w)
{
	uint32_t *ids = malloc(w->entity_cnt * sizeof(*ids)), id;
	double ns = w->o.window_s * 1e9;
	bool good = ids;

	w->t = timeline_new(PROFILE_NANOSECONDS);
	good = good && w->t;
	if (ids)
		memset(ids, 0xff, w->entity_cnt * sizeof(*ids));
	world_squeeze(w);
	for (uint32_t i = 0; good && i < w->o.windows; i++) {
		struct timeline_window win = {
			.start_ns = WORLD_START * 1000000000 + (int64_t)(i * ns),
			.length_ns = (uint64_t)ns,
			.capacity_ns = (uint64_t)(ns * w->o.cpus),
			.cnt = 1000,
		};

		good = !timeline_window(w->t, &win, &id);
		for (uint32_t e = 0; good && e < w->entity_cnt; e++)
			good = world_see(w, e, id, ids);
	}
	free(ids);
	return good && !timeline_seal(w->t);
}

/* False when out of memory. */
static inline bool world_make(struct world *w, const struct world_opts *o)
{
	uint32_t plain = o->services * 7 / 10, e;
	double times[WORLD_MAX_K][2], symptom[WORLD_MAX_K];

	memset(w, 0, sizeof(*w));
	w->o = *o;
	w->rng = o->seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
	w->entity_cnt = o->services + o->rare + o->helpers + 1 + (o->seconds > 0);
	w->level = calloc((size_t)w->entity_cnt * o->windows, sizeof(float));
	if (!w->level)
		return false;
	for (e = 0; e < plain; e++)
		world_service(w, e);
	world_scale(w, plain);
	for (; e < o->services; e++) {
		if (world_unit(w) < 0.5)
			world_bursty(w, e);
		else
			world_cron(w, e);
	}
	for (; e < o->services + o->rare; e++)
		world_rare(w, e);
	if (o->culprit_base > 0)
		world_resident(w, world_culprit(w), o->culprit_base);
	world_times(w, times);
	for (uint32_t k = 0; k < o->k; k++)
		symptom[k] = times[k][0] + world_between(w, 0, o->symptom_s);
	world_incidents(w, times, symptom, o->services);
	world_label(w, times, symptom);
	return world_sample(w);
}

static inline void world_release(struct world *w)
{
	timeline_free(w->t);
	free(w->level);
}

static inline struct verdict *world_blame(struct world *w)
{
	struct verdict *v = NULL;
	struct err err;

	if (causes_run(w->t, w->labels, w->o.k, NULL, &v, &err))
		printf("# causes_run: %s\n", err.text);
	return v;
}

/* Place of the culprit among the suspects, from 0; -1 = not listed. */
static inline int world_place(const struct verdict *v)
{
	for (size_t i = 0; v && i < v->suspect_cnt; i++)
		if (str_eq(v->suspects[i].name, STR_LIT("culprit")))
			return (int)i;
	return -1;
}

#endif
