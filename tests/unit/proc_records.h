/* SPDX-License-Identifier: Apache-2.0 */
/* proc_records.h - made-up records for the tests of the registry, and what it answers. */
#ifndef TESTS_PROC_RECORDS_H
#define TESTS_PROC_RECORDS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "elf/image.h"
#include "proc/registry.h"

#define SEC NSEC_PER_SEC

static struct image_cache *images; /* each test program makes it first */

struct kept {
	char *data;
	size_t len;
	size_t cnt;
};

static inline int keep(void *arg, const struct wire_header *rec)
{
	struct kept *k = arg;

	k->data = realloc(k->data, k->len + rec->size);
	if (!k->data)
		abort();
	memcpy(k->data + k->len, rec, rec->size);
	k->len += rec->size;
	k->cnt++;
	return 0;
}

static inline struct registry *new_registry(const char *proc_root, uint32_t max_processes,
					    struct kept *kept)
{
	struct registry_opts o = {.max_processes = max_processes,
				  .max_mappings = 1000,
				  .max_all_mappings = 100000,
				  .proc_root = proc_root,
				  .images = images,
				  .on_snapshot = kept ? keep : NULL,
				  .arg = kept};
	struct registry *r;

	if (registry_new(&o, &r))
		abort();
	return r;
}

static inline int fork_of(struct registry *r, uint64_t t, uint32_t pid, uint32_t ppid)
{
	struct wire_task rec = {.h = {WIRE_FORK, 0, sizeof(rec), t},
				.pid = pid,
				.tid = pid,
				.ppid = ppid,
				.ptid = ppid};

	return registry_take(r, &rec.h);
}

static inline int exit_of(struct registry *r, uint64_t t, uint32_t pid, uint32_t tid)
{
	struct wire_task rec = {.h = {WIRE_EXIT, 0, sizeof(rec), t}, .pid = pid, .tid = tid};

	return registry_take(r, &rec.h);
}

static inline int comm_of(struct registry *r, uint64_t t, uint32_t pid, uint32_t tid,
			  uint16_t flags, const char *comm)
{
	struct wire_comm rec = {.h = {WIRE_COMM, flags, sizeof(rec), t}, .pid = pid, .tid = tid};

	memcpy(rec.comm, comm, strnlen(comm, WIRE_COMM_LEN));
	return registry_take(r, &rec.h);
}

static inline int exec_of(struct registry *r, uint64_t t, uint32_t pid, const char *comm)
{
	return comm_of(r, t, pid, pid, WIRE_F_EXEC, comm);
}

static inline int proc_of(struct registry *r, uint64_t t, uint32_t pid, uint64_t start,
			  const char *exe, const char *cmdline, const char *cgroup)
{
	union {
		struct wire_proc p;
		char bytes[sizeof(struct wire_proc) + 512];
	} u = {.p = {.h = {WIRE_PROC, 0, sizeof(u), t}, .start_ns = start, .pid = pid}};
	char *to = u.bytes + sizeof(u.p);
	size_t n;

	memcpy(u.p.comm, "comm", 5);
	u.p.exe_len = (uint32_t)strlen(exe);
	u.p.cmdline_len = (uint32_t)strlen(cmdline);
	u.p.cgroup_len = (uint32_t)strlen(cgroup);
	n = (size_t)snprintf(to, 500, "%s%s%s", exe, cmdline, cgroup);
	for (size_t i = 0; i < n; i++)
		if (to[i] == '|')
			to[i] = '\0';
	return registry_take(r, &u.p.h);
}

static inline int map_of(struct registry *r, uint64_t t, uint32_t pid, uint64_t addr, uint64_t len,
			 uint64_t pgoff, const char *path, const struct stat *st)
{
	union {
		struct wire_mmap m;
		char bytes[sizeof(struct wire_mmap) + 512];
	} u = {.m = {.h = {WIRE_MMAP, 0, sizeof(u), t},
		     .addr = addr,
		     .len = len,
		     .pgoff = pgoff,
		     .pid = pid}};

	u.m.path_len = (uint32_t)strlen(path);
	memcpy(u.bytes + sizeof(u.m), path, u.m.path_len);
	if (st) {
		u.m.ino = st->st_ino;
		u.m.maj = major(st->st_dev);
		u.m.min = minor(st->st_dev);
	}
	return registry_take(r, &u.m.h);
}

static inline struct process *sample_at(struct registry *r, uint64_t t, uint32_t pid,
					uint64_t start, uint64_t pc)
{
	union {
		struct wire_sample s;
		char bytes[sizeof(struct wire_sample) + 16];
	} u = {.s = {.h = {WIRE_SAMPLE, 0, sizeof(struct wire_sample) + 8 * (pc != 0), t},
		     .start_ns = start,
		     .pid = pid,
		     .tid = pid,
		     .user_cnt = pc != 0}};

	memcpy(u.s.comm, "sampled", 8);
	memcpy(u.bytes + sizeof(u.s), &pc, sizeof(pc));
	return registry_sample(r, &u.s);
}

static inline const char *label_at(struct registry *r, uint64_t t, uint32_t pid, uint64_t start)
{
	struct process *p = sample_at(r, t, pid, start, 0);

	return p ? process_label(p).p : NULL;
}

static inline uint64_t lost(const struct registry *r, enum loss reason)
{
	uint64_t all[LOSS_CNT];

	registry_lost(r, all);
	return all[reason];
}

static inline struct place place_at(struct registry *r, uint64_t t, uint32_t pid, uint64_t addr)
{
	struct place place = {0};
	struct process *p = sample_at(r, t, pid, 0, 0);

	if (p)
		process_place(p, addr, &place);
	return place;
}
#endif
