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

int main(void)
{
	test_round_trip();
	test_ranges();
	test_disorder();
	return tap_done();
}
