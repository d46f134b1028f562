// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=4096 */
/*
 * A /proc of one process: stat, cmdline, cgroup, maps and status are the parts of the input, in
 * files of memory that links lead to.
 */
#include <sys/stat.h>

#include "fuzz/fuzz.h"
#include "proc/procfs.h"

#define PID 1

static const char *const names[] = {"stat", "cmdline", "cgroup", "maps", "status"};
static int files[ARRAY_SIZE(names)];
static char root[64];

static void remove_root(void)
{
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/1/%s", root, names[i]);
		(void)unlink(path);
	}
	(void)snprintf(path, sizeof(path), "%s/1", root);
	(void)rmdir(path);
	(void)rmdir(root);
}

static struct procfs *make_root(void)
{
	struct procfs *fs;
	char path[128], target[64];

	(void)snprintf(root, sizeof(root), "/tmp/culprit-fuzz-XXXXXX");
	must(mkdtemp(root));
	(void)atexit(remove_root);
	(void)snprintf(path, sizeof(path), "%s/1", root);
	must(!mkdir(path, 0700));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		files[i] = memfd_create(names[i], MFD_CLOEXEC);
		(void)snprintf(path, sizeof(path), "%s/1/%s", root, names[i]);
		(void)snprintf(target, sizeof(target), "/proc/self/fd/%d", files[i]);
		must(!symlink(target, path));
	}
	must(!procfs_new(root, &fs));
	return fs;
}

static int check_record(void *arg, const struct wire_header *rec)
{
	size_t *cnt = arg;

	++*cnt;
	must(rec->type == WIRE_MMAP && !((uintptr_t)rec & 7) && wire_check(rec, rec->size));
	fuzz_touch(rec, rec->size);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct procfs *fs;
	struct str rest = {(const char *)data, size};
	const struct wire_proc *p;
	uint32_t inner;
	size_t cnt = 0;

	if (!fs)
		fs = make_root();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct str part = fuzz_part(&rest);

		must(!ftruncate(files[i], 0));
		must(pwrite(files[i], part.p, part.len, 0) == (ssize_t)part.len);
	}
	if (!procfs_process(fs, PID, PROCFS_ALL, 1, &p)) {
		must(p->h.type == WIRE_PROC && p->pid == PID && wire_check(&p->h, p->h.size));
		must(!p->comm[WIRE_COMM_LEN - 1]);
		fuzz_touch(p, p->h.size);
	}
	if (!procfs_mappings(fs, PID, 1, check_record, &cnt))
		must(cnt <= size / 8);
	if (!procfs_inner_pid(fs, PID, &inner))
		must(inner && inner <= INT32_MAX);
	return 0;
}
