// SPDX-License-Identifier: Apache-2.0
/* An agent's windows under a clock that is set: by hand here, through the whole agent in e2e/clock.t. */
#include "agent/stamps.h"
#include "agent/keeper.h"
#include "model/timeline.h"
#include "store/store.h"
#include "unit/profiles.h"
#include "unit/tap.h"
#include "unit/tmpdir.h"

#define SECOND	((int64_t)NSEC_PER_SEC)
#define BEGIN	(1790000000 * SECOND)
#define HOUR	(3600 * SECOND)
#define MAX_CNT 4096

struct fake {
	int64_t wall_ns;
	uint64_t mono_ns;
};

static int64_t fake_wall(void *arg)
{
	return ((struct fake *)arg)->wall_ns;
}

static uint64_t fake_mono(void *arg)
{
	return ((struct fake *)arg)->mono_ns;
}

static struct profile *window_at(int64_t start_ns, uint64_t length_ns)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);

	put_stack(b, STR_LIT("app;main"), 1000, 1);
	builder_window(b, start_ns, length_ns, 2, 97);
	return seal(b);
}

struct run {
	struct fake time;
	struct clock clock;
	struct stamps stamps;
	int64_t next_ns; /* start of the window that is open */
	int64_t starts[MAX_CNT];
	size_t cnt;
};

static void begin(struct run *r, int64_t newest_ns)
{
	*r = (struct run){.time = {BEGIN, 1000 * NSEC_PER_SEC}};
	r->clock = (struct clock){.wall_ns = fake_wall, .mono_ns = fake_mono, .arg = &r->time};
	r->next_ns = BEGIN;
	stamps_init(&r->stamps, newest_ns);
}

/* `cnt` windows of 10 s as agg.h cuts them: each bears the time at which it was opened, whatever is done to the clock until
 * it is sealed. */
static void pass(struct run *r, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		struct profile *p = window_at(r->next_ns, 10 * NSEC_PER_SEC);

		r->time.wall_ns += 10 * SECOND;
		r->time.mono_ns += 10 * NSEC_PER_SEC + 1234567 % (r->cnt + 1);
		r->next_ns = r->time.wall_ns - r->time.wall_ns % (10 * SECOND);
		stamps_take(&r->stamps, &r->clock, p);
		if (p->end_ns - p->start_ns != 10 * SECOND)
			printf("# a window of another length\n");
		r->starts[r->cnt++] = p->start_ns;
		profile_free(p);
	}
}

static int by_value(const void *va, const void *vb)
{
	const int64_t *a = va, *b = vb;

	return (*a > *b) - (*a < *b);
}

/* The least distance between two of them; changes their order. */
static int64_t least_distance(struct run *r)
{
	int64_t least = INT64_MAX;

	qsort(r->starts, r->cnt, sizeof(r->starts[0]), by_value);
	for (size_t i = 1; i < r->cnt; i++)
		if (r->starts[i] - r->starts[i - 1] < least)
			least = r->starts[i] - r->starts[i - 1];
	return least;
}

static bool is_aligned(const struct run *r, size_t from, size_t until)
{
	for (size_t i = from; i < until; i++)
		if (r->starts[i] % (10 * SECOND))
			return false;
	return true;
}

/* Each a little behind its boundary, and by as much. */
static bool is_behind(const struct run *r, size_t from, size_t until)
{
	int64_t shift = r->starts[from] % (10 * SECOND);

	for (size_t i = from; i < until; i++)
		if (r->starts[i] % (10 * SECOND) != shift)
			return false;
	return shift >= 1000 && shift < SECOND / 50;
}

static void test_steady(void)
{
	struct run *r = calloc(1, sizeof(*r));

	begin(r, 0);
	pass(r, 20);
	r->time.wall_ns += 30 * SECOND / 100; /* what a clock is disciplined by */
	pass(r, 5);
	r->time.wall_ns -= 30 * SECOND / 100;
	pass(r, 5);
	ok(is_aligned(r, 0, r->cnt) && least_distance(r) == 10 * SECOND,
	   "a clock that nobody sets");
	is_u64(r->stamps.forth + r->stamps.back, 0, "and that is all there is to say");
	free(r);
}

static void test_forth(void)
{
	struct run *r = calloc(1, sizeof(*r));

	begin(r, 0);
	pass(r, 3);
	r->time.wall_ns += HOUR;
	pass(r, 4);
	ok(is_aligned(r, 0, 7) && r->starts[3] == r->starts[2] + 10 * SECOND,
	   "forth: the window that is open keeps its time");
	ok(r->starts[4] == r->starts[3] + HOUR + 10 * SECOND, "the next one is an hour later");
	ok(r->stamps.forth == 1 && !r->stamps.back, "which is counted");
	free(r);
}

