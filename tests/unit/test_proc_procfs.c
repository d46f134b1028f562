// SPDX-License-Identifier: Apache-2.0
#include "unit/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "proc/procfs.h"
#include "proc/procmaps.h"

static char root[] = "/tmp/culprit-test-procfs.XXXXXX";

static const char *path_of(const char *name)
{
	static char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void put(const char *name, const char *data, size_t len)
{
	FILE *f = fopen(path_of(name), "w");

	if (!f || fwrite(data, 1, len, f) != len || fclose(f))
		abort();
}

static void put_str(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

static void make_dir(const char *name)
{
	if (mkdir(path_of(name), 0700) && errno != EEXIST)
		abort();
}

static void make_link(const char *target, const char *name)
{
	(void)unlink(path_of(name));
	if (symlink(target, path_of(name)))
		abort();
}

/* Text of a record between two offsets, as a C string with '|' for NUL. */
static const char *text(const struct wire_proc *p, size_t from, size_t len)
{
	static char out[3][WIRE_MAX_TEXT + 1];
	static int turn;
	char *s = out[turn++ % 3];

	for (size_t i = 0; i < len; i++)
		s[i] = p->text[from + i] ? p->text[from + i] : '|';
	s[len] = '\0';
	return s;
}

static const char *exe_of(const struct wire_proc *p)
{
	return text(p, 0, p->exe_len);
}

static const char *cmdline_of(const struct wire_proc *p)
{
	return text(p, p->exe_len, p->cmdline_len);
}

#define CONTAINER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *cgroup_of(const struct wire_proc *p)
{
	return text(p, (size_t)p->exe_len + p->cmdline_len, p->cgroup_len);
}

#define STAT_TAIL \
	" S 7 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 100 200 18446744073709551615 0 0\n"

static void test_fake(void)
{
	const struct wire_proc *p;
	struct procfs *fs;

	make_dir("10");
	put_str("10/stat", "10 (a) b) (c " STAT_TAIL);
	ok(!procfs_new(root, &fs), "a directory of files is a /proc");
	ok(procfs_process(fs, 10, PROCFS_ALL, 5, &p) == -EBADMSG,
	   "a stat that does not end its comm is refused");
	put_str("10/stat", "10 (a) b) (c )" STAT_TAIL);
	make_link("/usr/bin/some thing (deleted)", "10/exe");
	put("10/cmdline", "a\0\0c d\0", 7);
	put_str("10/cgroup", "12:cpu,cpuacct:/x\n1:name=systemd:/sys\n0::/unified/a:b\n");
	ok(!procfs_process(fs, 10, PROCFS_ALL, 5, &p), "a whole process");
	is_str(p->comm, "a) b) (c ", "comm with parentheses and blanks");
	is_u64(p->ppid, 7, "ppid");
	is_u64(p->start_ns, UINT64_C(12345) * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK)),
	       "start time");
	is_u64(p->h.time_ns, 5, "the caller's time");
	is_u64(p->h.flags, 0, "not a kernel thread");
	is_str(exe_of(p), "/usr/bin/some thing (deleted)", "exe");
	is_str(cmdline_of(p), "a||c d|", "arguments");
	is_str(cgroup_of(p), "/unified/a:b", "the unified hierarchy goes first");
	ok(wire_check(&p->h, p->h.size), "the record passes the check");
	put_str("10/cgroup", "12:cpu,cpuacct:/x\n1:name=systemd:/sys\n0::/\n");
	ok(!procfs_process(fs, 10, PROCFS_CGROUP, 5, &p), "only the cgroup");
	is_str(cgroup_of(p), "/sys", "systemd's when the unified one says nothing");
	is_u64(p->exe_len + p->cmdline_len + p->start_ns + (uint64_t)p->comm[0], 0,
	       "nothing else was read");
	put_str("10/cgroup", "0::/\n");
	ok(!procfs_process(fs, 10, PROCFS_CGROUP, 5, &p), "the root of the unified hierarchy");
	is_str(cgroup_of(p), "/", "…is a path too");
	put_str("10/cgroup", "9:cpu:/docker/" CONTAINER "\n1:name=systemd:/sys\n0::/unified\n");
	ok(!procfs_process(fs, 10, PROCFS_CGROUP, 5, &p), "a container in one hierarchy only");
	is_str(cgroup_of(p), "/docker/" CONTAINER, "…is what matters");
	put_str("10/cgroup", "9:cpu:/a/" CONTAINER "\n0::/b/" CONTAINER "\n");
	ok(!procfs_process(fs, 10, PROCFS_CGROUP, 5, &p), "in several");
	is_str(cgroup_of(p), "/b/" CONTAINER, "…the unified one goes first again");
	put_str("10/cgroup", "garbage\n::\n:\n0:\n");
	ok(!procfs_process(fs, 10, PROCFS_CGROUP, 5, &p) && !p->cgroup_len, "garbage is no cgroup");
	put_str("10/stat", "10 (kworker/u8:3-events_unbound)"
			   " I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 20 0 1 0 33 0 0 0\n");
	ok(!procfs_process(fs, 10, PROCFS_ALL, 5, &p), "a kernel thread");
	is_u64(p->h.flags, WIRE_F_KTHREAD, "…is known by its flag");
	is_str(p->comm, "kworker/u8:3-ev", "…and its comm is cut");
	is_u64(p->exe_len + p->cmdline_len, 0, "…it has neither executable nor arguments");
	ok(procfs_process(fs, 11, PROCFS_ALL, 5, &p) == -ENOENT, "a process that is not there");
	ok(procfs_process(fs, 11, PROCFS_EXE | PROCFS_CMDLINE, 5, &p) < 0, "…nor its texts");
	procfs_free(fs);
	procfs_free(NULL);
	ok(procfs_new("/nonexistent", &fs) == -ENOENT, "no directory, no object");
}

