// SPDX-License-Identifier: Apache-2.0
/*
 * Answers, accidents and rules. Sanitized builds have no filter and no limit of memory
 * (base/sandbox.h): tests/flow/sandbox.t runs this program without a sanitizer.
 */
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "unit/sandbox_jobs.h"
#include "unit/tmpdir.h"

static void test_answers(struct sandbox *sb, struct buf *reply)
{
	static char large[SANDBOX_MAX_REQUEST + 1];
	struct sandbox_limits small = usual;
	struct buf tight;

	is_i64(ask(sb, ECHO, "hello", reply), 0, "a question is answered");
	is_str(reply->data, "hello", "by what was asked");
	is_i64(ask(sb, ECHO, "", reply), 0, "an empty one too");
	is_u64(reply->len, 0, "by nothing");
	is_i64(ask(sb, FILL, "3000000", reply), 0, "a long answer");
	ok(reply->len == 3000000 && reply->data[2999999] == 'a' + 2999999 % 23,
	   "comes in one piece");
	is_i64(ask(sb, FILL, "5000000", reply), -EFBIG, "one that is too long does not");
	is_u64(reply->len, 0, "and leaves nothing behind");
	buf_init(&tight, 10);
	buf_addstr(&tight, "before");
	is_i64(sandbox_run(sb, FILL, NULL, 0, STR_LIT("5"), &usual, &tight), -EFBIG,
	       "one that the caller has no room for is none");
	is_str(tight.data, "before", "what he had is unchanged");
	is_i64(sandbox_run(sb, FILL, NULL, 0, STR_LIT("4"), &usual, &tight), 0, "one that fits");
	is_str(tight.data, "beforeabcd", "is appended");
	buf_release(&tight);
	memset(large, 'x', sizeof(large));
	buf_clear(reply);
	is_i64(sandbox_run(sb, ECHO, NULL, 0, (struct str){large, sizeof(large) - 1}, &usual,
			   reply),
	       0, "the longest request");
	ok(reply->len == sizeof(large) - 1 && !memcmp(reply->data, large, reply->len),
	   "arrives whole");
	is_i64(sandbox_run(sb, ECHO, NULL, 0, (struct str){large, sizeof(large)}, &usual, reply),
	       -EINVAL, "a longer one is refused");
	is_i64(ask(sb, FILL, "rubbish", reply), -EINVAL, "an error of the job is told");
	is_i64(ask(sb, MISSING, "", reply), -EINVAL, "a job that is not there");
	is_i64(ask(sb, JOBS, "", reply), -EINVAL, "or beyond the table");
	small.reply_bytes = 3;
	buf_clear(reply);
	is_i64(sandbox_run(sb, FILL, NULL, 0, STR_LIT("4"), &small, reply), -EFBIG,
	       "the bound of the answer is that of the question");
}

static void test_accidents(struct sandbox *sb, struct buf *reply)
{
	static const char *const words[] = {"segv",    "abort", "exit",	  "leave",
					    "promise", "lie",	"hang up"};
	struct sandbox_stats before, after;

	sandbox_stats(sb, &before);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		is_i64(ask(sb, MISBEHAVE, words[i], reply), -EFAULT, "'%s' costs its answer",
		       words[i]);
	sandbox_stats(sb, &after);
	is_u64(after.crashes - before.crashes, ARRAY_SIZE(words), "each is counted");
	is_u64(reply->len, 0, "nothing of them is taken for an answer");
	is_i64(ask(sb, ECHO, "still here", reply), 0, "the next one does not notice");
}

static void test_time(struct sandbox *sb, struct buf *reply)
{
	struct sandbox_limits short_wall = usual, short_cpu = usual;
	uint64_t begin = clock_mono_ns(&clock_system), took;
	struct sandbox_stats before, after;

	short_wall.wall_ms = 200;
	short_cpu.wall_ms = 30000;
	sandbox_stats(sb, &before);
	buf_clear(reply);
	is_i64(sandbox_run(sb, MISBEHAVE, NULL, 0, STR_LIT("loop"), &short_wall, reply), -ETIMEDOUT,
	       "an endless loop is ended by the clock");
	took = clock_mono_ns(&clock_system) - begin;
	ok(took >= 200000000 && took < 2 * NSEC_PER_SEC, "when its time is over");
	is_i64(sandbox_run(sb, MISBEHAVE, NULL, 0, STR_LIT("sleep"), &short_wall, reply),
	       -ETIMEDOUT, "so is one that waits for ever");
	is_i64(sandbox_run(sb, MISBEHAVE, NULL, 0, STR_LIT("loop"), &short_cpu, reply), -ETIMEDOUT,
	       "or by the CPU time it has used");
	ok(clock_mono_ns(&clock_system) - begin < 30 * NSEC_PER_SEC, "before the clock does");
	sandbox_stats(sb, &after);
	is_u64(after.timeouts - before.timeouts, 3, "all are counted");
	ok(after.cpu_ns - before.cpu_ns > NSEC_PER_SEC / 2, "their CPU time is billed");
	is_i64(ask(sb, ECHO, "still here", reply), 0, "the next one does not notice");
}

