// SPDX-License-Identifier: Apache-2.0
/*
 * /proc is asked as late and as seldom as naming allows, because execve is frequent: after an
 * execve for three texts, never for the mappings (they follow as records), and for everything only
 * when a sample's process was never heard of.
 */
#include "proc/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proc/opener.h"
#include "proc/process.h"
#include "proc/procfs.h"
#include "proc/resolve.h"
#include "proc/table.h"

#define GRACE_NS  (10 * NSEC_PER_SEC)  /* how long the dead are kept */
#define RESCAN_NS (10 * NSEC_PER_SEC)  /* how often the mappings of one process are read again */
#define TICK_NS	  (NSEC_PER_SEC / 100) /* USER_HZ of all architectures that we run on */

struct registry {
	struct procfs *procfs; /* NULL in replay */
	struct opener *opener;
	record_fn on_snapshot;
	void *arg;
	struct process_table table;
	struct mappings_limits mappings;
	uint64_t lost[LOSS_CNT];
};

int registry_new(const struct registry_opts *o, struct registry **ret)
{
	struct registry *r;
	int err;

	if (!o->max_processes || !o->max_mappings || !o->max_all_mappings)
		return -EINVAL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->mappings.max_cnt = o->max_mappings;
	r->mappings.max_room = o->max_all_mappings;
	r->on_snapshot = o->on_snapshot;
	r->arg = o->arg;
	process_table_init(&r->table, o->max_processes);
	err = o->proc_root ? procfs_new(o->proc_root, &r->procfs) : 0;
	if (!err)
		err = opener_new(o->images, r->procfs, &r->opener);
	if (err) {
		registry_free(r);
		return err;
	}
	*ret = r;
	return 0;
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	process_table_release(&r->table);
	opener_free(r->opener);
	procfs_free(r->procfs);
	free(r);
}

size_t registry_cnt(const struct registry *r)
{
	return r->table.cnt;
}

void registry_lost(const struct registry *r, uint64_t lost[LOSS_CNT])
{
	memcpy(lost, r->lost, sizeof(r->lost));
	lost[LOSS_PROCESSES_FULL] = r->table.evicted_cnt;
}

/* One start time comes in ticks, the other in nanoseconds; 0 says nothing. */
static bool same_start(uint64_t a, uint64_t b)
{
	return !a || !b || (a > b ? a - b : b - a) <= TICK_NS;
}

/* 0; -ENOSPC when the process, or all together, have too many mappings; -ENOMEM. */
static int add_mapping(struct registry *r, struct process *p, const struct wire_mmap *m)
{
	struct mapping it;
	bool failed;
	int err;

	err = resolve_mapping(r->opener, m, p->ppid, &it, &failed);
	if (err)
		return err;
	r->lost[LOSS_NO_FILE] += failed;
	err = mappings_add(&p->maps, &it, &r->mappings);
	if (err != -ENOMEM && resolve_is_file(m, &it) &&
	    process_saw_file(p, (struct str){m->path, m->path_len}))
		err = -ENOMEM;
	resolve_release(&it);
	return err;
}

static void tell(struct registry *r, const struct wire_header *rec)
{
	if (r->on_snapshot)
		(void)r->on_snapshot(r->arg, rec);
}

struct snapshot {
	struct registry *r;
	struct process *p;
};

static int take_snapshot_mmap(void *arg, const struct wire_header *rec)
{
	struct snapshot *s = arg;
	int err;

	tell(s->r, rec);
	err = add_mapping(s->r, s->p, (const struct wire_mmap *)rec);
	if (err != -ENOSPC)
		return err;
	s->r->lost[LOSS_MAPPINGS_FULL]++;
	return 0;
}

/*
 * Reads all mappings of a process anew. What is known stays if there is nothing to be read any
 * more.
 */
static int rescan(struct registry *r, struct process *p, uint64_t time_ns)
{
	struct snapshot s = {.r = r, .p = p};
	struct mappings *old = p->maps;
	int err;

	p->looked_ns = time_ns ? time_ns : 1;
	p->maps = NULL;
	err = procfs_mappings(r->procfs, p->pid, time_ns, take_snapshot_mmap, &s);
	/* also when the process went away in the middle of it */
	if (!mappings_cnt(p->maps) || (err && err != -EFBIG && mappings_cnt(old))) {
		mappings_unref(p->maps);
		p->maps = old;
	} else {
		mappings_unref(old);
	}
	return err == -ENOMEM ? err : 0;
}

static bool may_rescan(const struct registry *r, const struct process *p, uint64_t time_ns)
{
	if (!r->procfs || p->is_kthread || p->died_ns)
		return false;
	return !p->looked_ns || (time_ns > p->looked_ns && time_ns - p->looked_ns > RESCAN_NS);
}

