// SPDX-License-Identifier: Apache-2.0
/*
 * collector.c - one round: sleep, note the time, empty all rings into the order, deliver what is
 * older than that.
 *
 * Whatever was stamped before the noted time has been published by then, bar the slack: so what
 * goes out in one round is complete, and nothing of the next round can be older.
 */
#include "collect/collector.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "collect/cpus.h"
#include "collect/family.h"
#include "collect/order.h"
#include "collect/perf.h"
#include "collect/sampler.h"
#include "collect/taskevents.h"
#include "collect/ticks.h"

/*
 * How long a CPU may take from reading the clock to publishing the record; a virtual CPU may be
 * held up in between.
 */
#define SLACK_NS (UINT64_C(10) * 1000 * 1000)

#define FOLLOW_CPUS_NS	 (2 * NSEC_PER_SEC)
#define ASK_EVENTS_EVERY 30 /* times: each event is asked by an interrupt on its CPU */

#define WAKE_EVERY_NS (NSEC_PER_SEC / 5) /* for a process that is new, at most */
#define BUSY_WAIT_MS  100		 /* …and in between */

#define EVENT_RING_BYTES ((size_t)128 << 10) /* per CPU: some hundred execs, woken at half */
#define SAMPLE_BYTES	 1024		     /* a generous mean; deep stacks take up to 2120 */
#define MIN_RING_BYTES	 ((size_t)1 << 20)   /* half: copied stacks of 20 to 80 KB */

#define DEFAULT_UNWIND_BYTES ((size_t)24 << 20)
#define DEFAULT_SPACES	     4096
#define MAX_RING_BYTES	     ((size_t)64 << 20)

struct collector {
	struct sampler *sampler;
	struct taskevents *events;
	struct ticks *ticks;
	struct order order;
	struct cpu_list online;
	uint32_t max_spaces;
	uint64_t started_ns;
	uint64_t next_follow_ns;
	unsigned int ask_events; /* rounds in which events are asked for sure */
	unsigned int unasked;	 /* rounds in which they were not */
	uint64_t woken_ns;	 /* when somebody did, last */
	uint64_t lost[LOSS_CNT]; /* what user space gave up */
	bool stopped;
};

static void count_refused(struct collector *c, const struct wire_header *rec)
{
	c->lost[rec->type == WIRE_SAMPLE ? LOSS_RING_FULL : LOSS_EVENTS]++;
}

static int take_event(void *arg, const struct wire_header *rec)
{
	struct collector *c = arg;

	if (order_add(&c->order, rec))
		count_refused(c, rec);
	return 0;
}

static int take_sample(void *arg, const void *bytes, size_t len)
{
	struct collector *c = arg;
	const struct wire_header *rec = bytes;

	if (!wire_check(rec, len) || rec->type != WIRE_SAMPLE)
		c->lost[LOSS_BAD_RECORD]++;
	else if (order_add(&c->order, rec))
		count_refused(c, rec);
	return 0;
}

static int check_opts(const struct collector_opts *o, struct err *err)
{
	if (o->hz < COLLECTOR_MIN_HZ || o->hz > COLLECTOR_MAX_HZ)
		return err_set(err, EINVAL, "%u samples per second: must be %d to %d", o->hz,
			       COLLECTOR_MIN_HZ, COLLECTOR_MAX_HZ);
	if (o->ring_bytes > MAX_RING_BYTES)
		return err_set(err, EINVAL, "%zu bytes of rings: at most %zu", o->ring_bytes,
			       MAX_RING_BYTES);
	return 0;
}

/* Two seconds of samples, so that a poller that is late loses nothing. */
static size_t default_ring_bytes(uint32_t hz, size_t cpus)
{
	size_t want = (size_t)hz * cpus * 2 * SAMPLE_BYTES;

	return want < MIN_RING_BYTES   ? MIN_RING_BYTES
	       : want > MAX_RING_BYTES ? MAX_RING_BYTES
				       : want;
}

static int allow_member(void *arg, uint32_t pid)
{
	struct collector *c = arg;

	return sampler_allow_pid(c->sampler, pid);
}

/* What was forked while the list of processes was read is found by the second walk. */
static int allow_family(struct collector *c, uint32_t pid, struct err *err)
{
	int r = 0;

	for (int i = 0; !r && i < 2; i++) {
		r = family_walk(pid, allow_member, c, err);
		if (r == -ENOSPC)
			err_set(err, r, "process %u has too many descendants for the filter", pid);
	}
	return r;
}

