// SPDX-License-Identifier: Apache-2.0
/* What is put is what is read, in every order, by every way of asking. */
#include "unit/store_data.h"
#include "unit/tap.h"

#include <limits.h>

#include "model/timeline.h"
#include "store/store.h"

#define WINDOW_NS (10 * DATA_SECOND)

static struct store *open_or_bail(const char *dir, enum store_mode mode,
				  const struct store_opts *opts)
{
	struct store *s = NULL;
	struct err err;

	if (store_open(dir, mode, opts, &s, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return s;
}

static void put_or_say(struct store *s, const struct profile *p)
{
	struct err err;

	if (store_put(s, p, &err))
		ok(false, "put: %s", err.text);
}

/* The same windows merged by the builder alone. */
static struct profile *merged(struct profile *const *windows, size_t cnt, const struct matcher *m)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
	struct profile *p = NULL;

	data_must(b ? 0 : -1);
	for (size_t i = 0; i < cnt; i++)
		data_must(builder_add_profile(b, windows[i], m));
	data_must(builder_seal(b, &p));
	builder_free(b);
	return p;
}

static void is_read(struct store *s, const struct time_range *ranges, size_t range_cnt,
		    const struct matcher *m, struct profile *const *want, size_t want_cnt,
		    const char *what)
{
	struct profile *got = NULL, *expected = merged(want, want_cnt, m);
	struct err err = {""};
	int r = store_read(s, ranges, range_cnt, m, &got, &err);

	if (ok(!r, "%s: read (%s)", what, err.text))
		ok(data_equal(got, expected), "%s: what is read is what was put", what);
	profile_free(got);
	profile_free(expected);
}

static void test_round_trip(void)
{
	char *dir = data_dir();
	struct store *s = open_or_bail(dir, STORE_WRITE, NULL);
	struct profile *w[8];
	struct err err;

	for (size_t i = 0; i < 8; i++) {
		w[i] = data_window(i + 1, DATA_NOON + (int64_t)i * WINDOW_NS, WINDOW_NS, 5, 40, 30);
		put_or_say(s, w[i]);
	}
	for (size_t i = 0; i < 8; i++) {
		struct time_range one = {w[i]->start_ns, w[i]->end_ns};

		is_read(s, &one, 1, NULL, &w[i], 1, "one window");
	}
	is_read(s, &TIME_RANGE_ALL, 1, NULL, w, 8, "all windows");
	store_close(s);
	s = open_or_bail(dir, STORE_WRITE, NULL);
	is_read(s, &TIME_RANGE_ALL, 1, NULL, w, 8, "after closing and opening");
	ok(!store_put(s, w[0], &err), "the same window may be put twice");
	store_close(s);
	for (size_t i = 0; i < 8; i++)
		profile_free(w[i]);
	data_remove(dir);
}

static void test_ranges(void)
{
	char *dir = data_dir();
	struct store *s = open_or_bail(dir, STORE_WRITE, NULL);
	struct profile *w[6];
	struct time_range ranges[2];
	struct matcher *m = matcher_new();
	struct profile *p = NULL;
	struct err err = {""};

	for (size_t i = 0; i < 6; i++) {
		w[i] = data_window(i + 40, DATA_NOON + (int64_t)i * WINDOW_NS, WINDOW_NS, 4, 30,
				   20);
		put_or_say(s, w[i]);
	}
	ranges[0] =
		(struct time_range){w[1]->start_ns + WINDOW_NS / 2, w[3]->start_ns + WINDOW_NS / 2};
	is_read(s, ranges, 1, NULL, w + 1, 2, "a middle at the start is in, at the end is out");
	ranges[0].from_ns++;
	is_read(s, ranges, 1, NULL, w + 2, 1, "a middle before the start is out");
	ranges[0] = (struct time_range){w[1]->start_ns, w[3]->end_ns};
	ranges[1] = (struct time_range){w[2]->start_ns, w[4]->end_ns};
	is_read(s, ranges, 2, NULL, w + 1, 4, "a window in two ranges counts once");
	ok(!matcher_add(m, STR_LIT("process=process-2"), &err), "matcher");
	is_read(s, ranges, 2, m, w + 1, 4, "with a matcher");
	ranges[0] = (struct time_range){0, DATA_SECOND};
	ok(store_read(s, ranges, 1, NULL, &p, &err) == -ENODATA &&
		   strstr(err.text, "1970-01-01T00:00:00Z"),
	   "no window at all is said so: %s", err.text);
	matcher_free(m);
	store_close(s);
	for (size_t i = 0; i < 6; i++)
		profile_free(w[i]);
	data_remove(dir);
}

struct seen {
	struct profile *const *want;
	size_t cnt, good;
	int64_t last_ns;
	bool sorted;
};

static int see(void *arg, const struct profile *window)
{
	struct seen *seen = arg;

	seen->sorted &= window->start_ns >= seen->last_ns;
	seen->last_ns = window->start_ns;
	for (size_t i = 0; i < seen->cnt; i++)
		if (seen->want[i]->start_ns == window->start_ns &&
		    seen->want[i]->end_ns == window->end_ns && data_equal(seen->want[i], window))
			seen->good++;
	return seen->good == SIZE_MAX;
}

static int stop_at_once(void *arg, const struct profile *window)
{
	++*(unsigned int *)arg;
	return -EINTR;
}

/* Years apart, backwards, overlapping, of many lengths, in blocks of several lengths. */
static void test_disorder(void)
{
	static const int64_t offsets[] = {0,	 3600,	     -86400, 5,	    7,	21599,
					  21600, -7 * 86400, 3,	     40000, -1, 86400 * 700};
	struct store_opts opts = {.block_ns = 3600 * NSEC_PER_SEC};
	struct profile *w[ARRAY_SIZE(offsets)];
	char *dir = data_dir();
	struct seen seen = {w, ARRAY_SIZE(offsets), 0, INT64_MIN, true};
	struct store *s = open_or_bail(dir, STORE_WRITE, NULL);
	unsigned int calls = 0;
	struct err err = {""};

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		if (i == 6) {
			store_close(s);
			s = open_or_bail(dir, STORE_WRITE, &opts);
		}
		w[i] = data_window(i + 70, DATA_NOON + offsets[i] * DATA_SECOND,
				   (1 + i * 7) * NSEC_PER_SEC, 3, 20, 15);
		put_or_say(s, w[i]);
	}
	ok(!store_each(s, TIME_RANGE_ALL, NULL, see, &seen, &err), "each: %s", err.text);
	is_u64(seen.good, ARRAY_SIZE(offsets), "every window comes once and whole");
	ok(seen.sorted, "in order of time");
	is_i64(store_each(s, TIME_RANGE_ALL, NULL, stop_at_once, &calls, &err), -EINTR,
	       "the callback can stop");
	is_u64(calls, 1, "at once");
	store_close(s);
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++)
		profile_free(w[i]);
	data_remove(dir);
}

