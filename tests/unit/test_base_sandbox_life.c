// SPDX-License-Identifier: Apache-2.0
/* What a sandbox does to the program around it: its children, descriptors, signals, and its end. */
#include <dirent.h>
#include <sys/wait.h>

#include "base/sandbox_spawn.h"
#include "unit/sandbox_jobs.h"
#include "unit/zygote.h"

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
	size_t fds = count_dir("/proc/self/fd");
	struct sandbox *sb = new_sandbox();
	pid_t zygote = zygote_of_this(), own, pids[64];
	int failed = 0, status = 0;

	sigaction(SIGCHLD, &act, &old);
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
	pid_t zygote;
	int ends[2];

	if (SANITIZED || pipe(ends)) {
		tap_skip("beside a sanitizer standard error stays open");
		return;
	}
	sb = new_sandbox();
	zygote = zygote_of_this();
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
	pid_t zygote = zygote_of_this();

	ok(zygote > 0 && !kill(zygote, SIGINT) && !kill(zygote, SIGTERM), "ending signals");
	is_i64(ask(sb, ECHO, "", reply), 0, "do not end it");
	ok(getpgid(zygote) != getpgrp(), "it is not in our process group");
}

/* Asks until there is an answer; how long that took, in nanoseconds. */
static uint64_t back_after(struct sandbox *sb, struct buf *reply)
{
	uint64_t begin = clock_mono_ns(&clock_system);
	int r = -EAGAIN;

	for (int i = 0; i < 3000 && r == -EAGAIN; i++) {
		r = ask(sb, ECHO, "x", reply);
		if (r)
			usleep(5000);
	}
	is_i64(r, 0, "there are children again");
	return clock_mono_ns(&clock_system) - begin;
}

static void test_lost_zygote(struct buf *reply)
{
	struct sandbox *sb = new_sandbox();
	struct sandbox_session *asked = NULL, *s = NULL;
	struct sandbox_stats stats;
	pid_t zygote = zygote_of_this();
	uint64_t took;

	buf_clear(reply);
	ok(!sandbox_open(sb, COUNT, NULL, 0, &usual, &asked) &&
		   !sandbox_ask(asked, STR_LIT(""), reply),
	   "a session that was asked");
	kill(zygote, SIGSTOP); /* or it forks before it is killed, and that child answers */
	ok(!sandbox_open(sb, ECHO, NULL, 0, &usual, &s), "and one that was not");
	kill(zygote, SIGKILL);
	buf_clear(reply);
	is_i64(sandbox_ask(s, STR_LIT("x"), reply), -EAGAIN, "whose zygote is killed has no child");
	sandbox_close(s);
	is_i64(ask(sb, ECHO, "x", reply), -EAGAIN, "nor has the next one");
	sandbox_stats(sb, &stats);
	ok(stats.refused == 2 && !stats.is_alive, "which is counted");
	took = back_after(sb, reply);
	ok(gone_soon(zygote) && zygote_of_this() != zygote, "another zygote is there (%.3f s)",
	   (double)took / NSEC_PER_SEC);
	is_i64(sandbox_ask(asked, STR_LIT(""), reply), -EAGAIN, "the other session is lost, too");
	sandbox_close(asked);
	sandbox_stats(sb, &stats);
	ok(stats.is_alive && stats.deaths[SANDBOX_DEATH_KILLED] == 1, "one death by a kill");
	for (int i = 1; i <= 2; i++) {
		kill(zygote_of_this(), SIGABRT);
		took = back_after(sb, reply);
		ok(took >= SANDBOX_SHORTEST_WAIT_NS << i, "%.3f s after the next",
		   (double)took / NSEC_PER_SEC);
	}
	sandbox_stats(sb, &stats);
	is_u64(stats.deaths[SANDBOX_DEATH_CRASHED], 2, "two by a crash");
	zygote = zygote_of_this();
	sandbox_free(sb);
	ok(is_gone(zygote), "no zombie is left");
}

static void test_stuck_zygote(struct buf *reply)
{
	const struct sandbox_limits brief = {.reply_bytes = 100, .wall_ms = 100};
	struct sandbox *sb = new_sandbox();
	struct sandbox_stats stats;
	pid_t zygote = zygote_of_this();

	kill(zygote, SIGSTOP);
	buf_clear(reply);
	is_i64(sandbox_run(sb, ECHO, NULL, 0, STR_LIT("x"), &brief, reply), -EAGAIN,
	       "one that is stopped does not stop us");
	(void)back_after(sb, reply);
	ok(gone_soon(zygote), "it is replaced");
	sandbox_stats(sb, &stats);
	ok(!stats.timeouts && stats.deaths[SANDBOX_DEATH_STUCK] == 1, "which is its fault alone");
	zygote = zygote_of_this();
	kill(zygote, SIGSTOP);
	sandbox_free(sb);
	ok(gone_soon(zygote), "one that is stopped is ended at the end");
}

static void test_waits(void)
{
	uint64_t wait = 0, sum = 0;
	int cnt = 0;

	while (wait < SANDBOX_LONGEST_WAIT_NS) {
		wait = sandbox_wait_ns(0, wait);
		sum += wait;
		cnt++;
	}
	is_u64(cnt, 11, "so many starts");
	is_u64(sum, 162300 * (NSEC_PER_SEC / 1000), "until the longest wait");
	is_u64(sandbox_wait_ns(0, wait), SANDBOX_LONGEST_WAIT_NS, "which stays");
	is_u64(sandbox_wait_ns(SANDBOX_LONG_LIFE_NS - 1, wait), wait, "after a life too short");
	is_u64(sandbox_wait_ns(SANDBOX_LONG_LIFE_NS, wait), SANDBOX_SHORTEST_WAIT_NS,
	       "a long life makes up for all");
	is_u64(sandbox_wait_ns(0, 0), SANDBOX_SHORTEST_WAIT_NS, "as it was the first one");
}

static void test_secret(struct buf *reply)
{
	struct sandbox *sb;

	setenv("CULPRIT_SECRET", "token", 1);
	sb = new_sandbox();
	is_i64(ask(sb, SECRET, "", reply), 0, "the environment");
	is_str(reply->data, "nothing", "is not for parsers");
	sandbox_free(sb);
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

int main(int argc, char **argv)
{
	struct sandbox *sb = NULL;
	struct err err;
	struct buf reply;
	int r = sandbox_new(&sb, &err);

	sandbox_serve(argc, argv, jobs, JOBS);
	is_i64(r, -ENOSYS, "a program that does not serve has no sandbox: %s", err.text);
	buf_init(&reply, 8u << 20);
	test_host(&reply);
	test_descriptors();
	test_lost_zygote(&reply);
	test_stuck_zygote(&reply);
	test_waits();
	test_secret(&reply);
	sb = new_sandbox();
	test_signals(sb, &reply);
	sandbox_free(sb);
	sandbox_free(NULL);
	test_death_of_parent();
	buf_release(&reply);
	return tap_done();
}
