// SPDX-License-Identifier: Apache-2.0
/* Parts of profiles by the times of single samples, and exact ranges of a store. */
#include "model/clip.h"

#include <errno.h>

#include "load/load.h"
#include "store/store.h"
#include "unit/profiles.h"
#include "unit/store_data.h"
#include "unit/tap.h"

#define MS (DATA_SECOND / 1000)

/* Ten seconds from `start` on 2 CPUs: a sample of p every 100 ms, of q in the last 100 ms of each second. */
static struct profile *window_at(int64_t start, bool timed)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
	struct profile *p, *with;

	for (int i = 0; i < 100; i++) {
		put_stack(b, STR_LIT("p;main;work"), 10, 1);
		if (i % 10 == 9)
			put_stack(b, STR_LIT("q;main"), 10, 1);
	}
	must(builder_seal(b, &p), "seal");
	must(builder_add_profile(b, p, NULL), "add");
	for (int64_t i = 0; timed && i < 100; i++)
		for (size_t k = 0; k < p->sample_cnt; k++)
			if (p->samples[k].cnt == 100 || i % 10 == 9)
				must(builder_moment(b, p->samples[k].series, p->samples[k].node,
						    start + i * 100 * MS, 10, 1),
				     "moment");
	builder_window(b, start, 10 * NSEC_PER_SEC, 2, 97);
	builder_lost(b, LOSS_RING_FULL, 3);
	must(builder_seal(b, &with), "seal");
	profile_free(p);
	builder_free(b);
	return with;
}

static uint64_t of_process(const struct profile *p, const char *process)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->sample_cnt; i++)
		if (str_eq(profile_label(p, p->samples[i].series, STR_LIT("process")),
			   str_of(process)))
			sum += p->samples[i].cnt;
	return sum;
}

static struct profile *clip(const struct profile *p, int64_t from, int64_t until)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
	struct profile *part;

	must(clip_add(b, p, (struct time_range){from, until}, NULL), "clip");
	must(builder_seal(b, &part), "seal");
	builder_free(b);
	return part;
}

static void test_part(void)
{
	struct profile *p = window_at(DATA_NOON, true), *part;

	part = clip(p, DATA_NOON + 900 * MS, DATA_NOON + 1150 * MS);
	ok(part->total_cnt == 4 && of_process(part, "p") == 3 && of_process(part, "q") == 1,
	   "what was taken in the range");
	ok(part->total == 40 && profile_timed_cnt(part) == 4, "with weight and times");
	ok(part->start_ns == DATA_NOON + 900 * MS && part->length_ns == (uint64_t)(250 * MS) &&
		   part->capacity_ns == (uint64_t)(500 * MS) && part->cpus == 2,
	   "of a window as long as the range");
	is_u64(part->window_cnt, 1, "one window");
	is_u64(part->lost[LOSS_RING_FULL], 3, "losses are whole");
	profile_free(part);
	part = clip(p, INT64_MIN, INT64_MAX);
	ok(data_equal(part, p) && part->moment_cnt == p->moment_cnt, "all of the time is all");
	profile_free(part);
	part = clip(p, DATA_NOON + 910 * MS, DATA_NOON + 920 * MS);
	is_u64(part->total_cnt, 2, "a step counts whole from the one that the range begins in");
	profile_free(part);
	ok(clip_touches(p, (struct time_range){DATA_NOON - 1, DATA_NOON + 1}) &&
		   !clip_touches(p, (struct time_range){DATA_NOON - 1, DATA_NOON}) &&
		   !clip_touches(p, (struct time_range){p->end_ns, p->end_ns + 1}),
	   "to touch is to have time in common");
	profile_free(p);
}

static int load(const char *dir, int64_t from, int64_t until, struct profile **ret,
		struct load_report *report, struct err *err)
{
	struct time_range range = {from, until};
	struct load_opts opts = {.ranges = &range, .range_cnt = 1, .exact = true};

	return load_profile(dir, &opts, ret, report, err);
}

static void test_store(void)
{
	char *dir = data_dir();
	struct load_report report;
	struct profile *w, *p;
	struct store *s;
	struct err err = {""};

	load_report_init(&report);
	must(store_open(dir, STORE_WRITE, NULL, &s, &err), "store");
	for (int i = 0; i < 4; i++) {
		w = window_at(DATA_NOON + i * 10 * DATA_SECOND, i < 3);
		must(store_put(s, w, &err), "put");
		profile_free(w);
	}
	store_close(s);
	ok(!load(dir, DATA_NOON + 200 * MS, DATA_NOON + 400 * MS, &p, &report, &err) &&
		   p->total_cnt == 2 && p->length_ns == (uint64_t)(200 * MS),
	   "a fifth of a second of a window of ten: %s", err.text);
	profile_free(p);
	ok(!load(dir, DATA_NOON + 9900 * MS, DATA_NOON + 10100 * MS, &p, &report, &err) &&
		   p->total_cnt == 3 && p->window_cnt == 2 && of_process(p, "q") == 1,
	   "over the boundary of two");
	profile_free(p);
	is_u64(report.warnings.len, 0, "no word about it");
	ok(!load(dir, DATA_NOON + 29 * DATA_SECOND, DATA_NOON + 31 * DATA_SECOND, &p, &report,
		 &err) &&
		   p->total_cnt == 11,
	   "beside a window without times");
	profile_free(p);
	ok(report.warnings.len && strstr(report.warnings.data, "110 samples"), "which is told: %s",
	   report.warnings.len ? report.warnings.data : "");
	is_i64(load(dir, DATA_NOON + 31 * DATA_SECOND, DATA_NOON + 32 * DATA_SECOND, &p, &report,
		    &err),
	       -ENODATA, "in it nothing can be found");
	ok(strstr(err.text, "--subsecond"), "%s", err.text);
	is_i64(load(dir, DATA_NOON - 2, DATA_NOON - 1, &p, &report, &err), -ENODATA,
	       "nothing before the first");
	load_report_release(&report);
	data_remove(dir);
}

int main(void)
{
	test_part();
	test_store();
	return tap_done();
}
