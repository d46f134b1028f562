// SPDX-License-Identifier: Apache-2.0
/*
 * One thread, one loop: orders from the control socket, SIGCHLD in between. Descriptors are the same
 * ones all the time, which makes it simple to tell what a child must close:
 *
 *	0 1 2  /dev/null      3  control      4  a session's link      5 6 7 8  its job's descriptors
 */
#include "base/sandbox_zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/sandbox_jail.h"
#include "base/sandbox_spawn.h"
#include "base/sandbox_wire.h"

#define CONTROL_FD  SANDBOX_CONTROL_FD
#define LINK_FD	    (CONTROL_FD + 1)
#define FDS	    (1 + SANDBOX_MAX_FDS) /* the link and the job's */
#define NOT_STARTED 113			  /* exit status of a child that could not be confined */
#define END_MS	    200			  /* for children to end with us */

struct child {
	pid_t pid; /* 0 = free */
	uint32_t session;
	uint32_t cpu_ms;
	bool killed;
};

struct zygote {
	const struct sandbox_job *jobs;
	size_t job_cnt;
	struct sandbox_jail jail;
	struct child children[SANDBOX_CHILDREN];
	pid_t pid;
	bool has_seccomp;
	sigset_t while_waiting;
};

static void note_child(int sig)
{
	(void)sig; /* that poll() returns is all that is wanted */
}

/*
 * What ends the program (a key pressed, a service manager that signals all its processes) must not
 * end what the program still needs to finish. A handler of the program's must not run here.
 */
static void set_signals(struct zygote *z)
{
	static const int ignored[] = {SIGHUP,  SIGINT,	SIGQUIT,  SIGTERM, SIGPIPE,
				      SIGUSR1, SIGUSR2, SIGALRM,  SIGTSTP, SIGTTIN,
				      SIGTTOU, SIGXFSZ, SIGVTALRM};
	static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGXCPU};
	struct sigaction act = {.sa_handler = note_child};
	sigset_t child;

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(fatal) && !SANDBOX_SANITIZED; i++)
		(void)signal(fatal[i], SIG_DFL);
	(void)sigemptyset(&z->while_waiting);
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigaction(SIGCHLD, &act, NULL);
	(void)sigprocmask(SIG_SETMASK, &child, NULL);
}

/* 0 to 2 are /dev/null (a sanitizer may write what it has found), 3 is the control socket. */
static int set_descriptors(void)
{
	struct rlimit few = {.rlim_cur = 64, .rlim_max = 64};
	int null;

	sandbox_jail_close_from(CONTROL_FD + 1);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return -errno;
	for (int fd = 0; fd < CONTROL_FD; fd++) {
		if (fd == 2 && SANDBOX_SANITIZED)
			continue;
		if (null != fd && dup2(null, fd) < 0)
			return -errno;
	}
	if (null > CONTROL_FD)
		(void)close(null);
	return setrlimit(RLIMIT_NOFILE, &few) ? -errno : 0;
}

static uint64_t cpu_ns_of(const struct rusage *usage)
{
	return ((uint64_t)usage->ru_utime.tv_sec + (uint64_t)usage->ru_stime.tv_sec) *
		       NSEC_PER_SEC +
	       ((uint64_t)usage->ru_utime.tv_usec + (uint64_t)usage->ru_stime.tv_usec) * 1000;
}

static void report(struct sandbox_report *rep)
{
	struct rusage own;

	if (!getrusage(RUSAGE_SELF, &own))
		rep->own_cpu_ns = cpu_ns_of(&own);
	/* Whoever does not listen any more has closed the socket, which ends the loop. */
	(void)!send(CONTROL_FD, rep, sizeof(*rep), MSG_NOSIGNAL);
}

static void report_ready(const struct zygote *z)
{
	struct sandbox_report hello = {
		.ending = SANDBOX_HELLO,
		.has_seccomp = z->has_seccomp,
		.has_nobody = z->jail.as_nobody,
	};

	report(&hello);
}

