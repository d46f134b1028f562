// SPDX-License-Identifier: Apache-2.0
#include "unit/store_data.h"
#include "unit/tap.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "store/store.h"

static struct store *open_or_bail(const char *dir, enum store_mode mode)
{
	struct store *s = NULL;
	struct err err;

	if (store_open(dir, mode, NULL, &s, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return s;
}

static int add(struct store *s, const char *name, int64_t from_ns, int64_t until_ns, int64_t *id,
	       struct err *err)
{
	const struct store_mark m = {.name = (char *)name,
				     .source = (char *)"mark",
				     .from_ns = from_ns,
				     .until_ns = until_ns,
				     .noted_ns = 99};

	return store_mark_add(s, &m, id, err);
}

static size_t count(struct store *s, const char *name)
{
	struct store_mark *marks;
	struct err err;
	size_t cnt;

	if (store_marks(s, name, &marks, &cnt, &err)) {
		ok(false, "marks: %s", err.text);
		return SIZE_MAX;
	}
	store_marks_free(marks, cnt);
	return cnt;
}

static void test_add(struct store *s)
{
	struct store_mark *marks = NULL;
	int64_t a = 0, b = 0, c = 0;
	struct err err = {""};
	size_t cnt = 0;

	is_u64(count(s, NULL), 0, "nothing is noted in a new store");
	ok(!add(s, "slow api", 300, 400, &a, &err), "note one: %s", err.text);
	ok(!add(s, "slow api", 100, 200, &b, &err) && b != a, "note an earlier one");
	ok(!add(s, "backup", 150, 160, &c, &err), "note another incident");
	ok(!add(s, "slow api", 300, 400, &c, &err) && c == a, "the same once more is the same");
	if (ok(!store_marks(s, "slow api", &marks, &cnt, &err) && cnt == 2, "two of that name")) {
		ok(marks[0].from_ns == 100 && marks[1].from_ns == 300, "by time");
		is_str(marks[1].source, "mark", "source");
		ok(marks[1].id == a && marks[1].until_ns == 400 && marks[1].noted_ns == 99,
		   "the rest");
	}
	store_marks_free(marks, cnt);
	is_u64(count(s, NULL), 3, "three in all");
	is_u64(count(s, "nobody"), 0, "none of an unknown name");
}

static void test_open_ended(struct store *s)
{
	struct err err = {""};

	ok(!add(s, "open", 1000, INT64_MAX, NULL, &err), "start one");
	is_i64(add(s, "open", 2000, INT64_MAX, NULL, &err), -EEXIST, "it cannot start twice");
	ok(strstr(err.text, "open since") != NULL, "said so: %s", err.text);
	ok(!add(s, "open", 10, 20, NULL, &err), "a past one may be noted meanwhile");
	is_i64(store_mark_close(s, "open", 1000, &err), -EINVAL, "it cannot end where it starts");
	ok(!store_mark_close(s, "open", 1500, &err), "end it");
	is_i64(store_mark_close(s, "open", 1600, &err), -ENOENT, "it cannot end twice");
	is_u64(count(s, "open"), 2, "both are there");
}

static void test_bad(struct store *s)
{
	char longest[2000];
	struct err err;

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	is_i64(add(s, "", 1, 2, NULL, &err), -EINVAL, "no name");
	is_i64(add(s, NULL, 1, 2, NULL, &err), -EINVAL, "no name at all");
	is_i64(add(s, longest, 1, 2, NULL, &err), -EINVAL, "a name too long");
	is_i64(add(s, "\xff", 1, 2, NULL, &err), -EINVAL, "a name that is no text");
	is_i64(add(s, "x", 2, 2, NULL, &err), -EINVAL, "an empty range");
	is_i64(add(s, "x", 3, 2, NULL, &err), -EINVAL, "a backward range");
}

/* Four processes note at once while this one holds the store for writing. */
static void test_together(const char *dir)
{
	struct store *writer = open_or_bail(dir, STORE_WRITE);
	size_t before = count(writer, NULL);
	int status, failed = 0;

	for (int i = 0; i < 4; i++) {
		if (fork())
			continue;
		struct store *s = open_or_bail(dir, STORE_READ);
		struct err err;
		int r = 0;

		for (int k = 0; k < 10; k++)
			r |= add(s, "together", 1 + i * 100 + k, 10000, NULL, &err);
		store_close(s);
		_exit(r ? 1 : 0);
	}
	while (wait(&status) > 0)
		failed += status != 0;
	is_i64(failed, 0, "all of four processes could note beside the writer");
	is_u64(count(writer, NULL) - before, 40, "and nothing is lost");
	store_close(writer);
}

static void test_damaged(const char *dir)
{
	struct store *s = open_or_bail(dir, STORE_READ);
	struct store_mark *marks;
	struct err err = {""};
	char path[1024];
	size_t cnt;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/incidents.db", dir);
	fd = open(path, O_WRONLY | O_TRUNC);
	ok(write(fd, "this is no database at all, but long enough to be looked at", 59) == 59,
	   "spoil it");
	(void)close(fd);
	is_i64(store_marks(s, NULL, &marks, &cnt, &err), -EBADMSG, "damage is told");
	ok(strstr(err.text, "incidents.db") != NULL, "by name: %s", err.text);
	is_i64(add(s, "x", 1, 2, NULL, &err), -EBADMSG, "nothing is written over it");
	store_close(s);
}

int main(void)
{
	char *dir = data_dir();
	struct store *s = open_or_bail(dir, STORE_WRITE);

	test_add(s);
	test_open_ended(s);
	test_bad(s);
	store_close(s);
	s = open_or_bail(dir, STORE_READ);
	is_u64(count(s, "slow api"), 2, "they are there for who only reads");
	store_close(s);
	test_together(dir);
	test_damaged(dir);
	data_remove(dir);
	return tap_done();
}
