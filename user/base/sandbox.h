/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h - runs a parser on hostile bytes in a process of its own.
 *
 * This program is executed once more, as a small process (the zygote) that waits. For each session
 * it forks a child, which drops all rights, gets resource limits and a seccomp filter, works on the
 * descriptors that it was handed, and answers. Whatever a file makes of the parser, crash, endless
 * loop, gigabytes of memory, ends that child and costs the file its answer, nothing else.
 *
 *	static const struct sandbox_job jobs[] = {[JOB_SYMBOLS] = {"symbols", symbols_job}, …};
 *	int main(int argc, char **argv)
 *		sandbox_serve(argc, argv, jobs, ARRAY_SIZE(jobs));
 *		…
 *	r = sandbox_new(&sb, err);
 *	r = sandbox_run(sb, JOB_SYMBOLS, fds, 2, request, &limits, &reply);
 *
 * What a job may do: read, write, seek, stat and (private, not executable) map its descriptors, take
 * memory, tell the time, answer. It cannot open, connect, fork, execute, signal or wait for anything:
 * such a call kills it. It runs as nobody (uid and gid 65534) when this process has CAP_SETUID,
 * CAP_SETGID and CAP_KILL, else as the same user without any capability. Its standard descriptors
 * are /dev/null. Nothing of this process is in its memory to be read by a parser that was taken over:
 * neither arguments nor environment, but for what the dynamic loader and sanitizers want.
 *
 * A zygote that dies (killed by a person, or for want of memory) or answers nothing any more is
 * replaced by another one: first after a tenth of a second; after twice as long as the last time when
 * it has not lived for a minute, up to once a minute. Until then there are no children, -EAGAIN; so
 * whoever asks must come again later. Sessions do not survive it.
 *
 * A job may trust the request (it comes from our own process), not the descriptors' contents. The
 * answer is as hostile as the file: whoever reads it checks it.
 *
 * Single thread, and that of sandbox_new(): when it ends, so do the processes. They end with this
 * process however that ends, they ignore the signals by which a person or a service manager ends
 * it, and they are not children that anybody could wait for, but the zygote: it makes one SIGCHLD
 * when it ends, and must not be waited for by others. A child that reads a file of a dead network
 * server cannot be killed while it does; it is given up, and its place among SANDBOX_MAX_SESSIONS is
 * missing until then.
 *
 * Sanitized builds (ASan, TSan) have no seccomp filter and no limit of memory and descriptors,
 * because the sanitizers' own run-time needs more than those allow.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

#define SANDBOX_MAX_FDS	     4
#define SANDBOX_MAX_JOBS     16
#define SANDBOX_MAX_SESSIONS 16		/* open at one time */
#define SANDBOX_MAX_REQUEST  (1u << 20) /* bytes */

struct sandbox;
struct sandbox_session;

/*
 * What runs in the child, once for each question of a session. `fds` are the child's own, the same
 * at each call; *state is NULL at the first one and kept between them. Appends the answer to
 * `reply`, which is bounded (buf_error() is looked at by the caller). 0 or -errno; it need not free
 * anything: the child ends. What it returns besides goes to whoever asked, as if it were his own.
 */
typedef int (*sandbox_fn)(const int *fds, size_t fd_cnt, struct str request, struct buf *reply,
			  void **state);

struct sandbox_job {
	const char *name; /* static; for messages */
	sandbox_fn fn;	  /* NULL: there is no such job */
};

struct sandbox_limits {
	/*
	 * Private writable memory beyond what the child starts with (RLIMIT_DATA). Address space is
	 * limited to this and twice the size of the files, so that they may be mapped.
	 */
	size_t memory_bytes;
	uint32_t cpu_ms;  /* of the whole session, rounded up to seconds by the kernel */
	uint32_t wall_ms; /* of one question; includes making the child for the first one */
	size_t reply_bytes;
	size_t file_bytes; /* RLIMIT_FSIZE: how long a descriptor's file may become by writing */
	uint8_t nice;	   /* added to the priority of this process */
};

/*
 * To be called by main() before anything else: where the program was executed to be a zygote, this
 * does not return. Else it notes the jobs, of which there are SANDBOX_MAX_JOBS at most; borrowed,
 * static.
 */
void sandbox_serve(int argc, char **argv, const struct sandbox_job *jobs, size_t cnt);

/* Starts a zygote and waits until it is ready. 0 or -errno with a line in err. */
int must_check sandbox_new(struct sandbox **ret, struct err *err);
/* Ends the process and all its children; sessions must have been closed. NULL is fine. */
void sandbox_free(struct sandbox *sb);

/*
 * One question, one child. `fds` stay the caller's. 0 and the answer appended to `reply`, which is
 * unchanged otherwise; what the job returned; -ETIMEDOUT when it took too long; -EFAULT when it
 * crashed or broke a rule; -EFBIG when the answer is longer than reply_bytes or `reply` may be;
 * -EAGAIN when no child could be made now; -EINVAL for a job that is not there, too many
 * descriptors, a request that is too long.
 */
int must_check sandbox_run(struct sandbox *sb, unsigned int job, const int *fds, size_t fd_cnt,
			   struct str request, const struct sandbox_limits *limits,
			   struct buf *reply);

/* Many questions to one child, for parsers that are slow to start. Errors as sandbox_run(). */
int must_check sandbox_open(struct sandbox *sb, unsigned int job, const int *fds, size_t fd_cnt,
			    const struct sandbox_limits *limits, struct sandbox_session **ret);
/*
 * Errors as sandbox_run(). After a crash, a time-out or an answer that was not taken the session is
 * dead and says the same again: only close it. An error of the job leaves it alive.
 */
int must_check sandbox_ask(struct sandbox_session *s, struct str request, struct buf *reply);
void sandbox_close(struct sandbox_session *s); /* does not wait; NULL is fine */

enum sandbox_death {
	SANDBOX_DEATH_KILLED,	   /* by SIGKILL: a person, or the kernel short of memory */
	SANDBOX_DEATH_CRASHED,	   /* by another signal */
	SANDBOX_DEATH_EXITED,	   /* by itself */
	SANDBOX_DEATH_STUCK,	   /* it did not answer, and was ended by us */
	SANDBOX_DEATH_NOT_STARTED, /* could not be executed, or gave up before it was ready */
	SANDBOX_DEATH_CNT,
};

const char *sandbox_death_name(enum sandbox_death death); /* "killed", …; static */

struct sandbox_stats {
	uint64_t runs;	   /* sessions that were asked for */
	uint64_t crashes;  /* children that crashed or broke a rule */
	uint64_t timeouts; /* children that took too long, by the clock or in CPU time */
	uint64_t refused;  /* sessions for which there was no child: -EAGAIN */
	uint64_t deaths[SANDBOX_DEATH_CNT]; /* of zygotes */
	uint64_t cpu_ns;		    /* of zygotes and of children that have ended */
	uint64_t live_cpu_ns; /* of it what getrusage() does not know: this zygote has not ended */
	uint64_t
		job_cpu_ns[SANDBOX_MAX_JOBS]; /* of children that have ended, and of forking them */
	bool has_seccomp; /* false: the kernel or a policy refused the filter, or sanitized */
	bool has_nobody;  /* children run as nobody */
	bool is_alive;	  /* there is a zygote, now */
};

/*
 * Takes in what the zygote has reported up to now, and replaces it if need be, without waiting: to be
 * called now and then.
 */
void sandbox_stats(struct sandbox *sb, struct sandbox_stats *ret);

#endif
