// SPDX-License-Identifier: Apache-2.0
#include "unit/tap.h"

#include <errno.h>
#include <unistd.h>

#include "base/text.h"
#include "elf/vdso.h"
#include "unit/proc_records.h"

static void test_options(void)
{
	struct registry_opts o = {.images = images};
	struct registry *r;

	is_i64(registry_new(&o, &r), -EINVAL, "limits of 0 are refused");
	o.max_processes = o.max_mappings = o.max_all_mappings = 1;
	o.proc_root = "/nonexistent";
	is_i64(registry_new(&o, &r), -ENOENT, "so is a root that is not there");
	registry_free(NULL);
}

static void test_life(void)
{
	struct registry *r = new_registry(NULL, 100, NULL);
	struct process *p;

	ok(!proc_of(r, 1, 10, 5 * SEC, "/usr/bin/bash", "bash|x.sh|", "/user"),
	   "a process from a snapshot");
	is_str(label_at(r, 2, 10, 5 * SEC + 7000000), "bash x.sh",
	       "its label; the start time is exact to a tick");
	ok(!fork_of(r, 3, 11, 10), "it forks");
	p = sample_at(r, 4, 11, 6 * SEC, 0);
	is_str(process_label(p).p, "bash x.sh", "the child has its label");
	is_str(process_cgroup(p).p, "/user", "…and its cgroup");
	is_u64(process_ppid(p), 10, "…and knows its parent");
	is_u64(process_generation(p), 0, "…no execve yet");
	is_u64(process_start(p), 6 * SEC, "…its start comes from the sample");
	ok(!exec_of(r, 5, 11, "ls"), "it calls execve");
	p = sample_at(r, 6, 11, 6 * SEC, 0);
	is_str(process_label(p).p, "ls", "until its file is mapped there is only the comm");
	is_u64(lost(r, LOSS_NO_PROCESS), 1, "…which is counted");
	is_u64(process_generation(p), 1, "a new generation");
	is_str(process_cgroup(p).p, "/user", "the cgroup stays");
	ok(!map_of(r, 7, 11, 0x7f000000, 0x1000, 0, "/lib64/ld-linux-x86-64.so.2", NULL) &&
		   !map_of(r, 7, 11, 0x400000, 0x1000, 0, "/usr/bin/busy", NULL) &&
		   !map_of(r, 7, 11, 0x500000, 0x1000, 0, "/usr/lib/libc.so.6", NULL),
	   "loader, program, library");
	is_str(label_at(r, 8, 11, 6 * SEC), "busy",
	       "the first file that is not the loader is the program");
	is_str(label_at(r, 8, 10, 5 * SEC), "bash x.sh", "the parent is what it was");
	ok(!exec_of(r, 9, 11, "backup.sh") &&
		   !map_of(r, 9, 11, 0x400000, 0x1000, 0, "/usr/bin/bash", NULL),
	   "a script that nobody could ask for its arguments");
	is_str(label_at(r, 9, 11, 6 * SEC), "bash backup.sh", "…is known by its comm");
	ok(!fork_of(r, 10, 11, 11) && !comm_of(r, 10, 11, 99, 0, "worker"), "a thread with a name");
	is_str(label_at(r, 10, 11, 6 * SEC), "bash backup.sh", "…changes nothing");
	ok(!exit_of(r, 11, 11, 99), "a thread ends");
	is_u64(registry_cnt(r), 2, "…the process does not");
	ok(!exit_of(r, 12, 11, 11), "the process ends");
	is_str(label_at(r, 12 + 9 * SEC, 11, 6 * SEC), "bash backup.sh",
	       "a late sample is still named");
	ok(!exit_of(r, 12 + 18 * SEC, 55, 55), "9 s later");
	is_u64(registry_cnt(r), 2, "…it is still there: that sample kept it");
	ok(!exit_of(r, 12 + 20 * SEC, 55, 55), "2 s more");
	is_u64(registry_cnt(r), 1, "…and it is forgotten");
	is_str(label_at(r, 40 * SEC, 11, 6 * SEC), "sampled",
	       "then only the comm of the sample is left");
	registry_free(r);
}

