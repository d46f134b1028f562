// SPDX-License-Identifier: Apache-2.0
#include "collect/taskevents.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "collect/perf.h"
#include "collect/taskrecord.h"

#define MAX_RECORD 65536 /* perf_event_header.size has 16 bits */

struct task_ring {
	void *base; /* control page, then `bytes` of data */
	uint32_t cpu;
	int fd;
	bool gone;	   /* its CPU is, or was, offline: to be closed after one more drain */
	uint64_t alive_ns; /* for perf_is_alive() */
};

struct taskevents {
	struct task_ring *rings;
	size_t cnt, cap;
	size_t page_bytes;
	size_t data_bytes; /* of each ring; power of two */
	uint64_t lost;
	int epoll_fd;
	uint8_t straight[MAX_RECORD]; /* where one that wraps around the end is put together */
	struct taskrecord record;     /* where one is decoded to */
};

int taskevents_new(size_t ring_bytes, struct taskevents **ret)
{
	struct taskevents *te = calloc(1, sizeof(*te));
	int r;

	if (!te)
		return -ENOMEM;
	te->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	te->data_bytes = te->page_bytes;
	while (te->data_bytes < ring_bytes)
		te->data_bytes *= 2;
	te->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (te->epoll_fd < 0) {
		r = -errno;
		free(te);
		return r;
	}
	*ret = te;
	return 0;
}

static void close_ring(struct taskevents *te, struct task_ring *ring)
{
	if (ring->base)
		munmap(ring->base, te->page_bytes + te->data_bytes);
	if (ring->fd >= 0)
		close(ring->fd); /* leaves the epoll set by itself */
}

static int open_event(struct taskevents *te, uint32_t cpu, struct err *err)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TIME,
		.mmap = 1,
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.watermark = 1,
		.wakeup_watermark = (uint32_t)(te->data_bytes / 2),
	};

	return perf_open(&attr, cpu, "task events", err);
}

static int open_ring(struct taskevents *te, uint32_t cpu, struct err *err)
{
	struct epoll_event wake = {.events = EPOLLIN, .data.fd = -1};
	struct task_ring ring = {.cpu = cpu};
	int r;

	r = mem_grow(&te->rings, &te->cap, te->cnt + 1, sizeof(*te->rings), CPU_MAX);
	if (r)
		return err_set(err, r, "task events: %s", strerror(-r));
	ring.fd = open_event(te, cpu, err);
	if (ring.fd < 0)
		return ring.fd == -ENODEV ? 0 : ring.fd;
	ring.base = mmap(NULL, te->page_bytes + te->data_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			 ring.fd, 0);
	if (ring.base == MAP_FAILED) {
		ring.base = NULL;
		r = err_set(err, errno,
			    "task events: cannot map a ring of %zu KiB for CPU %u: %s (see "
			    "kernel.perf_event_mlock_kb and ulimit -l)",
			    te->data_bytes >> 10, cpu, strerror(errno));
		close_ring(te, &ring);
		return r;
	}
	wake.data.fd = ring.fd;
	if (epoll_ctl(te->epoll_fd, EPOLL_CTL_ADD, ring.fd, &wake)) {
		r = err_set(err, errno, "task events: epoll: %s", strerror(errno));
		close_ring(te, &ring);
		return r;
	}
	te->rings[te->cnt++] = ring;
	return 0;
}

static bool is_followed(const struct taskevents *te, uint32_t cpu)
{
	for (size_t i = 0; i < te->cnt; i++)
		if (te->rings[i].cpu == cpu && !te->rings[i].gone)
			return true;
	return false;
}

/* Closes what was found gone the last time, and finds out what is gone now. */
static void close_gone(struct taskevents *te, const struct cpu_list *online)
{
	size_t kept = 0;

	for (size_t i = 0; i < te->cnt; i++) {
		struct task_ring *ring = &te->rings[i];

		if (ring->gone) {
			close_ring(te, ring);
			continue;
		}
		ring->gone = !perf_is_alive(ring->fd, &ring->alive_ns);
		/*
		 * a CPU that is back already has told nothing since it came: nobody knows how much
		 * that was
		 */
		te->lost += ring->gone && cpu_list_has(online, ring->cpu);
		te->rings[kept++] = *ring;
	}
	te->cnt = kept;
}

