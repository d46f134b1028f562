// SPDX-License-Identifier: Apache-2.0
/* What a sandbox does to the program around it: its children, descriptors, signals, and its end. */
#include <dirent.h>
#include <sys/wait.h>

#include "unit/sandbox_jobs.h"

static size_t count_dir(const char *path)
{
	DIR *dir = opendir(path);
	size_t cnt = 0;

	while (dir && readdir(dir))
		cnt++;
	if (dir)
		closedir(dir);
	return cnt;
}

/* Pids of the children of a process, by the kernel's list of its main thread. */
static size_t children_of(pid_t pid, pid_t *ret, size_t max)
{
	char path[64];
	size_t cnt = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "r");
	while (f && cnt < max && fscanf(f, "%d", &ret[cnt]) == 1)
		cnt++;
	if (f)
		fclose(f);
	return cnt;
}

static bool is_gone(pid_t pid)
{
	char path[64], state = 'X';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return true;
	if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = 'X';
	fclose(f);
	return state == 'Z' || state == 'X'; /* whose parent is the machine's, not ours to wait */
}

static bool gone_soon(pid_t pid)
{
	for (int i = 0; i < 300 && !is_gone(pid); i++)
		usleep(10000);
	return is_gone(pid);
}

static volatile sig_atomic_t sigchlds;

static void count_sigchld(int sig)
{
	sigchlds++;
}

/* The child of the host program is his to wait for, and nobody else's end is told to him. */
static void test_host(struct buf *reply)
{
	struct sigaction act = {.sa_handler = count_sigchld}, old;
	size_t fds = count_dir("/proc/self/fd"), crowd;
	struct sandbox *sb = new_sandbox();
	pid_t zygote = 0, own, pids[64];
	int failed = 0, status = 0;

	sigaction(SIGCHLD, &act, &old);
	children_of(getpid(), pids, 64);
	own = fork();
	if (!own)
		_exit(7);
	is_i64(waitpid(own, &status, 0), own, "a child of the program's own is waited for");
	is_i64(WEXITSTATUS(status), 7, "and tells its status");
	sigchlds = 0;
	for (int i = 0; i < 200; i++)
		failed |= ask(sb, ECHO, "x", reply);
	ok(!failed, "200 runs");
	is_u64(sigchlds, 0, "none of which signals the program");
	is_u64(count_dir("/proc/self/fd"), fds + 1, "no descriptor is left but the control socket");
	crowd = children_of(getpid(), pids, 64);
	for (size_t i = 0; i < crowd; i++)
		zygote = pids[i] > zygote ? pids[i] : zygote;
	for (int i = 0; i < 100 && children_of(zygote, pids, 64); i++)
		usleep(10000);
	is_u64(children_of(zygote, pids, 64), 0, "no child is left, nor a zombie");
	sandbox_free(sb);
	is_u64(count_dir("/proc/self/fd"), fds, "nor the control socket in the end");
	ok(is_gone(zygote), "nor the process");
	errno = 0;
	is_i64(waitpid(zygote, NULL, WNOHANG), -1, "which was waited for");
	sigaction(SIGCHLD, &old, NULL);
}

static size_t links_to(pid_t pid, const char *target, size_t len)
{
	char path[64], link[256];
	size_t cnt = 0;

	for (int fd = 0; fd < 64; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		if (readlink(path, link, sizeof(link)) >= (ssize_t)len)
			cnt += !memcmp(link, target, len);
	}
	return cnt;
}

/* A pipe to a pager, the lock of a store: held open by us, they would outlive the program. */
static void test_descriptors(void)
{
	struct sandbox *sb;
	pid_t pids[64], zygote = 0;
	int ends[2];
	size_t cnt;

	if (SANITIZED || pipe(ends)) {
		tap_skip("beside a sanitizer standard error stays open");
		return;
	}
	sb = new_sandbox();
	cnt = children_of(getpid(), pids, 64);
	for (size_t i = 0; i < cnt; i++)
		zygote = pids[i] > zygote ? pids[i] : zygote;
	is_u64(links_to(zygote, "pipe:", 5), 0, "a pipe of the program's is not held open");
	is_u64(links_to(zygote, "socket:", 7), 1, "one socket is");
	is_u64(links_to(zygote, "/dev/null", 9), 3, "nothing else");
	close(ends[0]);
	close(ends[1]);
	sandbox_free(sb);
}