static void test_long_arguments(void)
{
	const struct wire_proc *p;
	struct procfs *fs;
	char *big = malloc(100000);
	const char *s;

	put_str("10/stat", "10 (java)" STAT_TAIL);
	memset(big, 'x', 100000);
	memcpy(big, "java\0-cp\0", 9);
	big[9 + 20000] = '\0';
	memcpy(big + 9 + 20001, "com.foo.Main\0", 13);
	put("10/cmdline", big, 9 + 20001 + 13);
	ok(!procfs_new(root, &fs) && !procfs_process(fs, 10, PROCFS_ALL, 5, &p),
	   "a class path of 20,000 bytes");
	s = cmdline_of(p);
	is_u64(strlen(s), 9 + 513 + 13, "…is shortened");
	is_str(s + 9 + 513, "com.foo.Main|", "…and the class is still there");
	memset(big, 'x', 100000);
	for (size_t i = 400; i < 100000; i += 400)
		big[i] = '\0';
	put("10/cmdline", big, 100000);
	ok(!procfs_process(fs, 10, PROCFS_ALL, 5, &p), "100,000 bytes of arguments");
	ok(p->cmdline_len > 6000 &&
		   (size_t)p->exe_len + p->cmdline_len + p->cgroup_len <= WIRE_MAX_TEXT,
	   "…as many as there is room for");
	ok(wire_check(&p->h, p->h.size), "the record passes the check");
	put("10/cmdline", "", 0);
	ok(!procfs_process(fs, 10, PROCFS_ALL, 5, &p) && !p->cmdline_len, "no arguments at all");
	put("10/cmdline", "postgres: writer\0\0\0\0\0", 21);
	ok(!procfs_process(fs, 10, PROCFS_ALL, 5, &p), "a title with NULs behind it");
	is_str(cmdline_of(p), "postgres: writer|", "…is one argument");
	procfs_free(fs);
	free(big);
}

struct seen {
	size_t cnt, proc_cnt, bad_cnt;
	char text[8192];
	size_t len;
	int fail_at;
	uint32_t want_pid;
	bool has_self, has_self_map;
	uint64_t self_addr;
};

