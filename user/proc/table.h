/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - all processes that are known, and in which order they are given up; for registry.c.
 *
 * A map from pid to the process that has it now; those that had it before hang behind it (`older`),
 * for samples that come late. Each is in one of two lists: the living in the order of their last
 * sample, the dead in the order of their death. Their heads are what is given up first, the dead
 * before the living.
 */
#ifndef PROC_TABLE_H
#define PROC_TABLE_H

#include "base/compiler.h"
#include "base/idmap.h"
#include "proc/process.h"

struct process_list {
	struct process *head;
	struct process *tail;
};

struct process_table {
	struct idmap by_pid; /* private, as are the others */
	struct process_list living;
	struct process_list dead;
	size_t cnt;
	size_t max_cnt;
	uint64_t evicted_cnt; /* given up because the table was full */
};

void process_table_init(struct process_table *t, size_t max_cnt);
void process_table_release(struct process_table *t);

/* Who has the pid now; borrowed until it is given up. NULL when nobody is known. */
struct process *process_table_find(const struct process_table *t, uint32_t pid);

/*
 * A new process takes the pid; who had it before is dead at `time_ns` at the latest. NULL when out
 * of memory.
 */
struct process *process_table_add(struct process_table *t, uint32_t pid, uint64_t time_ns);

/* Puts p behind all others of its list: it was sampled, or has died, just now. */
void process_table_touch(struct process_table *t, struct process *p);
void process_table_set_dead(struct process_table *t, struct process *p, uint64_t time_ns);
void process_table_set_alive(struct process_table *t, struct process *p);

/* Gives up all who died more than `grace_ns` ago. */
void process_table_expire(struct process_table *t, uint64_t now_ns, uint64_t grace_ns);

#endif
