/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rulejob.h - what a child does to make unwind rules from a stranger's file (JOB_RULES).
 *
 * Descriptors: the file, and its debug file if there is one. The answer is that of rules_build()
 * (elf/rules.h).
 */
#ifndef ELF_RULEJOB_H
#define ELF_RULEJOB_H

#include "base/buf.h"
#include "base/compiler.h"

/* The bytes of a request, as they are in memory. */
struct rulejob_request {
	uint32_t first_chunk; /* of UNWIND_CHUNK bytes of the file */
	uint32_t cnt;
};

/* A sandbox_fn (base/sandbox.h). 0; -EINVAL for a request that makes no sense; -ENOEXEC when the
 * file is no ELF file; what rules_new() and rules_build() say. What is opened stays so between the
 * questions of a session. */
int rulejob_run(const int *fds, size_t fd_cnt, struct str request, struct buf *reply, void **state);

/* Frees the state; for whoever is not a child that ends. */
void rulejob_end(void *state);

#endif
