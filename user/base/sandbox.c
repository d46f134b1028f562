// SPDX-License-Identifier: Apache-2.0
/*
 * The side of whoever asks. A session is a socket to its child (the link) and a number under which
 * the zygote reports its end; the end of the link says that the child is gone, the report says how.
 * Orders to a zygote that is still starting wait in its socket.
 */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sandbox_spawn.h"
#include "base/sandbox_wire.h"

#define HELLO_NS  (20 * NSEC_PER_SEC) /* until the first zygote must have spoken */
#define REPORT_NS NSEC_PER_SEC	      /* until a child that was killed must be reported */
#define DEATH_NS  (NSEC_PER_SEC / 10) /* until one that has closed its link is dead by itself */
#define MAX_ERRNO 4095

struct sandbox {
	const struct sandbox_job *jobs;
	size_t job_cnt;
	pid_t zygote;		/* 0: there is none; else not yet waited for */
	int control;		/* -1: there is none, or it is on its way out */
	bool has_spoken;	/* the zygote: it is ready */
	uint64_t hellos;	/* heard of all of them */
	bool is_stuck;		/* it did not answer, and was killed */
	uint64_t born_ns;	/* when it was started */
	uint64_t wait_ns;	/* how long it was waited for, after the one before */
	uint64_t next_ns;	/* when the next one may be started */
	uint64_t zygote_cpu_ns; /* as far as it is in the statistics */
	uint32_t last_session; /* its job is in the number, for who closes it before it has ended */
	struct sandbox_session *sessions[SANDBOX_MAX_SESSIONS];
	struct sandbox_stats stats;
};

struct sandbox_session {
	struct sandbox *sb;
	struct sandbox_limits limits;
	size_t slot;
	uint32_t id;
	int link;
	int failed; /* 0, or what it died of */
	enum sandbox_ending ending;
};

static uint64_t now_ns(void)
{
	return clock_mono_ns(&clock_system);
}

/* It has closed its socket, or is of no use: its children end with it, and are not reported. */
static void lose_zygote(struct sandbox *sb)
{
	if (sb->control < 0)
		return;
	(void)close(sb->control);
	(void)kill(sb->zygote, SIGKILL);
	sb->control = -1;
	sb->zygote_cpu_ns = 0;
	for (size_t i = 0; i < ARRAY_SIZE(sb->sessions); i++)
		if (sb->sessions[i] && sb->sessions[i]->ending == SANDBOX_ALIVE)
			sb->sessions[i]->ending = SANDBOX_ORPHANED;
}

static void take_report(struct sandbox *sb, const struct sandbox_report *rep)
{
	uint64_t cpu_ns = rep->cpu_ns + rep->own_cpu_ns - sb->zygote_cpu_ns;

	sb->stats.cpu_ns += cpu_ns;
	sb->stats.live_cpu_ns += cpu_ns;
	sb->stats.job_cpu_ns[rep->session % SANDBOX_MAX_JOBS] += cpu_ns;
	sb->zygote_cpu_ns = rep->own_cpu_ns;
	sb->stats.crashes += rep->ending == SANDBOX_CRASHED;
	sb->stats.timeouts += rep->ending == SANDBOX_CPU_LIMIT;
	sb->stats.refused += rep->ending == SANDBOX_NOT_FORKED;
	if (rep->ending == SANDBOX_HELLO) {
		sb->has_spoken = true;
		sb->hellos++;
		sb->stats.has_seccomp = rep->has_seccomp;
		sb->stats.has_nobody = rep->has_nobody;
	}
	for (size_t i = 0; i < ARRAY_SIZE(sb->sessions); i++) {
		if (sb->sessions[i] && sb->sessions[i]->id == rep->session)
			sb->sessions[i]->ending = (enum sandbox_ending)rep->ending;
	}
}