static void test_leader_ends(void)
{
	struct registry *r = new_registry(NULL, 100, NULL);

	ok(!proc_of(r, 1, 10, SEC, "/a", "", "") && registry_is_alive(r, 10), "a process");
	ok(!exit_of(r, 2, 10, 10) && !registry_is_alive(r, 10), "its first thread ends");
	ok(sample_at(r, 3, 10, SEC, 0) && !registry_is_alive(r, 10),
	   "in the kernel it may still be seen");
	ok(sample_at(r, 5, 10, SEC, 0x1000) && registry_is_alive(r, 10),
	   "with memory it is another thread: it lives");
	ok(!exit_of(r, 60 * SEC, 55, 55), "a minute later");
	is_str(label_at(r, 60 * SEC, 10, SEC), "a", "...it is still there");
	ok(!exit_of(r, 61 * SEC, 10, 77) && !registry_is_alive(r, 10),
	   "another thread ends, perhaps the last one");
	ok(sample_at(r, 62 * SEC, 10, SEC, 0x1000) && registry_is_alive(r, 10), "it was not");
	ok(!exit_of(r, 63 * SEC, 10, 78) && !exit_of(r, 90 * SEC, 55, 55), "but this one was");
	is_u64(registry_cnt(r), 0, "and the process is forgotten");
	ok(!registry_is_alive(r, 10), "nobody is not alive");
	registry_free(r);
}

static void test_exec_of_thread(void)
{
	struct registry *r = new_registry(NULL, 100, NULL);

	ok(!proc_of(r, 1, 10, SEC, "/a", "", "") && !exit_of(r, 2, 10, 10) &&
		   !exec_of(r, 3, 10, "b") && !map_of(r, 3, 10, 0x1000, 0x1000, 0, "/b", NULL),
	   "a thread's execve ends the leader first");
	ok(!exit_of(r, 60 * SEC, 55, 55), "a minute later");
	is_str(label_at(r, 60 * SEC, 10, SEC), "b", "…the process is there");
	registry_free(r);
}

static void test_pid_reuse(void)
{
	struct registry *r = new_registry(NULL, 100, NULL);

	ok(!proc_of(r, 1, 10, 100 * SEC, "/old", "", "") && !exit_of(r, 5, 10, 10),
	   "a process dies");
	ok(!proc_of(r, 6, 1, SEC, "/parent", "", "") && !fork_of(r, 7, 10, 1),
	   "its pid is used again");
	is_str(label_at(r, 4, 10, 100 * SEC), "old", "an early sample belongs to the old one");
	is_str(label_at(r, 8, 10, 200 * SEC), "parent", "a later one to the new one");
	is_str(label_at(r, 8, 10, 100 * SEC + 1), "old", "by its start time, when both are known");
	is_str(label_at(r, 9, 10, 300 * SEC), "sampled", "a third one, of which nobody told");
	is_u64(lost(r, LOSS_NO_PROCESS), 1, "…is counted");
	is_u64(registry_cnt(r), 4, "three with one pid, and the parent");
	ok(!proc_of(r, 10, 10, 400 * SEC, "/fourth", "", ""), "a fourth one from a snapshot");
	is_str(label_at(r, 10, 10, 400 * SEC), "fourth", "…is known");
	is_str(label_at(r, 10, 10, 200 * SEC), "parent", "…the second too");
	ok(!exit_of(r, 60 * SEC, 55, 55), "a minute later");
	is_u64(registry_cnt(r), 2, "only the living are left");
	registry_free(r);
}

static void test_many_of_one_pid(void)
{
	struct registry *r = new_registry(NULL, 100000, NULL);

	for (uint64_t i = 1; i <= 50000; i++)
		if (proc_of(r, i, 10, i * SEC, "/x", "", ""))
			abort();
	ok(registry_cnt(r) < 20,
	   "50,000 processes of one pid within a moment: only the last ones are kept");
	is_str(label_at(r, 50001, 10, 50000 * SEC), "x", "…the last one of all is");
	registry_free(r);
}

static void test_scan_before_fork(void)
{
	struct registry *r = new_registry(NULL, 100, NULL);

	ok(!proc_of(r, 1, 1, SEC, "/parent", "", "") &&
		   !proc_of(r, 1, 10, 50 * SEC, "/child", "", ""),
	   "a scan saw a child…");
	ok(!fork_of(r, 2, 10, 1) && !exec_of(r, 3, 10, "new") &&
		   !map_of(r, 3, 10, 0x1000, 0x1000, 0, "/new", NULL),
	   "…whose fork and execve are told afterwards");
	is_str(label_at(r, 4, 10, 50 * SEC), "new", "the events win");
	registry_free(r);
}

