// SPDX-License-Identifier: Apache-2.0
#include "tests/unwind/procs.h"

#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static char *copy_text(const char *text, size_t len)
{
	char *s = must(calloc(1, len + 1));

	memcpy(s, text, len);
	return s;
}

static void forget(struct procs *p, struct proc *proc)
{
	if (proc->oracle)
		p->forget(proc->oracle);
	proc->oracle = NULL;
}

static void clear(struct procs *p, struct proc *proc)
{
	forget(p, proc);
	for (size_t i = 0; i < proc->map_cnt; i++)
		free(proc->maps[i].path);
	free(proc->maps);
	free(proc->exe);
	proc->maps = NULL;
	proc->map_cnt = 0;
	proc->exe = NULL;
}

struct proc *procs_get(struct procs *p, __u32 pid)
{
	struct proc **bucket = &p->buckets[pid % 4096], *proc;

	for (proc = *bucket; proc; proc = proc->next)
		if (proc->pid == pid)
			return proc;
	proc = must(calloc(1, sizeof(*proc)));
	proc->pid = pid;
	proc->next = *bucket;
	*bucket = proc;
	return proc;
}

static void add(struct proc *proc, const struct procs_map *m)
{
	size_t size = (proc->map_cnt + 1) * sizeof(*proc->maps);

	proc->maps = must(realloc(proc->maps, size));
	proc->maps[proc->map_cnt] = *m;
	proc->maps[proc->map_cnt++].path = copy_text(m->path, strlen(m->path));
}

/* What the new mapping lies upon is cut away: its parts before and behind stay. */
static void map(struct procs *p, struct proc *proc, const struct procs_map *m)
{
	struct procs_map *old = proc->maps;
	size_t cnt = proc->map_cnt;

	forget(p, proc);
	proc->maps = NULL;
	proc->map_cnt = 0;
	for (size_t i = 0; i < cnt; i++) {
		struct procs_map before = old[i], behind = old[i];

		if (before.end > m->start)
			before.end = m->start;
		if (behind.start < m->end) {
			behind.pgoff += m->end - behind.start;
			behind.start = m->end;
		}
		if (before.start < before.end)
			add(proc, &before);
		if (behind.start < behind.end)
			add(proc, &behind);
		free(old[i].path);
	}
	free(old);
	add(proc, m);
}

static void on_mmap(struct procs *p, const struct wire_mmap *rec)
{
	struct proc *proc = procs_get(p, rec->pid);
	struct procs_map m = {rec->addr, rec->addr + rec->len, rec->pgoff, NULL};

	m.path = copy_text(rec->path, rec->path_len);
	map(p, proc, &m);
	/* The kernel maps the executable before its interpreter. */
	if (!proc->exe && m.path[0] == '/' && m.path[1] != '/')
		proc->exe = copy_text(m.path, strlen(m.path));
	free(m.path);
}

static void on_fork(struct procs *p, const struct wire_task *rec)
{
	struct proc *proc, *parent;

	if (rec->pid == rec->ppid)
		return; /* a thread */
	proc = procs_get(p, rec->pid);
	parent = procs_get(p, rec->ppid);
	clear(p, proc);
	for (size_t i = 0; i < parent->map_cnt; i++)
		add(proc, &parent->maps[i]);
	if (parent->exe)
		proc->exe = copy_text(parent->exe, strlen(parent->exe));
}

static void on_proc(struct procs *p, const struct wire_proc *rec)
{
	struct proc *proc = procs_get(p, rec->pid);

	if (!rec->exe_len)
		return;
	free(proc->exe);
	proc->exe = copy_text(rec->text, rec->exe_len);
}

void procs_follow(struct procs *p, const struct wire_header *rec)
{
	switch (rec->type) {
	case WIRE_MMAP:
		on_mmap(p, (const struct wire_mmap *)rec);
		break;
	case WIRE_FORK:
		on_fork(p, (const struct wire_task *)rec);
		break;
	case WIRE_COMM:
		if (rec->flags & WIRE_F_EXEC)
			clear(p, procs_get(p, ((const struct wire_comm *)rec)->pid));
		break;
	case WIRE_PROC:
		on_proc(p, (const struct wire_proc *)rec);
		break;
	default:
		break;
	}
}

const char *proc_name(const struct proc *p)
{
	const char *slash;

	if (!p->exe)
		return "?";
	slash = strrchr(p->exe, '/');
	return slash ? slash + 1 : p->exe;
}

void procs_release(struct procs *p)
{
	for (size_t i = 0; i < sizeof(p->buckets) / sizeof(p->buckets[0]); i++) {
		struct proc *proc = p->buckets[i], *next;

		for (; proc; proc = next) {
			next = proc->next;
			clear(p, proc);
			free(proc);
		}
		p->buckets[i] = NULL;
	}
}
