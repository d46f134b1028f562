/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selfstats.h - what the agent tells of itself, as Prometheus text (exposition format 0.0.4).
 *
 * Whole lines in a buffer: the agent writes them to DIR/agent.prom, whence node_exporter's textfile
 * collector may take them, and whoever has an HTTP endpoint may answer with them. Names start with
 * culprit_, counters end in _total and begin at 0 with the agent; a family is always there with all
 * its rows, also at 0. Pure: the numbers come from the caller.
 */
#ifndef AGENT_SELFSTATS_H
#define AGENT_SELFSTATS_H

#include <culprit/loss.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

#define SELFSTATS_FILE "agent.prom"

/* A family of which this module knows nothing more: how stacks ended, runs of the sandbox, … */
struct selfstats_row {
	const char *label; /* value of the label; NULL: the family has none, and one row */
	double value;
};

struct selfstats_table {
	const char *name; /* "culprit_unwind_total": a counter, if it ends in _total */
	const char *help;
	const char *key; /* name of the label ("result"); NULL: none */
	const struct selfstats_row *rows;
	size_t cnt;
};

struct selfstats {
	bool sampling; /* attached; false: DIR/disable is there */
	uint64_t samples, idle_ticks, lost[LOSS_CNT];
	uint64_t cpu_ns, bpf_ns; /* of the agent with its children; of the BPF programs */
	double cpu_share;	 /* CPU seconds a second, lately */
	double cpu_budget;	 /* the same as a limit; 0: none */
	uint64_t resident_bytes, kernel_bytes; /* RSS; BPF maps and event rings */
	uint64_t memory_budget;		       /* 0: none */
	uint64_t shrinks;		       /* times that caches were emptied to get below it */
	uint32_t rate_hz;
	uint64_t rate_changes;
	uint32_t cpus;
	size_t processes;
	uint64_t windows_stored, windows_given_up, windows_waiting;
	uint64_t clock_forth, clock_back; /* times that the wall clock was set */
	unsigned int features_off;	  /* enum guard_feature */
	const struct selfstats_table *tables;
	size_t table_cnt;
};

/* Appends all of it. */
void selfstats_format(const struct selfstats *s, struct buf *b);

/*
 * What `culprit doctor` shows of a file written by another process. 0; -ENOENT, -EINVAL (no such
 * file), -errno, with a line in err. What is missing in it is 0.
 */
struct selfstats_brief {
	double age_s; /* since it was written */
	double cpu_share, cpu_budget, resident_bytes, kernel_bytes, memory_budget;
	double rate_hz, sampling, processes, windows_stored, samples, lost;
	double parsed, unparsed; /* files given to a parser, and those that got no answer */
	double parsers_up, parsers_deaths; /* of the process that makes the parsers' processes */
};

int must_check selfstats_read(const char *path, int64_t now_ns, struct selfstats_brief *ret,
			      struct err *err);

#endif
