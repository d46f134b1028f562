// SPDX-License-Identifier: Apache-2.0
#include "incident/symptom.h"

#include <errno.h>

#include "unit/blame_scene.h"
#include "unit/tap.h"

static const char *const names[] = {"steady", "victim", "culprit", NULL};

/* Windows of 10 s on 4 CPUs. The culprit takes 2 cores, and the victim loses half of its one. */
static double level(const char *name, uint32_t window, bool in_incident)
{
	double jitter = 0.1 * noise(name_id(name), window);

	if (!strcmp(name, "culprit"))
		return in_incident ? 2 : 0;
	if (!strcmp(name, "victim"))
		return (in_incident ? 0.5 : 1) + jitter;
	return 0.5 + jitter;
}

static struct blame_incident incidents[] = {{0, 0}, {0, 0}, {0, 0}, {0, 0}};

static struct scene scene(void)
{
	static const int64_t at_s[][2] = {{500, 560}, {1200, 1250}, {2210, 2270}, {3300, 3600}};

	for (size_t i = 0; i < ARRAY_SIZE(incidents); i++)
		incidents[i] = at(at_s[i][0], at_s[i][1]);
	return (struct scene){
		.names = names, .level = level, .inc = incidents, .inc_cnt = ARRAY_SIZE(incidents)};
}

static bool is_range(const struct symptom_window *w, size_t incident)
{
	return w->range.from_ns == incidents[incident].from_ns &&
	       w->range.until_ns == incidents[incident].until_ns;
}

static void test_node(void)
{
	struct symptom_opts o = {.false_alarm = 0.01};
	struct scene s = scene();
	struct symptom_list l;
	struct timeline *t = build(&s);
	struct err err;

	is_i64(symptom_find(t, &o, &l, &err), 0, "the load of the node");
	is_u64(l.cnt, 4, "…rises four times");
	is_u64(l.group_cnt, 2, "…of which one is much longer");
	ok(l.cnt == 4 && l.groups[l.windows[0].group].cnt + l.groups[l.windows[3].group].cnt == 4,
	   "…three and one");
	for (size_t i = 0; l.cnt == 4 && i < 4; i++) {
		size_t inc = l.groups[0].cnt == 3 ? i : (i + 3) % 4;

		ok(is_range(&l.windows[i], inc), "window %zu is an incident, exactly", i);
	}
	ok(!strcmp(l.unit, "share of the node"), "…as a share");
	/* 2 cores more, half a one less, of 4 */
	ok(l.cnt && l.windows[0].rise > 0.33 && l.windows[0].rise < 0.42, "…of that height");
	ok(l.usual > 0.37 && l.usual < 0.43, "…above what is usual");
	symptom_list_release(&l);
	o.shortest_ns = 100 * NSEC_PER_SEC;
	is_i64(symptom_find(t, &o, &l, &err), 0, "nothing short is wanted");
	is_u64(l.cnt, 1, "…the long one is left");
	symptom_list_release(&l);
	timeline_free(t);
}

static double io_pressure(const char *name, uint32_t window, bool in_incident)
{
	return (in_incident ? 0.6 : 0.02) + 0.05 * noise(name_id(name), window);
}

static void test_pressure(void)
{
	struct symptom_opts o = {.series = SYMPTOM_PRESSURE_IO};
	struct scene s = scene();
	struct symptom_list l;
	struct timeline *t;
	struct err err;

	s.io_pressure = io_pressure;
	t = build(&s);
	is_i64(symptom_find(t, &o, &l, &err), 0, "pressure");
	is_u64(l.cnt, 4, "…rises four times");
	for (size_t i = 0; l.cnt == 4 && i < 4; i++) {
		size_t inc = l.groups[0].cnt == 3 ? i : (i + 3) % 4;

		ok(is_range(&l.windows[i], inc), "window %zu is an incident, exactly", i);
	}
	ok(!strcmp(l.unit, "share of the time") && l.cnt && l.windows[0].rise > 0.55 &&
		   l.windows[0].rise < 0.61,
	   "…of that height");
	symptom_list_release(&l);
	o.series = SYMPTOM_PRESSURE_MEMORY;
	is_i64(symptom_find(t, &o, &l, &err), -ENODATA, "one that is not known: %s", err.text);
	timeline_free(t);
}