struct ranges_seen {
	struct store *s;
	const struct time_range *ranges;
	size_t at; /* next range that has windows */
	bool good;
};

/* A range's profile is what store_read() says of that range alone. */
static int see_range(void *arg, const struct profile *window)
{
	struct ranges_seen *seen = arg;
	struct profile *alone = NULL;
	struct err err;

	while (store_read(seen->s, &seen->ranges[seen->at], 1, NULL, &alone, &err) == -ENODATA)
		seen->at++;
	seen->good &= alone && data_equal(window, alone);
	seen->at++;
	profile_free(alone);
	return 0;
}

static void test_each_range(void)
{
	static const int64_t edges[] = {0, 10, 10, 35, 60, 61, 70, 100, 2000, 3000};
	struct store_opts opts = {.block_ns = 30 * NSEC_PER_SEC};
	struct time_range ranges[ARRAY_SIZE(edges) / 2];
	struct ranges_seen seen = {.ranges = ranges, .good = true};
	char *dir = data_dir();
	struct store *s = open_or_bail(dir, STORE_WRITE, &opts);
	struct err err = {""};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		ranges[i] = (struct time_range){DATA_NOON + edges[2 * i] * DATA_SECOND,
						DATA_NOON + edges[2 * i + 1] * DATA_SECOND};
	/* the last windows are longer: they begin before others whose middle is earlier */
	for (unsigned int i = 0; i < 14; i++) {
		struct profile *w =
			data_window(i, DATA_NOON + (i < 10 ? i * 10 : 62 + i) * DATA_SECOND,
				    (i < 10 ? 10 : 17) * NSEC_PER_SEC, 3, 20, 15);

		put_or_say(s, w);
		profile_free(w);
	}
	seen.s = s;
	ok(!store_each_range(s, ranges, ARRAY_SIZE(ranges), NULL, see_range, &seen, &err),
	   "range by range: %s", err.text);
	ok(seen.good, "each is what a reading of it alone gives");
	is_u64(seen.at, 4, "those without a window are passed over");
	store_close(s);
	data_remove(dir);
}

