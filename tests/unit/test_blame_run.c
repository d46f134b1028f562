// SPDX-License-Identifier: Apache-2.0
/* Every verdict from a world that leaves no doubt about it, and what odd input gets. */
#include <errno.h>
#include <math.h>

#include "unit/blame_scene.h"
#include "unit/tap.h"

static struct verdict *judge(struct scene *s)
{
	struct timeline *t = build(s);
	struct verdict *v = NULL;
	struct err err;

	if (!t || blame_run(t, s->inc, s->inc_cnt, NULL, &v, &err))
		printf("# %s\n", t ? err.text : "no timeline");
	timeline_free(t);
	return v;
}

static bool has_note(const struct verdict *v, const char *part)
{
	for (size_t i = 0; i < v->note_cnt; i++)
		if (strstr(v->notes[i], part))
			return true;
	return false;
}

/* ---- worlds ------------------------------------------------------------------------------ */

static const char *const names[] = {"api",    "batch", "cron",	"db",  "indexer",
				    "logger", "mail",  "proxy", "web", NULL};

/* Everything hums; the batch job adds 1.2 cores in incidents, web loses half. */
static double one_culprit(const char *name, uint32_t window, bool inside)
{
	double hum = 0.2 + 0.1 * noise(name_id(name), window);

	if (!strcmp(name, "batch"))
		return inside ? 1.2 : window % 37 ? 0 : 0.1;
	if (!strcmp(name, "web") && inside)
		return hum / 3;
	return hum;
}

static double two_alike(const char *name, uint32_t window, bool inside)
{
	if (!strcmp(name, "indexer"))
		return inside ? 1.1 : 0;
	return one_culprit(name, window, inside);
}

static double nobody(const char *name, uint32_t window, bool inside)
{
	(void)inside;
	return 0.2 + 0.1 * noise(name_id(name), window);
}

/* Works the first quarter of each hour, incident or not. */
static double by_the_clock(const char *name, uint32_t window, bool inside)
{
	if (!strcmp(name, "cron"))
		return window % 60 < 15 ? 1.2 : 0;
	return nobody(name, window, inside);
}

static const struct blame_incident irregular[] = {
	{START + 300 * S, START + 340 * S},
	{START + 1010 * S, START + 1060 * S},
	{START + 1730 * S, START + 1770 * S},
	{START + 2950 * S, START + 2990 * S},
};

static void test_named(void)
{
	struct scene s = {.names = names, .level = one_culprit, .inc = irregular, .inc_cnt = 4};
	struct verdict *v = judge(&s);
	const struct verdict_entity *e;

	if (!ok(v && v->kind == VERDICT_NAMED, "one culprit: named"))
		return;
	e = &v->suspects[0];
	is_str(e->name.p, "batch", "…the right one");
	ok(e->role == ROLE_CULPRIT && e->linked, "…as the culprit");
	is_u64(e->hits, 4, "…in all four");
	is_near(e->delta, 1.2, 0.01, "…by what it added");
	ok(e->delta_low > 1.1 && e->delta_high < 1.3 && e->delta_low <= e->delta_high,
	   "…with an interval around it");
	is_near(e->incident, 1.2, 0.01, "…its level in the incidents");
	is_near(e->baseline, 0, 0.01, "…and otherwise");
	ok(e->posterior > 0.9 && e->e_false < 0.05, "…sure enough");
	is_i64(v->needed, -1, "nothing more is needed");
	is_u64(v->recurrences, 4, "four recurrences");
	if (ok(v->victim_cnt == 1, "one victim")) {
		is_str(v->victims[0].name.p, "web", "…the right one");
		ok(v->victims[0].role == ROLE_VICTIM && v->victims[0].delta < -0.1, "…it lost CPU");
	}
	is_near(v->capacity, 4, 1e-9, "four CPUs, as the windows say");
	ok(verdict_side(v, irregular[1].from_ns, 10 * NSEC_PER_SEC) == SIDE_INCIDENT &&
		   verdict_side(v, START + 640 * S, 10 * NSEC_PER_SEC) == SIDE_BASELINE &&
		   verdict_side(v, irregular[1].from_ns - 10 * S, 10 * NSEC_PER_SEC) ==
			   SIDE_NEITHER,
	   "windows know their side");
	verdict_free(v);
}

