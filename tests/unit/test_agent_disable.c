// SPDX-License-Identifier: Apache-2.0
#include "agent/disable.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "unit/tap.h"

static char dir[] = "/tmp/culprit-disable.XXXXXX";

static void path_of(char path[64], const char *name)
{
	snprintf(path, 64, "%s/%s", dir, name);
}

static void touch(const char *name)
{
	char path[64];
	int fd;

	path_of(path, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)close(fd);
}

static void rm(const char *name)
{
	char path[64];

	path_of(path, name);
	(void)unlink(path);
}

static bool wakes(const struct disable *d)
{
	struct pollfd p = {.fd = disable_fd(d), .events = POLLIN};

	return poll(&p, 1, 1000) == 1;
}

static void test_watched(void)
{
	uint64_t now_ns = NSEC_PER_SEC;
	struct disable d;

	ok(!disable_init(&d, dir), "watched");
	ok(!disable_is_there(&d, now_ns), "there is no file");
	touch("other");
	ok(wakes(&d), "another file is news");
	ok(!disable_is_there(&d, now_ns), "…and not the one");
	touch(DISABLE_FILE);
	ok(wakes(&d), "so is the one");
	ok(disable_is_there(&d, now_ns), "it is there at once");
	rm(DISABLE_FILE);
	ok(wakes(&d) && !disable_is_there(&d, now_ns), "and gone at once");
	disable_release(&d);
	disable_release(&d);
}

/* Where nobody tells. */
static void test_unwatched(void)
{
	uint64_t now_ns = NSEC_PER_SEC;
	struct disable d;

	ok(!disable_init(&d, dir), "not watched");
	if (d.fd >= 0)
		(void)close(d.fd);
	d.fd = -1;
	ok(!disable_is_there(&d, now_ns), "there is no file");
	touch(DISABLE_FILE);
	ok(!disable_is_there(&d, now_ns + NSEC_PER_SEC / 10), "nobody looks all the time");
	ok(disable_is_there(&d, now_ns + NSEC_PER_SEC / 2), "but soon");
	rm(DISABLE_FILE);
	disable_release(&d);
	ok(!disable_init(&d, "/nowhere"), "a directory that is not there");
	ok(disable_fd(&d) == -1 && !disable_is_there(&d, now_ns), "…has no such file");
	disable_release(&d);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	test_watched();
	test_unwatched();
	rm("other");
	(void)rmdir(dir);
	return tap_done();
}
