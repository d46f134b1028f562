// SPDX-License-Identifier: Apache-2.0
/* The times of single samples in the store: bytes, round trips, damage, blocks without them. */
#include "store/moments.h"

#include <errno.h>

#include "base/fs.h"
#include "base/reader.h"
#include "store/store.h"
#include "unit/store_data.h"
#include "unit/tap.h"

#define WINDOWS 4

static char *dir;

static void test_bytes(void)
{
	static const struct encode_sample samples[] = {
		{.cnt = 1}, {.cnt = 3}, {.cnt = 1000000}, {.cnt = 0}};
	static const struct encode_moment moments[] = {{0, 3, 1},   {1, 0, 1},	{1, 256, 2},
						       {2, 500, 7}, {3, 10, 5}, {3, 523, 9}};
	/* the seed of the fuzzer, and what FORMAT.md says */
	static const uint8_t want[] = {0x80, 0xda, 0xc4, 0x09, 4,    1,	 2, 1, 2, 1, 1, 2, 7, 5,
				       9,    3,	   0,	 0xff, 0xf4, 10, 0, 0, 0, 0, 1, 0, 2};
	struct encode_moment *m = NULL;
	struct buf out;
	size_t cnt = 0;

	buf_init(&out, 1 << 16);
	encode_moments(moments, ARRAY_SIZE(moments), ARRAY_SIZE(samples), &out);
	ok(out.len == sizeof(want) && !memcmp(out.data, want, sizeof(want)), "the bytes");
	ok(!decode_moments(buf_str(&out), samples, ARRAY_SIZE(samples), &m, &cnt) &&
		   cnt == ARRAY_SIZE(moments) && !memcmp(m, moments, sizeof(moments)),
	   "and back");
	free(m);
	for (size_t i = 0; i < out.len; i++)
		if (!decode_moments((struct str){out.data, i}, samples, ARRAY_SIZE(samples), &m,
				    &cnt))
			break;
		else if (i + 1 == out.len)
			ok(true, "every shorter one is refused");
	out.data[11] = 4; /* the count of sample 1 would be 1 + 4 > 3 */
	is_i64(decode_moments(buf_str(&out), samples, ARRAY_SIZE(samples), &m, &cnt), -EBADMSG,
	       "more times than samples");
	out.data[11] = 0;
	is_i64(decode_moments(buf_str(&out), samples, ARRAY_SIZE(samples), &m, &cnt), -EBADMSG,
	       "a time without a sample");
	is_i64(decode_moments(buf_str(&out), samples, 3, &m, &cnt), -EBADMSG, "another window's");
	buf_release(&out);
}

/* The i-th window of the tests, every sample of which was taken at some time in it. */
static struct profile *timed_window(size_t i)
{
	struct profile *p = data_window(i + 1, DATA_NOON + (int64_t)i * 10 * DATA_SECOND + 7,
					10 * NSEC_PER_SEC, 5, 200, 50),
		       *timed = NULL;
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	uint64_t state = i + 77;

	data_must(builder_add_profile(b, p, NULL));
	for (size_t k = 0; k < p->sample_cnt; k++) {
		const struct sample *s = &p->samples[k];

		for (uint64_t n = 0; n < s->cnt; n++) {
			uint64_t weight = s->weight / s->cnt + (n ? 0 : s->weight % s->cnt);
			int64_t at =
				p->start_ns + (int64_t)(data_random(&state) % (10 * NSEC_PER_SEC));

			/* numbers stay: the builder has nothing else in it */
			data_must(builder_moment(b, s->series, s->node, at, weight, 1));
		}
	}
	data_must(builder_seal(b, &timed));
	builder_free(b);
	profile_free(p);
	return timed;
}

/* "time cnt" of each process: what does not depend on numbers. Weights are summed up. */
static char *times_text(const struct profile *p, uint64_t *ret_weight)
{
	struct buf b;
	char *text;

	buf_init(&b, 1 << 24);
	*ret_weight = 0;
	for (int process = 0; process < 5; process++) {
		uint64_t last = 0, cnt = 0;

		for (size_t i = 0; i < p->moment_cnt; i++) {
			const struct moment *m = &p->moments[i];
			struct str name =
				profile_label(p, p->samples[m->sample].series, STR_LIT("process"));

			if (name.p[name.len - 1] != '0' + process)
				continue;
			if ((uint64_t)m->at_ns != last)
				cnt = 0;
			last = (uint64_t)m->at_ns;
			cnt += m->cnt;
			*ret_weight += m->weight;
			buf_addf(&b, "%d %lld %llu\n", process, (long long)m->at_ns,
				 (unsigned long long)cnt);
		}
	}
	text = strdup(buf_str(&b).len ? b.data : "");
	buf_release(&b);
	return text;
}