static void test_shortlist(void)
{
	struct scene s = {.names = names, .level = two_alike, .inc = irregular, .inc_cnt = 4};
	struct verdict *v = judge(&s);

	if (!ok(v && v->kind == VERDICT_SHORTLIST, "two alike: a short list"))
		return;
	is_u64(v->suspect_cnt, 2, "…of two");
	is_str(v->suspects[0].name.p, "batch", "…the larger first");
	is_str(v->suspects[1].name.p, "indexer", "…then the other");
	ok(v->suspects[0].tie_group && v->suspects[0].tie_group == v->suspects[1].tie_group,
	   "…tied");
	ok(v->suspects[0].role == ROLE_SUSPECT, "…neither is called the culprit");
	verdict_free(v);
}

static void test_schedule(void)
{
	struct blame_incident inc[8];
	struct scene s = {.names = names, .level = by_the_clock, .inc = inc, .inc_cnt = 8};
	struct verdict *v;

	/* one minute a window; cron works 15 of 60; incidents at some of its starts */
	s.window_s = 60;
	s.windows = 60 * 30;
	for (int64_t k = 0; k < 8; k++)
		inc[k] = at((k * 3 + (k & 1)) * 3600 + 3600, (k * 3 + (k & 1)) * 3600 + 3600 + 600);
	v = judge(&s);
	if (!ok(v && v->kind == VERDICT_SCHEDULE_CONFOUNDED, "a shared clock: confounded"))
		return;
	is_str(v->suspects[0].name.p, "cron", "…by the job of that clock");
	ok(v->suspects[0].clock_shared && !v->suspects[0].linked, "…linked but for the clock");
	is_u64(v->period_ns, 3600 * NSEC_PER_SEC, "…of an hour");
	ok(v->phase_cnt >= 20, "…seen at other hours");
	verdict_free(v);
}

/* A batch job of some full hours, ten minutes each, in minutes. */
static double at_full_hours(const char *name, uint32_t window, bool inside)
{
	static const uint32_t hours[] = {2, 5, 9, 12, 17};

	for (size_t i = 0; !strcmp(name, "batch") && i < 5; i++)
		if (window / 60 == hours[i])
			return window % 60 < 10 ? 1.2 : 0;
	return strcmp(name, "batch") ? nobody(name, window, inside) : 0;
}

/* The incident at five is not marked, but a time at which there was none, near the full hour. */
static void test_wrong_label_of_a_clock(void)
{
	const struct blame_incident inc[] = {at(7200, 7800), at(32400, 33000), at(43200, 43800),
					     at(61200, 61800), at(50700, 51300)};
	struct scene s = {.names = names,
			  .level = at_full_hours,
			  .inc = inc,
			  .inc_cnt = 5,
			  .window_s = 60,
			  .windows = 60 * 24};
	struct verdict *v = judge(&s);
	const struct verdict_entity *e;

	if (!ok(v && v->period_ns == 3600 * NSEC_PER_SEC && v->suspect_cnt, "on the hour"))
		return;
	e = &v->suspects[0];
	is_str(e->name.p, "batch", "one label is wrong, its incident a quiet time: still first");
	ok(e->linked && e->hits == 4, "…tied by four of five");
	is_near(e->f, 1.5 / (v->phase_cnt + 1), 1e-9, "…E_false goes by all quiet times");
	is_near(e->log_bf,
		4 * log(0.85 / (0.5 / (v->phase_cnt + 1))) +
			log(0.15 / (1 - 0.5 / (v->phase_cnt + 1))) - log(3),
		1e-6, "…the tie leaves one of them out");
	verdict_free(v);
}

static void test_no_rise(void)
{
	struct scene s = {.names = names, .level = nobody, .inc = irregular, .inc_cnt = 4};
	struct verdict *v = judge(&s);

	ok(v && v->kind == VERDICT_CPU_DID_NOT_RISE, "nobody rose: CPU did not rise");
	verdict_free(v);
}

