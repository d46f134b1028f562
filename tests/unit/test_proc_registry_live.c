// SPDX-License-Identifier: Apache-2.0
/* The registry and the real /proc: children of this test, their files and their roots. */
#include "unit/tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "unit/proc_records.h"

/* A child that is stopped right behind its execve of a real program. */
static pid_t start_child(char *const argv[])
{
	pid_t pid = fork();

	if (!pid) {
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		abort();
	usleep(100000);
	return pid;
}

static void end_child(pid_t pid)
{
	(void)kill(pid, 9);
	(void)waitpid(pid, NULL, 0);
}

/* An execve is told of while /proc shows the process, another program, and nobody any more. */
static void check_exec(struct registry *r, uint64_t t, pid_t child, const char *label)
{
	uint32_t pid = (uint32_t)child;
	struct process *p;

	ok(!exec_of(r, t, pid, "sh"), "an execve is told");
	p = sample_at(r, t + 1, pid, 0, 0);
	is_str(process_label(p).p, label, "…and its arguments are read");
	ok(process_generation(p) > 0, "…in a new generation");
	ok(!map_of(r, t + 2, pid, 0x1000, 0x1000, 0, "/usr/bin/earlier", NULL),
	   "the first file is not what /proc says");
	is_str(label_at(r, t + 3, pid, 0), "earlier", "…so /proc spoke of a later execve");
	end_child(child);
	is_str(label_at(r, t + 4, 4000002, 1), "sampled", "a process that is gone has its comm");
	ok(!exec_of(r, t + 5, pid, "gone"), "an execve of one that is gone");
	is_str(label_at(r, t + 6, pid, 0), "gone", "…has the comm of the event");
}

static void test_live(void)
{
	char *const argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)"read x; echo; echo", NULL};
	struct kept kept = {0};
	struct registry *r = new_registry("/proc", 100, &kept);
	struct registry *replay = new_registry(NULL, 100, NULL);
	int hold[2];
	struct process *p;
	struct place at = {0};
	uint64_t pc = 0, start;
	size_t cnt;
	pid_t pid;
	char label[64];

	if (pipe(hold) || dup2(hold[0], 0) < 0)
		abort();
	pid = start_child(argv);
	p = sample_at(r, 1, (uint32_t)pid, 0, 0);
	ok(p && strstr(process_label(p).p, " -c read"),
	   "a process nobody told of is found in /proc: %s", process_label(p).p);
	start = process_start(p);
	ok(start, "…with its start");
	is_u64(process_ppid(p), (uint64_t)getpid(), "…and its parent");
	ok(kept.cnt > 3 && ((struct wire_header *)kept.data)->type == WIRE_PROC,
	   "%zu records were shown", kept.cnt);
	for (size_t off = 0; off < kept.len;) {
		const struct wire_header *rec = (const struct wire_header *)(kept.data + off);
		const struct wire_mmap *m = (const struct wire_mmap *)rec;

		if (rec->type == WIRE_MMAP && m->path_len && m->path[0] == '/' && !pc)
			pc = m->addr + 8;
		if (registry_take(replay, rec))
			abort();
		off += rec->size;
	}
	process_place(p, pc, &at);
	ok(at.kind == PLACE_FILE && at.image, "its code is a file");
	(void)snprintf(label, sizeof(label), "%s", process_label(p).p);
	is_str(label_at(replay, 2, (uint32_t)pid, start), label,
	       "replayed without /proc it has the same label");
	at = place_at(replay, 2, (uint32_t)pid, pc);
	ok(at.kind == PLACE_FILE, "…and the same place");
	cnt = kept.cnt;
	p = sample_at(r, 3, (uint32_t)pid, start, pc);
	is_u64(kept.cnt, cnt, "a second sample asks nothing");
	p = sample_at(r, 4, (uint32_t)pid, start, 0x1000);
	is_u64(kept.cnt, cnt, "nor does an address in no mapping so soon");
	p = sample_at(r, 4 + 11 * SEC, (uint32_t)pid, start, 0x1000);
	ok(kept.cnt > cnt, "…but later it does");
	p = sample_at(r, 5 + 11 * SEC, (uint32_t)pid, start + 5 * SEC, 0);
	is_str(process_label(p).p, "sampled",
	       "a start time that /proc does not show is another process, gone");
	check_exec(r, 6 + 11 * SEC, pid, label);
	registry_free(r);
	registry_free(replay);
	free(kept.data);
	(void)close(hold[0]);
	(void)close(hold[1]);
}