/* One report, waiting for it until then; 0, -ETIMEDOUT, -EAGAIN when the zygote is gone. */
static int hear_one(struct sandbox *sb, uint64_t deadline_ns)
{
	struct sandbox_report rep;
	ssize_t n;
	int r;

	if (sb->control < 0)
		return -EAGAIN;
	r = sandbox_wait(sb->control, POLLIN, deadline_ns);
	if (r == -ETIMEDOUT)
		return r;
	n = r ? -1 : recv(sb->control, &rep, sizeof(rep), MSG_DONTWAIT);
	if (n != (ssize_t)sizeof(rep)) {
		lose_zygote(sb);
		return -EAGAIN;
	}
	take_report(sb, &rep);
	return 0;
}

static void hear_all(struct sandbox *sb)
{
	while (!hear_one(sb, 0))
		;
}

/* Without waiting: a zygote that does not take its orders is of no use. */
static int give_order(struct sandbox *sb, const struct sandbox_order *order, const int *fds,
		      size_t fd_cnt)
{
	union {
		char room[CMSG_SPACE((1 + SANDBOX_MAX_FDS) * sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	struct iovec part = {(void *)(uintptr_t)order, sizeof(*order)};
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	if (sb->control < 0)
		return -EAGAIN;
	if (fd_cnt) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(fd_cnt * sizeof(int));
		CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(fd_cnt * sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), fds, fd_cnt * sizeof(int));
	}
	do
		n = sendmsg(sb->control, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EPIPE)
		lose_zygote(sb);
	return n < 0 ? -EAGAIN : 0;
}

/* 0 or -errno; the zygote has not spoken then, but takes orders already. */
static int start_zygote(struct sandbox *sb)
{
	sb->has_spoken = sb->is_stuck = false;
	sb->born_ns = now_ns();
	return sandbox_spawn(&sb->zygote, &sb->control);
}

static void note_death(struct sandbox *sb, enum sandbox_death death, const char *how)
{
	uint64_t now = now_ns();

	sb->zygote = 0;
	sb->stats.live_cpu_ns = 0;
	sb->stats.deaths[death]++;
	sb->wait_ns = sandbox_wait_ns(now - sb->born_ns, sb->wait_ns);
	sb->next_ns = now + sb->wait_ns;
	log_warn("sandbox: the process that makes the parsers' processes %s; another one is "
		 "started in %.1f s, no file is read until then",
		 how, (double)sb->wait_ns / NSEC_PER_SEC);
}

static void tell_death(struct sandbox *sb, int status)
{
	enum sandbox_death death = sandbox_death_of(status, sb->has_spoken);
	char how[64];

	if (sb->is_stuck)
		(void)snprintf(how, sizeof(how), "did not answer");
	else if (WIFSIGNALED(status))
		(void)snprintf(how, sizeof(how), "was ended by signal %d", WTERMSIG(status));
	else
		(void)snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(status));
	note_death(sb, sb->is_stuck ? SANDBOX_DEATH_STUCK : death, how);
}

/* Another zygote when the last one is gone, if it is time. Waits for nothing. */
static void revive(struct sandbox *sb)
{
	char how[128];
	int status = 0, r;
	pid_t got;

	if (sb->control >= 0)
		return;
	if (sb->zygote) {
		got = waitpid(sb->zygote, &status, WNOHANG);
		if (got == sb->zygote || (got < 0 && errno != EINTR))
			tell_death(sb, status);
	}
	if (sb->zygote || now_ns() < sb->next_ns)
		return;
	r = start_zygote(sb);
	if (r) {
		(void)snprintf(how, sizeof(how), "cannot be started: %s", strerror(-r));
		note_death(sb, SANDBOX_DEATH_NOT_STARTED, how);
	}
}

int sandbox_new(struct sandbox **ret, struct err *err)
{
	struct sandbox *sb = calloc(1, sizeof(*sb));
	uint64_t deadline_ns = now_ns() + HELLO_NS;
	int r;

	if (!sb)
		return err_set(err, ENOMEM, "sandbox: out of memory");
	sb->control = -1;
	sb->jobs = sandbox_jobs(&sb->job_cnt);
	r = sb->job_cnt > SANDBOX_MAX_JOBS ? -EINVAL : start_zygote(sb);
	while (!r && !sb->has_spoken)
		r = hear_one(sb, deadline_ns);
	if (r) {
		sandbox_free(sb);
		return err_set(err, r, "sandbox: cannot start its process: %s", strerror(-r));
	}
	*ret = sb;
	return 0;
}