static void test_need_more(void)
{
	const struct blame_incident early[] = {at(300, 340), at(400, 440)};
	struct scene s = {.names = names, .level = one_culprit, .inc = irregular, .inc_cnt = 1};
	struct verdict *v = judge(&s);

	if (ok(v && v->kind == VERDICT_NEED_MORE, "one incident names nobody")) {
		ok(v->needed >= 2 && v->needed <= 3, "…but says how many would");
		is_str(v->suspects[0].name.p, "batch", "…and who leads");
	}
	verdict_free(v);
	/* two in a short history: more recurrences or more history */
	s.inc = early;
	s.inc_cnt = 2;
	s.windows = 60;
	v = judge(&s);
	if (ok(v && v->kind == VERDICT_NEED_MORE, "two in ten minutes: need more")) {
		is_i64(v->needed, 3, "…one more");
		ok(v->history_needed_s > v->baseline_s, "…or more history than there is");
	}
	verdict_free(v);
}

/* The number promised by NEED-MORE is the number that names. */
static void test_promise(void)
{
	int64_t needed = -1;
	struct verdict *v;

	for (size_t k = 1; k <= 4; k++) {
		struct scene s = {
			.names = names, .level = one_culprit, .inc = irregular, .inc_cnt = k};

		v = judge(&s);
		if (v && v->kind == VERDICT_NAMED) {
			is_i64(needed, (int64_t)k, "named with as many as were asked for");
			verdict_free(v);
			return;
		}
		needed = v ? v->needed : -1;
		verdict_free(v);
	}
	ok(false, "named in the end");
}

/* ---- input ------------------------------------------------------------------------------- */

static void test_order(void)
{
	struct blame_incident shuffled[] = {irregular[2], irregular[0], irregular[3], irregular[1]};
	struct scene a = {.names = names, .level = one_culprit, .inc = irregular, .inc_cnt = 4},
		     b = {.names = names, .level = one_culprit, .inc = shuffled, .inc_cnt = 4};
	struct verdict *va, *vb;

	b.reversed = true;
	va = judge(&a);
	vb = judge(&b);
	ok(va && vb && va->kind == vb->kind && va->suspect_cnt == vb->suspect_cnt &&
		   va->suspects[0].posterior == vb->suspects[0].posterior &&
		   va->suspects[0].delta_low == vb->suspects[0].delta_low &&
		   va->victims[0].delta == vb->victims[0].delta && va->noise == vb->noise,
	   "neither the order of processes nor that of incidents or windows matters");
	verdict_free(va);
	verdict_free(vb);
}

static void test_incidents(void)
{
	struct blame_incident inc[] = {irregular[0], irregular[1], irregular[2],
				       irregular[3], at(320, 335), at(90000, 90040)};
	struct scene s = {.names = names, .level = one_culprit, .inc = inc, .inc_cnt = 6};
	struct verdict *v = judge(&s);

	if (ok(v && v->kind == VERDICT_NAMED, "overlapping and foreign incidents do no harm")) {
		is_u64(v->recurrences, 4, "…four are left");
		ok(has_note(v, "merged"), "…a note says that some were merged");
		ok(has_note(v, "2026-01-02T01:00:00Z"), "…and names the one without windows");
	}
	verdict_free(v);
}

static void test_gap(void)
{
	struct scene s = {.names = names, .level = one_culprit, .inc = irregular, .inc_cnt = 4};
	struct verdict *whole = judge(&s), *v;

	s.gap_from = 200;
	s.gap_until = 290;
	v = judge(&s);
	ok(v && whole && v->kind == VERDICT_NAMED && v->block_cnt < whole->block_cnt,
	   "a gap is no time without CPU");
	is_near(v->suspects[0].baseline, 0, 0.01, "…the level stays");
	ok(v->victims && v->victim_cnt == 1 && v->victims[0].baseline > 0.2, "…that of others too");
	verdict_free(v);
	verdict_free(whole);
}