static enum sandbox_ending ending_of(const struct child *c, int status, uint64_t cpu_ns)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return SANDBOX_FINISHED;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_STARTED)
		return SANDBOX_NOT_FORKED;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && c->killed)
		return SANDBOX_KILLED;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		return SANDBOX_CPU_LIMIT;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && cpu_ns / 1000000 >= c->cpu_ms)
		return SANDBOX_CPU_LIMIT; /* the hard limit: it had blocked SIGXCPU */
	return SANDBOX_CRASHED;
}

static void reap(struct zygote *z)
{
	for (size_t i = 0; i < ARRAY_SIZE(z->children); i++) {
		struct child *c = &z->children[i];
		struct sandbox_report rep = {.session = c->session};
		struct rusage usage;
		int status;

		if (!c->pid || wait4(c->pid, &status, WNOHANG, &usage) != c->pid)
			continue;
		rep.cpu_ns = cpu_ns_of(&usage);
		rep.ending = ending_of(c, status, rep.cpu_ns);
		c->pid = 0;
		report(&rep);
	}
}

/* Answers questions until the link is closed. Memory of a session is given back by ending. */
static void serve(const struct sandbox_job *job, const int *fds, size_t fd_cnt, size_t reply_bytes)
{
	void *state = NULL;

	for (;;) {
		struct sandbox_frame frame, answer = {0};
		struct buf question, reply;
		int r;

		if (sandbox_recv(LINK_FD, &frame, sizeof(frame), SANDBOX_NEVER))
			return;
		buf_init(&question, SANDBOX_MAX_REQUEST);
		buf_init(&reply, reply_bytes);
		if (!buf_reserve(&question, frame.len) ||
		    sandbox_recv(LINK_FD, question.data, frame.len, SANDBOX_NEVER))
			return;
		buf_commit(&question, frame.len);
		r = job->fn(fds, fd_cnt, buf_str(&question), &reply, &state);
		if (!r && buf_error(&reply))
			r = buf_error(&reply) == -ENOSPC ? -EFBIG : buf_error(&reply);
		answer.status = r;
		answer.len = r ? 0 : reply.len;
		if (sandbox_send(LINK_FD, &answer, r ? (struct str){NULL, 0} : buf_str(&reply),
				 SANDBOX_NEVER))
			return;
		buf_release(&question);
		buf_release(&reply);
	}
}

static void child_main(const struct zygote *z, const struct sandbox_order *order, size_t fd_cnt)
{
	int fds[SANDBOX_MAX_FDS];

	for (size_t i = 0; i < fd_cnt; i++)
		fds[i] = LINK_FD + 1 + (int)i;
	(void)close(CONTROL_FD);
	if (sandbox_jail_enter(&z->jail, z->pid, fds, fd_cnt, &order->limits))
		_exit(NOT_STARTED);
	serve(&z->jobs[order->job], fds, fd_cnt, order->limits.reply_bytes);
	_exit(0);
}

static struct child *free_child(struct zygote *z)
{
	for (size_t i = 0; i < ARRAY_SIZE(z->children); i++) {
		if (!z->children[i].pid)
			return &z->children[i];
	}
	return NULL;
}

static void open_session(struct zygote *z, const struct sandbox_order *order, size_t fd_cnt)
{
	struct sandbox_report none = {.ending = SANDBOX_NOT_FORKED, .session = order->session};
	struct child *c = free_child(z);
	pid_t pid = c ? fork() : -1;

	if (!pid)
		child_main(z, order, fd_cnt);
	if (pid < 0) {
		report(&none);
		return;
	}
	*c = (struct child){.pid = pid, .session = order->session, .cpu_ms = order->limits.cpu_ms};
}

