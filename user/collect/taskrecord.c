// SPDX-License-Identifier: Apache-2.0
#include "collect/taskrecord.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>

#include "base/reader.h"

#define TIME_LEN 8 /* the sample_id at the end */

/* The kernel pads strings with NULs to eight bytes: takes what is before the first one. */
static struct str rest_as_text(struct reader *r)
{
	struct str s;

	s.len = reader_left(r);
	s.p = (const char *)reader_bytes(r, s.len);
	if (s.len)
		s.len = strnlen(s.p, s.len);
	return s;
}

static void finish(struct taskrecord *out, uint16_t type, size_t size)
{
	out->h.type = type;
	out->h.size = (uint32_t)(size + 7) & ~7U;
}

static int decode_mmap(struct reader *r, struct taskrecord *out)
{
	struct wire_mmap *m = &out->mmap;
	struct str path;

	m->pid = reader_u32(r);
	reader_u32(r); /* thread: mappings are the process's */
	m->addr = reader_u64(r);
	m->len = reader_u64(r);
	m->pgoff = reader_u64(r);
	m->maj = reader_u32(r);
	m->min = reader_u32(r);
	m->ino = reader_u64(r);
	m->ino_generation = reader_u64(r);
	reader_u32(r); /* protection: only executable mappings are reported */
	reader_u32(r); /* MAP_ flags */
	if (r->failed)
		return -EBADMSG;
	path = rest_as_text(r);
	if (path.len > WIRE_MAX_PATH || !m->len || m->addr + m->len <= m->addr)
		return -EBADMSG;
	if (m->pid == UINT32_MAX) /* the kernel's own */
		return 0;
	m->path_len = (uint32_t)path.len;
	memset(m->path, 0, (path.len + 7) & ~(size_t)7);
	if (path.len)
		memcpy(m->path, path.p, path.len);
	finish(out, WIRE_MMAP, sizeof(*m) + path.len);
	return 1;
}

static int decode_comm(struct reader *r, uint16_t misc, struct taskrecord *out)
{
	struct wire_comm *c = &out->comm;
	struct str comm;

	c->pid = reader_u32(r);
	c->tid = reader_u32(r);
	if (r->failed)
		return -EBADMSG;
	comm = rest_as_text(r);
	if (comm.len >= sizeof(c->comm))
		comm.len = sizeof(c->comm) - 1;
	memset(c->comm, 0, sizeof(c->comm));
	if (comm.len)
		memcpy(c->comm, comm.p, comm.len);
	if (misc & PERF_RECORD_MISC_COMM_EXEC)
		out->h.flags |= WIRE_F_EXEC;
	finish(out, WIRE_COMM, sizeof(*c));
	return 1;
}

/* FORK and EXIT carry a time of their own before the sample_id's; both are the same clock. */
static int decode_task(struct reader *r, uint16_t type, struct taskrecord *out)
{
	struct wire_task *t = &out->task;

	t->pid = reader_u32(r);
	t->ppid = reader_u32(r);
	t->tid = reader_u32(r);
	t->ptid = reader_u32(r);
	reader_u64(r);
	if (r->failed)
		return -EBADMSG;
	finish(out, type, sizeof(*t));
	return 1;
}

static int decode_lost(struct reader *r, struct taskrecord *out)
{
	uint64_t lost;

	reader_u64(r); /* id of the event */
	lost = reader_u64(r);
	if (r->failed)
		return -EBADMSG;
	out->lost = lost;
	return 0;
}

int taskrecord_decode(const void *bytes, size_t len, struct taskrecord *ret)
{
	const uint8_t *p = bytes;
	struct reader head, body, tail;
	uint16_t misc;
	uint32_t type;

	ret->lost = 0;
	reader_init(&head, p, len);
	type = reader_u32(&head);
	misc = reader_u16(&head);
	if (reader_u16(&head) != len || head.failed ||
	    len < sizeof(struct perf_event_header) + TIME_LEN)
		return -EBADMSG;
	reader_init(&body, p + sizeof(struct perf_event_header),
		    len - sizeof(struct perf_event_header) - TIME_LEN);
	reader_init(&tail, p + len - TIME_LEN, TIME_LEN);
	memset(&ret->h, 0, sizeof(ret->h));
	ret->h.time_ns = reader_u64(&tail);
	if (ret->h.time_ns > INT64_MAX)
		return -EBADMSG;
	switch (type) {
	case PERF_RECORD_MMAP2:
		return decode_mmap(&body, ret);
	case PERF_RECORD_COMM:
		return decode_comm(&body, misc, ret);
	case PERF_RECORD_FORK:
		return decode_task(&body, WIRE_FORK, ret);
	case PERF_RECORD_EXIT:
		return decode_task(&body, WIRE_EXIT, ret);
	case PERF_RECORD_LOST:
		return decode_lost(&body, ret);
	default:
		return 0;
	}
}
