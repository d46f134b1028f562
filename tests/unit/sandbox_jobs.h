/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox_jobs.h - jobs that do what a parser does when a file has taken it over. */
#ifndef TESTS_SANDBOX_JOBS_H
#define TESTS_SANDBOX_JOBS_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/num.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "unit/tap.h"

#define LINK 4 /* the child's descriptor to this process */

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

enum {
	ECHO,
	NOTHING,
	FILL,
	MISBEHAVE,
	COUNT,
	WRITE,
	WHO,
	MISSING,
	PRIVATE,
	SECRET,
	JOBS,
};

static int do_echo(const int *fds, size_t fd_cnt, struct str request, struct buf *reply,
		   void **state)
{
	buf_add(reply, request.p, request.len);
	return 0;
}

static int do_nothing(const int *fds, size_t fd_cnt, struct str request, struct buf *reply,
		      void **state)
{
	return 0;
}

static int do_fill(const int *fds, size_t fd_cnt, struct str request, struct buf *reply,
		   void **state)
{
	uint64_t cnt = 0;

	if (num_parse_u64(request, &cnt))
		return -EINVAL;
	for (uint64_t i = 0; i < cnt; i++)
		buf_addch(reply, (char)('a' + i % 23));
	return 0;
}

static volatile sig_atomic_t spin = 1;
static char page[2 * 4096];

static int crash_by_signal(const int *fds)
{
	static volatile uintptr_t nowhere = 64;

	*(volatile int *)nowhere = 1;
	return 0;
}

static int crash_by_abort(const int *fds)
{
	abort();
}

static int leave_in_anger(const int *fds)
{
	_exit(3);
}

static int leave_quietly(const int *fds)
{
	_exit(0);
}

static int loop(const int *fds)
{
	while (spin)
		;
	return 0;
}

static int wait_for_ever(const int *fds)
{
	while (spin)
		(void)!recv(LINK, page, 1, 0);
	return 0;
}

static int take_memory(const int *fds)
{
	for (;;) {
		char *p = malloc(1 << 20);

		if (!p)
			return -ENOMEM;
		memset(p, 1, 1 << 20);
	}
}

static int map_again_and_again(const int *fds)
{
	for (int i = 0; i < 1000000; i++) {
		if (mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE, fds[0], 0) == MAP_FAILED)
			return -ENOMEM;
	}
	return 0;
}

static int open_file(const int *fds)
{
	return open("/etc/passwd", O_RDONLY);
}

static int make_socket(const int *fds)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int execute(const int *fds)
{
	char *const none[] = {NULL};

	return execve("/bin/true", none, none);
}

static int trace(const int *fds)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int make_process(const int *fds)
{
	return fork();
}

static int send_signal(const int *fds)
{
	return kill(getppid(), 0);
}

