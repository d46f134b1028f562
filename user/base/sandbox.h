/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h - runs a parser on hostile bytes in a process of its own.
 *
 * A small process is forked early (sandbox_new()) and waits. For each session it forks a child,
 * which drops all rights, gets resource limits and a seccomp filter, works on the descriptors that
 * it was handed, and answers. Whatever a file makes of the parser, crash, endless loop, gigabytes
 * of memory, ends that child and costs the file its answer, nothing else.
 *
 *	static const struct sandbox_job jobs[] = {[JOB_SYMBOLS] = {"symbols", symbols_job}, …};
 *	r = sandbox_new(jobs, ARRAY_SIZE(jobs), &sb, err);
 *	r = sandbox_run(sb, JOB_SYMBOLS, fds, 2, request, &limits, &reply);
 *
 * A job may trust the request (it comes from our own process), not the descriptors' contents. The
 * answer is as hostile as the file: whoever reads it checks it. Single thread.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

#define SANDBOX_MAX_FDS 4

struct sandbox;
struct sandbox_session;

/*
 * What runs in the child, once for each question of a session. `fds` are the child's own, the same
 * at each call; *state is NULL at the first one and kept between them. Appends the answer to
 * `reply`, which is bounded. 0 or -errno; it need not free anything: the child ends.
 */
typedef int (*sandbox_fn)(const int *fds, size_t fd_cnt, struct str request, struct buf *reply,
			  void **state);

struct sandbox_job {
	const char *name; /* static; for messages */
	sandbox_fn fn;
};

struct sandbox_limits {
	size_t memory_bytes; /* address space beyond what the child starts with */
	uint32_t cpu_ms;     /* of the whole session, rounded up to seconds by the kernel */
	uint32_t wall_ms;    /* of one question */
	size_t reply_bytes;
	size_t file_bytes; /* RLIMIT_FSIZE: how much it may write to a descriptor */
};

/*
 * Forks the waiting process. To be called early, while this process is small and has one thread.
 * `jobs` is borrowed, static. 0 or -errno with a line in err.
 */
int must_check sandbox_new(const struct sandbox_job *jobs, size_t cnt, struct sandbox **ret,
			   struct err *err);
void sandbox_free(struct sandbox *sb); /* ends the process and all its children; NULL is fine */

/*
 * One question, one child. 0 and the answer appended to `reply`; what the job returned; -ETIMEDOUT
 * when it took too long; -EFAULT when it crashed or broke a rule; -EFBIG when the answer is too
 * long; -EAGAIN when no child could be made.
 */
int must_check sandbox_run(struct sandbox *sb, unsigned int job, const int *fds, size_t fd_cnt,
			   struct str request, const struct sandbox_limits *limits,
			   struct buf *reply);

/* Many questions to one child, for parsers that are slow to start. Errors as sandbox_run(). */
int must_check sandbox_open(struct sandbox *sb, unsigned int job, const int *fds, size_t fd_cnt,
			    const struct sandbox_limits *limits, struct sandbox_session **ret);
/* After anything but 0 or an error of the job itself the session is dead: only close it. */
int must_check sandbox_ask(struct sandbox_session *s, struct str request, struct buf *reply);
void sandbox_close(struct sandbox_session *s); /* NULL is fine */

struct sandbox_stats {
	uint64_t runs, crashes, timeouts;
	uint64_t cpu_ns;  /* of all children that have ended, user and system */
	bool has_seccomp; /* false: the kernel or a policy refused the filter */
};

void sandbox_stats(const struct sandbox *sb, struct sandbox_stats *ret);

#endif