static int take(void *arg, const struct wire_header *rec)
{
	struct seen *s = arg;
	const struct wire_mmap *m = (const struct wire_mmap *)rec;

	s->cnt++;
	s->bad_cnt += !wire_check(rec, rec->size);
	s->proc_cnt += rec->type == WIRE_PROC;
	if (rec->type == WIRE_PROC && ((const struct wire_proc *)rec)->pid == s->want_pid)
		s->has_self = true;
	if (rec->type == WIRE_MMAP && m->pid == s->want_pid && m->addr <= s->self_addr &&
	    s->self_addr < m->addr + m->len)
		s->has_self_map = true;
	if (rec->type == WIRE_MMAP && s->len + m->path_len + 100 < sizeof(s->text))
		s->len += (size_t)snprintf(s->text + s->len, sizeof(s->text) - s->len,
					   "%llx+%llx@%llx %u:%u %llu '%.*s'\n", m->addr, m->len,
					   m->pgoff, m->maj, m->min, m->ino, (int)m->path_len,
					   m->path);
	return s->fail_at && s->cnt == (size_t)s->fail_at ? -EIO : 0;
}

static void test_maps(void)
{
	struct seen s = {0};
	struct procfs *fs;

	put_str("10/maps",
		"00400000-00401000 r--p 00000000 fe:01 42   /bin/x\n"
		"00401000-00402000 r-xp 00001000 fe:01 42                       /bin/x\n"
		"7f0000000000-7f0000001000 rwxp 00000000 00:00 0 \n"
		"7f0000002000-7f0000003000 rwxp 00000000 00:00 0\n"
		"7f0000004000-7f0000005000 --xp ffffffff000 103:ffffffff 18446744073709551615 /a  "
		"b (deleted)\n"
		"7f0000006000-7f0000007000 r-xs 00000000 00:01 7 /memfd:a\\012b\\01 (deleted)\n"
		"7f0000008000-7f0000008000 r-xp 00000000 00:00 0 /empty range\n"
		"7f0000009000-7f0000008000 r-xp 00000000 00:00 0 /backwards\n"
		"garbage\n\n-\n 1-2 r-xp 0 0:0 0\n1-2 r-xp 0 0:0\n1-2 rx 0 0:0 0 /perms\n"
		"11111111111111111-2 r-xp 0 0:0 0 /long\n1-2 r-xp 0 100000000:0 0 /major\n"
		"7fff00000000-7fff00001000 r-xp 00000000 00:00 0          [vdso]\n"
		"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  "
		"[vsyscall]\n"
		"1000-2000 r-xp 00000000 00:00 0 /no newline at the end");
	ok(!procfs_new(root, &fs) && !procfs_mappings(fs, 10, 9, take, &s),
	   "maps with good and bad lines");
	is_str(s.text,
	       "401000+1000@1000 254:1 42 '/bin/x'\n"
	       "7f0000000000+1000@0 0:0 0 ''\n"
	       "7f0000002000+1000@0 0:0 0 ''\n"
	       "7f0000004000+1000@ffffffff000 259:4294967295 18446744073709551615 '/a  b "
	       "(deleted)'\n"
	       "7f0000006000+1000@0 0:1 7 '/memfd:a\nb\\01 (deleted)'\n"
	       "7fff00000000+1000@0 0:0 0 '[vdso]'\n",
	       "the executable ones, unescaped");
	is_u64(s.bad_cnt, 0, "all records pass the check");
	s = (struct seen){.fail_at = 2};
	is_i64(procfs_mappings(fs, 10, 9, take, &s), -EIO, "the taker's error comes back");
	is_u64(s.cnt, 2, "…at once");
	ok(procfs_mappings(fs, 12, 9, take, &s) == -ENOENT, "no such process");
	procfs_free(fs);
}

/* Lines longer than any buffer, and lines that lie over the borders of reads. */
static void test_large_maps(void)
{
	FILE *f = fopen(path_of("10/maps"), "w");
	struct seen s = {0};
	struct procfs *fs;

	for (unsigned int i = 0; i < 5000; i++)
		fprintf(f, "%x000-%x800 r-xp 00000000 fe:01 42 /usr/lib/%0*u\n", i + 1, i + 1,
			(int)(i % 97) + 1, i);
	for (int i = 0; i < 200000; i++)
		fputc('z', f);
	fprintf(f,
		"\n9000000-9001000 r-xp 00000000 fe:01 42 /after\n9002000-9003000 r-xp 0 0:0 0 ");
	for (int i = 0; i < 5000; i++)
		fputc('p', f);
	fprintf(f, "\n9004000-9005000 r-xp 00000000 fe:01 42 /last\n");
	if (fclose(f))
		abort();
	ok(!procfs_new(root, &fs) && !procfs_mappings(fs, 10, 9, take, &s), "a large maps file");
	is_u64(s.cnt, 5002, "all good lines, none of those that are too long");
	is_u64(s.bad_cnt, 0, "all records pass the check");
	procfs_free(fs);
}

