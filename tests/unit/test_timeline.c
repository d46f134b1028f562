// SPDX-License-Identifier: Apache-2.0
#include "model/timeline.h"

#include <errno.h>

#include "base/text.h"
#include "unit/profiles.h"
#include "unit/tap.h"

static uint32_t window(struct timeline *t, int64_t start_ns)
{
	struct timeline_window w = {.start_ns = start_ns, .length_ns = 10};
	uint32_t id;

	must(timeline_window(t, &w, &id), "window");
	return id;
}

/* The cells as "entity@start=weight …". */
static const char *cells(const struct timeline *t)
{
	static char text[512];
	size_t len = 0;

	text[0] = '\0';
	for (uint32_t e = 0; e < t->entity_cnt; e++)
		for (const struct timeline_chunk *k = t->rows[e].first; k; k = k->next)
			for (uint32_t i = 0; i < k->cnt; i++)
				len += (size_t)snprintf(text + len, sizeof(text) - len,
							"%s%s@%" PRId64 "=%" PRIu64, len ? " " : "",
							timeline_name(t, e).p,
							t->windows[k->cells[i].window].start_ns,
							k->cells[i].weight);
	return text;
}

static void test_sorting(void)
{
	struct timeline *t = timeline_new(PROFILE_SAMPLES);
	uint32_t late = window(t, 300), early = window(t, 100), middle = window(t, 200), e;

	must(timeline_add(t, STR_LIT("web"), late, 1), "add");
	must(timeline_add(t, STR_LIT("cron"), late, 2), "add");
	must(timeline_add(t, STR_LIT("web"), early, 4), "add");
	must(timeline_add(t, STR_LIT("web"), late, 8), "add");
	must(timeline_add(t, STR_LIT("web"), middle, 16), "add");
	must(timeline_add(t, STR_LIT("cron"), early, 32), "add");
	must(timeline_seal(t), "seal");
	is_str(cells(t), "cron@100=32 cron@300=2 web@100=4 web@200=16 web@300=9",
	       "by name and time; what is put in twice is added up");
	ok(t->windows[0].start_ns == 100 && t->windows[2].start_ns == 300, "windows by time");
	ok(!timeline_find(t, STR_LIT("web"), &e) && e == 1, "found by name");
	is_i64(timeline_find(t, STR_LIT("we"), &e), -ENOENT, "not found");
	timeline_free(t);
}

static void test_empty(void)
{
	struct timeline *t = timeline_new(PROFILE_SAMPLES);
	uint32_t e;

	must(timeline_seal(t), "seal");
	is_u64(t->entity_cnt + t->window_cnt + t->cell_cnt, 0, "nothing in, nothing out");
	is_i64(timeline_find(t, STR_LIT("x"), &e), -ENOENT, "nobody to find");
	timeline_free(t);
	timeline_free(NULL);
}

static void test_profiles(void)
{
	struct profile *a = profile_of(PROFILE_SAMPLES, 10, "web;f 10\nweb;g 5\ncron;f 1");
	struct profile *b = profile_of(PROFILE_NANOSECONDS, 10, "web;f 10");
	struct timeline *t = timeline_new(PROFILE_SAMPLES);
	struct matcher *m = matcher_new();
	struct err err;

	must(matcher_add(m, STR_LIT("process!=cron"), &err), "matcher");
	must(timeline_add_profile(t, a, m, STR_LIT("process")), "profile");
	must(timeline_add_profile(t, a, NULL, STR_LIT("process")), "profile");
	is_i64(timeline_add_profile(t, b, NULL, STR_LIT("process")), -EINVAL,
	       "another unit is refused");
	must(timeline_seal(t), "seal");
	is_u64(t->window_cnt, 2, "each profile is a window; the refused one is none");
	is_str(cells(t),
	       "cron@1800000000000000000=1 web@1800000000000000000=15 "
	       "web@1800000000000000000=15",
	       "stacks of a process are added up; the matcher leaves out");
	is_u64(t->windows[0].cnt, 16, "samples of the window");
	is_u64(t->windows[0].capacity_ns, 20000000000, "its capacity");
	timeline_free(t);
	matcher_free(m);
	profile_free(a);
	profile_free(b);
}

/* A series without the label must not be mixed up with one whose label is empty or missing text. */
static void test_missing_label(void)
{
	struct profile *a = profile_of(PROFILE_SAMPLES, 10, "web;f 10");
	struct timeline *t = timeline_new(PROFILE_SAMPLES);

	must(timeline_add_profile(t, a, NULL, STR_LIT("pod")), "profile");
	must(timeline_seal(t), "seal");
	is_str(cells(t), "[no pod]@1800000000000000000=10", "a missing label is named as in trees");
	timeline_free(t);
	profile_free(a);
}

/* Whatever is joined is what one timeline of all would be. */
static void test_joining(void)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	uint64_t state = 1;

	for (unsigned int round = 0; round < 20; round++) {
		struct timeline *all = timeline_new(PROFILE_SAMPLES);
		struct timeline *halves[2] = {timeline_new(PROFILE_SAMPLES),
					      timeline_new(PROFILE_SAMPLES)};
		char want[512];

		for (unsigned int i = 0; i < 40; i++) {
			struct timeline *half = halves[i >= 20];
			uint32_t in_all, in_half;
			struct str name;

			state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
			name = (struct str){names[state >> 62], 1};
			/* mostly by time, now and then not, now and then the same time */
			in_all = window(all, (int64_t)(i + (state >> 40) % 3));
			in_half = window(half, (int64_t)(i + (state >> 40) % 3));
			must(timeline_add(all, name, in_all, i), "add");
			must(timeline_add(half, name, in_half, i), "add");
		}
		must(timeline_join(halves[0], halves[1]), "join");
		must(timeline_seal(all), "seal");
		must(timeline_seal(halves[0]), "seal");
		(void)snprintf(want, sizeof(want), "%s", cells(all));
		is_str(cells(halves[0]), want, "round %u", round);
		ok(all->cell_cnt == halves[0]->cell_cnt && all->window_cnt == halves[0]->window_cnt,
		   "…as large");
		timeline_free(all);
		timeline_free(halves[0]);
	}
}

static void test_units(void)
{
	struct timeline *a = timeline_new(PROFILE_SAMPLES);

	is_i64(timeline_join(a, timeline_new(PROFILE_NANOSECONDS)), -EINVAL,
	       "samples are not nanoseconds");
	must(timeline_join(a, timeline_new(PROFILE_SAMPLES)), "join nothing");
	must(timeline_seal(a), "seal");
	ok(!a->window_cnt && !a->entity_cnt, "nothing and nothing is nothing");
	timeline_free(a);
}

int main(void)
{
	test_sorting();
	test_empty();
	test_profiles();
	test_missing_label();
	test_joining();
	test_units();
	return tap_done();
}
