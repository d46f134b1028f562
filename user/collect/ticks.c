// SPDX-License-Identifier: Apache-2.0
#include "collect/ticks.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "collect/perf.h"

struct tick {
	uint32_t cpu;
	int fd;
	int old_fd; /* -1, or whom it takes over from */
	uint64_t period_ns;
	uint64_t enabled_ns; /* when it was */
	uint64_t alive_ns;   /* for perf_is_alive() */
};

struct ticks {
	struct tick *items;
	size_t cnt, cap;
	uint64_t period_ns;
	uint64_t random;
	int prog_fd;
};

int ticks_new(uint64_t period_ns, int prog_fd, struct ticks **ret)
{
	struct ticks *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->period_ns = period_ns;
	t->prog_fd = prog_fd;
	if (getrandom(&t->random, sizeof(t->random), GRND_NONBLOCK) != sizeof(t->random))
		t->random = clock_mono_ns(&clock_system);
	t->random |= 1;
	*ret = t;
	return 0;
}

size_t ticks_cnt(const struct ticks *t)
{
	return t->cnt;
}

/* xorshift64 (Marsaglia 2003): good enough to spread phases. */
static uint64_t next_random(struct ticks *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return t->random;
}

static bool is_ticking(const struct ticks *t, uint32_t cpu)
{
	for (size_t i = 0; i < t->cnt; i++)
		if (t->items[i].cpu == cpu)
			return true;
	return false;
}

static void close_gone(struct ticks *t, const struct cpu_list *online)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->cnt; i++) {
		struct tick *tick = &t->items[i];

		if (cpu_list_has(online, tick->cpu) && perf_is_alive(tick->fd, &tick->alive_ns)) {
			t->items[kept++] = *tick;
		} else {
			log_debug("collect: CPU %u went offline", tick->cpu);
			close(tick->fd);
		}
	}
	t->cnt = kept;
}

/* Opens one disabled event with the program attached. Descriptor or -errno. */
static int open_event(const struct ticks *t, uint32_t cpu, struct err *err)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = t->period_ns,
		.disabled = 1,
	};
	int fd = perf_open(&attr, cpu, "sampling clock", err), r;

	if (fd < 0)
		return fd;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, t->prog_fd)) {
		r = err_set(err, errno,
			    "sampling clock: cannot attach the BPF program on CPU %u: %s", cpu,
			    strerror(errno));
		close(fd);
		return r;
	}
	return fd;
}

static int open_tick(struct ticks *t, uint32_t cpu, struct err *err)
{
	int fd, r;

	r = mem_grow(&t->items, &t->cap, t->cnt + 1, sizeof(*t->items), CPU_MAX);
	if (r)
		return err_set(err, r, "sampling clock: %s", strerror(-r));
	fd = open_event(t, cpu, err);
	if (fd < 0)
		return fd == -ENODEV ? 0 : fd;
	t->items[t->cnt++] =
		(struct tick){.cpu = cpu, .fd = fd, .old_fd = -1, .period_ns = t->period_ns};
	return 0;
}

static void sleep_until(uint64_t mono_ns)
{
	struct timespec ts = {(time_t)(mono_ns / NSEC_PER_SEC), (long)(mono_ns % NSEC_PER_SEC)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* Closes old events of items[0..cnt), which are in the order in which they were enabled. */
static void retire_old(struct tick *items, size_t cnt, uint64_t overlap_ns, uint64_t until_ns)
{
	for (size_t i = 0; i < cnt; i++) {
		if (items[i].old_fd < 0)
			continue;
		if (items[i].enabled_ns + overlap_ns > until_ns)
			return;
		sleep_until(items[i].enabled_ns + overlap_ns);
		close(items[i].old_fd);
		items[i].old_fd = -1;
	}
}

/*
 * Enables items[first..cnt) at points spread over one period; see the header. Those that take over
 * from another event end it overlap_ns later.
 */
static int enable_spread(struct ticks *t, size_t first, uint64_t overlap_ns, struct err *err)
{
	uint64_t start_ns = clock_mono_ns(&clock_system), due_ns;
	size_t n = t->cnt - first;
	int r = 0;

	for (size_t i = 0; !r && i < n; i++) {
		struct tick *slots = t->items + first;
		size_t pick = i + next_random(t) % (n - i);
		uint64_t share_ns = t->period_ns / n;
		struct tick tmp = slots[i];

		slots[i] = slots[pick];
		slots[pick] = tmp;
		due_ns = start_ns + i * share_ns + next_random(t) % (share_ns + 1);
		retire_old(slots, i, overlap_ns, due_ns);
		sleep_until(due_ns);
		slots[i].enabled_ns = clock_mono_ns(&clock_system);
		if (ioctl(slots[i].fd, PERF_EVENT_IOC_ENABLE, 0))
			r = err_set(err, errno, "sampling clock: cannot start on CPU %u: %s",
				    slots[i].cpu, strerror(errno));
	}
	retire_old(t->items + first, n, overlap_ns, UINT64_MAX);
	return r;
}

int ticks_follow(struct ticks *t, const struct cpu_list *online, struct err *err)
{
	size_t first;
	int r = 0, failed;

	close_gone(t, online);
	first = t->cnt;
	for (size_t i = 0; !r && i < online->cnt; i++)
		if (!is_ticking(t, online->ids[i]))
			r = open_tick(t, online->ids[i], err);
	failed = enable_spread(t, first, 0, r ? NULL : err);
	return r ? r : failed;
}

int ticks_set_period(struct ticks *t, uint64_t period_ns, struct err *err)
{
	uint64_t overlap_ns = t->period_ns / 2;
	size_t kept = 0;
	int r = 0, failed;

	t->period_ns = period_ns;
	/* those that stay as they are go to the front, where nobody enables them again */
	for (size_t i = 0; i < t->cnt; i++) {
		struct tick *tick = &t->items[i], tmp = *tick;
		int fd = -ENODEV;

		if (tick->period_ns != period_ns)
			fd = open_event(t, tick->cpu, r ? NULL : err);
		if (fd < 0) {
			r = fd == -ENODEV || r ? r : fd; /* offline: ticks_follow() finds out */
			*tick = t->items[kept];
			t->items[kept++] = tmp;
			continue;
		}
		tick->old_fd = tick->fd;
		tick->fd = fd;
		tick->period_ns = period_ns;
		tick->alive_ns = 0;
	}
	failed = enable_spread(t, kept, overlap_ns, r ? NULL : err);
	return r ? r : failed;
}

void ticks_free(struct ticks *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->cnt; i++)
		close(t->items[i].fd);
	free(t->items);
	free(t);
}
