/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disable.h - the file that takes everything out of the kernel: is it there?
 *
 * The directory is watched (inotify(7)), so that to ask costs next to nothing and whoever sleeps on
 * disable_fd() is woken at once. Where it cannot be watched (no watches left, a file system that tells
 * nothing of what others do to it) the file itself is looked for: once a second, twice where it is known
 * that nobody tells.
 *
 * Single thread.
 */
#ifndef AGENT_DISABLE_H
#define AGENT_DISABLE_H

#include "base/clock.h"
#include "base/compiler.h"

#define DISABLE_FILE "disable"

struct disable {
	char *path;
	int fd; /* -1: nothing is watched */
	uint64_t looked_ns;
	bool is_there, has_looked;
};

/* `dir` is the agent's directory. 0 or -ENOMEM. */
int must_check disable_init(struct disable *d, const char *dir);
void disable_release(struct disable *d); /* one that is all zero is fine */

/* Becomes readable when something happens in the directory; -1 where nothing tells. */
int disable_fd(const struct disable *d);

/* As it was within the last second at most; now_ns is monotonic. */
bool disable_is_there(struct disable *d, uint64_t now_ns);

#endif