int taskevents_follow(struct taskevents *te, const struct cpu_list *online, struct err *err)
{
	int r = 0;

	close_gone(te, online);
	for (size_t i = 0; !r && i < online->cnt; i++)
		if (!is_followed(te, online->ids[i]))
			r = open_ring(te, online->ids[i], err);
	return r;
}

int taskevents_watch(struct taskevents *te, int fd)
{
	/* edges: a ring can always be read; what counts is that somebody wants it to be */
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.fd = fd};

	return epoll_ctl(te->epoll_fd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

bool taskevents_wait(struct taskevents *te, int timeout_ms)
{
	struct epoll_event ready[16];
	int n;

	n = epoll_wait(te->epoll_fd, ready, ARRAY_SIZE(ready), timeout_ms);
	/* an event whose CPU went offline may report that for ever: it must not keep us awake */
	for (int i = 0; i < n; i++)
		if (ready[i].events & (EPOLLHUP | EPOLLERR))
			epoll_ctl(te->epoll_fd, EPOLL_CTL_DEL, ready[i].data.fd, NULL);
	return n > 0;
}

/* The `len` bytes at position `pos` of the ring in one piece; valid until the next call. */
static const uint8_t *straighten(struct taskevents *te, const uint8_t *data, uint64_t pos,
				 size_t len)
{
	size_t at = (size_t)(pos & (te->data_bytes - 1));
	size_t first = te->data_bytes - at;

	if (len <= first)
		return data + at;
	memcpy(te->straight, data + at, first);
	memcpy(te->straight + first, data, len - first);
	return te->straight;
}

static int take(struct taskevents *te, const uint8_t *rec, size_t len, record_fn fn, void *arg)
{
	int r = taskrecord_decode(rec, len, &te->record);

	te->lost += te->record.lost;
	if (r > 0)
		return fn(arg, &te->record.h);
	te->lost += r < 0;
	return 0;
}

static int drain_ring(struct taskevents *te, struct task_ring *ring, record_fn fn, void *arg)
{
	struct perf_event_mmap_page *ctl = ring->base;
	const uint8_t *data = (const uint8_t *)ring->base + te->page_bytes;
	/* pairs with the barriers described in linux/perf_event.h at data_head */
	uint64_t head = __atomic_load_n(&ctl->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = ctl->data_tail;
	int r = 0;

	while (!r && tail < head) {
		struct perf_event_header h;
		size_t left = (size_t)(head - tail);

		if (left < sizeof(h))
			break;
		memcpy(&h, straighten(te, data, tail, sizeof(h)), sizeof(h));
		if (h.size < sizeof(h) || h.size > left || h.size > te->data_bytes) {
			log_debug("collect: events of CPU %u: record of %u bytes, ring reset",
				  ring->cpu, h.size);
			te->lost++;
			tail = head;
			break;
		}
		r = take(te, straighten(te, data, tail, h.size), h.size, fn, arg);
		tail += h.size;
	}
	__atomic_store_n(&ctl->data_tail, tail, __ATOMIC_RELEASE);
	return r;
}

int taskevents_drain(struct taskevents *te, record_fn fn, void *arg)
{
	int r = 0;

	for (size_t i = 0; !r && i < te->cnt; i++)
		r = drain_ring(te, &te->rings[i], fn, arg);
	return r;
}

uint64_t taskevents_lost(const struct taskevents *te)
{
	return te->lost;
}

size_t taskevents_bytes(const struct taskevents *te)
{
	return te->cnt * (te->page_bytes + te->data_bytes);
}

void taskevents_free(struct taskevents *te)
{
	if (!te)
		return;
	for (size_t i = 0; i < te->cnt; i++)
		close_ring(te, &te->rings[i]);
	free(te->rings);
	close(te->epoll_fd);
	free(te);
}
