/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procs.h - which files a process has mapped where, from the records of a raw file alone. On
 * purpose not the registry of user/proc/: a mistake there must not be one of the oracle too.
 *
 * A process begins by a fork, which copies the mappings of its parent, or by the first record that
 * names it; an execve empties it. The kernel tells nobody of munmap: a mapping stays until another
 * takes its place.
 */
#ifndef TESTS_UNWIND_PROCS_H
#define TESTS_UNWIND_PROCS_H

#include <stddef.h>

#include <culprit/wire.h>

struct procs_map {
	__u64 start, end;
	__u64 pgoff;
	char *path; /* owned */
};

struct proc {
	struct proc *next;
	struct procs_map *maps;
	size_t map_cnt;
	char *exe;    /* path; NULL = not known. Owned */
	void *oracle; /* the user's, made for the mappings; freed by forget() when they change */
	__u32 pid;
};

struct procs {
	struct proc *buckets[4096];
	void (*forget)(void *oracle);
};

/* Follows one record; those that tell nothing of processes are passed over. Ends the program when
 * memory is out. */
void procs_follow(struct procs *p, const struct wire_header *rec);

/* The process, made when it is new. Borrowed. */
struct proc *procs_get(struct procs *p, __u32 pid);

/* The last part of the path of the executable; "?" when it is not known. Borrowed. */
const char *proc_name(const struct proc *p);

void procs_release(struct procs *p);

#endif
