// SPDX-License-Identifier: Apache-2.0
#include "model/record.h"

#include <string.h>

static bool check_sample(const struct wire_sample *s)
{
	size_t frames = (size_t)s->kernel_cnt + s->user_cnt;
	size_t size = sizeof(*s) + frames * sizeof(s->pcs[0]);
	const struct wire_stack *stack;

	if (s->kernel_cnt > WIRE_MAX_KERNEL_FRAMES || s->user_cnt > WIRE_MAX_USER_FRAMES)
		return false;
	if (!(s->h.flags & WIRE_F_STACK))
		return s->h.size == size;
	if (s->h.size < size + sizeof(*stack) || !s->user_cnt)
		return false;
	stack = wire_sample_stack(s);
	return stack->len <= WIRE_MAX_STACK && stack->len % 8 == 0 && stack->addr % 8 == 0 &&
	       stack->addr <= UINT64_MAX - WIRE_MAX_STACK &&
	       s->h.size == size + sizeof(*stack) + stack->len;
}

static bool check_mmap(const struct wire_mmap *m)
{
	return m->path_len <= WIRE_MAX_PATH && m->path_len <= m->h.size - sizeof(*m) && m->len &&
	       m->addr + m->len > m->addr;
}

static bool check_proc(const struct wire_proc *p)
{
	return p->exe_len <= WIRE_MAX_TEXT && p->cmdline_len <= WIRE_MAX_TEXT &&
	       p->cgroup_len <= WIRE_MAX_TEXT &&
	       (size_t)p->exe_len + p->cmdline_len + p->cgroup_len <= p->h.size - sizeof(*p);
}

const struct wire_stack *wire_sample_stack(const struct wire_sample *s)
{
	if (!(s->h.flags & WIRE_F_STACK))
		return NULL;
	return (const struct wire_stack *)&s->pcs[(size_t)s->kernel_cnt + s->user_cnt];
}

bool wire_check(const struct wire_header *rec, size_t len)
{
	static const size_t smallest[] = {
		[WIRE_SAMPLE] = sizeof(struct wire_sample),
		[WIRE_MMAP] = sizeof(struct wire_mmap),
		[WIRE_COMM] = sizeof(struct wire_comm),
		[WIRE_FORK] = sizeof(struct wire_task),
		[WIRE_EXIT] = sizeof(struct wire_task),
		[WIRE_PROC] = sizeof(struct wire_proc),
		[WIRE_LOSS] = sizeof(struct wire_loss),
		[WIRE_PRESSURE] = sizeof(struct wire_pressure),
	};

	if (len < sizeof(*rec) || rec->size < sizeof(*rec) || rec->size > len || rec->size % 8)
		return false;
	if (rec->time_ns > INT64_MAX)
		return false;
	if (rec->type >= ARRAY_SIZE(smallest))
		return true;
	if (rec->size < smallest[rec->type])
		return false;
	switch (rec->type) {
	case WIRE_SAMPLE:
		return check_sample((const struct wire_sample *)rec);
	case WIRE_MMAP:
		return check_mmap((const struct wire_mmap *)rec);
	case WIRE_PROC:
		return check_proc((const struct wire_proc *)rec);
	default:
		return true;
	}
}
