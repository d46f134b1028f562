/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rulechild.h - the children that make unwind rules: one for each of the few files that were asked
 * for last, so that the next question to such a file needs no new child, and finds it opened.
 *
 * A child is let go of when it has not been asked for RULECHILD_IDLE_NS, when another file needs its
 * place, and after so many questions that its limit of CPU time is still that of one file. Private
 * to names.c. Single thread.
 */
#ifndef ELF_RULECHILD_H
#define ELF_RULECHILD_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/compiler.h"

#define RULECHILD_MAX	    4 /* of SANDBOX_MAX_SESSIONS */
#define RULECHILD_QUESTIONS 64
#define RULECHILD_IDLE_NS   (20 * NSEC_PER_SEC)

struct parser_session;
struct sandbox;

struct rulechild {
	struct parser_session *session; /* NULL: this place is free */
	struct sandbox *sandbox;
	const void *owner;
	int debug_fd;
	uint32_t asked; /* questions */
	uint64_t used_ns;
};

struct rulechildren {
	struct rulechild children[RULECHILD_MAX];
	uint64_t runs; /* children, ever */
};

struct rulechild_file {
	const void *owner;	 /* by which it is known, until rulechild_forget() */
	struct sandbox *sandbox; /* NULL: this process, for a file that is no stranger's */
	int fd, debug_fd;	 /* borrowed; -1: there is no debug file */
};

/* As image_rules(), without a limit of time. */
int must_check rulechild_ask(struct rulechildren *all, const struct rulechild_file *file,
			     uint64_t now_ns, uint32_t first_chunk, uint32_t cnt,
			     struct buf *reply);

void rulechild_forget(struct rulechildren *all, const void *owner); /* the file is gone */
void rulechild_tick(struct rulechildren *all, uint64_t now_ns);
void rulechild_close_all(struct rulechildren *all);

#endif