static void test_rules(struct sandbox *sb, struct buf *reply)
{
	static const char *const forbidden[] = {
		"open", "socket",    "execve", "ptrace",	"fork",
		"kill", "setrlimit", "code",   "shared memory", "making code"};
	struct sandbox_stats stats;

	sandbox_stats(sb, &stats);
	if (!SANITIZED &&
	    syscall(SYS_seccomp, 2 /* GET_ACTION_AVAIL */, 0, &(uint32_t){0x80000000}))
		tap_skip("this kernel has no seccomp filter");
	else
		is_u64(stats.has_seccomp, !SANITIZED, "there is a filter");
	for (size_t i = 0; i < ARRAY_SIZE(forbidden) && stats.has_seccomp; i++)
		is_i64(ask(sb, MISBEHAVE, forbidden[i], reply), -EFAULT, "%s is not allowed",
		       forbidden[i]);
}

static void test_memory(struct sandbox *sb, struct buf *reply)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (SANITIZED) {
		tap_skip("memory is not limited beside a sanitizer");
	} else {
		is_i64(ask(sb, MISBEHAVE, "memory", reply), -ENOMEM,
		       "a memory bomb runs out of its share");
		buf_clear(reply);
		is_i64(sandbox_run(sb, MISBEHAVE, &fd, 1, STR_LIT("maps"), &usual, reply), -ENOMEM,
		       "mapping the file again and again does too");
	}
	close(fd);
}

