/* SPDX-License-Identifier: Apache-2.0 */
/* tmpdir.h - a directory for the files of one test program, removed with all that is in it. */
#ifndef TESTS_TMPDIR_H
#define TESTS_TMPDIR_H

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char tmpdir[] = "/tmp/culprit-test-XXXXXX";

static inline void tmpdir_make(void)
{
	if (!mkdtemp(tmpdir)) {
		printf("Bail out! no temporary directory\n");
		exit(1);
	}
}

/* The path of something in it; the last eight stay valid. */
static inline const char *tmpdir_at(const char *name)
{
	static char paths[8][512];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", tmpdir, name);
	return path;
}

/* Writes a file and leaves it open for reading and writing. */
static inline int tmpdir_open(const char *name, const char *data, size_t len)
{
	int fd = open(tmpdir_at(name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len) {
		printf("Bail out! cannot write %s\n", tmpdir_at(name));
		exit(1);
	}
	return fd;
}

static inline int tmpdir_remove_one(const char *path, const struct stat *st, int type,
				    struct FTW *at)
{
	return remove(path);
}

static inline bool tmpdir_remove(void)
{
	return !nftw(tmpdir, tmpdir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