/* Sum of a process's samples in one window, the slow way. */
static uint64_t weight_of(const struct profile *p, struct str process)
{
	uint64_t weight = 0;

	for (size_t i = 0; i < p->sample_cnt; i++)
		if (str_eq(profile_label(p, p->samples[i].series, STR_LIT(LABEL_PROCESS)), process))
			weight += p->samples[i].weight;
	return weight;
}

static void test_timeline(void)
{
	struct store_opts opts = {.block_ns = 60 * NSEC_PER_SEC};
	char *dir = data_dir();
	struct store *s = open_or_bail(dir, STORE_WRITE, &opts);
	struct timeline *t = NULL, *want = timeline_new(PROFILE_NANOSECONDS);
	struct profile *w[20];
	struct err err = {""};
	bool windows = true, cells = true;

	for (size_t i = 0; i < 20; i++) {
		w[i] = data_window(i + 90, DATA_NOON + (int64_t)i * WINDOW_NS, WINDOW_NS, 1 + i % 7,
				   30, 20);
		put_or_say(s, w[i]);
		data_must(timeline_add_profile(want, w[i], NULL, STR_LIT(LABEL_PROCESS)));
	}
	data_must(timeline_seal(want));
	ok(!store_timeline(s, TIME_RANGE_ALL, NULL, LABEL_PROCESS, &t, &err), "timeline: %s",
	   err.text);
	ok(t->window_cnt == 20 && t->entity_cnt == want->entity_cnt &&
		   t->cell_cnt == want->cell_cnt,
	   "as large as that of the profiles");
	for (uint32_t i = 0; i < t->window_cnt; i++)
		windows &= t->windows[i].start_ns == w[i]->start_ns &&
			   t->windows[i].cnt == w[i]->total_cnt &&
			   t->windows[i].capacity_ns == w[i]->capacity_ns &&
			   t->windows[i].lost == loss_samples(w[i]->lost);
	for (uint32_t e = 0; e < t->entity_cnt; e++)
		for (const struct timeline_chunk *k = t->rows[e].first; k; k = k->next)
			for (uint32_t i = 0; i < k->cnt; i++)
				cells &= k->cells[i].weight ==
					 weight_of(w[k->cells[i].window], timeline_name(t, e));
	ok(windows, "each window is what the profile says");
	ok(cells, "each cell is the sum of the process's samples");
	timeline_free(t);
	timeline_free(want);
	ok(!store_timeline(s, (struct time_range){0, 1}, NULL, LABEL_PROCESS, &t, &err) &&
		   !t->window_cnt,
	   "a timeline of nothing is empty");
	timeline_free(t);
	store_close(s);
	for (size_t i = 0; i < 20; i++)
		profile_free(w[i]);
	data_remove(dir);
}

static void test_info(void)
{
	struct store_opts opts = {.block_ns = 60 * NSEC_PER_SEC};
	char *dir = data_dir();
	struct store *s = open_or_bail(dir, STORE_WRITE, &opts);
	struct store_info *info = NULL;
	struct profile *all;
	struct profile *w[9];
	uint64_t samples = 0;
	struct err err = {""};

	for (size_t i = 0; i < 9; i++) {
		w[i] = data_window(i + 120, DATA_NOON + (int64_t)i * WINDOW_NS, WINDOW_NS, 5, 30,
				   20);
		put_or_say(s, w[i]);
		samples += w[i]->total_cnt;
	}
	all = merged(w, 9, NULL);
	if (ok(!store_info(s, &info, &err), "inventory: %s", err.text)) {
		is_u64(info->block_cnt, 2, "two blocks");
		ok(info->blocks[0].window_cnt == 6 && info->blocks[1].window_cnt == 3,
		   "six and three windows");
		is_str(info->blocks[0].file, "block-20231115T120000Z-60s.db",
		       "the name says the time");
		ok(info->blocks[0].first_ns == w[0]->start_ns &&
			   info->blocks[1].last_ns == w[8]->end_ns,
		   "from the first to the last");
		is_u64(info->blocks[0].sample_cnt + info->blocks[1].sample_cnt, samples,
		       "all samples");
		ok(!info->blocks[0].damaged && info->blocks[0].bytes > 1000,
		   "sound, and some bytes large");
		ok(!info->totals[PROFILE_SAMPLES], "nothing in bare samples");
		ok(info->totals[PROFILE_NANOSECONDS]->total == all->total &&
			   info->totals[PROFILE_NANOSECONDS]->series_cnt == 5 &&
			   !memcmp(info->totals[PROFILE_NANOSECONDS]->lost, all->lost,
				   sizeof(all->lost)),
		   "totals and losses are those of all windows");
	}
	store_info_free(info);
	profile_free(all);
	store_close(s);
	for (size_t i = 0; i < 9; i++)
		profile_free(w[i]);
	data_remove(dir);
}