static void test_descriptors(struct sandbox *sb, struct buf *reply)
{
	struct sandbox_limits limits = usual;
	int fds[SANDBOX_MAX_FDS + 1] = {-1};
	struct stat st;
	pid_t pid;

	fds[0] = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	fds[1] = open(tmpdir_at("out"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	limits.file_bytes = 10000;
	buf_clear(reply);
	is_i64(sandbox_run(sb, WRITE, fds, 2, STR_LIT(""), &limits, reply), 0,
	       "descriptors are handed over");
	is_str(reply->data, "\177ELF 10000 27", "the first is read, the second written");
	ok(!fstat(fds[1], &st) && st.st_size == 10000, "as far as allowed");
	buf_clear(reply);
	limits.file_bytes = 1 << 20;
	is_i64(sandbox_run(sb, WRITE, fds, 2, STR_LIT(""), &limits, reply), 0,
	       "with a larger bound");
	is_str(reply->data, "\177ELF 65536 0", "all is written");
	is_i64(sandbox_run(sb, WRITE, fds, SANDBOX_MAX_FDS + 1, STR_LIT(""), &limits, reply),
	       -EINVAL, "too many are refused");
	buf_clear(reply);
	is_i64(sandbox_run(sb, WHO, fds, 2, STR_LIT(""), &limits, reply), 0, "what a child has");
	pid = pid_in(reply);
	ok(pid > 1 && pid != getpid(), "it is another process");
	is_str(strchr(reply->data, ' '), " 6", "with /dev/null, its link and what it was handed");
	close(fds[0]);
	close(fds[1]);
}

static void test_session(struct sandbox *sb, struct buf *reply)
{
	struct sandbox_session *s = NULL, *more[SANDBOX_MAX_SESSIONS] = {NULL};
	struct buf out;
	int failed = 0;
	pid_t pid;

	buf_init(&out, 1 << 20);
	ok(!sandbox_open(sb, COUNT, NULL, 0, &usual, &s), "a session");
	for (int i = 0; i < 3; i++)
		failed |= sandbox_ask(s, STR_LIT(""), &out);
	ok(!failed, "takes questions");
	is_str(out.data, "123", "and remembers between them");
	is_i64(sandbox_ask(s, STR_LIT("fail"), &out), -ENOEXEC, "an error of the job");
	is_i64(sandbox_ask(s, STR_LIT(""), &out), 0, "does not end it");
	is_str(out.data, "1234", "nor make it forget");
	is_i64(ask(sb, COUNT, "", reply), 0, "another child");
	is_str(reply->data, "1", "knows nothing of it");
	sandbox_close(s);

	buf_clear(&out);
	ok(!sandbox_open(sb, WHO, NULL, 0, &usual, &s) && !sandbox_ask(s, STR_LIT(""), &out),
	   "a session whose child");
	pid = pid_in(&out);
	ok(pid > 1 && !kill(pid, SIGKILL), "is killed in the middle");
	is_i64(sandbox_ask(s, STR_LIT(""), &out), -EFAULT, "says so");
	is_i64(sandbox_ask(s, STR_LIT(""), &out), -EFAULT, "for good");
	sandbox_close(s);

	failed = 0;
	for (size_t i = 0; i < SANDBOX_MAX_SESSIONS; i++)
		failed |= sandbox_open(sb, COUNT, NULL, 0, &usual, &more[i]);
	ok(!failed, "as many sessions as are allowed");
	is_i64(sandbox_open(sb, COUNT, NULL, 0, &usual, &s), -EAGAIN, "not one more");
	for (size_t i = 0; i < SANDBOX_MAX_SESSIONS; i++) {
		failed |= sandbox_ask(more[i], STR_LIT(""), &out);
		sandbox_close(more[i]);
	}
	ok(!failed, "all of them answer");
	is_i64(ask(sb, ECHO, "", reply), 0, "and give their places back");
	sandbox_close(NULL);
	buf_release(&out);
}

static bool status_line(pid_t pid, const char *key, char *out, size_t room)
{
	char path[64];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f && !found && fgets(out, (int)room, f)) {
		out[strcspn(out, "\n")] = '\0';
		found = !strncmp(out, key, strlen(key));
	}
	if (f)
		fclose(f);
	return found;
}

/* What /proc says of a child that waits for its next question. */
static void test_rights(struct sandbox *sb)
{
	struct sandbox_limits limits = usual;
	struct sandbox_session *s = NULL;
	struct sandbox_stats stats;
	char line[256], path[64], adj[16] = "";
	struct buf reply;
	int own = getpriority(PRIO_PROCESS, 0);
	pid_t pid;
	FILE *f;

	buf_init(&reply, 1000);
	sandbox_stats(sb, &stats);
	if (!stats.has_seccomp) {
		is_i64(sandbox_run(sb, PRIVATE, NULL, 0, STR_LIT(""), &usual, &reply), 0, "asked");
		ok(strstr(reply.data, "dumpable 0 no_new_privs 1"), "'%s'", reply.data);
		buf_clear(&reply);
	}
	limits.nice = 3;
	ok(!sandbox_open(sb, WHO, NULL, 0, &limits, &s) && !sandbox_ask(s, STR_LIT(""), &reply),
	   "a session");
	pid = pid_in(&reply);
	is_i64(getpriority(PRIO_PROCESS, (id_t)pid), own > 16 ? 19 : own + 3,
	       "its priority is lower than ours");
	ok(status_line(pid, "CapPrm:", line, sizeof(line)) && strstr(line, "0000000000000000"),
	   "no capability is permitted");
	ok(status_line(pid, "CapEff:", line, sizeof(line)) && strstr(line, "0000000000000000"),
	   "or effective");
	if (stats.has_nobody)
		ok(status_line(pid, "Uid:", line, sizeof(line)) &&
			   !strcmp(line, "Uid:\t65534\t65534\t65534\t65534"),
		   "it is nobody");
	ok(!geteuid() == stats.has_nobody, "if we are root");
	ok(status_line(pid, "NoNewPrivs:", line, sizeof(line)) && strstr(line, "\t1"),
	   "nor can it get any back");
	if (stats.has_seccomp)
		ok(status_line(pid, "Seccomp:", line, sizeof(line)) && strstr(line, "\t2"),
		   "its calls are filtered");
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	f = fopen(path, "r");
	if (f && fgets(adj, sizeof(adj), f))
		is_str(adj, "1000\n", "it goes first when memory runs out");
	if (f)
		fclose(f);
	sandbox_close(s);
	buf_release(&reply);
}

int main(int argc, char **argv)
{
	struct sandbox *sb;
	struct buf reply;

	sandbox_serve(argc, argv, jobs, JOBS);
	tmpdir_make();
	buf_init(&reply, 8u << 20);
	sb = new_sandbox();
	test_answers(sb, &reply);
	test_accidents(sb, &reply);
	test_time(sb, &reply);
	test_rules(sb, &reply);
	test_memory(sb, &reply);
	test_descriptors(sb, &reply);
	test_session(sb, &reply);
	test_rights(sb);
	sandbox_free(sb);
	sandbox_free(NULL);
	buf_release(&reply);
	ok(tmpdir_remove(), "the test directory is gone");
	return tap_done();
}