static int lift_limit(const int *fds)
{
	return setrlimit(RLIMIT_DATA, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
}

static int map_code(const int *fds)
{
	return mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int map_shared(const int *fds)
{
	return mmap(NULL, 4096, PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int make_code(const int *fds)
{
	uintptr_t at = ((uintptr_t)page + 4095) & ~(uintptr_t)4095;

	return mprotect((void *)at, 4096, PROT_READ | PROT_EXEC);
}

static int lie(const int *fds)
{
	return (int)send(LINK, "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, 0);
}

static int promise_more(const int *fds)
{
	(void)!send(LINK, "\0\0\0\0\0\0\0\0\0\20\0\0\0\0\0\0half", 20, 0);
	_exit(0);
}

static int hang_up(const int *fds)
{
	(void)close(LINK);
	return loop(fds);
}

/* What ends the child by itself, what a limit ends, what the filter must not let through. */
static const struct {
	const char *name;
	int (*fn)(const int *fds);
} deeds[] = {
	{"segv", crash_by_signal},
	{"abort", crash_by_abort},
	{"exit", leave_in_anger},
	{"leave", leave_quietly},
	{"promise", promise_more},
	{"lie", lie},
	{"hang up", hang_up},
	{"loop", loop},
	{"sleep", wait_for_ever},
	{"memory", take_memory},
	{"maps", map_again_and_again},
	{"open", open_file},
	{"socket", make_socket},
	{"execve", execute},
	{"ptrace", trace},
	{"fork", make_process},
	{"kill", send_signal},
	{"setrlimit", lift_limit},
	{"code", map_code},
	{"shared memory", map_shared},
	{"making code", make_code},
};

static inline int do_misbehave(const int *fds, size_t fd_cnt, struct str request, struct buf *reply,
			       void **state)
{
	(void)close(STDERR_FILENO); /* what a sanitizer has to say is what was wanted */
	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
		if (str_eq(request, str_of(deeds[i].name)))
			return deeds[i].fn(fds) == -ENOMEM ? -ENOMEM : 0;
	}
	return 0;
}

static int do_count(const int *fds, size_t fd_cnt, struct str request, struct buf *reply,
		    void **state)
{
	uint64_t *cnt = *state ? *state : calloc(1, sizeof(*cnt));

	if (!cnt)
		return -ENOMEM;
	*state = cnt;
	if (str_eq(request, STR_LIT("fail")))
		return -ENOEXEC;
	buf_addu64(reply, ++*cnt);
	return 0;
}

/* Writes 64 KiB to its second descriptor, and answers how far it came and how its first begins. */
static int do_write(const int *fds, size_t fd_cnt, struct str request, struct buf *reply,
		    void **state)
{
	static const char block[4096];
	char head[5] = {0};
	ssize_t n = 0;
	int done = 0;

	if (fd_cnt != 2 || pread(fds[0], head, 4, 0) != 4)
		return -EINVAL;
	for (int i = 0; i < 16; i++) {
		n = pwrite(fds[1], block, sizeof(block), done);
		if (n < 0)
			break;
		done += (int)n;
	}
	buf_addf(reply, "%s %d %d", head, done, n < 0 ? errno : 0);
	return 0;
}

static int do_who(const int *fds, size_t fd_cnt, struct str request, struct buf *reply,
		  void **state)
{
	int open_fds = 0;

	for (int fd = 0; fd < 64; fd++)
		open_fds += lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF;
	buf_addf(reply, "%d %d", (int)getpid(), open_fds);
	return 0;
}

/* Asks the kernel what the sandbox has left of us; for builds and machines without the filter. */
static inline int do_private(const int *fds, size_t fd_cnt, struct str request, struct buf *reply,
			     void **state)
{
	buf_addf(reply, "uid %d dumpable %d no_new_privs %d", (int)getuid(), prctl(PR_GET_DUMPABLE),
		 prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	return 0;
}

/* What the program's environment says, as the child sees it. */
static int do_secret(const int *fds, size_t fd_cnt, struct str request, struct buf *reply,
		     void **state)
{
	const char *value = getenv("CULPRIT_SECRET");

	buf_addstr(reply, value ? value : "nothing");
	return 0;
}

static const struct sandbox_job jobs[JOBS] = {
	[ECHO] = {"echo", do_echo},	  [NOTHING] = {"nothing", do_nothing},
	[FILL] = {"fill", do_fill},	  [MISBEHAVE] = {"misbehave", do_misbehave},
	[COUNT] = {"count", do_count},	  [WRITE] = {"write", do_write},
	[WHO] = {"who", do_who},	  [PRIVATE] = {"private", do_private},
	[SECRET] = {"secret", do_secret},
};

static const struct sandbox_limits usual = {
	.memory_bytes = 32u << 20,
	.cpu_ms = 1000,
	.wall_ms = 5000,
	.reply_bytes = 4u << 20,
};

static int ask(struct sandbox *sb, unsigned int job, const char *request, struct buf *reply)
{
	buf_clear(reply);
	return sandbox_run(sb, job, NULL, 0, str_of(request), &usual, reply);
}

/* The number that an answer begins with. */
static inline pid_t pid_in(const struct buf *reply)
{
	struct str text = buf_str(reply), field = {"", 0};
	uint64_t value = 0;

	(void)str_split(&text, ' ', &field);
	return num_parse_u64(field, &value) ? 0 : (pid_t)value;
}

static struct sandbox *new_sandbox(void)
{
	struct sandbox *sb = NULL;
	struct err err;

	if (sandbox_new(&sb, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return sb;
}

#endif
