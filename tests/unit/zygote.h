/* SPDX-License-Identifier: Apache-2.0 */
/* zygote.h - finds the process that makes the children of a sandbox, so that a test can end it. */
#ifndef TESTS_ZYGOTE_H
#define TESTS_ZYGOTE_H

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sandbox.h"

/* Pids of the children of a process, by the kernel's list of its main thread. */
static inline size_t children_of(pid_t pid, pid_t *ret, size_t max)
{
	char path[64];
	size_t cnt = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "r");
	while (f && cnt < max && fscanf(f, "%d", &ret[cnt]) == 1)
		cnt++;
	if (f)
		fclose(f);
	return cnt;
}

/* The youngest child of this process; 0: none. */
static inline pid_t zygote_of_this(void)
{
	pid_t pids[64], zygote = 0;
	size_t cnt = children_of(getpid(), pids, 64);

	for (size_t i = 0; i < cnt; i++)
		zygote = pids[i] > zygote ? pids[i] : zygote;
	return zygote;
}

/* Kills it. For a tenth of a second after it has been missed there is none. */
static inline void kill_zygote(struct sandbox *sb)
{
	struct sandbox_stats stats;

	(void)kill(zygote_of_this(), SIGKILL);
	do {
		usleep(1000);
		sandbox_stats(sb, &stats);
	} while (stats.is_alive);
}

/* Until there is one. */
static inline void await_zygote(struct sandbox *sb)
{
	struct sandbox_stats stats;

	do {
		usleep(10000);
		sandbox_stats(sb, &stats);
	} while (!stats.is_alive);
}

#endif
