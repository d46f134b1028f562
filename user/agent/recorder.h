/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder.h - live recording: the collector drives the pipeline, a raw file may listen.
 *
 *	r = recorder_new(&opts, sink, arg, &rec, err);
 *	while (!stop && !(r = recorder_poll(rec, err)))
 *		;
 *	r = recorder_finish(rec, err);
 *	recorder_free(rec);
 *
 * One thread; recorder_poll() sleeps poll_ms at most, less when a signal, a process
 * that is new or something in watch_fd comes.
 */
#ifndef AGENT_RECORDER_H
#define AGENT_RECORDER_H

#include "agent/pipeline.h"
#include "base/err.h"
#include "base/sandbox.h"
#include "collect/collector.h"

#define RECORDER_POLL_MS 100

struct recorder;

struct recorder_opts {
	struct collector_opts collect;
	uint32_t poll_ms;   /* how long recorder_poll() sleeps at most; 0: RECORDER_POLL_MS */
	int watch_fd;	    /* ends the sleep when it becomes readable; 0 or -1: none */
	uint64_t window_ns; /* 0: one window for all */
	bool inlines;	    /* inlined functions are frames of their own */
	bool moments;	    /* windows know when each sample was taken (struct moment) */
	const struct budget
		*budget; /* see budget.h; also sets the rings of `collect`. NULL: none */
	/*
	 * Asked now and then while records are taken: true ends a recorder_poll() early, which
	 * naming from large files may make long. NULL: nobody asks.
	 */
	bool (*is_wanted_elsewhere)(void *arg);
	void *wanted_arg;
	const char *cache_dir; /* where symbol files outlive the recorder; NULL: nowhere */
	const char *raw_path;  /* also write the records there; NULL: no */
};

/*
 * Loads, attaches, reads /proc; from here on the machine is watched. 0 or -errno with a line in
 * err.
 */
int must_check recorder_new(const struct recorder_opts *opts, agg_sink_fn sink, void *sink_arg,
			    struct recorder **ret_recorder, struct err *err);

/*
 * Waits a moment, then moves what has come through the pipeline. Windows reach the sink from here.
 */
int must_check recorder_poll(struct recorder *r, struct err *err);

/* Detaches, seals the last window, closes the raw file. */
int must_check recorder_finish(struct recorder *r, struct err *err);

void recorder_free(struct recorder *r); /* NULL is fine */

/* Extends the process filter: a command that was started after attaching. */
int must_check recorder_add_pid(struct recorder *r, uint32_t pid);

/* See collector_set_hz(). */
int must_check recorder_set_hz(struct recorder *r, uint32_t hz, struct err *err);

/* Empties caches, to give memory back; what was in them is looked up again. */
void recorder_shrink(struct recorder *r);

struct recorder_stats {
	struct collector_stats collector; /* of the last second, when it began */
	struct pipeline_stats pipeline;
	struct sandbox_stats sandbox;
	uint64_t
		stalled_ns[PRESSURE_CNT]; /* since this recorder started; 0 where it is not known */
};

void recorder_stats(const struct recorder *r, struct recorder_stats *ret_stats);

#endif