static void test_back(void)
{
	struct run *r = calloc(1, sizeof(*r));

	begin(r, 0);
	pass(r, 10);
	r->time.wall_ns -= 60 * SECOND; /* in the eleventh, which will end there */
	pass(r, 1 + 6);
	ok(is_aligned(r, 0, 11) && is_behind(r, 11, 17),
	   "back: those that are there already are not there twice");
	pass(r, 5);
	ok(is_aligned(r, 17, 22), "beyond them all is as before");
	ok(!r->stamps.forth && r->stamps.back == 1, "which is counted");
	r->time.wall_ns -= 120 * SECOND; /* into both stretches */
	pass(r, 1 + 5);
	ok(is_aligned(r, 22, 23) && is_behind(r, 23, 28), "a third time");
	r->time.wall_ns -= 50 * SECOND; /* and again before that one is over */
	pass(r, 10);
	ok(r->starts[28] % SECOND == r->starts[27] % SECOND &&
		   r->starts[29] % SECOND != r->starts[27] % SECOND && is_behind(r, 29, 38),
	   "a fourth, while the third lasts");
	ok(least_distance(r) >= 1000, "all of them differ, by more than the parts of a window do");
	free(r);
}

static void test_many(void)
{
	struct run *r = calloc(1, sizeof(*r));

	begin(r, 0);
	for (int i = 0; i < 30; i++) {
		r->time.mono_ns += 123456789 % (uint64_t)(i + 7);
		pass(r, 12);
		r->time.wall_ns -= 60 * SECOND;
	}
	ok(least_distance(r) >= 1000, "set back thirty times");
	is_u64(r->stamps.back, 29, "and counted");
	free(r);
}

/* Of a life before this one, when the clock went ahead. */
static void test_restart(void)
{
	struct store *store = NULL;
	struct keeper *k = NULL;
	struct keeper_stats stats;
	struct run *r = calloc(1, sizeof(*r));
	struct timeline *t = NULL;
	struct err err = {{0}};
	size_t same = 0;

	begin(r, 0);
	must(store_open(tmpdir_at("store"), STORE_WRITE, NULL, &store, &err), err.text);
	for (int life = 0; life < 2; life++) {
		r->time.wall_ns = BEGIN;
		must(keeper_new(store, &r->clock, &k), "keeper");
		for (int i = 0; i < 5; i++) {
			int64_t start_ns = r->time.wall_ns;

			r->time.wall_ns += 10 * SECOND;
			r->time.mono_ns += 10 * NSEC_PER_SEC;
			must(keeper_sink(k, window_at(start_ns, 10 * NSEC_PER_SEC)), "sink");
		}
		keeper_stats(k, &stats);
		keeper_free(k);
	}
	is_u64(stats.clock_back, 0, "that it was set between two lives nobody saw");
	must(store_timeline(store, (struct time_range){BEGIN, BEGIN + HOUR}, NULL, LABEL_PROCESS,
			    &t, &err),
	     err.text);
	is_u64(t->window_cnt, 10, "all windows of both lives are there");
	for (uint32_t i = 1; i < t->window_cnt; i++)
		same += t->windows[i].start_ns == t->windows[i - 1].start_ns;
	is_u64(same, 0, "no two of the same time");
	timeline_free(t);
	store_close(store);
	free(r);
}

/* A window now, and some time until the next one. */
static void keep_one(struct run *r, struct keeper *k, uint64_t pause_ns)
{
	must(keeper_sink(k, window_at(r->time.wall_ns, 10 * NSEC_PER_SEC)), "sink");
	r->time.wall_ns += (int64_t)pause_ns;
	r->time.mono_ns += pause_ns;
}

/* Windows of the first day. */
static uint32_t first_day(struct store *store)
{
	struct timeline *t = NULL;
	uint32_t cnt;
	struct err err = {{0}};

	must(store_timeline(store, (struct time_range){BEGIN, BEGIN + 24 * HOUR}, NULL,
			    LABEL_PROCESS, &t, &err),
	     err.text);
	cnt = t->window_cnt;
	timeline_free(t);
	return cnt;
}

/* A year ahead by mistake: for an hour nothing is old by that. */
static void test_ages(bool is_restarted)
{
	const struct store_opts opts = {.max_age_ns = 14 * 24 * (uint64_t)HOUR};
	struct store *store = NULL;
	struct keeper *k = NULL;
	struct run *r = calloc(1, sizeof(*r));
	struct err err = {{0}};

	begin(r, 0);
	must(store_open(tmpdir_at(is_restarted ? "again" : "once"), STORE_WRITE, &opts, &store,
			&err),
	     err.text);
	must(keeper_new(store, &r->clock, &k), "keeper");
	for (int i = 0; i < 3; i++)
		keep_one(r, k, 6 * (uint64_t)HOUR);
	is_u64(first_day(store), 3, "a day of history");
	r->time.wall_ns += 365 * 24 * HOUR;
	if (is_restarted) {
		keeper_free(k);
		must(keeper_new(store, &r->clock, &k), "keeper");
	}
	for (int i = 0; i < 5; i++)
		keep_one(r, k, 11 * 60 * NSEC_PER_SEC);
	is_u64(first_day(store), 3, "is still there when the clock is a year ahead%s",
	       is_restarted ? " from the start" : "");
	for (int i = 0; i < 2; i++)
		keep_one(r, k, 11 * 60 * NSEC_PER_SEC);
	is_u64(first_day(store), 0, "and gone when it is so for an hour");
	keeper_free(k);
	store_close(store);
	free(r);
}

int main(void)
{
	tmpdir_make();
	test_steady();
	test_forth();
	test_back();
	test_many();
	test_restart();
	test_ages(false);
	test_ages(true);
	tmpdir_remove();
	return tap_done();
}