static void test_losses(void)
{
	struct scene s = {.names = names, .level = one_culprit, .inc = irregular, .inc_cnt = 4};
	struct verdict *v;

	s.lost = 50;
	v = judge(&s);
	if (ok(v && v->kind == VERDICT_NAMED, "a third lost in the incidents")) {
		is_near(v->suspects[0].delta, 1.2, 0.02, "…is put back");
		ok(has_note(v, "33%"), "…and noted");
	}
	verdict_free(v);
	s.lost = 900;
	{
		struct timeline *t = build(&s);
		struct err err;

		v = NULL;
		is_i64(blame_run(t, s.inc, s.inc_cnt, NULL, &v, &err), -ERANGE,
		       "windows that lost nearly all are no data");
		timeline_free(t);
	}
}

static void test_units(void)
{
	struct scene s = {.names = names, .level = one_culprit, .inc = irregular, .inc_cnt = 4};
	struct verdict *v;

	s.unit = PROFILE_SAMPLES;
	v = judge(&s);
	if (ok(v && v->kind == VERDICT_NAMED && v->measure == MEASURE_SAMPLES, "in samples")) {
		is_near(v->suspects[0].delta, 1.2 * 97, 2, "…per second");
		ok(has_note(v, "sampling rate"), "…and says so");
	}
	verdict_free(v);
	s.no_length = true;
	v = judge(&s);
	if (ok(v && v->measure == MEASURE_SHARE, "windows without length: shares")) {
		is_str(v->suspect_cnt ? v->suspects[0].name.p : "", "batch", "…the culprit leads");
		ok(v->suspects[0].incident > 0.3 && v->suspects[0].incident < 0.6, "…its share");
	}
	verdict_free(v);
}

static void test_short_incidents(void)
{
	const struct blame_incident inc[] = {at(302, 306), at(1011, 1014), at(1733, 1737),
					     at(2958, 2962)};
	struct scene s = {.names = names, .level = one_culprit, .inc = inc, .inc_cnt = 4};
	struct verdict *v = judge(&s);

	if (ok(v && v->kind == VERDICT_NAMED, "shorter than a window")) {
		is_u64(v->block_ns, 10 * NSEC_PER_SEC, "…a block is a window");
		ok(has_note(v, "shorter than a window"), "…and a note says so");
		ok(v->windows[0].from_ns == START + 300 * S &&
			   v->windows[0].until_ns == START + 310 * S,
		   "…the window that contains it stands for it");
		is_i64(v->windows[3].until_ns - v->windows[3].from_ns, 10 * S,
		       "…of two windows the one that holds more");
	}
	verdict_free(v);
}

static void test_guard(void)
{
	struct scene s = {.names = names, .level = one_culprit, .inc = irregular, .inc_cnt = 4};
	struct timeline *t = build(&s);
	struct blame_opts o = {.guard_ns = 50 * NSEC_PER_SEC};
	struct verdict *v = NULL;

	ok(t && !blame_run(t, s.inc, s.inc_cnt, NULL, &v, NULL), "automatic guard");
	ok(v->baseline_s >= 0.4 * (WINDOWS * 10 - 170), "…leaves about half to the baseline");
	ok(v->guard_min_ns >= 10 * NSEC_PER_SEC, "…and is a window at least");
	verdict_free(v);
	v = NULL;
	ok(!blame_run(t, s.inc, s.inc_cnt, &o, &v, NULL) && v->guard_ns == o.guard_ns &&
		   v->guard_min_ns == o.guard_ns,
	   "a guard that was asked for is kept");
	verdict_free(v);
	o = (struct blame_opts){.cpus = 64};
	v = NULL;
	ok(!blame_run(t, s.inc, s.inc_cnt, &o, &v, NULL) && v->kind == VERDICT_SHORTLIST,
	   "1.2 of 64 cores is too little to be named");
	verdict_free(v);
	timeline_free(t);
}

/* A job that runs through all incidents was lucky once, not four times. */
static double long_run(const char *name, uint32_t window, bool inside)
{
	if (!strcmp(name, "mail"))
		return window >= 100 && window < 160 ? 1.2 : 0;
	return nobody(name, window, inside);
}