/* What is not known is a gap, and no calm. */
static void test_unknown_pressure(void)
{
	struct symptom_opts o = {.series = SYMPTOM_PRESSURE_IO};
	struct scene s = scene();
	struct symptom_list l;
	struct timeline *t;
	struct err err;

	s.io_pressure = io_pressure;
	t = build(&s);
	for (uint32_t i = 0; i < t->window_cnt / 2; i++)
		t->windows[i].pressure[PRESSURE_IO] = (struct pressure){0};
	is_i64(symptom_find(t, &o, &l, &err), 0, "pressure of the second half");
	is_u64(l.cnt, 2, "…has the incidents of the second half");
	symptom_list_release(&l);
	timeline_free(t);
}

static void test_victim(void)
{
	struct symptom_opts o = {.victim = STR_LIT("victim")};
	struct scene s = scene();
	struct symptom_list l;
	struct timeline *t = build(&s);
	struct err err;

	is_i64(symptom_find(t, &o, &l, &err), 0, "what a victim loses");
	is_u64(l.cnt, 4, "…four times");
	ok(!strcmp(l.unit, "cores"), "…in cores");
	ok(l.cnt && l.windows[0].rise > 0.45 && l.windows[0].rise < 0.55, "…half a core");
	ok(l.usual > 1 && l.usual < 1.1, "…of one");
	symptom_list_release(&l);
	o.victim = STR_LIT("steady");
	is_i64(symptom_find(t, &o, &l, &err), 0, "who loses nothing");
	is_u64(l.cnt, 0, "…has no symptom");
	symptom_list_release(&l);
	o.victim = STR_LIT("nobody");
	is_i64(symptom_find(t, &o, &l, &err), -ENOENT, "who is not there");
	ok(strstr(err.text, "nobody"), "…is named");
	timeline_free(t);
}

static void test_gaps(void)
{
	struct symptom_opts o = {.false_alarm = 0.01};
	struct scene s = scene();
	struct symptom_list l;
	struct timeline *t;
	struct err err;

	s.gap_from = 120; /* the second incident was not recorded */
	s.gap_until = 125;
	t = build(&s);
	is_i64(symptom_find(t, &o, &l, &err), 0, "a hole in the history");
	is_u64(l.cnt, 3, "…is no incident, and hides one");
	symptom_list_release(&l);
	timeline_free(t);
	s = scene();
	s.lost = 900; /* of a thousand, in incidents */
	t = build(&s);
	is_i64(symptom_find(t, &o, &l, &err), 0, "samples lost in incidents");
	is_u64(l.cnt, 4, "…are made up for");
	symptom_list_release(&l);
	timeline_free(t);
}

static void test_wrong(void)
{
	struct symptom_opts o = {.false_alarm = 0.01};
	struct scene s = scene();
	struct symptom_list l;
	struct timeline *t;
	struct err err;

	s.windows = 10;
	t = build(&s);
	is_i64(symptom_find(t, &o, &l, &err), -ENODATA, "too short a history");
	ok(strstr(err.text, "10 windows"), "…and how short");
	timeline_free(t);
	s = scene();
	s.no_length = true;
	t = build(&s);
	is_i64(symptom_find(t, &o, &l, &err), -ENODATA, "windows of unknown length");
	timeline_free(t);
	s = scene();
	s.unit = PROFILE_SAMPLES;
	t = build(&s);
	is_i64(symptom_find(t, &o, &l, &err), 0, "samples of unknown worth");
	ok(!strcmp(l.unit, "samples/s") && l.cnt == 4, "…are found as well");
	symptom_list_release(&l);
	timeline_free(t);
}

int main(void)
{
	test_node();
	test_victim();
	test_pressure();
	test_unknown_pressure();
	test_gaps();
	test_wrong();
	return tap_done();
}