static void test_eviction(void)
{
	struct registry *r = new_registry(NULL, 4, NULL);
	char exe[16];

	for (uint32_t pid = 1; pid <= 4; pid++) {
		(void)snprintf(exe, sizeof(exe), "/p%u", pid);
		ok(!proc_of(r, pid, pid, pid * SEC, exe, "", ""), "process %u", pid);
	}
	ok(!exit_of(r, 5, 3, 3), "3 ends");
	is_str(label_at(r, 6, 1, SEC), "p1", "1 is sampled");
	ok(!proc_of(r, 7, 5, 5 * SEC, "/p5", "", ""), "a fifth one");
	is_u64(registry_cnt(r), 4, "there are four");
	is_u64(lost(r, LOSS_PROCESSES_FULL), 1, "one was given up");
	is_str(label_at(r, 7, 2, 2 * SEC), "p2", "the living stay");
	is_str(label_at(r, 8, 4, 4 * SEC), "p4", "…all of them");
	is_str(label_at(r, 8, 5, 5 * SEC), "p5", "the new one is there");
	ok(!proc_of(r, 9, 6, 6 * SEC, "/p6", "", ""), "a sixth one");
	is_str(label_at(r, 9, 2, 2 * SEC), "p2", "who was sampled later stays");
	is_str(label_at(r, 9, 4, 4 * SEC), "p4", "…");
	is_str(label_at(r, 10, 1, SEC), "sampled", "who was sampled first is forgotten");
	registry_free(r);

	r = new_registry(NULL, 1, NULL);
	for (uint32_t i = 0; i < 50; i++)
		if (fork_of(r, i, 100 + i % 3, 100 + (i + 1) % 3))
			abort();
	is_u64(registry_cnt(r), 1, "a registry for one process");
	is_u64(lost(r, LOSS_PROCESSES_FULL), 49, "…counts 49 of 50");
	registry_free(r);
}

static void test_kernel_threads(void)
{
	struct registry *r = new_registry("/proc", 10, NULL);
	struct wire_sample s = {
		.h = {WIRE_SAMPLE, WIRE_F_KTHREAD, sizeof(s), 1}, .pid = 4000001, .tid = 4000001};

	memcpy(s.comm, "kworker/1:2", 12);
	is_str(process_label(registry_sample(r, &s)).p, "[kworker]",
	       "a kernel thread needs no /proc");
	is_u64(lost(r, LOSS_NO_PROCESS), 0, "…nothing is missing");
	s.h.flags = 0;
	s.pid = s.tid = 0;
	memcpy(s.comm, "swapper/1\0\0", 12);
	is_str(process_label(registry_sample(r, &s)).p, "[swapper]", "nor does the idle task");
	registry_free(r);
	r = new_registry(NULL, 10, NULL);
	s.h.flags = WIRE_F_KTHREAD;
	s.pid = s.tid = 9;
	ok(registry_sample(r, &s) && !fork_of(r, 2, 12, 9) &&
		   !comm_of(r, 3, 12, 12, 0, "jbd2/sda1-8"),
	   "one more");
	is_str(label_at(r, 4, 12, 0), "[jbd2]", "a name that is given later");
	ok(!exec_of(r, 5, 12, "modprobe") &&
		   !map_of(r, 5, 12, 0x1000, 0x1000, 0, "/sbin/modprobe", NULL),
	   "a helper that the kernel starts");
	is_str(label_at(r, 6, 12, 0), "modprobe", "…is a program");
	registry_free(r);
}