static int watch_rings(struct collector *c)
{
	size_t cnt;
	const int *fds = sampler_rings(c->sampler, &cnt);
	int r = 0;

	for (size_t i = 0; i < cnt && !r; i++)
		r = taskevents_watch(c->events, fds[i]);
	return r;
}

static int start(struct collector *c, const struct collector_opts *o, struct err *err)
{
	size_t event_bytes = o->event_ring_bytes ? o->event_ring_bytes : EVENT_RING_BYTES;
	uint64_t period_ns = NSEC_PER_SEC / o->hz;
	struct sampler_opts so = {
		.cgroup_id = o->cgroup_id,
		.filter_pids = o->pid || o->only_added,
		.kernel_stacks = !o->no_kernel_stacks,
		.unwind_rules = !o->no_unwind_rules,
		.unwind_bytes = o->unwind_bytes ? o->unwind_bytes : DEFAULT_UNWIND_BYTES,
		.max_spaces = o->max_spaces ? o->max_spaces : DEFAULT_SPACES,
		.copy_all_stacks = o->copy_all_stacks,
	};
	int r;

	if (o->no_unwind_rules) { /* the least there can be */
		so.unwind_bytes = 1;
		so.max_spaces = 1;
	}
	perf_raise_limits();
	r = cpu_list_read_online(&c->online, err);
	if (r)
		return r;
	so.cpus = c->online.ids[c->online.cnt - 1] + 1;
	so.ring_bytes = o->ring_bytes ? o->ring_bytes : default_ring_bytes(o->hz, c->online.cnt);
	c->max_spaces = so.max_spaces;
	r = sampler_new(&so, &c->sampler, err);
	if (!r && o->pid)
		r = allow_family(c, o->pid, err);
	if (r)
		return r;
	r = taskevents_new(event_bytes, &c->events);
	if (!r)
		r = ticks_new(period_ns, sampler_prog_fd(c->sampler), &c->ticks);
	if (r)
		return err_set(err, r, "collector: %s", strerror(-r));
	r = watch_rings(c);
	if (r)
		return err_set(err, r, "collector: %s", strerror(-r));
	/* Events first: the mappings of whoever starts now are known before its first sample. */
	r = taskevents_follow(c->events, &c->online, err);
	c->started_ns = clock_mono_ns(&clock_system);
	if (!r)
		r = ticks_follow(c->ticks, &c->online, err);
	if (r)
		return r;
	/*
	 * Everything that all rings and stages can hold, twice: what waits from the last round, and
	 * what this one brings.
	 */
	order_init(&c->order,
		   2 * (sampler_waiting_bytes(c->sampler) + event_bytes * c->online.cnt));
	c->next_follow_ns = clock_mono_ns(&clock_system) + FOLLOW_CPUS_NS;
	return 0;
}

