/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.h - a command that is started, held before its first instruction until the sampler knows
 * its pid, then let go. It gets the signals of the terminal as usual; it is not killed when
 * recording ends early.
 */
#ifndef TOOLS_CHILD_H
#define TOOLS_CHILD_H

#include <sys/types.h>

#include "base/err.h"

struct child {
	pid_t pid;	  /* 0: none */
	const char *name; /* of the command, borrowed: for messages */
	int go_fd;	  /* private: closing it without a byte makes the child exit */
	int status_fd;	  /* private: tells why exec failed */
	bool reaped;
};

#define CHILD_NONE ((struct child){.go_fd = -1, .status_fd = -1})

/* Forks; the child waits. `command` is a NULL-terminated argument list. */
int must_check child_prepare(struct child *c, char **command, struct err *err);

/* Lets it run. -errno with a line in err when the command cannot be executed. */
int must_check child_start(struct child *c, struct err *err);

/* Has it ended? Reaps it then. */
bool child_ended(struct child *c);

/* Closes what is open; a child that was never started exits. One that still runs is left alone. */
void child_release(struct child *c);

#endif
