// SPDX-License-Identifier: Apache-2.0
#include "agent/recorder.h"

#include <stdlib.h>
#include <string.h>

#include "agent/budget.h"
#include "base/clock.h"
#include "base/log.h"
#include "format/raw.h"
#include "proc/pressure.h"
#include "proc/procfs.h"

/*
 * A window is sealed so long after its end: by then the collector has delivered every CPU's
 * records.
 */
#define SEAL_DELAY_NS (NSEC_PER_SEC / 4)

/* How often the counters of losses are read: they cost system calls. */
#define STATS_EVERY_NS NSEC_PER_SEC

/* How often pressure is read: a fifth of a window, so that nearly all of it is watched, but seldom. */
#define PRESSURE_PART	  5
#define PRESSURE_EVERY_NS (2 * NSEC_PER_SEC)

#define ASK_EVERY 64 /* records; asking is a system call */

/* While BPF lacks rules that samples ask for. */
#define LEARNING_POLL_MS 20

struct recorder {
	const struct clock *clock;
	struct sandbox *sandbox;
	struct collector *collector;
	struct pipeline *pipeline;
	struct raw_writer *raw;
	struct collector_stats seen; /* when last asked for, and passed on */
	uint64_t stats_at_ns;
	struct pressure_files pressure;
	uint64_t pressure_every_ns, pressure_at_ns;
	uint64_t stalled_ns[PRESSURE_CNT]; /* as last read */
	uint64_t stalled_first_ns[PRESSURE_CNT];
	uint32_t stalled_known;
	uint64_t drained_ns; /* while /proc is read: when the rings were last emptied */
	bool (*is_wanted_elsewhere)(void *arg); /* may be NULL */
	void *wanted_arg;
	uint32_t taken;
	int poll_ms;
};

static int64_t wall_offset(const struct recorder *r)
{
	return clock_wall_ns(r->clock) - (int64_t)clock_mono_ns(r->clock);
}

static int open_raw(struct recorder *r, const struct recorder_opts *opts, struct err *err)
{
	struct raw_info info = {
		.hz = opts->collect.hz,
		.period_ns = NSEC_PER_SEC / opts->collect.hz,
		.cpus = r->seen.cpus_online,
		.wall_at_mono0_ns = wall_offset(r),
	};

	return opts->raw_path ? raw_writer_new(opts->raw_path, &info, &r->raw, err) : 0;
}

static int reach_arena(void *collector, size_t bytes)
{
	return collector_reach_arena(collector, bytes);
}

static int set_space(void *collector, uint32_t pid, const struct unwind_space *space)
{
	return collector_set_space(collector, pid, space);
}

static int open_pipeline(struct recorder *r, const struct recorder_opts *opts, agg_sink_fn sink,
			 void *sink_arg, struct err *err)
{
	struct pipeline_opts p = {
		.agg = {.window_ns = opts->window_ns,
			.cpus = r->seen.cpus_online,
			.hz = opts->collect.hz,
			.mono_ns = r->seen.started_ns,
			.wall_offset_ns = wall_offset(r),
			.moments = opts->moments},
		.proc_root = "/proc",
		.kallsyms = "/proc/kallsyms",
		.max_processes = PIPELINE_MAX_PROCESSES,
		.inlines = opts->inlines,
		.sandbox = r->sandbox,
		.cache_dir = opts->cache_dir,
		.budget = opts->budget,
		.journal = r->raw ? raw_writer_put : NULL,
		.journal_arg = r->raw,
		.unwind = {.no_rules = opts->collect.no_unwind_rules,
			   .max_spaces = collector_max_spaces(r->collector),
			   .reach_arena = reach_arena,
			   .set_space = set_space,
			   .arg = r->collector},
	};

	p.unwind.arena = collector_arena(r->collector, &p.unwind.arena_bytes);
	return pipeline_new(&p, sink, sink_arg, &r->pipeline, err);
}

/*
 * Reading /proc may take seconds on a machine with thousands of processes; the rings are not left
 * to themselves for so long.
 */