static int take_proc(struct registry *r, const struct wire_proc *rec)
{
	struct process *p = process_table_find(&r->table, rec->pid);

	if (!p || !same_start(p->start_ns, rec->start_ns)) {
		p = process_table_add(&r->table, rec->pid, rec->h.time_ns);
		if (!p)
			return -ENOMEM;
	}
	return process_apply(p, rec);
}

/* The process of an event; a new one when its fork was lost. */
static struct process *obtain(struct registry *r, uint32_t pid, uint64_t time_ns)
{
	struct process *p = process_table_find(&r->table, pid);

	return p ? p : process_table_add(&r->table, pid, time_ns);
}

static int take_mmap(struct registry *r, const struct wire_mmap *m)
{
	struct process *p = obtain(r, m->pid, m->h.time_ns);
	int err;

	if (!p)
		return -ENOMEM;
	err = add_mapping(r, p, m);
	if (err != -ENOSPC)
		return err;
	/* munmap is not reported: perhaps most of the table is not there any more */
	if (may_rescan(r, p, m->h.time_ns))
		return rescan(r, p, m->h.time_ns);
	r->lost[LOSS_MAPPINGS_FULL]++;
	return 0;
}

static int take_exec(struct registry *r, const struct wire_comm *c)
{
	struct process *p = obtain(r, c->pid, c->h.time_ns);
	const struct wire_proc *rec;
	int err;

	if (!p)
		return -ENOMEM;
	if (p->died_ns) /* a thread's execve ends the leader and takes over its pid */
		process_table_set_alive(&r->table, p);
	err = process_exec(p, c->comm, c->h.time_ns);
	if (err || !r->procfs)
		return err;
	if (procfs_process(r->procfs, c->pid, PROCFS_EXE | PROCFS_CMDLINE | PROCFS_CGROUP,
			   c->h.time_ns, &rec)) {
		p->is_looked = true; /* gone; no use in asking again */
		return 0;
	}
	tell(r, &rec->h);
	return process_apply(p, rec);
}

static int take_comm(struct registry *r, const struct wire_comm *c)
{
	struct process *p;

	if (c->h.flags & WIRE_F_EXEC)
		return take_exec(r, c);
	if (c->pid != c->tid)
		return 0;
	p = obtain(r, c->pid, c->h.time_ns);
	if (!p)
		return -ENOMEM;
	process_set_comm(p, c->comm);
	return p->exe ? 0 : process_relabel(p, (struct str){"", 0});
}

static int take_fork(struct registry *r, const struct wire_task *t)
{
	struct process *p, *parent;

	if (t->pid == t->ppid || t->pid != t->tid) /* a thread */
		return 0;
	p = process_table_add(&r->table, t->pid, t->h.time_ns);
	if (!p)
		return -ENOMEM;
	p->ppid = t->ppid;
	p->born_ns = t->h.time_ns;
	parent = process_table_find(&r->table, t->ppid);
	return parent ? process_inherit(p, parent) : 0;
}

static void take_exit(struct registry *r, const struct wire_task *t)
{
	struct process *p = process_table_find(&r->table, t->pid);

	/* without a leader any thread may be the last one; if it is not, its next sample tells */
	if (p && !p->died_ns && (t->pid == t->tid || p->is_leaderless))
		process_table_set_dead(&r->table, p, t->h.time_ns);
}

int registry_take(struct registry *r, const struct wire_header *rec)
{
	process_table_expire(&r->table, rec->time_ns, GRACE_NS);
	switch (rec->type) {
	case WIRE_PROC:
		return take_proc(r, (const struct wire_proc *)rec);
	case WIRE_MMAP:
		return take_mmap(r, (const struct wire_mmap *)rec);
	case WIRE_COMM:
		return take_comm(r, (const struct wire_comm *)rec);
	case WIRE_FORK:
		return take_fork(r, (const struct wire_task *)rec);
	case WIRE_EXIT:
		take_exit(r, (const struct wire_task *)rec);
		return 0;
	default:
		return 0;
	}
}

bool registry_is_alive(const struct registry *r, uint32_t pid)
{
	const struct process *p = process_table_find(&r->table, pid);

	return p && !p->died_ns;
}

/*
 * Whose sample: start times decide where both are known, else whether the process was born already.
 * A process learned of by an event has no start time until its first sample.
 */
static struct process *find_owner(const struct registry *r, const struct wire_sample *s)
{
	struct process *p;

	for (p = process_table_find(&r->table, s->pid); p; p = p->older) {
		if (p->start_ns && s->start_ns ? same_start(p->start_ns, s->start_ns)
					       : s->h.time_ns >= p->born_ns)
			return p;
	}
	return NULL;
}

