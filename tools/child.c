// SPDX-License-Identifier: Apache-2.0
#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: wait for the byte, become the command, or tell why not. */
static void become(char **command, int go_fd, int status_fd)
{
	char byte;
	int error;
	ssize_t n;

	do
		n = read(go_fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(127);
	/* what we ignore, the command must not inherit: yes | head would not end */
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	(void)execvp(command[0], command);
	error = errno;
	n = write(status_fd, &error, sizeof(error));
	_exit(n == (ssize_t)sizeof(error) ? 127 : 126);
}

int child_prepare(struct child *c, char **command, struct err *err)
{
	int go[2], status[2];

	*c = CHILD_NONE;
	c->name = command[0];
	if (pipe2(go, O_CLOEXEC))
		return err_set(err, errno, "cannot make a pipe: %s", strerror(errno));
	if (pipe2(status, O_CLOEXEC)) {
		(void)close(go[0]);
		(void)close(go[1]);
		return err_set(err, errno, "cannot make a pipe: %s", strerror(errno));
	}
	c->pid = fork();
	if (!c->pid) {
		(void)close(go[1]);
		(void)close(status[0]);
		become(command, go[0], status[1]);
	}
	(void)close(go[0]);
	(void)close(status[1]);
	c->go_fd = go[1];
	c->status_fd = status[0];
	if (c->pid < 0) {
		c->pid = 0;
		return err_set(err, errno, "cannot fork: %s", strerror(errno));
	}
	return 0;
}

int child_start(struct child *c, struct err *err)
{
	int error = 0;
	ssize_t n;

	if (write(c->go_fd, "g", 1) != 1)
		return err_set(err, errno, "cannot start the command: %s", strerror(errno));
	do /* the descriptor closes by itself when exec succeeds */
		n = read(c->status_fd, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(error)
		       ? err_set(err, error, "%s: cannot be executed: %s", c->name, strerror(error))
		       : 0;
}

bool child_ended(struct child *c)
{
	if (!c->reaped && waitpid(c->pid, NULL, WNOHANG) == c->pid)
		c->reaped = true;
	return c->reaped;
}

void child_release(struct child *c)
{
	if (c->go_fd >= 0)
		(void)close(c->go_fd);
	if (c->status_fd >= 0)
		(void)close(c->status_fd);
	c->go_fd = c->status_fd = -1;
	if (c->pid)
		(void)child_ended(c);
}