static int take_scanned(void *recorder, const struct wire_header *rec)
{
	struct recorder *r = recorder;
	uint64_t now_ns = clock_mono_ns(r->clock);
	int ret = pipeline_take(r->pipeline, rec);

	if (ret || now_ns - r->drained_ns < RECORDER_POLL_MS * (NSEC_PER_SEC / 1000))
		return ret;
	r->drained_ns = now_ns;
	return collector_poll(r->collector, 0, pipeline_take, r->pipeline);
}

/*
 * Tells the registry of the processes that run already, as if they had been started just before
 * the first sample: a raw file begins with them, and a replay counts nothing as late.
 */
static int scan(struct recorder *r, struct err *err)
{
	struct procfs *procfs;
	int ret;

	ret = procfs_new("/proc", &procfs);
	if (ret)
		return err_set(err, ret, "/proc: %s (is it mounted?)", strerror(-ret));
	r->drained_ns = clock_mono_ns(r->clock);
	ret = procfs_scan(procfs, r->seen.started_ns, take_scanned, r);
	procfs_free(procfs);
	return ret ? err_set(err, ret, "cannot read the running processes: %s", strerror(-ret)) : 0;
}

int recorder_new(const struct recorder_opts *opts, agg_sink_fn sink, void *sink_arg,
		 struct recorder **ret_recorder, struct err *err)
{
	struct collector_opts collect = opts->collect;
	struct recorder *r = calloc(1, sizeof(*r));
	int ret;

	if (!r)
		return err_set(err, ENOMEM, "out of memory");
	r->clock = &clock_system;
	pressure_open(&r->pressure, "/proc");
	r->pressure_every_ns = opts->window_ns / PRESSURE_PART;
	if (!opts->window_ns || r->pressure_every_ns > PRESSURE_EVERY_NS)
		r->pressure_every_ns = PRESSURE_EVERY_NS;
	r->is_wanted_elsewhere = opts->is_wanted_elsewhere;
	r->wanted_arg = opts->wanted_arg;
	r->poll_ms = opts->poll_ms ? (int)opts->poll_ms : RECORDER_POLL_MS;
	if (opts->budget) {
		collect.ring_bytes = opts->budget->ring_bytes;
		collect.event_ring_bytes = opts->budget->event_ring_bytes;
		collect.unwind_bytes = opts->budget->unwind_bytes;
	}
	ret = sandbox_new(&r->sandbox, err);
	if (!ret)
		ret = collector_new(&collect, &r->collector, err);
	if (ret)
		goto fail;
	if (opts->watch_fd > 0)
		ret = collector_watch(r->collector, opts->watch_fd);
	if (ret) {
		err_set(err, ret, "recorder: %s", strerror(-ret));
		goto fail;
	}
	collector_stats(r->collector, &r->seen);
	ret = open_raw(r, opts, err);
	if (!ret)
		ret = open_pipeline(r, opts, sink, sink_arg, err);
	if (!ret)
		ret = scan(r, err);
	if (ret)
		goto fail;
	*ret_recorder = r;
	return 0;
fail:
	recorder_free(r);
	return ret;
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	pipeline_free(r->pipeline); /* lets go of the collector's arena */
	collector_free(r->collector);
	sandbox_free(r->sandbox);
	pressure_close(&r->pressure);
	if (raw_writer_close(r->raw, NULL))
		log_debug("recorder: the raw file is not complete");
	free(r);
}

/* Losses become records like everything else, so that a raw file tells of them too. */
static int pass_losses_on(struct recorder *r, uint64_t now_ns)
{
	struct collector_stats stats;
	int ret = 0;

	collector_stats(r->collector, &stats);
	for (unsigned int i = 0; !ret && i < LOSS_CNT; i++) {
		struct wire_loss loss = {
			.h = {.type = WIRE_LOSS, .size = sizeof(loss), .time_ns = now_ns},
			.reason = i,
		};

		/* counters that could not be read show less than before */
		if (stats.lost[i] < r->seen.lost[i])
			stats.lost[i] = r->seen.lost[i];
		loss.cnt = stats.lost[i] - r->seen.lost[i];
		if (loss.cnt)
			ret = pipeline_take(r->pipeline, &loss.h);
	}
	if (stats.cpus_online && stats.cpus_online != r->seen.cpus_online) /* 0: detached */
		pipeline_set_cpus(r->pipeline, stats.cpus_online);
	r->seen = stats;
	r->stats_at_ns = now_ns;
	return ret;
}

