// SPDX-License-Identifier: Apache-2.0
#include "proc/table.h"

#define MAX_OLDER 8 /* processes kept that had the same pid before; in practice one, at most */

void process_table_init(struct process_table *t, size_t max_cnt)
{
	*t = (struct process_table){.max_cnt = max_cnt};
	idmap_init(&t->by_pid, max_cnt);
}

static void free_list(struct process_list *l)
{
	struct process *p, *next;

	for (p = l->head; p; p = next) {
		next = p->next;
		process_free(p);
	}
}

void process_table_release(struct process_table *t)
{
	free_list(&t->living);
	free_list(&t->dead);
	idmap_release(&t->by_pid);
}

static void list_append(struct process_list *l, struct process *p)
{
	p->prev = l->tail;
	p->next = NULL;
	if (l->tail)
		l->tail->next = p;
	else
		l->head = p;
	l->tail = p;
}

static void list_remove(struct process_list *l, struct process *p)
{
	if (p->prev)
		p->prev->next = p->next;
	else
		l->head = p->next;
	if (p->next)
		p->next->prev = p->prev;
	else
		l->tail = p->prev;
}

static struct process_list *list_of(struct process_table *t, const struct process *p)
{
	return p->died_ns ? &t->dead : &t->living;
}

struct process *process_table_find(const struct process_table *t, uint32_t pid)
{
	uint64_t value;

	return idmap_get(&t->by_pid, pid, &value) ? (struct process *)(uintptr_t)value : NULL;
}

void process_table_touch(struct process_table *t, struct process *p)
{
	struct process_list *l = list_of(t, p);

	list_remove(l, p);
	list_append(l, p);
}

void process_table_set_dead(struct process_table *t, struct process *p, uint64_t time_ns)
{
	list_remove(list_of(t, p), p);
	p->died_ns = time_ns ? time_ns : 1;
	list_append(&t->dead, p);
}

void process_table_set_alive(struct process_table *t, struct process *p)
{
	list_remove(list_of(t, p), p);
	p->died_ns = 0;
	list_append(&t->living, p);
}

/* Forgets those that had the pid before, too: nothing would lead to them any more. */
static void forget(struct process_table *t, struct process *p)
{
	struct process *q = process_table_find(t, p->pid);

	while (p->older)
		forget(t, p->older);
	if (q == p) {
		(void)idmap_remove(&t->by_pid, p->pid, NULL);
	} else {
		while (q->older != p)
			q = q->older;
		q->older = NULL;
	}
	list_remove(list_of(t, p), p);
	t->cnt--;
	process_free(p);
}

/*
 * Nobody has had so many pids reused in so short a time: bounds the walks, and the recursion of
 * forget().
 */
static void bound_older(struct process_table *t, struct process *p)
{
	struct process *q = p;

	for (int i = 0; q && i < MAX_OLDER; i++)
		q = q->older;
	if (q && q->older) {
		forget(t, q->older);
		t->evicted_cnt++;
	}
}

struct process *process_table_add(struct process_table *t, uint32_t pid, uint64_t time_ns)
{
	struct process *p, *old;

	while (t->cnt >= t->max_cnt) {
		forget(t, t->dead.head ? t->dead.head : t->living.head);
		t->evicted_cnt++;
	}
	p = process_new(pid);
	if (!p)
		return NULL;
	old = process_table_find(t, pid);
	if (idmap_put(&t->by_pid, pid, (uintptr_t)p)) {
		process_free(p);
		return NULL;
	}
	if (old && !old->died_ns)
		process_table_set_dead(t, old, time_ns);
	p->older = old;
	list_append(&t->living, p);
	t->cnt++;
	bound_older(t, p);
	return p;
}

void process_table_expire(struct process_table *t, uint64_t now_ns, uint64_t grace_ns)
{
	const struct process *p;

	while ((p = t->dead.head) && now_ns > p->died_ns && now_ns - p->died_ns > grace_ns)
		forget(t, t->dead.head);
}
