/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blame_scene.h - small worlds written down as a function: the level of each process in each
 * window.
 */
#ifndef TESTS_BLAME_SCENE_H
#define TESTS_BLAME_SCENE_H

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "blame/blame.h"
#include "model/timeline.h"

#define S	((int64_t)NSEC_PER_SEC)
#define START	(INT64_C(1767225600) * S) /* 2026-01-01T00:00:00Z */
#define WINDOWS 400

/* Level of one process in one window, in cores. */
typedef double (*level_fn)(const char *name, uint32_t window, bool in_incident);

struct scene {
	const char *const *names;
	level_fn level;
	const struct blame_incident *inc;
	size_t inc_cnt;
	uint64_t window_s;
	uint32_t windows;
	enum profile_unit unit;
	bool no_length, reversed;
	uint64_t lost; /* samples, in incident windows, of as many kept */
	uint32_t gap_from, gap_until;
	level_fn io_pressure; /* share of the time, of the name "io"; NULL: nothing is known */
};

static inline struct blame_incident at(int64_t from_s, int64_t until_s)
{
	return (struct blame_incident){START + from_s * S, START + until_s * S};
}

static inline double noise(uint32_t a, uint32_t b)
{
	uint64_t z = (a * UINT64_C(0x9e3779b97f4a7c15)) ^ (b * UINT64_C(0xbf58476d1ce4e5b9));

	z = (z ^ (z >> 30)) * UINT64_C(0x94d049bb133111eb);
	return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static inline uint32_t name_id(const char *name)
{
	uint32_t id = 0;

	while (*name)
		id = id * 31 + (unsigned char)*name++;
	return id;
}

static inline bool touches(const struct scene *s, int64_t from, int64_t until)
{
	for (size_t k = 0; k < s->inc_cnt; k++)
		if (s->inc[k].from_ns < until && s->inc[k].until_ns > from)
			return true;
	return false;
}

static inline bool add_window(struct timeline *t, const struct scene *s, uint32_t i)
{
	uint64_t ns = s->window_s * NSEC_PER_SEC;
	int64_t from = START + (int64_t)(i * ns);
	bool inside = touches(s, from, from + (int64_t)ns);
	struct timeline_window w = {
		.start_ns = from,
		.length_ns = s->no_length ? 0 : ns,
		.capacity_ns = s->no_length || s->unit == PROFILE_SAMPLES ? 0 : 4 * ns,
		.cnt = 100,
		.lost = inside ? s->lost : 0,
	};
	uint32_t id, cnt = 0;

	if (i >= s->gap_from && i < s->gap_until)
		return true;
	if (s->io_pressure)
		w.pressure[PRESSURE_IO] = (struct pressure){
			(uint64_t)(s->io_pressure("io", i, inside) * (double)ns), ns};
	if (timeline_window(t, &w, &id))
		return false;
	while (s->names[cnt])
		cnt++;
	for (uint32_t n = 0; n < cnt; n++) {
		const char *name = s->names[s->reversed ? cnt - 1 - n : n];
		double weight = s->level(name, i, inside) * (double)ns;

		weight *= (double)w.cnt / (double)(w.cnt + w.lost);
		if (s->unit == PROFILE_SAMPLES)
			weight = weight / 1e9 * 97;
		if (weight >= 1 && timeline_add(t, str_of(name), id, (uint64_t)weight))
			return false;
	}
	return true;
}

static inline struct timeline *build(struct scene *s)
{
	struct timeline *t;

	s->unit = s->unit ? s->unit : PROFILE_NANOSECONDS;
	s->window_s = s->window_s ? s->window_s : 10;
	s->windows = s->windows ? s->windows : WINDOWS;
	t = timeline_new(s->unit);
	for (uint32_t i = 0; t && i < s->windows; i++) {
		if (add_window(t, s, s->reversed ? s->windows - 1 - i : i))
			continue;
		timeline_free(t);
		return NULL;
	}
	if (t && timeline_seal(t)) {
		timeline_free(t);
		return NULL;
	}
	return t;
}

#endif