static void test_places(void)
{
	struct registry *r = new_registry(NULL, 10, NULL);
	struct stat st, other;
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	uint64_t high = UINT64_C(0x7ffd00000000);
	struct vdso vdso;
	struct place at;

	exe[n > 0 ? n : 0] = '\0';
	if (stat(exe, &st))
		abort();
	other = st;
	other.st_ino++;
	ok(!proc_of(r, 1, 10, SEC, "/x", "", ""), "a process");
	ok(!map_of(r, 2, 10, 0x400000, 0x1000, 0x2000, exe, &st),
	   "a file that is below / here too");
	at = place_at(r, 3, 10, 0x400010);
	ok(at.kind == PLACE_FILE && at.offset == 0x2010 && at.image,
	   "…is opened, (dev, inode) agree");
	if (at.image)
		ok(str_eq(image_path(at.image), str_of(exe)), "…and is called by its path");
	ok(!map_of(r, 2, 10, 0x500000, 0x1000, 0, exe, &other), "another inode under this path");
	at = place_at(r, 3, 10, 0x500000);
	ok(at.kind == PLACE_NO_FILE && at.name && !strcmp(at.name, strrchr(exe, '/') + 1),
	   "…is not this file");
	is_u64(lost(r, LOSS_NO_FILE), 1, "…and is counted");
	vdso_open(images, &vdso);
	ok(!map_of(r, 2, 10, high, vdso.size ? vdso.size : 4096, 5, "[vdso]", NULL), "the vDSO");
	at = place_at(r, 3, 10, high + 0x123);
	ok(!vdso.image || (at.kind == PLACE_FILE && at.offset == 0x123), "…counts from its start");
	vdso_close(&vdso);
	ok(!map_of(r, 2, 10, 0x600000, 0x1000, 5, "[vdso]", NULL), "that of a 32-bit process");
	at = place_at(r, 3, 10, 0x600123);
	ok(at.kind == PLACE_NO_FILE && !strcmp(at.name, "vdso"), "…is another");
	static const char *const anon[] = {"//anon",
					   "",
					   "[heap]",
					   "[stack]",
					   "/dev/zero (deleted)",
					   "/anon_hugepage (deleted)",
					   "/SYSV00000000 (deleted)",
					   "[anon:jit]",
					   "/memfd:jit (deleted)"};
	for (size_t i = 0; i < ARRAY_SIZE(anon); i++) {
		ok(!map_of(r, 2, 10, 0x700000 + 0x2000 * i, 0x1000, 7, anon[i], NULL),
		   "memory: '%s'", anon[i]);
		at = place_at(r, 3, 10, 0x700008 + 0x2000 * i);
		ok(at.kind == PLACE_ANON && at.offset == 0x700008 + 0x2000 * i && at.pid == 10,
		   "…is anonymous");
	}
	is_u64(lost(r, LOSS_NO_FILE), 1, "none of it is a file that is missing");
	ok(!map_of(r, 2, 10, 0x800000, 0x1000, 0, "[uprobes]", NULL) &&
		   !map_of(r, 2, 10, 0x900000, 0x1000, 0, "/dev/nvidia0", NULL),
	   "the kernel's, a device's");
	at = place_at(r, 3, 10, 0x800000);
	is_str(at.name, "uprobes", "…have a name");
	at = place_at(r, 3, 10, 0x900000);
	is_str(at.name, "nvidia0", "…and no image");
	at = place_at(r, 3, 10, 0x123);
	ok(at.kind == PLACE_NONE && at.offset == 0x123, "an address in no mapping");
	ok(!exec_of(r, 4, 10, "y"), "execve");
	at = place_at(r, 5, 10, 0x400010);
	ok(at.kind == PLACE_NONE, "…drops all mappings");
	registry_free(r);
}

static void test_many_mappings(void)
{
	struct registry *r = new_registry(NULL, 10, NULL);

	ok(!proc_of(r, 1, 10, SEC, "/x", "", ""), "a process");
	for (uint64_t i = 0; i < 1200; i++)
		if (map_of(r, 2, 10, 0x1000000 + i * 0x10000, 0x1000, 0, "//anon", NULL))
			abort();
	is_u64(lost(r, LOSS_MAPPINGS_FULL), 200, "1200 mappings where 1000 are kept");
	registry_free(r);
}

/*
 * Events in any order, with pids and times that make no sense; whatever happens, the ceilings hold.
 */
static void test_random(void)
{
	struct registry *r = new_registry(NULL, 8, NULL);
	uint64_t rng = 99;
	bool held = true;
	size_t named = 0;

	for (int i = 0; i < 200000; i++) {
		uint32_t pid, ppid;
		uint64_t t, start;
		struct process *p;
		struct place at;

		rng = rng * UINT64_C(6364136223846793005) + 1442695040888963407;
		pid = (rng >> 33) % 12;
		ppid = (rng >> 38) % 12;
		start = ((rng >> 43) % 3) * SEC;
		t = rng >> 60 ? (uint64_t)i * 1000000 : rng;
		switch ((rng >> 50) % 7) {
		case 0:
			held = held && !fork_of(r, t, pid, ppid);
			break;
		case 1:
			held = held && !exit_of(r, t, pid, pid);
			break;
		case 2:
			held = held && !exec_of(r, t, pid, "x");
			break;
		case 3:
			held = held &&
			       !proc_of(r, t, pid, start, "/usr/bin/python3", "python3|x.py|", "/");
			break;
		case 4:
			held = held && !map_of(r, t, pid, (rng >> 20) % 1000, 40 * (1 + ppid), 0,
					       start ? "//anon" : "/x", NULL);
			break;
		default:
			p = sample_at(r, t, pid, start, 500);
			held = held && p && process_pid(p) == pid && process_label(p).len;
			if (p) {
				process_place(p, (rng >> 20) % 1000, &at);
				named += at.kind != PLACE_NONE;
			}
		}
		held = held && registry_cnt(r) <= 8;
	}
	ok(held, "200,000 events in any order: the ceiling holds, each sample has a process with a "
		 "label");
	ok(named > 100, "…and %zu addresses a place", named);
	registry_free(r);
}

int main(void)
{
	if (image_cache_new(&image_limits_default, &images))
		return 1;
	test_options();
	test_life();
	test_leader_ends();
	test_exec_of_thread();
	test_pid_reuse();
	test_many_of_one_pid();
	test_scan_before_fork();
	test_eviction();
	test_kernel_threads();
	test_places();
	test_many_mappings();
	test_random();
	image_cache_free(images);
	return tap_done();
}
