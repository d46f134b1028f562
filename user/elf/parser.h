/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parser.h - runs one of the jobs of jobs.h in a sandbox, or, without one, in this process: for
 * files that are not a stranger's, and for tests of what the jobs do. Calls and errors are those of
 * base/sandbox.h; a NULL sandbox means this process, where no limit holds but that of the answer.
 */
#ifndef ELF_PARSER_H
#define ELF_PARSER_H

#include "base/sandbox.h"
#include "elf/jobs.h"

struct parser_session;

int must_check parser_run(struct sandbox *sb, enum job job, const int *fds, size_t fd_cnt,
			  struct str request, const struct sandbox_limits *limits,
			  struct buf *reply);

int must_check parser_open(struct sandbox *sb, enum job job, const int *fds, size_t fd_cnt,
			   const struct sandbox_limits *limits, struct parser_session **ret);
int must_check parser_ask(struct parser_session *s, struct str request, struct buf *reply);
void parser_close(struct parser_session *s); /* NULL is fine */

#endif