static void test_sums_that_end(void)
{
	static const char *const names[] = {"a", "b"};
	struct builder *b = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	char *dir = data_dir();
	struct store *s = open_or_bail(dir, STORE_WRITE, NULL);
	struct store_info *info = NULL;
	struct timeline *t = NULL;
	struct profile *p = NULL;
	uint32_t series, frame, node;
	struct err err = {""};

	data_must(b ? 0 : -1);
	data_must(builder_process(b, STR_LIT("huge"), &series));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		data_must(builder_frame(b, str_of(names[i]), STR_LIT(""), FRAME_USER, &frame));
		data_must(builder_stack(b, 0, frame, &node));
		data_must(builder_sample(b, series, node, UINT64_MAX, UINT64_MAX));
	}
	builder_window(b, DATA_NOON, WINDOW_NS, 1, 0);
	data_must(builder_seal(b, &p));
	put_or_say(s, p);
	ok(!store_timeline(s, TIME_RANGE_ALL, NULL, LABEL_PROCESS, &t, &err) &&
		   t->windows[0].cnt == UINT64_MAX &&
		   t->rows[0].first->cells[0].weight == UINT64_MAX,
	   "a timeline of sums beyond 2^64 is not a tiny one");
	ok(!store_info(s, &info, &err) && info->totals[PROFILE_SAMPLES]->total == UINT64_MAX &&
		   info->totals[PROFILE_SAMPLES]->total_cnt == UINT64_MAX,
	   "nor is an inventory");
	timeline_free(t);
	store_info_free(info);
	profile_free(p);
	builder_free(b);
	store_close(s);
	data_remove(dir);
}

static void test_batch(void)
{
	struct store_opts opts = {.block_ns = 20 * NSEC_PER_SEC};
	char *dir = data_dir();
	struct store *s = open_or_bail(dir, STORE_WRITE, &opts);
	struct store *reader = open_or_bail(dir, STORE_READ, NULL);
	struct profile *w[30], *p = NULL;
	struct err err = {""};

	ok(store_commit(s, &err) == -EINVAL, "no commit without begin");
	ok(!store_begin(s, &err), "begin");
	ok(store_begin(s, &err) == -EINVAL, "no second begin");
	for (size_t i = 0; i < 30; i++) { /* jumping about among more blocks than are kept open */
		w[i] = data_window(i + 160, DATA_NOON + (int64_t)(i * 7 % 30) * WINDOW_NS,
				   WINDOW_NS, 2, 10, 20);
		put_or_say(s, w[i]);
		if (!i)
			ok(store_read(reader, &TIME_RANGE_ALL, 1, NULL, &p, &err) == -ENODATA,
			   "nothing is seen before the commit");
	}
	ok(store_retain(s, 0, &err) == -EBUSY, "no retention inside a batch");
	ok(!store_commit(s, &err), "commit: %s", err.text);
	is_u64(data_count(dir, "block-", ".db"), 15, "fifteen blocks");
	ok(!store_read(reader, &TIME_RANGE_ALL, 1, NULL, &p, &err) && p->window_cnt == 30,
	   "all is seen after it");
	profile_free(p);
	ok(!store_begin(s, &err), "begin again");
	put_or_say(s, w[0]);
	store_close(s);
	ok(!store_read(reader, &TIME_RANGE_ALL, 1, NULL, &p, &err) && p->window_cnt == 30,
	   "a batch that was not committed leaves nothing");
	profile_free(p);
	store_close(reader);
	for (size_t i = 0; i < 30; i++)
		profile_free(w[i]);
	data_remove(dir);
}

