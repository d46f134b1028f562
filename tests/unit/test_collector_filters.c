// SPDX-License-Identifier: Apache-2.0
/* The collector's filters on the running kernel: a family of processes, a control group. */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/collecting.h"

/* Forks a child that forks a grandchild; both spin. Returns the child. */
static pid_t spin_family(int ready_fd)
{
	pid_t child = fork();
	char go;

	if (child)
		return child;
	if (read(ready_fd, &go, 1) != 1)
		_exit(1);
	if (!fork()) {
		spin_for(300 * 1000 * 1000);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	_exit(0);
}

static void test_pid_filter(void)
{
	struct collector_opts opts = {.hz = HZ, .only_added = true};
	struct seen seen = {0};
	struct collector *c = start(&opts);
	int pipe_fds[2];
	pid_t child;

	if (!c)
		return;
	ok(!pipe(pipe_fds), "pipe");
	child = spin_family(pipe_fds[0]);
	seen.pid = (uint32_t)getpid();
	ok(!collector_add_pid(c, (uint32_t)child), "add a process to the filter");
	ok(write(pipe_fds[1], "x", 1) == 1, "start it");
	spin_for(200 * 1000 * 1000);
	waitpid(child, NULL, 0);
	ok(!collector_stop(c, take, &seen), "stop");
	is_u64(seen.samples, 0, "this process is not in the filter");
	ok(seen.other_pids >= HZ / 20, "%" PRIu64 " samples of the family that is",
	   seen.other_pids);
	collector_free(c);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

/* Where cgroup v2 is mounted, from /proc/self/mounts. */
static bool find_cgroup2(char *ret, size_t size)
{
	char source[256], dir[256], type[64];
	bool found = false;
	FILE *f = fopen("/proc/self/mounts", "r");

	while (f && !found && fscanf(f, "%255s %255s %63s %*[^\n]", source, dir, type) == 3)
		found = !strcmp(type, "cgroup2");
	if (f)
		fclose(f);
	if (found)
		snprintf(ret, size, "%s", dir);
	return found;
}

static bool enter_cgroup(const char *dir)
{
	char path[512];
	bool entered;
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	f = fopen(path, "w");
	if (!f)
		return false;
	entered = fprintf(f, "0") > 0;
	return fclose(f) == 0 && entered;
}

/* A child spins two levels below the cgroup that is filtered for; this process spins outside. */
static void spin_in_and_out(const char *outer, const char *inner)
{
	struct collector_opts opts = {.hz = HZ};
	struct seen seen = {.pid = (uint32_t)getpid()};
	struct collector *c;
	struct stat st;
	pid_t child;

	if (!ok(!stat(outer, &st), "the cgroup's id is its inode"))
		return;
	opts.cgroup_id = st.st_ino;
	c = start(&opts);
	if (!c)
		return;
	child = fork();
	if (!child) {
		if (!enter_cgroup(inner))
			_exit(1);
		spin_for(200 * 1000 * 1000);
		_exit(0);
	}
	spin_for(200 * 1000 * 1000);
	waitpid(child, NULL, 0);
	ok(!collector_stop(c, take, &seen), "stop");
	is_u64(seen.samples, 0, "this process is not in the cgroup");
	ok(seen.other_pids >= HZ / 20, "%" PRIu64 " samples of the child that is, below it",
	   seen.other_pids);
	collector_free(c);
}

static void test_cgroup_filter(void)
{
	char root[256], outer[300], inner[310];

	if (!find_cgroup2(root, sizeof(root))) {
		tap_skip("no cgroup2 is mounted");
		return;
	}
	snprintf(outer, sizeof(outer), "%s/culprit-test-%d", root, getpid());
	snprintf(inner, sizeof(inner), "%s/a", outer);
	if (mkdir(outer, 0755) || mkdir(inner, 0755))
		tap_skip("no cgroup can be made");
	else
		spin_in_and_out(outer, inner);
	rmdir(inner);
	rmdir(outer);
}

int main(void)
{
	if (geteuid()) {
		tap_skip("needs root");
		return tap_done();
	}
	test_pid_filter();
	test_cgroup_filter();
	return tap_done();
}