/* ^C and what a service manager sends to all is for the program, which needs names to finish. */
static void test_signals(struct sandbox *sb, struct buf *reply)
{
	pid_t pids[64], zygote = 0;
	size_t cnt = children_of(getpid(), pids, 64);

	for (size_t i = 0; i < cnt; i++)
		zygote = pids[i];
	ok(zygote > 0 && !kill(zygote, SIGINT) && !kill(zygote, SIGTERM), "ending signals");
	is_i64(ask(sb, ECHO, "", reply), 0, "do not end it");
	ok(getpgid(zygote) != getpgrp(), "it is not in our process group");
}

static void test_lost_zygote(struct buf *reply)
{
	struct sandbox *sb = new_sandbox();
	struct sandbox_session *s = NULL;
	struct sandbox_stats stats;
	pid_t pids[64], zygote = 0;
	size_t cnt = children_of(getpid(), pids, 64);

	for (size_t i = 0; i < cnt; i++)
		zygote = pids[i] > zygote ? pids[i] : zygote;
	kill(zygote, SIGSTOP); /* or it forks before it is killed, and that child answers */
	ok(!sandbox_open(sb, ECHO, NULL, 0, &usual, &s), "a session");
	kill(zygote, SIGKILL);
	buf_clear(reply);
	is_i64(sandbox_ask(s, STR_LIT("x"), reply), -EAGAIN, "whose zygote is killed has no child");
	sandbox_close(s);
	is_i64(ask(sb, ECHO, "x", reply), -EAGAIN, "nor has the next one");
	sandbox_stats(sb, &stats);
	ok(stats.refused == 2 && !stats.is_alive, "which is counted");
	sandbox_free(sb);
	ok(is_gone(zygote), "no zombie is left");

	sb = new_sandbox();
	cnt = children_of(getpid(), pids, 64);
	for (size_t i = 0; i < cnt; i++)
		zygote = pids[i] > zygote ? pids[i] : zygote;
	kill(zygote, SIGSTOP);
	buf_clear(reply);
	is_i64(sandbox_run(sb, ECHO, NULL, 0, STR_LIT("x"),
			   &(struct sandbox_limits){.reply_bytes = 100, .wall_ms = 100}, reply),
	       -ETIMEDOUT, "one that is stopped does not stop us");
	sandbox_free(sb);
	ok(gone_soon(zygote), "and is ended");
}

/* Leaves a child that loops, tells the pids of zygote and child through the pipe, and waits. */
static void doomed_parent(int out)
{
	struct sandbox *sb = new_sandbox();
	struct sandbox_session *s = NULL;
	struct sandbox_limits limits = usual;
	pid_t pids[2] = {0}, children[64];
	struct buf reply;

	buf_init(&reply, 100);
	limits.wall_ms = 100;
	limits.cpu_ms = 30000;
	children_of(getpid(), &pids[0], 1);
	if (sandbox_open(sb, MISBEHAVE, NULL, 0, &limits, &s) ||
	    sandbox_ask(s, STR_LIT("none"), &reply) || !children_of(pids[0], children, 64))
		_exit(1);
	pids[1] = children[0];
	(void)!write(out, pids, sizeof(pids));
	s = NULL;
	if (!sandbox_open(sb, MISBEHAVE, NULL, 0, &limits, &s))
		pause();
	_exit(1);
}

static void test_death_of_parent(void)
{
	pid_t pids[2] = {0}, parent;
	int ends[2], status;

	if (pipe2(ends, O_CLOEXEC)) {
		tap_skip("no pipe");
		return;
	}
	fflush(stdout);
	parent = fork();
	if (!parent)
		doomed_parent(ends[1]);
	close(ends[1]);
	ok(read(ends[0], pids, sizeof(pids)) == (ssize_t)sizeof(pids) && pids[1] > 0,
	   "a program with a session");
	kill(parent, SIGKILL);
	waitpid(parent, &status, 0);
	ok(gone_soon(pids[0]), "is killed, and the zygote ends");
	ok(gone_soon(pids[1]), "and its child");
	close(ends[0]);
}

int main(void)
{
	struct sandbox *sb;
	struct buf reply;

	buf_init(&reply, 8u << 20);
	test_host(&reply);
	test_descriptors();
	test_lost_zygote(&reply);
	sb = new_sandbox();
	test_signals(sb, &reply);
	sandbox_free(sb);
	sandbox_free(NULL);
	test_death_of_parent();
	buf_release(&reply);
	return tap_done();
}
