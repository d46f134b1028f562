// SPDX-License-Identifier: Apache-2.0
#include "incident/symptom.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "incident/epidemic.h"

#define LEAST_POINTS  16
#define LONGEST_NS    (30 * 60 * NSEC_PER_SEC)
#define LONGEST_PART  8 /* of the history */
#define ALIKE	      2.5
#define LEAST_OF_NODE 0.05
#define LEAST_OF_OWN  0.2
#define FALSE_ALARM   0.01

/* Windows of one start are one point (several sources); a hole in time is one point without a value.
 */
struct curve {
	double *x;
	struct time_range *at;
	size_t *point_of; /* of a window */
	size_t cnt;
	uint64_t point_ns;
};

static void curve_release(struct curve *s)
{
	free(s->x);
	free(s->at);
	free(s->point_of);
}

static int by_length(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t typical_length(const struct timeline *t)
{
	uint64_t *lengths = calloc(t->window_cnt + 1U, sizeof(*lengths)), typical = 0;

	for (uint32_t i = 0; lengths && i < t->window_cnt; i++)
		lengths[i] = t->windows[i].length_ns;
	if (lengths && t->window_cnt) {
		qsort(lengths, t->window_cnt, sizeof(*lengths), by_length);
		typical = lengths[t->window_cnt / 2];
	}
	free(lengths);
	return typical;
}

static void lay_out(struct curve *s, const struct timeline *t)
{
	for (uint32_t i = 0; i < t->window_cnt; i++) {
		const struct timeline_window *w = &t->windows[i];
		int64_t until = w->start_ns + (int64_t)w->length_ns;

		if (s->cnt && s->at[s->cnt - 1].from_ns == w->start_ns) {
			s->point_of[i] = s->cnt - 1;
			continue;
		}
		if (s->cnt && w->start_ns > s->at[s->cnt - 1].until_ns + (int64_t)s->point_ns / 2) {
			s->at[s->cnt] =
				(struct time_range){s->at[s->cnt - 1].until_ns, w->start_ns};
			s->x[s->cnt++] = NAN;
		}
		s->at[s->cnt] = (struct time_range){w->start_ns, until};
		s->point_of[i] = s->cnt;
		s->x[s->cnt++] = 0;
	}
}

static int curve_init(struct curve *s, const struct timeline *t, struct err *err)
{
	size_t most = 2 * (size_t)t->window_cnt + 1;

	*s = (struct curve){.point_ns = typical_length(t)};
	if (t->window_cnt < LEAST_POINTS || !s->point_ns)
		return err_set(err, ENODATA,
			       "the history has %u windows%s: at least %d of known length are "
			       "needed",
			       t->window_cnt, s->point_ns ? "" : " (of unknown length)",
			       LEAST_POINTS);
	s->x = calloc(most, sizeof(*s->x));
	s->at = calloc(most, sizeof(*s->at));
	s->point_of = calloc(most, sizeof(*s->point_of));
	if (s->x && s->at && s->point_of) {
		lay_out(s, t);
		return 0;
	}
	curve_release(s);
	return err_set(err, ENOMEM, "out of memory");
}

static void add_cell(struct curve *s, const struct timeline *t, const struct timeline_cell *cell,
		     bool by_capacity, double sign)
{
	const struct timeline_window *w = &t->windows[cell->window];
	double over = (double)(by_capacity ? w->capacity_ns : w->length_ns);
	double kept = (double)w->cnt / (double)(w->cnt + w->lost);

	if (t->unit == PROFILE_SAMPLES)
		over /= 1e9;
	if (over > 0)
		s->x[s->point_of[cell->window]] +=
			sign * (double)cell->weight / over / (w->lost ? kept : 1);
}

/* Each cell becomes its part of a level; `by_capacity` makes it a share of the node. */
static void add_cells(struct curve *s, const struct timeline *t, uint32_t first, uint32_t end,
		      bool by_capacity, double sign)
{
	for (uint32_t e = first; e < end; e++)
		for (const struct timeline_chunk *k = t->rows[e].first; k; k = k->next)
			for (uint32_t i = 0; i < k->cnt; i++)
				add_cell(s, t, &k->cells[i], by_capacity, sign);
}

static bool has_capacity(const struct timeline *t)
{
	for (uint32_t i = 0; i < t->window_cnt; i++)
		if (!t->windows[i].capacity_ns)
			return false;
	return t->unit == PROFILE_NANOSECONDS;
}

const char *symptom_series_name(enum symptom_series series)
{
	static const char *const names[SYMPTOM_SERIES_CNT] = {"load", "psi-cpu", "psi-io",
							      "psi-memory"};

	return names[series];
}

/* A point whose windows know nothing is one without a value, as a hole in time is. */
static int fill_pressure(struct curve *s, const struct timeline *t, enum pressure_resource resource,
			 struct err *err)
{
	struct pressure *sums = calloc(s->cnt + 1, sizeof(*sums));
	bool any = false;

	if (!sums)
		return err_set(err, ENOMEM, "out of memory");
	for (uint32_t i = 0; i < t->window_cnt; i++)
		pressure_add(&sums[s->point_of[i]], &t->windows[i].pressure[resource]);
	for (size_t i = 0; i < s->cnt; i++) {
		any |= sums[i].watched_ns > 0;
		s->x[i] = sums[i].watched_ns ? pressure_share(&sums[i]) : NAN;
	}
	free(sums);
	return any ? 0
		   : err_set(err, ENODATA,
			     "the history tells nothing of %s pressure (culprit doctor tells why)",
			     pressure_name(resource));
}

static int fill_curve(struct curve *s, const struct timeline *t, const struct symptom_opts *o,
		      struct symptom_list *list, struct err *err)
{
	uint32_t victim;

	if (o->series != SYMPTOM_LOAD) {
		list->unit = "share of the time";
		return fill_pressure(
			s, t, (enum pressure_resource)(o->series - SYMPTOM_PRESSURE_CPU), err);
	}
	list->unit = t->unit == PROFILE_SAMPLES ? "samples/s" : "cores";
	if (!o->victim.len) {
		if (has_capacity(t))
			list->unit = "share of the node";
		add_cells(s, t, 0, t->entity_cnt, has_capacity(t), 1);
		return 0;
	}
	if (timeline_find(t, o->victim, &victim))
		return err_set(err, ENOENT, "no process '%.*s' in the history", (int)o->victim.len,
			       o->victim.p);
	add_cells(s, t, victim, victim + 1, false, -1);
	return 0;
}

static void add_window(struct symptom_list *list, const struct curve *s, const struct epidemic *e)
{
	list->windows[list->cnt++] = (struct symptom_window){
		.range = {s->at[e->from].from_ns, s->at[e->until - 1].until_ns},
		.rise = e->rise,
		.score = e->score,
		.group = SIZE_MAX,
	};
}

static int by_score(const void *a, const void *b)
{
	const struct symptom_window *x = a, *y = b;

	if (x->score < y->score || x->score > y->score)
		return x->score < y->score ? 1 : -1;
	return x->range.from_ns < y->range.from_ns ? -1 : x->range.from_ns > y->range.from_ns;
}

static int by_group(const void *a, const void *b)
{
	const struct symptom_window *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return x->range.from_ns < y->range.from_ns ? -1 : x->range.from_ns > y->range.from_ns;
}

static bool within(double a, double b)
{
	return a <= ALIKE * b && b <= ALIKE * a;
}

static double length_of(const struct symptom_window *w)
{
	return (double)(w->range.until_ns - w->range.from_ns);
}

/* The strongest without a group starts one. What is in a group is counted there. */
static void group_windows(struct symptom_list *l)
{
	qsort(l->windows, l->cnt, sizeof(*l->windows), by_score);
	for (size_t i = 0; i < l->cnt; i++) {
		const struct symptom_window *leader = &l->windows[i];
		struct symptom_group *g = &l->groups[l->group_cnt];
		double length = 0;

		if (leader->group != SIZE_MAX)
			continue;
		for (size_t j = i; j < l->cnt; j++) {
			struct symptom_window *w = &l->windows[j];

			if (w->group != SIZE_MAX || !within(w->rise, leader->rise) ||
			    !within(length_of(w), length_of(leader)))
				continue;
			w->group = l->group_cnt;
			g->cnt++;
			g->rise += w->rise;
			g->score += w->score;
			length += length_of(w);
		}
		g->rise /= (double)g->cnt;
		g->length_ns = (uint64_t)(length / (double)g->cnt);
		l->group_cnt++;
	}
}

/* Places of the groups, most to explain first; few enough for the plain way. */
static void order_groups(struct symptom_list *l)
{
	for (size_t i = 0; i < l->group_cnt; i++) {
		size_t best = i;
		struct symptom_group g;

		for (size_t j = i + 1; j < l->group_cnt; j++)
			if (l->groups[j].score > l->groups[best].score)
				best = j;
		if (best == i)
			continue;
		g = l->groups[i];
		l->groups[i] = l->groups[best];
		l->groups[best] = g;
		for (size_t w = 0; w < l->cnt; w++) {
			if (l->windows[w].group == i)
				l->windows[w].group = best;
			else if (l->windows[w].group == best)
				l->windows[w].group = i;
		}
	}
	qsort(l->windows, l->cnt, sizeof(*l->windows), by_group);
}

static struct epidemic_opts in_points(const struct curve *s, const struct symptom_opts *o)
{
	uint64_t longest_ns = o->longest_ns ? o->longest_ns : LONGEST_NS;
	struct epidemic_opts e = {
		.shortest = o->shortest_ns && o->shortest_ns <= s->point_ns ? 1 : 2,
		.longest = (size_t)(longest_ns / s->point_ns),
		.false_alarm = o->false_alarm > 0 ? o->false_alarm : FALSE_ALARM,
	};

	if (e.longest > s->cnt / LONGEST_PART)
		e.longest = s->cnt / LONGEST_PART;
	if (e.longest > EPIDEMIC_MAX_LONGEST)
		e.longest = EPIDEMIC_MAX_LONGEST;
	e.longest = e.longest < e.shortest ? e.shortest : e.longest;
	return e;
}

static int take(struct symptom_list *list, const struct curve *s, const struct symptom_opts *o,
		struct err *err)
{
	struct epidemic_opts how = in_points(s, o);
	struct epidemic_list found;
	double least = o->least_rise;
	int r = epidemic_find(s->x, s->cnt, &how, &found);

	if (r)
		return err_set(err, -r, "cannot look for changes: %s", strerror(-r));
	list->usual = fabs(found.median);
	list->points = s->cnt;
	list->point_ns = s->point_ns;
	if (!(least > 0) && o->victim.len)
		least = LEAST_OF_OWN * list->usual;
	else if (!(least > 0) && !strncmp(list->unit, "share", 5))
		least = LEAST_OF_NODE;
	list->windows = calloc(found.cnt + 1, sizeof(*list->windows));
	list->groups = calloc(found.cnt + 1, sizeof(*list->groups));
	if (!list->windows || !list->groups)
		r = err_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; !r && i < found.cnt; i++) {
		const struct epidemic *e = &found.items[i];
		int64_t length = s->at[e->until - 1].until_ns - s->at[e->from].from_ns;

		if (e->rise >= least && (uint64_t)length >= o->shortest_ns)
			add_window(list, s, e);
	}
	epidemic_list_release(&found);
	return r;
}

int symptom_find(const struct timeline *t, const struct symptom_opts *o, struct symptom_list *ret,
		 struct err *err)
{
	struct symptom_list list = {0};
	struct curve s;
	int r = curve_init(&s, t, err);

	if (r)
		return r;
	r = fill_curve(&s, t, o, &list, err);
	if (!r)
		r = take(&list, &s, o, err);
	curve_release(&s);
	if (r) {
		symptom_list_release(&list);
		return r;
	}
	group_windows(&list);
	order_groups(&list);
	*ret = list;
	return 0;
}

void symptom_list_release(struct symptom_list *l)
{
	free(l->windows);
	free(l->groups);
	*l = (struct symptom_list){0};
}