static void test_runs(void)
{
	const struct blame_incident inc[] = {at(1050, 1090), at(1200, 1240), at(1350, 1390),
					     at(1500, 1540)};
	struct scene s = {.names = names, .level = long_run, .inc = inc, .inc_cnt = 4};
	struct verdict *v = judge(&s);

	ok(v && v->kind == VERDICT_NEED_MORE, "one long run over four incidents names nobody");
	ok(v && v->suspect_cnt && v->suspects[0].hits == 4 && v->suspects[0].runs == 1,
	   "…four hits are one run");
	verdict_free(v);
}

static void test_errors(void)
{
	struct scene s = {.names = names, .level = one_culprit, .inc = irregular, .inc_cnt = 4};
	struct timeline *t = build(&s), *empty = timeline_new(PROFILE_NANOSECONDS);
	struct blame_incident backwards = at(20, 10), far = at(100000, 100010);
	struct blame_incident centuries = {-(INT64_MAX / 2), INT64_MAX / 2};
	struct blame_opts o = {.allowed_error = 0.7};
	struct verdict *v = NULL;
	struct err err;

	is_i64(blame_run(t, NULL, 0, NULL, &v, &err), -EINVAL, "no incident");
	is_i64(blame_run(t, &backwards, 1, NULL, &v, &err), -EINVAL, "backwards");
	is_i64(blame_run(t, &centuries, 1, NULL, &v, &err), -EINVAL, "longer than any history");
	is_i64(blame_run(t, &far, 1, NULL, &v, &err), -ERANGE, "outside the history");
	ok(strstr(err.text, "2026-01-01T00:00:00Z..2026-01-01T01:06:40Z"),
	   "…the message names its range");
	is_i64(blame_run(t, irregular, 4, &o, &v, &err), -EINVAL, "an error of 0.7");
	ok(empty && !timeline_seal(empty), "an empty timeline");
	is_i64(blame_run(empty, irregular, 4, NULL, &v, &err), -EINVAL, "…is no history");
	ok(!v, "nothing is written on failure");
	timeline_free(t);
	timeline_free(empty);
}

static void test_whole_history(void)
{
	const struct blame_incident inc[] = {at(0, WINDOWS * 10)};
	struct scene s = {.names = names, .level = one_culprit, .inc = inc, .inc_cnt = 1};
	struct verdict *v = judge(&s);

	ok(v && v->kind == VERDICT_NEED_MORE && !v->block_cnt,
	   "an incident that is all of the history: nothing to compare with");
	ok(v && has_note(v, "nothing to compare"), "…a note says so");
	ok(v && !v->suspect_cnt, "…and nobody is said to have risen");
	verdict_free(v);
}

static void test_beginning(void)
{
	const struct blame_incident inc[] = {at(0, 100), at(2000, 2100)};
	struct scene s = {.names = names, .level = one_culprit, .inc = inc, .inc_cnt = 2};
	struct verdict *v = judge(&s);

	ok(v && v->guard_min_ns == 200 * NSEC_PER_SEC,
	   "where nothing is beside an incident nothing is left out");
	verdict_free(v);
}

/* Bursts in one baseline block of forty, so that their mean lies far from most. */
static double rare_burst(const char *name, uint32_t window, bool inside)
{
	if (!strcmp(name, "batch"))
		return inside ? 1.2 : window >= 60 && window < 64 ? 3 : 0;
	return nobody(name, window, inside);
}

static void test_interval(void)
{
	const struct blame_incident inc[] = {at(2000, 2040)};
	struct scene s = {.names = names, .level = rare_burst, .inc = inc, .inc_cnt = 1};
	struct verdict *v = judge(&s);

	ok(v && v->suspect_cnt && v->suspects[0].delta_low <= v->suspects[0].delta &&
		   v->suspects[0].delta <= v->suspects[0].delta_high,
	   "a rise lies within its own interval");
	verdict_free(v);
}

