/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_wire.h - what the processes of a sandbox say to each other. Private to base/sandbox*.c.
 *
 *	this process ── control (SOCK_SEQPACKET): open, end ──► zygote ──► hello, ended
 *	this process ◄── link (SOCK_STREAM), one a session: frames both ways ──► child
 *
 * All of them run one program, the same file, so structures go over as they are. What comes from the
 * control socket is trusted: only a zygote that has parsed nothing writes there. What comes from a
 * link is not.
 */
#ifndef BASE_SANDBOX_WIRE_H
#define BASE_SANDBOX_WIRE_H

#include "base/compiler.h"
#include "base/sandbox.h"

#define SANDBOX_CHILDREN (2 * SANDBOX_MAX_SESSIONS) /* also those that are being ended */

enum sandbox_verb {
	SANDBOX_OPEN = 1, /* with the link and the job's descriptors beside it */
	SANDBOX_END = 2,
	SANDBOX_PING = 3, /* answered by SANDBOX_HELLO */
};

struct sandbox_order {
	uint32_t verb, session, job;
	struct sandbox_limits limits;
};

enum sandbox_ending {
	SANDBOX_ALIVE = 0,
	SANDBOX_HELLO = 1,	/* no ending: the zygote is ready */
	SANDBOX_FINISHED = 2,	/* on its own, when its link was closed */
	SANDBOX_KILLED = 3,	/* by SANDBOX_END */
	SANDBOX_CRASHED = 4,	/* a signal, or an exit that is not ours */
	SANDBOX_CPU_LIMIT = 5,	/* used up its CPU time */
	SANDBOX_NOT_FORKED = 6, /* or could not be confined: it has not seen the question */
	SANDBOX_ORPHANED = 7,	/* never reported: it ended with its zygote */
};

struct sandbox_report {
	uint32_t ending, session;
	uint64_t cpu_ns;     /* of the child */
	uint64_t own_cpu_ns; /* of the zygote up to now */
	bool has_seccomp;    /* of SANDBOX_HELLO */
	bool has_nobody;
};

/* Before each question (status 0) and each answer. */
struct sandbox_frame {
	int64_t status;
	uint64_t len;
};

#define SANDBOX_NEVER UINT64_MAX

/*
 * A frame and its body, or exactly `len` bytes, over a link, until CLOCK_MONOTONIC says
 * deadline_ns. 0; -EPIPE when the other side is gone; -ETIMEDOUT; another -errno.
 */
int must_check sandbox_send(int link, const struct sandbox_frame *frame, struct str body,
			    uint64_t deadline_ns);
int must_check sandbox_recv(int link, void *p, size_t len, uint64_t deadline_ns);

/* Until the descriptor has one of `events` or is closed by the other side. 0, -ETIMEDOUT, -errno. */
int must_check sandbox_wait(int fd, short events, uint64_t deadline_ns);

#endif
