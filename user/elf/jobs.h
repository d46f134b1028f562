/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs.h - the numbers of the parsers that run in a sandbox (base/sandbox.h).
 *
 * Whoever asks a sandbox for one and the table that says what runs (agent/jobs.c) agree by these;
 * they stand here because no folder of lower rank parses what a stranger has written.
 */
#ifndef ELF_JOBS_H
#define ELF_JOBS_H

enum job {
	JOB_SYMBOLS = 0, /* names of the functions of an ELF file */
	JOB_RULES = 1,	 /* unwind rules of an ELF file */
	JOB_LINES = 2,	 /* source lines and inlined functions of an ELF file */
	JOB_PERFMAP = 3, /* names of the functions that a JIT has written */
};

#endif