/* Becomes a record, too. Where nothing can be read, there is none. */
static int pass_pressure_on(struct recorder *r)
{
	struct wire_pressure rec = {
		.h = {.type = WIRE_PRESSURE,
		      .size = sizeof(rec),
		      .time_ns = clock_mono_ns(r->clock)},
	};

	r->pressure_at_ns = rec.h.time_ns;
	rec.known = pressure_read(&r->pressure, r->stalled_ns);
	for (unsigned int i = 0; i < PRESSURE_CNT; i++) {
		rec.stalled_ns[i] = rec.known & 1U << i ? r->stalled_ns[i] : 0;
		if (rec.known & ~r->stalled_known & 1U << i)
			r->stalled_first_ns[i] = r->stalled_ns[i];
	}
	r->stalled_known |= rec.known;
	return rec.known ? pipeline_take(r->pipeline, &rec.h) : 0;
}

/* The record is kept by the collector when somebody wants us. */
static int take(void *recorder, const struct wire_header *rec)
{
	struct recorder *r = recorder;

	if (r->is_wanted_elsewhere && r->taken++ % ASK_EVERY == 0 &&
	    r->is_wanted_elsewhere(r->wanted_arg))
		return -EINTR;
	return pipeline_take(r->pipeline, rec);
}

int recorder_poll(struct recorder *r, struct err *err)
{
	/*
	 * What the poll delivers is complete up to its beginning, not up to its end: naming may
	 * have to read a large file, and the samples of that time still wait in the rings.
	 */
	uint64_t complete_ns = clock_mono_ns(r->clock), now_ns;
	int ret = 0;

	if (complete_ns - r->pressure_at_ns >= r->pressure_every_ns)
		ret = pass_pressure_on(r);
	if (ret)
		return err_set(err, ret, "recording stopped: %s", strerror(-ret));
	ret = collector_poll(r->collector,
			     pipeline_is_learning(r->pipeline) ? LEARNING_POLL_MS : r->poll_ms,
			     take, r);
	if (ret == -EINTR)
		return 0;
	now_ns = clock_mono_ns(r->clock);
	if (!ret && now_ns - r->stats_at_ns >= STATS_EVERY_NS) {
		ret = pass_losses_on(r, now_ns);
		if (!ret && r->raw)
			ret = raw_writer_flush(r->raw);
	}
	if (!ret)
		ret = pipeline_advance(r->pipeline, complete_ns - SEAL_DELAY_NS, wall_offset(r));
	return ret ? err_set(err, ret, "recording stopped: %s", strerror(-ret)) : 0;
}

int recorder_finish(struct recorder *r, struct err *err)
{
	int ret, closed;

	ret = collector_stop(r->collector, pipeline_take, r->pipeline);
	if (!ret)
		ret = pass_pressure_on(r);
	if (!ret)
		ret = pass_losses_on(r, clock_mono_ns(r->clock));
	if (!ret)
		ret = pipeline_finish(r->pipeline, clock_mono_ns(r->clock));
	if (ret)
		err_set(err, ret, "recording stopped: %s", strerror(-ret));
	closed = raw_writer_close(r->raw, ret ? NULL : err);
	r->raw = NULL;
	return ret ? ret : closed;
}

int recorder_add_pid(struct recorder *r, uint32_t pid)
{
	return collector_add_pid(r->collector, pid);
}

int recorder_set_hz(struct recorder *r, uint32_t hz, struct err *err)
{
	return collector_set_hz(r->collector, hz, err);
}

void recorder_shrink(struct recorder *r)
{
	pipeline_shrink(r->pipeline);
}

void recorder_stats(const struct recorder *r, struct recorder_stats *ret_stats)
{
	ret_stats->collector = r->seen;
	pipeline_stats(r->pipeline, &ret_stats->pipeline);
	sandbox_stats(r->sandbox, &ret_stats->sandbox);
	for (unsigned int i = 0; i < PRESSURE_CNT; i++)
		ret_stats->stalled_ns[i] = r->stalled_ns[i] - r->stalled_first_ns[i];
}
