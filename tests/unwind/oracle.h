/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle.h - a second opinion about a user stack: libdw's unwinder, over the registers and the copy
 * of the stack that a sample carries, with the process's files opened from disk.
 *
 * libdw follows the CFI of a file where there is any. Where there is none it guesses by frame
 * pointer; such frames, and all above them, are marked, for they prove nothing.
 */
#ifndef TESTS_UNWIND_ORACLE_H
#define TESTS_UNWIND_ORACLE_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/unwind/procs.h"

#define ORACLE_MAX_FRAMES 512

struct oracle_sample {
	__u64 pc;
	const __u64 *regs;  /* WIRE_REGS, in DWARF's numbering */
	const __u64 *words; /* the copied memory, from addr on */
	__u64 addr;
	__u32 len; /* bytes */
};

struct oracle_stack {
	__u64 pcs[ORACLE_MAX_FRAMES]; /* leaf first; return addresses, as they lie in the stack */
	size_t cnt;
	size_t sure_cnt;	      /* how many were found by CFI alone */
	bool whole;		      /* the last one is the outermost frame */
	bool leaf[ORACLE_MAX_FRAMES]; /* pcs[i] is where it was interrupted, no return address */
	bool out_of_memory;	      /* it ended where the copy ends */
};

struct oracle;

/* Opens the files of the process. NULL when libdw fails. The process is not kept. */
struct oracle *oracle_new(const struct proc *proc);
void oracle_free(void *oracle);

void oracle_unwind(struct oracle *o, const struct oracle_sample *sample, struct oracle_stack *ret);

/*
 * Whether the walk of a stack is over at this frame: its CFI says that it has no caller, or it is
 * code at which a process or a thread starts. `leaf`: pc is not a return address.
 */
bool oracle_is_outermost(struct oracle *o, __u64 pc, bool leaf);

/* Whether there is CFI for this frame. */
bool oracle_has_rules(struct oracle *o, __u64 pc, bool leaf);

/* "function+0x12 (file)", NUL-terminated; what is not known is left out. */
void oracle_describe(struct oracle *o, __u64 pc, bool leaf, char *text, size_t size);

#endif