static void test_retention(void)
{
	struct store_opts opts = {.block_ns = 60 * NSEC_PER_SEC, .max_age_ns = 120 * NSEC_PER_SEC};
	char *dir = data_dir();
	struct store *s = open_or_bail(dir, STORE_WRITE, &opts);
	const struct store_mark mark = {
		.name = (char *)"slow",
		.source = (char *)"mark",
		.from_ns = DATA_NOON + 185 * DATA_SECOND,
		.until_ns = DATA_NOON + 190 * DATA_SECOND,
		.noted_ns = DATA_NOON + 200 * DATA_SECOND,
	};
	struct profile *w = NULL, *p = NULL;
	struct err err = {""};

	for (size_t i = 0; i < 5; i++) {
		w = data_window(i, DATA_NOON + (int64_t)i * 60 * DATA_SECOND, WINDOW_NS, 2, 10, 20);
		put_or_say(s, w);
		profile_free(w);
	}
	ok(!store_retain(s, DATA_NOON + 250 * DATA_SECOND, &err), "retain: %s", err.text);
	is_u64(data_count(dir, "block-", ".db"), 3, "two of five blocks are too old");
	ok(!store_read(s, &TIME_RANGE_ALL, 1, NULL, &p, &err) &&
		   p->start_ns == DATA_NOON + 120 * DATA_SECOND,
	   "the rest is there");
	profile_free(p);
	ok(!store_mark_add(s, &mark, NULL, &err), "a recurrence is marked: %s", err.text);
	ok(!store_retain(s, DATA_NOON + 86400 * DATA_SECOND, &err), "a day later");
	is_u64(data_count(dir, "block-", ".db"), 2, "the newest block and the marked one stay");
	ok(!store_read(s, &TIME_RANGE_ALL, 1, NULL, &p, &err) &&
		   p->start_ns == DATA_NOON + 180 * DATA_SECOND && p->window_cnt == 2,
	   "with their windows");
	profile_free(p);
	is_u64(data_count(dir, "block-", "-wal") + data_count(dir, "block-", "-shm"), 4,
	       "and only their own two files beside them");
	w = data_window(99, DATA_NOON + 240 * DATA_SECOND, WINDOW_NS, 2, 10, 20);
	put_or_say(s, w);
	profile_free(w);
	store_close(s);
	data_remove(dir);
}

static void test_units(void)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_SAMPLES);
	char *dir = data_dir();
	struct store *s = open_or_bail(dir, STORE_WRITE, NULL);
	struct profile *w = data_window(1, DATA_NOON, WINDOW_NS, 2, 10, 20), *bare = NULL,
		       *p = NULL;
	struct time_range range = {DATA_NOON, DATA_NOON + WINDOW_NS};
	struct err err = {""};
	uint32_t id;

	data_must(builder_process(b, STR_LIT("x"), &id));
	data_must(builder_sample(b, id, 0, 12345, 0));
	data_must(builder_seal(b, &bare));
	put_or_say(s, w);
	put_or_say(s, bare);
	bare->start_ns = bare->end_ns = DATA_NOON + WINDOW_NS + 1;
	put_or_say(s, bare);
	is_read(s, &range, 1, NULL, &w, 1, "nanoseconds alone");
	range = (struct time_range){0, 1};
	ok(!store_read(s, &range, 1, NULL, &p, &err) && p->unit == PROFILE_SAMPLES &&
		   p->total == 12345 && !p->length_ns,
	   "samples without time or length, at the beginning of time");
	profile_free(p);
	is_i64(store_read(s, &TIME_RANGE_ALL, 1, NULL, &p, &err), -EINVAL,
	       "both together are refused");
	ok(strstr(err.text, "counts") != NULL, "said so: %s", err.text);
	bare->end_ns = bare->start_ns - 1;
	is_i64(store_put(s, bare, &err), -EINVAL, "a window that ends before it starts is refused");
	bare->start_ns = bare->end_ns = INT64_MIN;
	is_i64(store_put(s, bare, &err), -EINVAL, "so is one before the calendar");
	store_close(s);
	builder_free(b);
	profile_free(w);
	profile_free(bare);
	data_remove(dir);
}

int main(void)
{
	test_round_trip();
	test_ranges();
	test_disorder();
	test_each_range();
	test_timeline();
	test_info();
	test_sums_that_end();
	test_batch();
	test_retention();
	test_units();
	return tap_done();
}