static void test_scan(void)
{
	struct seen s = {.want_pid = 20};
	struct procfs *fs;

	make_dir("20");
	make_dir("21");
	make_dir("self");
	make_dir("0");
	make_dir("99999999999999999999");
	put_str("20/stat", "20 (x)" STAT_TAIL);
	put_str("20/maps", "00401000-00402000 r-xp 00001000 fe:01 42 /bin/x\n");
	put_str("10/maps", "");
	ok(!procfs_new(root, &fs) && !procfs_scan(fs, 3, take, &s), "a scan");
	is_u64(s.proc_cnt, 2, "both processes; 21 is gone, the rest are none");
	is_u64(s.cnt, 3, "and the mapping");
	ok(s.has_self, "process 20 is among them");
	s = (struct seen){.fail_at = 1};
	is_i64(procfs_scan(fs, 3, take, &s), -EIO, "the taker's error ends the scan");
	procfs_free(fs);
}

static void test_descriptors(void)
{
	char target[512];
	struct procfs *fs;
	uint32_t pid = 0;
	int fd;

	make_dir("20/root.d");
	make_link("root.d", "20/root");
	ok(!procfs_new(root, &fs), "a /proc");
	fd = procfs_open_root(fs, 20);
	ok(fd >= 0, "the root of a process");
	(void)close(fd);
	ok(procfs_open_root(fs, 21) == -ENOENT, "…and none");
	put_str("20/status", "Name:\tx\nNSpid:\t20\t3\t1\nVm:\n");
	ok(!procfs_inner_pid(fs, 20, &pid) && pid == 1, "the innermost pid");
	put_str("20/status", "NSpid:\t20\n");
	ok(!procfs_inner_pid(fs, 20, &pid) && pid == 20,
	   "…of a process that is in the outermost namespace");
	put_str("20/status", "NSpid:\tx\n");
	ok(procfs_inner_pid(fs, 20, &pid) == -EBADMSG, "…that is none");
	put_str("20/status", "NSpid:\n");
	ok(procfs_inner_pid(fs, 20, &pid) == -EBADMSG, "…that is empty");
	put_str("20/status", "Name:\tx\n");
	ok(procfs_inner_pid(fs, 20, &pid) == -ENODATA, "…that is not there");
	ok(procfs_inner_pid(fs, 21, &pid) == -ENOENT && pid == 20, "…of nobody");
	make_dir("20/map_files");
	put_str("20/file", "x");
	(void)snprintf(target, sizeof(target), "%s", path_of("20/file"));
	make_link(target, "20/map_files/1000-2000");
	fd = procfs_open_mapping(fs, 20, 0x1000, 0x2000);
	ok(fd >= 0, "a mapped file");
	(void)close(fd);
	make_link("/dev/null", "20/map_files/1000-2000");
	ok(procfs_open_mapping(fs, 20, 0x1000, 0x2000) == -EINVAL, "a device is not opened");
	ok(procfs_open_mapping(fs, 20, 0x1000, 0x3000) == -ENOENT, "no mapping with these bounds");
	procfs_free(fs);
}

