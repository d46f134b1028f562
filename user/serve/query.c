// SPDX-License-Identifier: Apache-2.0
#include "serve/query.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "serve/words.h"

#define MAX_WHY 4096

static atomic_int running;

/* A child that answers. */
struct answering {
	pid_t pid;
	int out_fd, why_fd;
	char first[64 << 10]; /* what was read before the answer began */
	size_t first_len, first_at;
};

/* ---- the child ---- */

static void set_limit(int what, rlim_t limit)
{
	const struct rlimit l = {limit, limit};

	(void)setrlimit((__rlimit_resource_t)what, &l);
}

/* Between fork and exec of a process with threads: system calls only. */
static void become(char *const *argv, int out_fd, int why_fd)
{
	sigset_t none;
	int null_fd = open("/dev/null", O_RDONLY);

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)dup2(null_fd, 0);
	(void)dup2(out_fd, 1);
	(void)dup2(why_fd, 2);
	set_limit(RLIMIT_AS, QUERY_MEMORY);
	set_limit(RLIMIT_CPU, QUERY_SECONDS);
	set_limit(RLIMIT_CORE, 0);
	(void)setpriority(PRIO_PROCESS, 0, 19);
	(void)execv("/proc/self/exe", argv);
	_exit(127);
}

/* What the child complains about goes to memory: a pipe that nobody reads yet would stop it. */
static int spawn(struct answering *a, char *const *argv)
{
	int out[2];

	a->why_fd = memfd_create("culprit-why", MFD_CLOEXEC);
	if (a->why_fd < 0 || pipe2(out, O_CLOEXEC))
		return -errno;
	a->pid = fork();
	if (!a->pid)
		become(argv, out[1], a->why_fd);
	(void)close(out[1]);
	a->out_fd = out[0];
	return a->pid < 0 ? -EAGAIN : 0;
}

static ssize_t read_some(int fd, char *out, size_t max)
{
	ssize_t n;

	do {
		n = read(fd, out, max);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* True: it ended well. Nothing is read from it any more. */
static bool reap(struct answering *a)
{
	int status = -1;

	if (a->pid <= 0)
		return false;
	while (waitpid(a->pid, &status, 0) < 0 && errno == EINTR)
		;
	a->pid = 0;
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static void end(void *arg)
{
	struct answering *a = arg;

	if (a->pid > 0)
		(void)kill(a->pid, SIGKILL);
	(void)reap(a);
	if (a->out_fd >= 0)
		(void)close(a->out_fd);
	if (a->why_fd >= 0)
		(void)close(a->why_fd);
	free(a);
	atomic_fetch_sub(&running, 1);
}

static ssize_t read_answer(void *arg, char *out, size_t max)
{
	struct answering *a = arg;
	size_t left = a->first_len - a->first_at;
	ssize_t n;

	if (left) {
		left = left < max ? left : max;
		memcpy(out, a->first + a->first_at, left);
		a->first_at += left;
		return (ssize_t)left;
	}
	n = read_some(a->out_fd, out, max);
	if (n > 0)
		return n;
	return !n && reap(a) ? 0 : -1; /* one that was killed must not look whole */
}

/* It wrote nothing: what it complained about is the answer. */
static void answer_failure(struct answering *a, struct server_call *call)
{
	char why[MAX_WHY];
	ssize_t n = pread(a->why_fd, why, sizeof(why) - 1, 0);
	struct str text = str_trim((struct str){why, n > 0 ? (size_t)n : 0});
	bool is_empty = text.len && (memmem(text.p, text.len, ": no window", 11) ||
				     memmem(text.p, text.len, ": no incident", 13));

	server_error(call, is_empty ? 404 : 400, "%.*s", (int)text.len, text.p);
}

static void run(struct words *w, const char *type, struct server_call *call)
{
	struct answering *a = calloc(1, sizeof(*a));
	ssize_t n;

	if (!a || w->full) {
		server_error(call, a ? 414 : 500, a ? "the question is too long" : "out of memory");
		free(a);
		return;
	}
	a->out_fd = a->why_fd = -1;
	if (atomic_fetch_add(&running, 1) >= QUERY_MAX) {
		server_error(call, 503, "%d questions are being answered; come back soon",
			     QUERY_MAX);
		end(a);
		return;
	}
	if (spawn(a, w->argv)) {
		server_error(call, 503, "cannot ask: %s", strerror(errno));
		end(a);
		return;
	}
	n = read_some(a->out_fd, a->first, sizeof(a->first));
	a->first_len = n > 0 ? (size_t)n : 0;
	if (a->first_len || reap(a)) {
		server_stream(call, 200, type, read_answer, end, a);
		return;
	}
	answer_failure(a, call);
	end(a);
}

/* ---- questions ---- */

void query_profile(const struct query_source *source, struct server_call *call)
{
	const char *type;
	struct words w;
	int r = words_profile(&w, call, source->store, &type);

	if (r == -EINVAL)
		server_error(call, 400,
			     "format '%s': want pprof, folded, windowed, text, json, svg or html",
			     server_param(call, "format"));
	else if (r)
		server_error(call, 500, "out of memory");
	else
		run(&w, type, call);
	words_release(&w);
}

static void list(const struct query_source *source, struct server_call *call, bool windows)
{
	struct words w;

	if (words_list(&w, call, source->store, windows))
		server_error(call, 500, "out of memory");
	else
		run(&w, "application/json", call);
	words_release(&w);
}

void query_series(const struct query_source *source, struct server_call *call)
{
	list(source, call, false);
}

void query_windows(const struct query_source *source, struct server_call *call)
{
	list(source, call, true);
}

void query_incidents(const struct query_source *source, struct server_call *call)
{
	const char *type;
	struct words w;
	int r = words_incidents(&w, call, source->store, &type);

	if (r == -EINVAL)
		server_error(call, 400, "format '%s': want json or text",
			     server_param(call, "format"));
	else if (r)
		server_error(call, 500, "out of memory");
	else
		run(&w, type, call);
	words_release(&w);
}
