/* SPDX-License-Identifier: Apache-2.0 */
/*
 * perfscript.h - the text that `perf script` prints, whichever fields it was asked for.
 *
 * A sample is a line that says who and when, then its frames, leaf first, then a blank line; or,
 * recorded without call chains, one line with one frame. Read are -F comm, pid, tid, cpu, misc,
 * time (also --ns), period, event, ip, sym, symoff, dso, srcline, with and without --header; what
 * other fields print is passed over. The process is the thread's name (comm), which is all that
 * perf knows; pid, tid and comm become labels. Frames are named like everywhere: without offset,
 * "[libfoo.so]" where perf has no symbol. Frames that were inlined become frames of their own, also
 * those that a JIT's map writes as `outer->inner`.
 *
 * Of several events one is read: that of `event`, else cycles, else cpu-clock, else task-clock,
 * else the first. Weights are CPU nanoseconds for cpu-clock and task-clock, whose period is a time;
 * a period of anything else is a weight that is no time, and without a period each sample is one.
 * The length is the time from the first sample to the last one; nobody knows when that was: perf's
 * clock starts with the machine.
 *
 * Lost samples that perf reports (PERF_RECORD_LOST, of --show-lost-events) are counted as such.
 *
 * Single-threaded; nothing is kept between calls.
 */
#ifndef FORMAT_PERFSCRIPT_H
#define FORMAT_PERFSCRIPT_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "format/rejects.h"
#include "model/profile.h"

struct builder_limits;

struct perfscript_opts {
	struct str event;	       /* with or without its modifier (cycles, cycles:u) */
	struct str process;	       /* instead of the thread's name, unless empty */
	const struct str (*labels)[2]; /* more labels for every series; borrowed */
	size_t label_cnt;
	double max_rejected;		     /* as rejects_judge() has it */
	const struct builder_limits *limits; /* NULL: builder_limits_file */
	bool moments; /* keep when each sample was taken, on perf's clock (struct moment) */
};

#define PERFSCRIPT_EVENTS     16 /* that are told apart; more count as the last one */
#define PERFSCRIPT_EVENT_NAME 64

struct perfscript_report {
	uint64_t lines;
	uint64_t samples; /* of the event that was read */
	uint64_t lost;
	struct rejects rejects;
	struct {
		char name[PERFSCRIPT_EVENT_NAME]; /* cut, if longer; "" when not printed */
		uint64_t samples;
		bool has_period;
	} events[PERFSCRIPT_EVENTS];
	uint32_t event_cnt;
	uint32_t event;	 /* which one was read */
	bool was_chosen; /* nobody asked for it by name */
	bool no_time;	 /* its weights are neither time nor a count */
};

/*
 * The whole text as one owned profile. `opts` and `report` may be NULL. -EINVAL with the line in
 * err: binary, nothing that is a sample, too many lines rejected; an event that is not there (err
 * lists those that are).
 */
int must_check perfscript_read(struct str text, const struct perfscript_opts *opts,
			       struct profile **ret, struct perfscript_report *report,
			       struct err *err);

/* What should be told beside the result, one line; adds nothing when all is well. */
void perfscript_report_add(struct buf *b, const struct perfscript_report *report);

#endif