/* Bytes of a stat, maps, cmdline, cgroup and status file that went wrong. */
static void test_hostile(void)
{
	static const char *const names[] = {"30/stat", "30/maps", "30/cmdline", "30/cgroup",
					    "30/status"};
	static const char *const seeds[] = {"30 (a b)" STAT_TAIL,
					    "00401000-00402000 r-xp 00001000 fe:01 42 "
					    "/bin/x\n7f0000000000-7f0000001000 rwxp 0 00:00 0 \n",
					    "java\0-cp\0x\0", "1:name=systemd:/a\n0::/b\n",
					    "Name:\tx\nNSpid:\t30\t2\n"};
	struct seen s = {0};
	struct procfs *fs;
	uint64_t rng = 7;
	int accepted = 0;

	make_dir("30");
	if (procfs_new(root, &fs))
		abort();
	for (int round = 0; round < 1500; round++) {
		const struct wire_proc *p;
		uint32_t pid;

		for (size_t f = 0; f < ARRAY_SIZE(names); f++) {
			char data[256];
			size_t len = f == 2 ? 11 : strlen(seeds[f]);

			memcpy(data, seeds[f], len);
			for (int k = 0; k < 4; k++) {
				rng = rng * UINT64_C(6364136223846793005) + 1442695040888963407;
				if (rng >> 63)
					data[(rng >> 33) % len] = (char)(rng >> 48);
				else if (!(rng >> 60))
					len = 1 + (rng >> 33) % len;
			}
			put(names[f], data, len);
		}
		if (!procfs_process(fs, 30, PROCFS_ALL, 1, &p)) {
			s.bad_cnt += !wire_check(&p->h, p->h.size);
			accepted++;
		}
		if (procfs_mappings(fs, 30, 1, take, &s))
			s.bad_cnt++;
		if (!procfs_inner_pid(fs, 30, &pid))
			s.bad_cnt += !pid;
	}
	ok(accepted > 50 && s.cnt > 100,
	   "of 1500 damaged processes %d still make sense, %zu records", accepted, s.cnt);
	is_u64(s.bad_cnt, 0, "…and no record is malformed");
	procfs_free(fs);
}

static void test_real(void)
{
	struct seen s = {.want_pid = (uint32_t)getpid(),
			 .self_addr = (uint64_t)(uintptr_t)test_real};
	const struct wire_proc *p;
	struct procfs *fs;
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	uint32_t inner;
	void *page;
	int fd;

	exe[n > 0 ? n : 0] = '\0';
	ok(!procfs_new("/proc", &fs), "the real /proc");
	ok(!procfs_process(fs, s.want_pid, PROCFS_ALL, 1, &p), "this process");
	is_str(exe_of(p), exe, "its executable");
	is_u64(p->ppid, (uint64_t)getppid(), "its parent");
	ok(p->start_ns && p->cgroup_len, "its start and its cgroup");
	ok(!procfs_scan(fs, 1, take, &s) && s.has_self && s.has_self_map,
	   "a scan finds this process and its code");
	is_u64(s.bad_cnt, 0, "all %zu records pass the check", s.cnt);
	ok(!procfs_inner_pid(fs, s.want_pid, &inner) && inner, "it has a pid of its own");
	fd = open(path_of("mapped"), O_RDWR | O_CREAT, 0700);
	if (fd < 0 || ftruncate(fd, 4096))
		abort();
	page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	(void)close(fd);
	(void)unlink(path_of("mapped"));
	fd = page == MAP_FAILED ? -1
				: procfs_open_mapping(fs, s.want_pid, (uint64_t)(uintptr_t)page,
						      (uint64_t)(uintptr_t)page + 4096);
	if (geteuid())
		tap_skip("map_files wants root");
	else
		ok(fd >= 0, "a deleted file is opened by its mapping");
	if (fd >= 0)
		(void)close(fd);
	procfs_free(fs);
}

static void test_procmaps(void)
{
	char out[32];
	struct str path = STR_LIT("\\012a\\012\\01");
	struct procmaps_line l;

	is_u64(procmaps_unescape(path, out), 6, "escaped newlines at both ends, half an escape");
	ok(!memcmp(out, "\na\n\\01", 6), "…");
	ok(procmaps_parse(STR_LIT("1-2 r--p 0 0:0 0"), &l) && !l.is_exec && !l.path.len,
	   "the shortest line");
	ok(!procmaps_parse((struct str){NULL, 0}, &l) && !procmaps_parse(STR_LIT(""), &l),
	   "no line");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

int main(void)
{
	if (!mkdtemp(root))
		return 1;
	test_procmaps();
	test_fake();
	test_long_arguments();
	test_maps();
	test_large_maps();
	test_scan();
	test_descriptors();
	test_hostile();
	test_real();
	ok(!nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), "cleaned up");
	return tap_done();
}
