// SPDX-License-Identifier: Apache-2.0
/* Who may do what with a store, and what is said when it cannot be done: one line that names what
 * is wrong. */
#include "unit/store_data.h"
#include "unit/tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "store/store.h"

#define WINDOW_NS (10 * DATA_SECOND)
#define NOBODY	  65534

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

static struct profile *window(unsigned int i)
{
	return data_window(i + 1, DATA_NOON + (int64_t)i * WINDOW_NS, WINDOW_NS, 5, 40, 30);
}

static int put(struct store *s, unsigned int i, struct err *err)
{
	struct profile *p = window(i);
	int r = store_put(s, p, err);

	profile_free(p);
	return r;
}

struct seen {
	unsigned int cnt, wrong;
};

static int see(void *arg, const struct profile *p)
{
	struct seen *seen = arg;
	struct profile *want = window((unsigned int)((p->start_ns - DATA_NOON) / WINDOW_NS));

	seen->cnt++;
	seen->wrong += !data_equal(want, p);
	profile_free(want);
	return 0;
}

/* How many windows there are; 10000 when one of them is not what was put, or something failed. */
static unsigned int sound_windows(const char *dir, const char **ret_warning)
{
	static char warning[1024];
	struct seen seen = {0, 0};
	const char *const *lines;
	struct store *s = NULL;
	struct err err = {""};
	size_t cnt;
	int r = store_open(dir, STORE_READ, NULL, &s, &err);

	if (!r)
		r = store_each(s, TIME_RANGE_ALL, NULL, see, &seen, &err);
	if (r)
		printf("# %s\n", err.text);
	if (s && ret_warning) {
		lines = store_warnings(s, &cnt);
		(void)snprintf(warning, sizeof(warning), "%s", cnt ? lines[0] : "");
		*ret_warning = warning;
	}
	store_close(s);
	return r || seen.wrong ? 10000 : seen.cnt;
}

static void refuses(const char *path, enum store_mode mode, int code, const char *word,
		    const char *what)
{
	struct store *s = NULL;
	struct err err = {""};

	is_i64(store_open(path, mode, NULL, &s, &err), -code, "%s", what);
	ok(strstr(err.text, path) && strstr(err.text, word) && !strchr(err.text, '\n'), "…told: %s",
	   err.text);
	store_close(s);
}

static void test_wrong_places(void)
{
	char *dir = data_dir(), path[1024];
	struct store_opts odd = {.block_ns = 1500000000};
	struct store *s = NULL;
	struct err err;
	int fd;

	refuses(dir, STORE_READ, ENOENT, "no store", "reading an empty directory");
	(void)snprintf(path, sizeof(path), "%s/none", dir);
	refuses(path, STORE_READ, ENOENT, "no store", "reading a directory that is not there");
	ok(access(path, F_OK) != 0, "reading makes no directory");
	(void)snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	(void)close(fd);
	refuses(path, STORE_READ, ENOTDIR, "file", "reading a file as a store");
	refuses(path, STORE_WRITE, ENOTDIR, "is a directory", "writing a file as a store");
	is_i64(store_open(dir, STORE_WRITE, &odd, &s, &err), -EINVAL,
	       "blocks of a second and a half");
	(void)snprintf(path, sizeof(path), "%s/a", dir);
	s = open_or_bail(path, STORE_WRITE);
	store_close(s);
	is_u64(sound_windows(path, NULL), 0, "a store without a window can be read");
	data_remove(strdup(path));
	data_remove(dir);
}

static void test_lock(void)
{
	char *dir = data_dir(), pid[32];
	struct store *s = open_or_bail(dir, STORE_WRITE), *reader;
	struct err err = {""};

	(void)snprintf(pid, sizeof(pid), "pid %d", (int)getpid());
	refuses(dir, STORE_WRITE, EBUSY, pid, "a second writer");
	ok(!put(s, 0, &err), "the first one is not disturbed");
	reader = open_or_bail(dir, STORE_READ);
	is_i64(put(reader, 1, &err), -EROFS, "a reader cannot put: %s", err.text);
	is_i64(store_retain(reader, 0, &err), -EROFS, "a reader cannot drop");
	store_close(reader);
	store_close(s);
	s = open_or_bail(dir, STORE_WRITE);
	ok(!put(s, 1, &err), "the lock goes with its owner");
	store_close(s);
	is_u64(sound_windows(dir, NULL), 2, "both windows are there");
	data_remove(dir);
}

/* Two processes read all the time while this one writes, and each sees only whole windows, and
 * never fewer. */
static void reading_child(const char *dir, int stop)
{
	unsigned int last = 0, now = 0, rounds = 0;
	bool done = false;
	char byte;

	(void)fcntl(stop, F_SETFL, O_NONBLOCK);
	while (!done) {
		done = read(stop, &byte, 1) == 0;
		now = sound_windows(dir, NULL);
		if (now < last || now == 10000)
			_exit(1);
		last = now;
		rounds++;
	}
	_exit(now == 120 && rounds > 1 ? 0 : 2);
}

