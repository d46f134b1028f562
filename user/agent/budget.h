/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget.h - one number for all memory (--memory-budget), divided among the parts that use it.
 *
 * Each part has a ceiling of its own at init and keeps to it by evicting or by counting what it
 * gives up; what is decided here is how high. Every part gets its least; the rest is handed out by
 * weight, no part getting more than it could use. A pure function: the same machine and the same
 * number give the same ceilings.
 */
#ifndef AGENT_BUDGET_H
#define AGENT_BUDGET_H

#include "base/compiler.h"
#include "base/err.h"
#include "model/builder.h"

#define BUDGET_DEFAULT_BYTES ((uint64_t)96 << 20)

enum budget_part {
	BUDGET_PROGRAM,	  /* code, libraries, the store's pages */
	BUDGET_KERNEL,	  /* names of the kernel's functions */
	BUDGET_RINGS,	  /* rings of samples and of task events, and putting them in order */
	BUDGET_UNWIND,	  /* unwind rules that BPF reads */
	BUDGET_SYMBOLS,	  /* symbol tables of files */
	BUDGET_NAMES,	  /* names that were looked up */
	BUDGET_JIT,	  /* perf-PID.map files */
	BUDGET_PROCESSES, /* what is known of processes */
	BUDGET_MAPPINGS,  /* and of their memory */
	BUDGET_WINDOWS,	  /* the window that is open, and those that wait for the store */
	BUDGET_CNT
};

struct budget_opts {
	uint64_t memory_bytes; /* of everything */
	uint32_t cpus;	       /* to be sampled; at least 1 */
	uint32_t hz;
	bool one_window; /* of any length, handed over at the end: it gets more, and none waits */
};

struct budget {
	uint64_t part_bytes[BUDGET_CNT]; /* add up to memory_bytes at most */

	/* the same as the parts want to hear it */
	size_t ring_bytes;	 /* rings of samples, all together; a power of two */
	size_t event_ring_bytes; /* ring of task events of each CPU; a power of two */
	size_t unwind_bytes, symbol_bytes, jit_bytes, waiting_bytes;
	uint32_t max_names, max_processes, max_mappings;
	struct builder_limits window;
};

/*
 * 0; -EINVAL with a line in err that says how much is the least when memory_bytes is less than all
 * parts need.
 */
int must_check budget_divide(const struct budget_opts *opts, struct budget *ret, struct err *err);

/* The same for the CPUs that are online now; opts->cpus is not looked at. */
int must_check budget_divide_here(const struct budget_opts *opts, struct budget *ret,
				  struct err *err);

/* Short stable name of a part, for metrics and tables ("symbols"). */
const char *budget_part_name(enum budget_part part);

#endif