static struct profile *windows[WINDOWS];

static struct store *open_store(enum store_mode mode, bool moments)
{
	struct store_opts opts = {.moments = moments};
	struct store *s = NULL;
	struct err err;

	if (store_open(dir, mode, &opts, &s, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return s;
}

static void test_round_trip(void)
{
	struct store *s = open_store(STORE_WRITE, false);
	struct profile *plain =
			       data_window(9, DATA_NOON + 100 * DATA_SECOND, NSEC_PER_SEC, 2, 9, 9),
		       *p;
	struct time_range first = {DATA_NOON, DATA_NOON + 10 * DATA_SECOND};
	uint64_t weight, want_weight, timed = 0;
	char *have, *want;
	struct err err;

	data_must(store_put(s, plain, &err)); /* the block has no table for moments yet */
	for (size_t i = 0; i < WINDOWS; i++) {
		windows[i] = timed_window(i);
		timed += profile_timed_cnt(windows[i]);
		ok(!store_put(s, windows[i], &err), "put");
	}
	store_close(s);
	s = open_store(STORE_READ, true);
	ok(!store_read(s, &first, 1, NULL, &p, &err) && p->moment_cnt == windows[0]->moment_cnt,
	   "as many moments as before");
	have = times_text(p, &weight);
	want = times_text(windows[0], &want_weight);
	is_str(have, want, "at the same times");
	is_u64(weight, want_weight, "with the same weight");
	free(have);
	free(want);
	profile_free(p);
	ok(!store_read(s, &TIME_RANGE_ALL, 1, NULL, &p, &err) && profile_timed_cnt(p) == timed &&
		   p->window_cnt == WINDOWS + 1 && p->total_cnt > timed,
	   "a window without times beside them");
	profile_free(p);
	store_close(s);
	s = open_store(STORE_READ, false);
	ok(!store_read(s, &first, 1, NULL, &p, &err) && !p->moment_cnt &&
		   p->total == windows[0]->total,
	   "who does not ask gets none");
	profile_free(p);
	store_close(s);
	profile_free(plain);
}

struct seen {
	unsigned int with, without, wrong;
};

static int see(void *arg, const struct profile *p)
{
	struct seen *seen = arg;
	size_t i = (size_t)((p->start_ns - DATA_NOON) / (10 * DATA_SECOND));
	uint64_t weight, want_weight;
	char *have, *want;

	if (i >= WINDOWS)
		return 0;
	have = times_text(p, &weight);
	want = times_text(windows[i], &want_weight);
	if (!data_equal(p, windows[i]))
		seen->wrong++;
	else if (!p->moment_cnt)
		seen->without++;
	else if (strcmp(have, want) || weight != want_weight)
		seen->wrong++;
	else
		seen->with++;
	free(have);
	free(want);
	return 0;
}

/* Bytes flipped anywhere: what comes out is true; a window may lose its times and nothing else. */
static void test_damage(void)
{
	struct seen sum = {0};
	char path[1200], wal[1300];
	uint64_t state = 4711;
	struct buf image;
	struct err err;

	(void)snprintf(path, sizeof(path), "%s/block-20231115T120000Z-21600s.db", dir);
	(void)snprintf(wal, sizeof(wal), "%s-wal", path);
	buf_init(&image, 1 << 24);
	data_must(fs_read(path, &image, &err));
	for (int i = 0; i < 60; i++) {
		size_t at = data_random(&state) % image.len;
		struct store *s;

		image.data[at] ^= 0x20;
		(void)unlink(wal);
		data_must(fs_write(path, buf_str(&image), &err));
		image.data[at] ^= 0x20;
		s = open_store(STORE_READ, true);
		ok(!store_each(s, TIME_RANGE_ALL, NULL, see, &sum, &err), "byte %zu is damaged",
		   at);
		store_close(s);
	}
	is_u64(sum.wrong, 0, "nothing wrong was read");
	ok(sum.without > 0, "%u windows came without their times, %u with", sum.without, sum.with);
	ok(sum.with > 60, "most are whole");
	buf_release(&image);
}

int main(void)
{
	dir = data_dir();
	test_bytes();
	test_round_trip();
	test_damage();
	for (size_t i = 0; i < WINDOWS; i++)
		profile_free(windows[i]);
	data_remove(dir);
	return tap_done();
}