/*
 * Asks /proc for everything, into p, or into a new process when p is NULL. *ret_p stays as it was
 * when it is gone.
 */
static int look(struct registry *r, const struct wire_sample *s, struct process **p)
{
	const struct wire_proc *rec;

	if (*p)
		(*p)->is_looked = true;
	if (!r->procfs || procfs_process(r->procfs, s->pid, PROCFS_ALL, s->h.time_ns, &rec) ||
	    !same_start(rec->start_ns, s->start_ns))
		return 0;
	if (!*p)
		*p = process_table_add(&r->table, s->pid, s->h.time_ns);
	if (!*p)
		return -ENOMEM;
	(*p)->is_looked = true;
	(*p)->is_exe_open = false;
	if (s->start_ns && !(*p)->start_ns)
		(*p)->start_ns = s->start_ns;
	tell(r, &rec->h);
	if (process_apply(*p, rec))
		return -ENOMEM;
	return (*p)->is_kthread ? 0 : rescan(r, *p, s->h.time_ns);
}

static bool is_of_kernel(const struct wire_sample *s)
{
	return s->h.flags & WIRE_F_KTHREAD || !s->pid;
}

/* All that is known, or ever will be of a kernel thread, is the comm. */
static int make_up(struct registry *r, const struct wire_sample *s, struct process **p)
{
	if (!*p)
		*p = process_table_add(&r->table, s->pid, s->h.time_ns);
	if (!*p)
		return -ENOMEM;
	(*p)->is_looked = true;
	if (is_of_kernel(s)) {
		(*p)->is_kthread = true;
		(*p)->is_known = true;
	}
	if (!(*p)->comm[0] || (*p)->is_kthread)
		process_set_comm(*p, s->comm);
	return process_relabel(*p, (struct str){"", 0});
}

static int identify(struct registry *r, const struct wire_sample *s, struct process **p)
{
	int err = 0;

	if (is_of_kernel(s)) {
		if (*p && (*p)->is_kthread && (*p)->label &&
		    !strncmp((*p)->comm, s->comm, WIRE_COMM_LEN))
			return 0;
		return make_up(r, s, p);
	}
	if (!*p || (!(*p)->is_known && !(*p)->is_looked))
		err = look(r, s, p);
	if (!err && (!*p || !(*p)->label))
		err = make_up(r, s, p);
	return err;
}

/* The process was moved: its path is another one now. */
static int follow_cgroup(struct registry *r, struct process *p, const struct wire_sample *s)
{
	const struct wire_proc *rec;
	bool moved = s->cgroup_id && p->cgroup_id && s->cgroup_id != p->cgroup_id;

	if (s->cgroup_id)
		p->cgroup_id = s->cgroup_id;
	if (!moved || !r->procfs || p->died_ns || p->is_kthread ||
	    procfs_process(r->procfs, p->pid, PROCFS_CGROUP, s->h.time_ns, &rec))
		return 0;
	tell(r, &rec->h);
	return process_apply(p, rec);
}

static bool is_leaf_unknown(const struct process *p, const struct wire_sample *s)
{
	uint64_t leaf = s->user_cnt ? s->pcs[s->kernel_cnt] : 0;

	return leaf >= 4096 && !(leaf >> 63) && !mappings_find(p->maps, leaf);
}

static void learn_inner_pid(struct registry *r, struct process *p)
{
	if (p->is_inner_read || !r->procfs || p->died_ns || !mappings_has_anon(p->maps))
		return;
	p->is_inner_read = true;
	if (procfs_inner_pid(r->procfs, p->pid, &p->inner_pid))
		p->inner_pid = 0;
}

struct process *registry_sample(struct registry *r, const struct wire_sample *s)
{
	struct process *p;

	process_table_expire(&r->table, s->h.time_ns, GRACE_NS);
	p = find_owner(r, s);
	if (identify(r, s, &p))
		return NULL;
	if (!p->start_ns)
		p->start_ns = s->start_ns;
	if (p->died_ns && s->user_cnt && s->h.time_ns > p->died_ns) {
		/* a thread that ends has no memory any more: this is another one */
		process_table_set_alive(&r->table, p);
		p->is_leaderless = true;
	} else if (p->died_ns) {
		process_table_set_dead(&r->table, p,
				       s->h.time_ns > p->died_ns ? s->h.time_ns : p->died_ns);
	} else {
		process_table_touch(&r->table, p);
	}
	if (follow_cgroup(r, p, s))
		return NULL;
	if (is_leaf_unknown(p, s) && may_rescan(r, p, s->h.time_ns) && rescan(r, p, s->h.time_ns))
		return NULL;
	learn_inner_pid(r, p);
	if (!p->is_known)
		r->lost[LOSS_NO_PROCESS]++;
	return p;
}