/* Deployed at half time, and at work ever since. */
static double deployed(const char *name, uint32_t window, bool inside)
{
	if (!strcmp(name, "batch"))
		return window < 200 ? 0 : inside ? 1.4 : 0.2;
	return nobody(name, window, inside);
}

static void test_new(void)
{
	const struct blame_incident inc[] = {at(2330, 2370), at(2950, 2990), at(3610, 3650)};
	struct scene s = {.names = names, .level = deployed, .inc = inc, .inc_cnt = 3};
	struct verdict *v = judge(&s);

	ok(v && has_note(v, "batch is new: first seen 2026-01-01T00:33:20Z"),
	   "a suspect of which half the history knows nothing");
	verdict_free(v);
	s.level = one_culprit;
	v = judge(&s);
	ok(v && !has_note(v, "is new"), "…a job that runs now and then is not new");
	verdict_free(v);
}

/* A history with a window for each process, as pushed profiles are. */
static void test_shared_times(void)
{
	struct scene s = {.names = names, .level = one_culprit, .inc = irregular, .inc_cnt = 4};
	struct timeline *whole = build(&s), *parts = timeline_new(PROFILE_NANOSECONDS);
	struct verdict *a = NULL, *b = NULL;
	uint32_t id;

	for (uint32_t e = 0; e < whole->entity_cnt; e++) {
		for (const struct timeline_chunk *k = whole->rows[e].first; k; k = k->next)
			for (uint32_t i = 0; i < k->cnt; i++) {
				struct timeline_cell c = k->cells[i];

				if (timeline_window(parts, &whole->windows[c.window], &id) ||
				    timeline_add(parts, timeline_name(whole, e), id, c.weight))
					ok(false, "out of memory");
			}
	}
	ok(!timeline_seal(parts) && !blame_run(whole, irregular, 4, NULL, &a, NULL) &&
		   !blame_run(parts, irregular, 4, NULL, &b, NULL),
	   "windows of one process each");
	ok(a && b && b->kind == a->kind && b->suspect_cnt == a->suspect_cnt &&
		   b->suspects[0].delta == a->suspects[0].delta &&
		   b->node_baseline == a->node_baseline && b->victim_cnt == a->victim_cnt,
	   "…say what windows of all say");
	ok(b && has_note(b, "added up") && !has_note(b, "overlap"), "…and a note tells");
	verdict_free(a);
	verdict_free(b);
	timeline_free(whole);
	timeline_free(parts);
}

static char long_name[10001];

static double missing_once(const char *name, uint32_t window, bool inside)
{
	if (strlen(name) < 1000)
		return nobody(name, window, inside);
	return inside && window > 30 ? 1.2 : 0;
}

static void test_long_name(void)
{
	static const char *const with_long[] = {"api", "db", "web", long_name, NULL};
	const struct blame_incident inc[] = {at(200, 250),   at(700, 750),   at(1360, 1410),
					     at(2110, 2160), at(2930, 2980), at(3500, 3550)};
	struct scene s = {.names = with_long, .level = missing_once, .inc = inc, .inc_cnt = 6};
	struct verdict *v;

	for (size_t i = 0; i + 3 < sizeof(long_name); i += 2)
		memcpy(long_name + i, "ä", 2);
	v = judge(&s);
	ok(v && v->suspect_cnt && v->suspects[0].name.len > 9000, "a name of kilobytes leads");
	ok(v && has_note(v, "… explains 5 of 6 incidents"), "…and the note on it is whole");
	for (size_t i = 0; v && i < v->note_cnt; i++)
		ok(utf8_valid(str_of(v->notes[i])), "…and UTF-8");
	verdict_free(v);
}

int main(void)
{
	test_named();
	test_shortlist();
	test_schedule();
	test_wrong_label_of_a_clock();
	test_no_rise();
	test_need_more();
	test_promise();
	test_order();
	test_incidents();
	test_gap();
	test_losses();
	test_units();
	test_short_incidents();
	test_guard();
	test_runs();
	test_errors();
	test_whole_history();
	test_beginning();
	test_new();
	test_shared_times();
	test_long_name();
	test_interval();
	return tap_done();
}
