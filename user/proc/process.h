/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - one process as the registry keeps it; for registry.c and the files beside it only.
 *
 * A fork shares label, cgroup, executable and mappings with its parent until an execve replaces
 * them.
 */
#ifndef PROC_PROCESS_H
#define PROC_PROCESS_H

#include <culprit/wire.h>

#include "base/compiler.h"
#include "proc/mappings.h"
#include "proc/rcstr.h"
#include "proc/registry.h"

struct process {
	struct process *older; /* the one that had this pid before */
	struct process *prev;  /* in the list of the living or of the dead */
	struct process *next;
	uint64_t start_ns; /* CLOCK_BOOTTIME; 0 = unknown */
	uint64_t born_ns;  /* record time of its fork; 0 = unknown */
	uint64_t died_ns; /* record time of its exit, or of its last sample after that; 0 = alive */
	uint64_t
		looked_ns; /* record time at which /proc was last asked for its mappings; 0 = never */
	uint64_t cgroup_id; /* of the last sample: when it changes, the path is read again */
	struct rcstr *label;
	struct rcstr *exe; /* NULL = unknown */
	struct rcstr *cgroup;
	struct mappings *maps;
	uint32_t pid;
	uint32_t ppid;
	uint32_t inner_pid; /* 0 = unknown */
	uint32_t generation;
	char comm[WIRE_COMM_LEN + 1];
	bool is_kthread;
	bool is_known;	    /* there is more than a comm */
	bool is_looked;	    /* /proc was asked for all of it */
	bool is_inner_read; /* /proc was asked for inner_pid */
	bool is_leaderless; /* its first thread has ended, others were seen after that */
	bool is_exe_open;   /* after an execve: the next file that is mapped is the executable */
};

struct process *process_new(uint32_t pid); /* NULL when out of memory */
void process_free(struct process *p);

void process_set_comm(struct process *p, const char comm[WIRE_COMM_LEN]);

/* Label from what is known and `cmdline` (empty = unknown). 0 or -ENOMEM. */
int must_check process_relabel(struct process *p, struct str cmdline);

/* Takes over what a PROC record says; empty texts leave what is there. 0 or -ENOMEM. */
int must_check process_apply(struct process *p, const struct wire_proc *rec);

/* Becomes a copy of its parent. 0 or -ENOMEM. */
int must_check process_inherit(struct process *p, const struct process *parent);

/*
 * execve: a new program in the same process; nothing of the old one is left but pid, start and
 * cgroup.
 */
int must_check process_exec(struct process *p, const char comm[WIRE_COMM_LEN], uint64_t time_ns);

/* A file was mapped: it may be the executable. 0 or -ENOMEM. */
int must_check process_saw_file(struct process *p, struct str path);

#endif
