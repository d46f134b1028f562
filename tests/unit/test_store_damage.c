// SPDX-License-Identifier: Apache-2.0
/*
 * A block cut off anywhere, with bytes flipped anywhere, or replaced by something else: nothing
 * crashes, the other blocks are read in full, what is read of the damaged one is true, and it is
 * still there afterwards.
 */
#include "unit/store_data.h"
#include "unit/tap.h"

#include "base/fs.h"
#include "store/block.h"
#include "store/name.h"
#include "store/store.h"

#define WINDOWS \
	12 /* 0-3 in the first block, 4-7 in the second, which is damaged, 8-11 in the third */

static struct profile *windows[WINDOWS];
static char *dir, path[1024];
static struct buf image; /* of the second block */

static struct store *open_or_bail(enum store_mode mode)
{
	struct store_opts opts = {.block_ns = 40 * NSEC_PER_SEC};
	struct store *s = NULL;
	struct err err;

	if (store_open(dir, mode, &opts, &s, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return s;
}

static void spoil(struct str bytes)
{
	char beside[1100];
	struct err err;

	if (fs_write(path, bytes, &err))
		printf("Bail out! %s\n", err.text);
	(void)snprintf(beside, sizeof(beside), "%s-wal", path);
	(void)unlink(beside);
	(void)snprintf(beside, sizeof(beside), "%s-shm", path);
	(void)unlink(beside);
}

struct seen {
	unsigned int sound, damaged, wrong;
};

static int see(void *arg, const struct profile *p)
{
	struct seen *seen = arg;
	size_t i = (size_t)((p->start_ns - DATA_NOON) / (10 * DATA_SECOND));

	if (i >= WINDOWS || !data_equal(p, windows[i]))
		seen->wrong++;
	else if (i >= 4 && i < 8)
		seen->damaged++;
	else
		seen->sound++;
	return 0;
}

/* All ways of reading; true when the sound blocks came whole and nothing false came at all. */
static bool survives(struct seen *seen)
{
	struct store *s = open_or_bail(STORE_READ);
	struct store_info *info = NULL;
	struct profile *p = NULL;
	struct err err = {""};
	size_t warnings;
	bool good;

	*seen = (struct seen){0, 0, 0};
	good = !store_each(s, TIME_RANGE_ALL, NULL, see, seen, &err);
	good = good && seen->sound == 8 && !seen->wrong;
	good = good && !store_read(s, &TIME_RANGE_ALL, 1, NULL, &p, &err) &&
	       p->window_cnt == 8 + seen->damaged;
	(void)store_warnings(s, &warnings);
	/* what is missing is never missing silently */
	good = good && (seen->damaged == 4 || (warnings && p->lost[LOSS_BLOCK_DAMAGED] == 1));
	good = good && !store_info(s, &info, &err) && info->block_cnt == 3 &&
	       !info->blocks[0].damaged;
	if (!good)
		printf("# sound %u damaged %u wrong %u warnings %zu: %s\n", seen->sound,
		       seen->damaged, seen->wrong, warnings, err.text);
	profile_free(p);
	store_info_free(info);
	store_close(s);
	return good;
}

static void test_truncation(void)
{
	unsigned int good = 0, cnt = 0, partly = 0;
	struct seen seen;

	for (size_t len = 0; len < image.len;
	     len += len < 200 || image.len - len < 200 ? 17 : 997) {
		spoil((struct str){image.data, len});
		cnt++;
		good += survives(&seen);
		partly += seen.damaged > 0;
	}
	is_u64(good, cnt, "cut off at %u places (some windows still readable at %u)", cnt, partly);
}

static void test_flips(void)
{
	unsigned int good = 0, partly = 0, rounds = 500;
	uint64_t state = 7;
	struct seen seen;
	struct buf copy;

	buf_init(&copy, 1 << 24);
	for (unsigned int i = 0; i < rounds; i++) {
		buf_clear(&copy);
		buf_add(&copy, image.data, image.len);
		for (unsigned int k = 0; k < 1 + i % 5; k++) /* every third time in the headers */
			copy.data[data_random(&state) % (i % 3 ? copy.len : 200)] ^=
				(char)(1 << data_random(&state) % 8);
		spoil(buf_str(&copy));
		good += survives(&seen);
		partly += seen.damaged > 0;
	}
	is_u64(good, rounds, "bytes flipped %u times (some windows still readable %u times)",
	       rounds, partly);
	buf_release(&copy);
}

static void test_nonsense(void)
{
	struct store *s;
	struct seen seen;
	struct err err;
	size_t cnt;
	const char *const *lines;

	spoil(STR_LIT("garbage that is not a database but has some length to it, so that it is "
		      "looked at"));
	ok(survives(&seen), "garbage");
	s = open_or_bail(STORE_READ);
	is_i64(store_read(s, &(struct time_range){windows[4]->start_ns, windows[7]->end_ns}, 1,
			  NULL, &(struct profile *){NULL}, &err),
	       -ENODATA, "nothing else in that range");
	ok(strstr(err.text, "1 damaged block") != NULL, "the error counts the damage: %s",
	   err.text);
	lines = store_warnings(s, &cnt);
	ok(cnt == 1 && strstr(lines[0], path), "the warning names the file: %s",
	   cnt ? lines[0] : "");
	store_close(s);
	/* application_id and user_version are at 68 and 60 (https://sqlite.org/fileformat2.html) */
	image.data[63]++;
	spoil(buf_str(&image));
	ok(survives(&seen), "another version");
	s = open_or_bail(STORE_READ);
	ok(!store_each(s, TIME_RANGE_ALL, NULL, see, &seen, &err), "it is skipped");
	lines = store_warnings(s, &cnt);
	ok(cnt == 1 && strstr(lines[0], "format 2"), "which is said: %s", cnt ? lines[0] : "");
	store_close(s);
	image.data[63]--;
	image.data[68]++;
	spoil(buf_str(&image));
	ok(survives(&seen) && !seen.damaged, "somebody else's database");
	image.data[68]--;
}

/* The writer finds the block into which it should write damaged: it goes on beside it and keeps it.
 */
static void test_writer(void)
{
	struct store *s;
	struct profile *p = NULL;
	struct err err = {""};
	struct buf left;
	size_t cnt = 0;

	spoil((struct str){image.data, image.len / 2});
	s = open_or_bail(STORE_WRITE);
	for (size_t i = 4; i < 8; i++)
		ok(!store_put(s, windows[i], &err), "put window %zu beside the damage: %s", i,
		   err.text);
	(void)store_warnings(s, &cnt);
	ok(cnt >= 1, "the writer says so");
	store_close(s);
	is_u64(data_count(dir, "block-", "-1.db"), 1, "there is a second part");
	s = open_or_bail(STORE_READ);
	ok(!store_read(s, &TIME_RANGE_ALL, 1, NULL, &p, &err) && p->window_cnt >= WINDOWS,
	   "all is there");
	profile_free(p);
	store_close(s);
	buf_init(&left, 1 << 24);
	ok(!fs_read(path, &left, &err) && left.len == image.len / 2 &&
		   !memcmp(left.data, image.data, left.len),
	   "the damaged file is as it was");
	buf_release(&left);
}

static void test_names(void)
{
	static const char *const bad[] = {"block-20231115T120000Z-60s.db-wal",
					  "block-20231115T120000Z.db",
					  "block-20231115T120000Z-060s.db",
					  "block-20231315T120000Z-60s.db",
					  "block-20231115T120000Z-60s-0.db",
					  "block-20231115T120000Z-0s.db",
					  "block-20231115T120000Z-60s-1000.db",
					  "block-",
					  "incidents.db",
					  ""};
	struct block_name name;

	ok(block_name_parse("block-20231115T120000Z-21600s-12.db", &name) &&
		   name.from_ns == DATA_NOON && name.length_ns == 21600 * NSEC_PER_SEC &&
		   name.part == 12,
	   "a block's name");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(!block_name_parse(bad[i], &name), "not a block: '%s'", bad[i]);
	is_i64(block_name_at(-1, 60 * NSEC_PER_SEC).from_ns, -60 * DATA_SECOND,
	       "before 1970 blocks are aligned too");
	ok(!memcmp(&(int64_t){block_middle(INT64_MIN, INT64_MAX)}, &(int64_t){-1}, 8),
	   "middle of all time");
}

int main(void)
{
	struct store *s;
	struct err err = {""};

	dir = data_dir();
	s = open_or_bail(STORE_WRITE);
	for (size_t i = 0; i < WINDOWS; i++) {
		windows[i] = data_window(i + 5, DATA_NOON + (int64_t)i * 10 * DATA_SECOND,
					 10 * NSEC_PER_SEC, 6, 60, 50);
		data_must(store_put(s, windows[i], &err));
	}
	store_close(s);
	(void)snprintf(path, sizeof(path), "%s/block-20231115T120040Z-40s.db", dir);
	buf_init(&image, 1 << 24);
	data_must(fs_read(path, &image, &err));
	test_names();
	test_truncation();
	test_flips();
	test_nonsense();
	test_writer();
	buf_release(&image);
	for (size_t i = 0; i < WINDOWS; i++)
		profile_free(windows[i]);
	data_remove(dir);
	return tap_done();
}
