/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * loss.h - every reason for which something measured is given up, in one list.
 *
 * BPF counts by these numbers for each CPU, user space in a plain array; both end up in the
 * window, the store, the report. Append-only with explicit numbers: the store persists them. The
 * names and the classes (is a whole sample gone, or is it only less complete?) are in model/loss.c.
 */
#ifndef CULPRIT_LOSS_H
#define CULPRIT_LOSS_H

enum loss {
	LOSS_NONE = 0,

	/* a whole sample is gone */
	LOSS_RING_FULL = 1,    /* BPF: the ring buffer had no room */
	LOSS_SCRATCH_BUSY = 2, /* BPF: nested on this CPU, its record is being made */
	LOSS_BAD_RECORD = 3,   /* user: a record's lengths do not fit its size */
	LOSS_STACKS_FULL = 4,  /* user: the window's table of stacks is full */
	LOSS_SERIES_FULL = 5,  /* user: the window's table of series is full */
	LOSS_STORE_WRITE =
		6, /* user: the store refused the window (disk full, …); counted in samples */
	LOSS_IMPORT = 7, /* what an imported file's header says was lost */
	LOSS_LATE = 8,	 /* user: older than the last sealed window */

	/* the sample stays, but it knows less */
	LOSS_USER_TRUNCATED = 16, /* user stack cut at the root end */
	LOSS_USER_BROKEN = 17,	  /* user stack ends at a frame whose rule led nowhere */
	LOSS_KERNEL_FAILED = 18,  /* no kernel stack */
	LOSS_NO_PROCESS = 19,	  /* nothing known of the process but its comm */
	LOSS_NO_MAPPING = 20,	  /* a frame's address is in no known mapping; counted in frames */
	LOSS_NO_SYMBOL = 21,	  /* a frame's file has no name for it; counted in frames */
	LOSS_NO_FILE =
		22, /* a mapped file could not be opened or is hostile; counted in mappings */
	LOSS_BROKEN_NO_RULE = 23, /* user stack ends in a file's code that has no rules */
	LOSS_BROKEN_JIT = 24,	  /* user stack ends in code without a file */
	LOSS_BROKEN_UNKNOWN = 25, /* user stack ends at an address in no known mapping */
	LOSS_UNFINISHED = 26,	  /* user stack ends where neither rules nor a copy were at hand */
	LOSS_BY_FP = 27, /* user stack has frames that were found by frame pointer, not by a rule */
	LOSS_IN_EXEC = 28, /* no user stack: in the middle of an execve */

	/* knowledge is gone */
	LOSS_EVENTS = 32,	  /* task and mapping events that the kernel dropped */
	LOSS_PROCESSES_FULL = 33, /* the registry is full, oldest process forgotten */
	LOSS_MAPPINGS_FULL = 34,  /* a process has more mappings than are kept */
	LOSS_BLOCK_DAMAGED = 35,  /* a block of the store could not be read */
	LOSS_LINES_REJECTED = 36, /* input lines that are not folded stacks */

	LOSS_CNT = 40 /* room for the table; not a reason */
};

#endif
