/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline.h - the road from a wire record to a sealed window.
 *
 *	record ─► proc (whose is it?) ─► unwind (its whole stack) ─► sym (names) ─► agg (add up) ─► sink
 *
 * It does not know where the records come from: recorder.h feeds it from the kernel, raw_read()
 * from a file. With stacks.h, its part, the only file of the library that names these stages
 * together. Not thread-safe.
 */
#ifndef AGENT_PIPELINE_H
#define AGENT_PIPELINE_H

#include "agg/agg.h"
#include "base/err.h"
#include "model/record.h"
#include "unwind/unwinder.h"

struct budget;
struct pipeline;
struct sandbox;

struct pipeline_opts {
	struct agg_opts agg;
	const char *
		proc_root; /* "/proc"; NULL: the records are old, never look at running processes */
	const char *kallsyms;	/* "/proc/kallsyms"; NULL: kernel frames stay "[kernel]" */
	uint32_t max_processes; /* that are known at a time, without a budget */

	/* Where the sampler looks for unwind rules; all zero: walks are ended here alone. */
	struct unwind_target unwind;
	bool no_kernel_frames;
	bool inlines;		     /* inlined functions are frames of their own */
	struct sandbox *sandbox;     /* borrowed; runs agent_jobs. NULL: parse in this process */
	const char *cache_dir;	     /* symbol files are kept there, copied; NULL: nowhere */
	const struct budget *budget; /* ceilings of the tables; NULL: the defaults */

	/*
	 * Shown every record, those that the registry reads from /proc included, in an order in
	 * which they can be replayed. For the raw file; may be NULL. A failure ends
	 * pipeline_take().
	 */
	record_fn journal;
	void *journal_arg;
};

#define PIPELINE_MAX_PROCESSES 20000
#define PIPELINE_REPLAY_UNWIND ((size_t)32 << 20) /* bytes of rules, where there is no sampler */

/* The sink gets each window and takes it; see agg_sink_fn. */
int must_check pipeline_new(const struct pipeline_opts *opts, agg_sink_fn sink, void *sink_arg,
			    struct pipeline **ret_pipeline, struct err *err);
void pipeline_free(struct pipeline *p); /* an unfinished window is thrown away; NULL is fine */

/* A record_fn; `pipeline` is a struct pipeline *. The record must have passed wire_check(). */
int must_check pipeline_take(void *pipeline, const struct wire_header *rec);

/* All records older than mono_ns have been given. See agg_advance(). */
int must_check pipeline_advance(struct pipeline *p, uint64_t mono_ns, int64_t wall_offset_ns);

/*
 * Since the last call there were samples whose walk BPF could not end: it is worth coming soon
 * again, so that the next ones find their rules.
 */
bool pipeline_is_learning(struct pipeline *p);

/* The end: seals what is open. */
int must_check pipeline_finish(struct pipeline *p, uint64_t mono_ns);

void pipeline_set_cpus(struct pipeline *p, uint32_t cpus);

/* Empties caches, to give memory back; what was in them is looked up again, JITs' maps by halves. */
void pipeline_shrink(struct pipeline *p);

struct pipeline_stats {
	size_t processes;
	uint64_t samples;
	struct unwinder_stats unwind;
};

void pipeline_stats(const struct pipeline *p, struct pipeline_stats *ret_stats);

#endif
