// SPDX-License-Identifier: Apache-2.0
#include "base/sandbox_spawn.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/sandbox_zygote.h"
#include "base/text.h"

#define MAX_ENV 16

static const struct sandbox_job *served;
static size_t served_cnt;

/* The environment may hold secrets; the zygote gets what the program needs to start at all. */
static const char *const kept[] = {
	"LD_", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=", "TSAN_OPTIONS="};

static void pick_environment(char **all, char *ret[MAX_ENV + 1])
{
	size_t cnt = 0;

	for (; all && *all && cnt < MAX_ENV; all++)
		for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
			if (!strncmp(*all, kept[i], strlen(kept[i]))) {
				ret[cnt++] = *all;
				break;
			}
	ret[cnt] = NULL;
}

void sandbox_serve(int argc, char **argv, const struct sandbox_job *jobs, size_t cnt)
{
	uint64_t parent;
	int type = 0;
	socklen_t len = sizeof(type);

	served = jobs;
	served_cnt = cnt;
	if (argc != 2 || strcmp(argv[0], SANDBOX_NAME) || num_parse_u64(str_of(argv[1]), &parent) ||
	    parent > INT_MAX || getsockopt(SANDBOX_CONTROL_FD, SOL_SOCKET, SO_TYPE, &type, &len) ||
	    type != SOCK_SEQPACKET)
		return;
	sandbox_zygote_main(jobs, cnt, (int)parent);
}

const struct sandbox_job *sandbox_jobs(size_t *ret_cnt)
{
	*ret_cnt = served_cnt;
	return served;
}

/* As if nothing had been set: neither a mask nor what is ignored is inherited. */
static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int r;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	r = posix_spawnattr_setsigmask(attr, &none);
	if (!r)
		r = posix_spawnattr_setsigdefault(attr, &all);
	if (!r)
		r = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return r;
}

/* A positive errno, as posix_spawn(3). */
static int execute(int control, pid_t *ret_pid)
{
	char parent[16], name[] = SANDBOX_NAME, *argv[] = {name, parent, NULL};
	char *environment[MAX_ENV + 1];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int r;

	(void)snprintf(parent, sizeof(parent), "%d", (int)getpid());
	pick_environment(environ, environment);
	r = posix_spawnattr_init(&attr);
	if (r)
		return r;
	r = posix_spawn_file_actions_init(&actions);
	if (!r) {
		r = set_attributes(&attr);
		if (!r)
			r = posix_spawn_file_actions_adddup2(&actions, control, SANDBOX_CONTROL_FD);
		if (!r)
			r = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attr, argv,
					environment);
		(void)posix_spawn_file_actions_destroy(&actions);
	}
	(void)posix_spawnattr_destroy(&attr);
	return r;
}

int sandbox_spawn(pid_t *ret_pid, int *ret_control)
{
	int sockets[2], r;

	if (!served)
		return -ENOSYS;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	r = execute(sockets[1], ret_pid);
	(void)close(sockets[1]);
	if (r) {
		(void)close(sockets[0]);
		return -r;
	}
	*ret_control = sockets[0];
	return 0;
}

enum sandbox_death sandbox_death_of(int status, bool has_spoken)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL ? SANDBOX_DEATH_KILLED : SANDBOX_DEATH_CRASHED;
	return has_spoken ? SANDBOX_DEATH_EXITED : SANDBOX_DEATH_NOT_STARTED;
}

const char *sandbox_death_name(enum sandbox_death death)
{
	static const char *const names[SANDBOX_DEATH_CNT] = {
		[SANDBOX_DEATH_KILLED] = "killed",	     [SANDBOX_DEATH_CRASHED] = "crashed",
		[SANDBOX_DEATH_EXITED] = "exited",	     [SANDBOX_DEATH_STUCK] = "stuck",
		[SANDBOX_DEATH_NOT_STARTED] = "not_started",
	};

	return names[death];
}

uint64_t sandbox_wait_ns(uint64_t lived_ns, uint64_t before_ns)
{
	if (lived_ns >= SANDBOX_LONG_LIFE_NS || before_ns < SANDBOX_SHORTEST_WAIT_NS)
		return SANDBOX_SHORTEST_WAIT_NS;
	return before_ns < SANDBOX_LONGEST_WAIT_NS / 2 ? 2 * before_ns : SANDBOX_LONGEST_WAIT_NS;
}