static void end_session(struct zygote *z, uint32_t session)
{
	for (size_t i = 0; i < ARRAY_SIZE(z->children); i++) {
		struct child *c = &z->children[i];

		if (!c->pid || c->session != session)
			continue;
		c->killed = true;
		(void)kill(c->pid, SIGKILL);
	}
}

/* Where the program is the first of its pid namespace, what we leave behind would be its zombies. */
static void end_all(struct zygote *z)
{
	struct timespec nap = {.tv_nsec = 1000000};
	bool any = true;

	for (size_t i = 0; i < ARRAY_SIZE(z->children); i++)
		end_session(z, z->children[i].session);
	for (int ms = 0; ms < END_MS && any; ms++) {
		reap(z);
		any = false;
		for (size_t i = 0; i < ARRAY_SIZE(z->children); i++)
			any |= z->children[i].pid != 0;
		if (any)
			(void)nanosleep(&nap, NULL);
	}
}

/* Descriptors arrive at the lowest free numbers, in order. */
static size_t received(const struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return 0;
	return (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
}

/* One order; false when nobody gives any more. */
static bool take_order(struct zygote *z)
{
	union {
		char room[CMSG_SPACE(FDS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct sandbox_order order;
	struct iovec part = {&order, sizeof(order)};
	struct msghdr msg = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(CONTROL_FD, &msg, MSG_CMSG_CLOEXEC);
	size_t fd_cnt;

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n != (ssize_t)sizeof(order))
		return false;
	fd_cnt = received(&msg);
	if (order.verb == SANDBOX_END)
		end_session(z, order.session);
	else if (order.verb == SANDBOX_PING)
		report_ready(z);
	else if (fd_cnt && order.job < z->job_cnt)
		open_session(z, &order, fd_cnt - 1);
	for (size_t i = 0; i < fd_cnt; i++)
		(void)close(LINK_FD + (int)i);
	return true;
}

/* Whether a child can be confined by the filter: some kernels and policies refuse it. */
static bool try_filter(const struct zygote *z)
{
	int status;
	pid_t pid;

	if (!z->jail.filter)
		return false;
	pid = fork();
	if (!pid)
		_exit(sandbox_jail_load(&z->jail) ? 1 : 0);
	if (pid < 0)
		return false;
	while (waitpid(pid, &status, 0) != pid) {
		if (errno != EINTR)
			return false;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int compare_chars(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

/*
 * The qsort() of older C libraries reads /proc/meminfo when it first sorts more than a kilobyte.
 * Here it still can, and its children inherit that it has.
 */
static void warm_up(void)
{
	char text[2048] = {0};

	qsort(text, sizeof(text) / 2, 2, compare_chars);
}

static int prepare(struct zygote *z, int parent)
{
	int r = sandbox_jail_tie(parent);

	if (r)
		return r;
	set_signals(z);
	(void)setsid(); /* a ^C is for the program */
	(void)prctl(PR_SET_NAME, SANDBOX_NAME);
	r = chdir("/") ? -errno : set_descriptors();
	if (!r)
		r = sandbox_jail_init(&z->jail);
	if (!r)
		r = sandbox_jail_zygote(&z->jail);
	if (r)
		return r;
	warm_up();
	z->has_seccomp = try_filter(z);
	if (!z->has_seccomp)
		sandbox_jail_release(&z->jail);
	return 0;
}

void sandbox_zygote_main(const struct sandbox_job *jobs, size_t job_cnt, int parent)
{
	struct zygote z = {.jobs = jobs, .job_cnt = job_cnt, .pid = getpid()};

	if (prepare(&z, parent))
		_exit(1);
	report_ready(&z);
	for (;;) {
		struct pollfd p = {.fd = CONTROL_FD, .events = POLLIN};
		int n = ppoll(&p, 1, NULL, &z.while_waiting);

		if (n < 0 && errno != EINTR)
			break;
		reap(&z);
		if (n > 0 && !take_order(&z))
			break;
	}
	end_all(&z);
	_exit(0);
}
