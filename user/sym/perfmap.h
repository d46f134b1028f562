/* SPDX-License-Identifier: Apache-2.0 */
/*
 * perfmap.h - names of code that a JIT has written: /tmp/perf-PID.map, as seen by the process
 * itself.
 *
 * A line is "START SIZE NAME", hexadecimal, no 0x needed
 * (tools/perf/Documentation/jit-interface.txt in the kernel); the name runs to the end of the line.
 * Code is moved and overwritten, so of two lines about an address the later one is right.
 *
 * The file is written by a tenant in a directory where everybody may write: it is opened below the
 * process's root without following links out of it, must be a regular file that the process's user
 * or root owns, and is read up to a ceiling (the end of it, where the newest code is). It is read
 * again when it has changed and an address is unknown, at a limited rate. It is read and parsed in a
 * sandbox; one that breaks the parser, or takes too long, is left alone until it changes. What is
 * known of a process is kept after its end until others need the room. Not thread-safe.
 */
#ifndef SYM_PERFMAP_H
#define SYM_PERFMAP_H

#include "base/clock.h"
#include "base/compiler.h"

struct perfmaps;
struct sandbox;

struct perfmap_opts {
	const char *proc_path;	   /* "/proc" */
	const struct clock *clock; /* borrowed */
	uint32_t max_processes;	   /* also those that turned out to have no map */
	size_t max_bytes; /* memory of all maps together; no single one gets more than half */
	struct sandbox *sandbox; /* borrowed; has JOB_PERFMAP. NULL: parse in this process */
};

extern const struct perfmap_opts perfmap_opts_default; /* 256 processes, 16 MiB */

/* Copies opts and proc_path. 0 or -ENOMEM. */
int must_check perfmaps_new(const struct perfmap_opts *opts, struct perfmaps **ret);
void perfmaps_free(struct perfmaps *maps); /* NULL is fine */

/*
 * The name at an address of a process: borrowed, valid until the next call. `inner_pid` is its
 * number in its own pid namespace, 0 if unknown (it is then asked of /proc/PID/status). False when
 * no line says it.
 */
bool perfmap_find(struct perfmaps *maps, uint32_t pid, uint32_t inner_pid, uint64_t address,
		  struct str *ret_name);

/* Memory is short: forgets the half of the processes that were asked about longest ago. */
void perfmaps_shrink(struct perfmaps *maps);

struct perfmap_stats {
	uint64_t processes, bytes; /* now */
	uint64_t reads;
	uint64_t refused;	 /* not the process's, not regular, not readable, remote */
	uint64_t failed;	 /* files that the parser did not survive, or not in time */
	uint64_t rejected_lines; /* that make no sense */
	uint64_t cut_files;	 /* larger than is read: only their end is known */
};

void perfmaps_stats(const struct perfmaps *maps, struct perfmap_stats *ret_stats);

#endif