int collector_new(const struct collector_opts *opts, struct collector **ret, struct err *err)
{
	struct collector *c;
	int r;

	r = check_opts(opts, err);
	if (r)
		return r;
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ENOMEM, "out of memory");
	cpu_list_init(&c->online);
	order_init(&c->order, 0);
	r = start(c, opts, err);
	if (r) {
		collector_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

int collector_add_pid(struct collector *c, uint32_t pid)
{
	return sampler_allow_pid(c->sampler, pid);
}

void *collector_arena(const struct collector *c, size_t *ret_bytes)
{
	return sampler_arena(c->sampler, ret_bytes);
}

int collector_reach_arena(struct collector *c, size_t bytes)
{
	return sampler_reach_arena(c->sampler, bytes);
}

int collector_watch(struct collector *c, int fd)
{
	return taskevents_watch(c->events, fd);
}

uint32_t collector_max_spaces(const struct collector *c)
{
	return c->max_spaces;
}

int collector_set_space(struct collector *c, uint32_t pid, const struct unwind_space *space)
{
	return sampler_set_space(c->sampler, pid, space);
}

int collector_set_hz(struct collector *c, uint32_t hz, struct err *err)
{
	struct collector_opts opts = {.hz = hz};
	int r = check_opts(&opts, err);

	if (r || !c->ticks)
		return r;
	c->ask_events = 2; /* the new events tick, whatever has become of the others */
	return ticks_set_period(c->ticks, NSEC_PER_SEC / hz, err);
}

/*
 * Where the same CPUs are online and each of them ticks there is nothing to do: an event that ended with
 * its CPU ticks no more. To be sure they are asked themselves now and then, and when anything changes
 * twice more, since what is gone is closed one round after it was found out.
 */
static void follow_cpus(struct collector *c)
{
	uint64_t now_ns = clock_mono_ns(&clock_system);
	struct cpu_list online;
	struct err err;
	int r;

	if (now_ns < c->next_follow_ns)
		return;
	c->next_follow_ns = now_ns + FOLLOW_CPUS_NS;
	cpu_list_init(&online);
	r = cpu_list_read_online(&online, &err);
	if (!r && sampler_all_tick(c->sampler, &online) && cpu_list_equal(&online, &c->online) &&
	    ticks_cnt(c->ticks) == online.cnt) {
		if (!c->ask_events && ++c->unasked < ASK_EVENTS_EVERY) {
			cpu_list_release(&online);
			return;
		}
		c->ask_events -= c->ask_events > 0;
	} else {
		c->ask_events = 2;
	}
	c->unasked = 0;
	if (!r) {
		cpu_list_release(&c->online);
		c->online = online;
		r = taskevents_follow(c->events, &c->online, &err);
	}
	if (!r)
		r = ticks_follow(c->ticks, &c->online, &err);
	if (r) /* goes on with the CPUs it has, and tries again in two seconds */
		log_debug("collect: following CPUs: %s", err.text);
}

static void drain(struct collector *c)
{
	/* neither callback refuses: what does not fit is counted */
	if (taskevents_drain(c->events, take_event, c) || sampler_drain(c->sampler, take_sample, c))
		log_debug("collect: rings not emptied");
}

/*
 * What somebody has woken us for is complete when the slack has passed. Where there is always
 * somebody new we come by ourselves again.
 */
static void wait_for_records(struct collector *c, int timeout_ms)
{
	const struct timespec slack = {.tv_nsec = SLACK_NS};
	bool may_be_woken =
		timeout_ms && clock_mono_ns(&clock_system) - c->woken_ns >= WAKE_EVERY_NS;
	bool is_woken;

	if (!may_be_woken && timeout_ms > BUSY_WAIT_MS)
		timeout_ms = BUSY_WAIT_MS;
	sampler_set_asleep(c->sampler, may_be_woken);
	is_woken = taskevents_wait(c->events, timeout_ms);
	sampler_set_asleep(c->sampler, false);
	if (!is_woken || !timeout_ms)
		return;
	c->woken_ns = clock_mono_ns(&clock_system);
	drain(c);
	(void)nanosleep(&slack, NULL);
}

int collector_poll(struct collector *c, int timeout_ms, record_fn fn, void *arg)
{
	uint64_t complete_ns;

	if (c->stopped)
		return order_deliver(&c->order, UINT64_MAX, fn, arg);
	wait_for_records(c, timeout_ms);
	complete_ns = clock_mono_ns(&clock_system) - SLACK_NS;
	drain(c);
	follow_cpus(c);
	return order_deliver(&c->order, complete_ns, fn, arg);
}

int collector_stop(struct collector *c, record_fn fn, void *arg)
{
	if (!c->stopped) {
		ticks_free(c->ticks);
		c->ticks = NULL;
		sampler_end(c->sampler);
		drain(c);
		c->lost[LOSS_EVENTS] += taskevents_lost(c->events);
		taskevents_free(c->events);
		c->events = NULL;
		c->stopped = true;
	}
	return order_deliver(&c->order, UINT64_MAX, fn, arg);
}

void collector_stats(const struct collector *c, struct collector_stats *ret)
{
	struct kernel_stat st;

	*ret = (struct collector_stats){0};
	sampler_stat(c->sampler, &st);
	ret->started_ns = c->started_ns;
	ret->samples = sampler_handed(c->sampler);
	ret->idle = st.idle;
	ret->run_ns = st.run_ns;
	for (size_t i = 0; i < LOSS_CNT; i++)
		ret->lost[i] = st.lost[i] + c->lost[i];
	if (c->events)
		ret->lost[LOSS_EVENTS] += taskevents_lost(c->events);
	ret->cpus_online = c->ticks ? (uint32_t)ticks_cnt(c->ticks) : 0;
	ret->map_bytes =
		sampler_map_bytes(c->sampler) + (c->events ? taskevents_bytes(c->events) : 0);
}

void collector_free(struct collector *c)
{
	if (!c)
		return;
	ticks_free(c->ticks);
	taskevents_free(c->events);
	sampler_free(c->sampler);
	order_release(&c->order);
	cpu_list_release(&c->online);
	free(c);
}