/* It ends when its socket is closed; one that is stopped does not, and is killed. */
static void end_zygote(pid_t pid)
{
	for (int ms = 0; ms < 2000; ms++) {
		pid_t got = waitpid(pid, NULL, WNOHANG);
		struct timespec nap = {.tv_nsec = 1000000};

		if (got == pid || (got < 0 && errno != EINTR))
			return;
		if (ms == 1000)
			(void)kill(pid, SIGKILL);
		(void)nanosleep(&nap, NULL);
	}
}

void sandbox_free(struct sandbox *sb)
{
	if (!sb)
		return;
	if (sb->control >= 0)
		(void)close(sb->control);
	if (sb->zygote > 0)
		end_zygote(sb->zygote);
	free(sb);
}

static int add_session(struct sandbox *sb, struct sandbox_session *s, unsigned int job)
{
	for (s->slot = 0; s->slot < ARRAY_SIZE(sb->sessions); s->slot++) {
		if (sb->sessions[s->slot])
			continue;
		sb->sessions[s->slot] = s;
		s->sb = sb;
		s->id = ++sb->last_session * SANDBOX_MAX_JOBS + job;
		return 0;
	}
	return -EAGAIN;
}

static int start_session(struct sandbox_session *s, unsigned int job, const int *fds, size_t fd_cnt)
{
	struct sandbox_order order = {.verb = SANDBOX_OPEN, .session = s->id, .job = job};
	int all[1 + SANDBOX_MAX_FDS], sockets[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		return -EAGAIN;
	s->link = sockets[0];
	all[0] = sockets[1];
	if (fd_cnt)
		memcpy(all + 1, fds, fd_cnt * sizeof(*fds));
	order.limits = s->limits;
	r = give_order(s->sb, &order, all, 1 + fd_cnt);
	(void)close(sockets[1]);
	return r;
}

int sandbox_open(struct sandbox *sb, unsigned int job, const int *fds, size_t fd_cnt,
		 const struct sandbox_limits *limits, struct sandbox_session **ret)
{
	struct sandbox_session *s;
	int r;

	if (job >= sb->job_cnt || !sb->jobs[job].fn || fd_cnt > SANDBOX_MAX_FDS)
		return -EINVAL;
	hear_all(sb);
	revive(sb);
	sb->stats.runs++;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->link = -1;
	s->limits = *limits;
	r = add_session(sb, s, job);
	if (r) {
		free(s);
		sb->stats.refused++;
		return r;
	}
	r = start_session(s, job, fds, fd_cnt);
	if (r) {
		s->ending = SANDBOX_NOT_FORKED;
		sandbox_close(s);
		sb->stats.refused++;
		return r;
	}
	*ret = s;
	return 0;
}

static void end_child(struct sandbox_session *s)
{
	struct sandbox_order order = {.verb = SANDBOX_END, .session = s->id};

	if (s->ending == SANDBOX_ALIVE)
		(void)give_order(s->sb, &order, NULL, 0);
}

static bool hear_ending(struct sandbox_session *s, uint64_t wait_ns)
{
	uint64_t deadline_ns = now_ns() + wait_ns;

	while (s->ending == SANDBOX_ALIVE && !hear_one(s->sb, deadline_ns))
		;
	return s->ending != SANDBOX_ALIVE;
}

/* The link has ended, or says what no child of ours would say. */
static int cause_of_death(struct sandbox_session *s)
{
	if (!hear_ending(s, DEATH_NS)) {
		end_child(s);
		(void)hear_ending(s, REPORT_NS);
	}
	switch (s->ending) {
	case SANDBOX_CPU_LIMIT:
		return -ETIMEDOUT;
	case SANDBOX_NOT_FORKED:
		return -EAGAIN;
	case SANDBOX_CRASHED:
		return -EFAULT;
	case SANDBOX_ORPHANED:
		s->sb->stats.refused++;
		return -EAGAIN;
	default:
		break;
	}
	s->sb->stats.crashes++; /* taken over: it was told to end, or did so without a word */
	return -EFAULT;
}

static int take_body(struct sandbox_session *s, uint64_t len, struct buf *reply,
		     uint64_t deadline_ns)
{
	size_t before = reply->len;
	char *room;
	int r;

	if (len > s->limits.reply_bytes || len > reply->max - reply->len)
		return -EFBIG;
	room = buf_reserve(reply, len);
	if (!room)
		return buf_error(reply);
	r = sandbox_recv(s->link, room, len, deadline_ns);
	if (!r)
		buf_commit(reply, len);
	else
		reply->data[before] = '\0';
	return r;
}

/* *ret_status is what the job returned. */
static int exchange(struct sandbox_session *s, struct str request, struct buf *reply,
		    int *ret_status)
{
	uint64_t deadline_ns = now_ns() + s->limits.wall_ms * UINT64_C(1000000);
	struct sandbox_frame frame = {.len = request.len};
	int r;

	r = sandbox_send(s->link, &frame, request, deadline_ns);
	if (!r)
		r = sandbox_recv(s->link, &frame, sizeof(frame), deadline_ns);
	if (r)
		return r;
	if (frame.status > 0 || frame.status < -MAX_ERRNO || (frame.status && frame.len))
		return -EPIPE; /* no child of ours answers like this: it was taken over */
	*ret_status = (int)frame.status;
	return frame.status ? 0 : take_body(s, frame.len, reply, deadline_ns);
}

/*
 * The time is over: is it the child's fault, or has there not been one, since the zygote is stopped
 * or hangs? That one is ended.
 */
static int cause_of_delay(struct sandbox_session *s)
{
	struct sandbox_order ping = {.verb = SANDBOX_PING};
	uint64_t deadline_ns = now_ns() + REPORT_NS, before = s->sb->hellos;
	struct sandbox *sb = s->sb;
	int r;

	r = give_order(sb, &ping, NULL, 0);
	while (!r && sb->hellos == before)
		r = hear_one(sb, deadline_ns);
	if (!r) {
		sb->stats.timeouts++;
		return -ETIMEDOUT;
	}
	sb->is_stuck = sb->control >= 0;
	lose_zygote(sb);
	sb->stats.refused++;
	return -EAGAIN;
}

int sandbox_ask(struct sandbox_session *s, struct str request, struct buf *reply)
{
	int status = 0, r;

	if (s->failed)
		return s->failed;
	if (request.len > SANDBOX_MAX_REQUEST)
		return -EINVAL;
	if (buf_error(reply))
		return buf_error(reply);
	r = exchange(s, request, reply, &status);
	if (!r)
		return status;
	s->failed = r;
	if (r == -ETIMEDOUT)
		s->failed = cause_of_delay(s);
	else if (r == -EPIPE)
		s->failed = cause_of_death(s);
	end_child(s);
	return s->failed;
}

void sandbox_close(struct sandbox_session *s)
{
	if (!s)
		return;
	end_child(s);
	if (s->link >= 0)
		(void)close(s->link);
	s->sb->sessions[s->slot] = NULL;
	free(s);
}

int sandbox_run(struct sandbox *sb, unsigned int job, const int *fds, size_t fd_cnt,
		struct str request, const struct sandbox_limits *limits, struct buf *reply)
{
	struct sandbox_session *s = NULL;
	int r;

	r = sandbox_open(sb, job, fds, fd_cnt, limits, &s);
	if (!r)
		r = sandbox_ask(s, request, reply);
	sandbox_close(s);
	return r;
}

void sandbox_stats(struct sandbox *sb, struct sandbox_stats *ret)
{
	hear_all(sb);
	revive(sb);
	*ret = sb->stats;
	ret->is_alive = sb->control >= 0;
}