static void test_beside_writer(void)
{
	char *dir = data_dir();
	struct store *s = open_or_bail(dir, STORE_WRITE);
	int pipes[2], status, failed = 0;
	struct err err = {""};

	if (pipe(pipes))
		abort();
	for (unsigned int i = 0; i < 2; i++) {
		if (fork())
			continue;
		(void)close(pipes[1]);
		reading_child(dir, pipes[0]);
	}
	for (unsigned int i = 0; i < 120; i++)
		failed += put(s, i, &err) != 0;
	is_i64(failed, 0, "writing is not held up by readers: %s", err.text);
	(void)close(pipes[1]);
	failed = 0;
	while (wait(&status) > 0)
		failed += status != 0;
	(void)close(pipes[0]);
	is_i64(failed, 0, "two readers saw whole windows only, and all of them in the end");
	store_close(s);
	data_remove(dir);
}

/* In a child that is nobody: how many windows it sees. */
static unsigned int as_nobody(const char *dir, bool write)
{
	const char *warning;
	struct store *s = NULL;
	struct err err = {""};
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setgid(NOBODY) || setuid(NOBODY))
			_exit(200);
		if (write)
			_exit(store_open(dir, STORE_WRITE, NULL, &s, &err) == -EACCES ? 1 : 0);
		status = (int)sound_windows(dir, &warning);
		if (*warning)
			printf("# %s\n", warning);
		(void)fflush(stdout);
		_exit(status > 250 ? 250 : status);
	}
	(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) ? (unsigned int)WEXITSTATUS(status) : 255;
}

static void test_read_only(void)
{
	char *dir = data_dir();
	struct store *s;
	struct err err;

	if (getuid()) {
		tap_skip("not root: cannot become somebody without permission");
		data_remove(dir);
		return;
	}
	s = open_or_bail(dir, STORE_WRITE);
	for (unsigned int i = 0; i < 10; i++)
		data_must(put(s, i, &err));
	(void)chmod(dir, 0755);
	is_u64(as_nobody(dir, false), 10, "somebody who may not write reads beside a live writer");
	is_u64(as_nobody(dir, true), 1, "but does not get to write");
	store_close(s);
	is_u64(data_count(dir, "block-", "-wal"), 0, "a closed store has no log");
	is_u64(as_nobody(dir, false), 10, "and is read without permission to write");
	data_remove(dir);
}

/* A file size limit stands for the full disk: it makes the same writes fail, at every point in
 * turn. */
static void full_disk_child(const char *dir, rlim_t limit, int report)
{
	struct rlimit rl = {limit, RLIM_INFINITY};
	struct store *s = open_or_bail(dir, STORE_WRITE);
	struct err err = {""};
	unsigned char put_cnt = 0;
	int r = 0;

	(void)signal(SIGXFSZ, SIG_IGN);
	(void)setrlimit(RLIMIT_FSIZE, &rl);
	for (unsigned int i = 0; i < 60; i++) {
		r = put(s, i, &err);
		if (r)
			break;
		put_cnt++;
	}
	if (!r || (r != -EFBIG && r != -ENOSPC && r != -EIO) || !strstr(err.text, dir))
		_exit(3);
	rl.rlim_cur = RLIM_INFINITY;
	(void)setrlimit(RLIMIT_FSIZE, &rl);
	if (put(s, put_cnt, &err))
		_exit(4);
	put_cnt++;
	if (write(report, &put_cnt, 1) != 1)
		_exit(5);
	store_close(s);
	_exit(0);
}

static void test_full_disk(void)
{
	unsigned int good = 0, rounds = 0;

	for (rlim_t limit = 1000; limit < 90000; limit += 4321, rounds++) {
		char *dir = data_dir();
		unsigned char put_cnt = 0;
		int pipes[2], status;

		if (pipe(pipes))
			abort();
		if (!fork())
			full_disk_child(dir, limit, pipes[1]);
		(void)close(pipes[1]);
		(void)wait(&status);
		if (read(pipes[0], &put_cnt, 1) == 1 && !status)
			good += sound_windows(dir, NULL) == put_cnt;
		else
			printf("# limit %lu: status %d\n", (unsigned long)limit,
			       WEXITSTATUS(status));
		(void)close(pipes[0]);
		data_remove(dir);
	}
	is_u64(good, rounds, "a disk full at %u points: told, nothing lost, and the next put works",
	       rounds);
}

int main(void)
{
	test_wrong_places();
	test_lock();
	test_beside_writer();
	test_read_only();
	test_full_disk();
	return tap_done();
}