/* A file that has lost its name, memory that never had one, and what a JIT would do. */
static void test_live_files(void)
{
	char path[] = "/tmp/culprit-test-registry.XXXXXX";
	struct registry *r = new_registry("/proc", 100, NULL);
	int fd = mkstemp(path), memfd = memfd_create("x", 0), elf = memfd_create("elf", 0);
	struct place at = {0};
	void *page[4];
	struct process *p;

	if (fd < 0 || memfd < 0 || elf < 0 || ftruncate(fd, 4096) || ftruncate(memfd, 4096) ||
	    write(elf, "\177ELF", 4) != 4)
		abort();
	page[0] = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	page[1] = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, memfd, 0);
	page[2] = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, elf, 0);
	page[3] = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)unlink(path);
	p = sample_at(r, 1, (uint32_t)getpid(), 0, 0);
	if (geteuid()) {
		tap_skip("map_files wants root");
	} else {
		process_place(p, (uint64_t)(uintptr_t)page[0] + 1, &at);
		ok(at.kind == PLACE_FILE && at.offset == 1,
		   "a deleted file is opened by its mapping");
		if (at.kind == PLACE_FILE)
			ok(str_eq(image_path(at.image), str_of(path)),
			   "…under the name that it had");
		process_place(p, (uint64_t)(uintptr_t)page[2], &at);
		ok(at.kind == PLACE_FILE, "an ELF file in memory is a file");
	}
	process_place(p, (uint64_t)(uintptr_t)page[1], &at);
	ok(at.kind == PLACE_ANON, "other memory of a memfd is a JIT's");
	process_place(p, (uint64_t)(uintptr_t)page[3], &at);
	ok(at.kind == PLACE_ANON && at.pid == (uint32_t)getpid(), "so is memory without a file");
	ok(at.inner_pid, "…whose process is known in its own namespace");
	is_u64(lost(r, LOSS_NO_FILE), 0, "no file was missed");
	for (size_t i = 0; i < 4; i++)
		(void)munmap(page[i], 4096);
	registry_free(r);
	(void)close(fd);
	(void)close(memfd);
	(void)close(elf);
}

/* The process sees its files below a root of its own, and must not lead anybody out of it. */
static void test_live_root(void)
{
	char dir[] = "/tmp/culprit-test-root.XXXXXX", file[64], link[64], other[64];
	struct registry *r = new_registry("/proc", 100, NULL);
	struct stat st, etc, other_st;
	struct place at;
	uint32_t pid;
	pid_t child;
	FILE *f;

	if (geteuid()) {
		tap_skip("chroot wants root");
		registry_free(r);
		return;
	}
	if (!mkdtemp(dir))
		abort();
	(void)snprintf(file, sizeof(file), "%s/file", dir);
	(void)snprintf(other, sizeof(other), "%s/other", dir);
	(void)snprintf(link, sizeof(link), "%s/link", dir);
	f = fopen(file, "w");
	if (!f || fclose(f) || !(f = fopen(other, "w")) || fclose(f) ||
	    symlink("/etc/passwd", link) || stat(file, &st) || stat(other, &other_st) ||
	    stat("/etc/passwd", &etc))
		abort();
	child = fork();
	if (!child) {
		if (!chroot(dir))
			pause();
		_exit(1);
	}
	usleep(100000);
	pid = (uint32_t)child;
	ok(!proc_of(r, 1, pid, 0, "/x", "", "") &&
		   !map_of(r, 1, pid, 0x1000, 0x1000, 0, "/file", &st),
	   "a file below the root of the process");
	at = place_at(r, 2, pid, 0x1000);
	ok(at.kind == PLACE_FILE, "…is found there");
	ok(!map_of(r, 1, pid, 0x3000, 0x1000, 0, "/link", &etc), "a link out of it");
	at = place_at(r, 2, pid, 0x3000);
	ok(at.kind == PLACE_NO_FILE, "…leads nowhere");
	ok(!fork_of(r, 3, 4000003, pid) &&
		   !map_of(r, 3, 4000003, 0x5000, 0x1000, 0, "/other", &other_st),
	   "a child that is gone already");
	at = place_at(r, 4, 4000003, 0x5000);
	ok(at.kind == PLACE_FILE, "…had its parent's root");
	ok(!map_of(r, 3, 4000003, 0x7000, 0x1000, 0, "/file", &etc),
	   "another file under a known path");
	at = place_at(r, 4, 4000003, 0x7000);
	ok(at.kind == PLACE_NO_FILE, "…is not taken for it");
	end_child(child);
	registry_free(r);
	(void)unlink(file);
	(void)unlink(other);
	(void)unlink(link);
	(void)rmdir(dir);
}
int main(void)
{
	if (image_cache_new(&image_limits_default, &images))
		return 1;
	test_live();
	test_live_files();
	test_live_root();
	image_cache_free(images);
	return tap_done();
}
