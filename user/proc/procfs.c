// SPDX-License-Identifier: Apache-2.0
/*
 * Each text of a process is one open, one read and one close below a descriptor of the root: most
 * files of /proc give all they have in one read when the buffer is large enough, so nothing is read
 * just to see the end. Only maps comes in portions (of a page, from a seq_file) and is taken line
 * by line from a buffer that never grows.
 */
#include "proc/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/text.h"
#include "proc/procmaps.h"
#include "proc/proctext.h"

#define TEXT_BUF_BYTES 65536
#define MAX_MAPS_BYTES (UINT64_C(64) << 20) /* some 600,000 mappings */

struct procfs {
	int root_fd;
	uint64_t tick_ns;	/* unit of the start time in stat */
	struct wire_proc *proc; /* the record that is handed out */
	struct wire_mmap *mmap;
	char *buf; /* TEXT_BUF_BYTES */
};

int procfs_new(const char *root, struct procfs **ret)
{
	struct procfs *fs = calloc(1, sizeof(*fs));
	long hz = sysconf(_SC_CLK_TCK);
	int r = -ENOMEM;

	if (!fs)
		return -ENOMEM;
	fs->tick_ns = NSEC_PER_SEC / (uint64_t)(hz > 0 ? hz : 100);
	fs->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fs->root_fd < 0) {
		r = -errno;
		goto fail;
	}
	fs->proc = malloc(sizeof(*fs->proc) + WIRE_MAX_TEXT);
	fs->mmap = malloc(sizeof(*fs->mmap) + WIRE_MAX_PATH);
	fs->buf = malloc(TEXT_BUF_BYTES);
	if (!fs->proc || !fs->mmap || !fs->buf)
		goto fail;
	*ret = fs;
	return 0;
fail:
	procfs_free(fs);
	return r;
}

void procfs_free(struct procfs *fs)
{
	if (!fs)
		return;
	if (fs->root_fd >= 0)
		(void)close(fs->root_fd);
	free(fs->proc);
	free(fs->mmap);
	free(fs->buf);
	free(fs);
}

/* "PID/name" below the root; large enough for map_files too. */
struct proc_path {
	char text[96];
};

static struct proc_path path_of(uint32_t pid, const char *name)
{
	struct proc_path p;

	(void)snprintf(p.text, sizeof(p.text), "%" PRIu32 "/%s", pid, name);
	return p;
}

static int open_file(struct procfs *fs, uint32_t pid, const char *name)
{
	struct proc_path path = path_of(pid, name);
	int fd = openat(fs->root_fd, path.text, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

static ssize_t read_some(int fd, char *out, size_t max)
{
	ssize_t n;

	do
		n = read(fd, out, max);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* One read of a small file; its length or -errno. */
static ssize_t read_text(struct procfs *fs, uint32_t pid, const char *name, char *out, size_t max)
{
	int fd = open_file(fs, pid, name);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read_some(fd, out, max);
	(void)close(fd);
	return n;
}

static int read_exe(struct procfs *fs, uint32_t pid, struct wire_proc *p)
{
	struct proc_path path = path_of(pid, "exe");
	ssize_t n = readlinkat(fs->root_fd, path.text, p->text, WIRE_MAX_PATH);

	if (n < 0)
		return -errno;
	p->exe_len = (uint32_t)n;
	return 0;
}

static int read_cmdline(struct procfs *fs, int fd, struct wire_proc *p, size_t max)
{
	ssize_t n = read_some(fd, fs->buf, TEXT_BUF_BYTES);

	if (n < 0)
		return (int)n;
	p->cmdline_len = (uint32_t)proctext_cmdline((struct str){fs->buf, (size_t)n},
						    p->text + p->exe_len, max);
	return 0;
}

/* Into out, because the texts before it must be there first. */
static int read_cgroup(struct procfs *fs, uint32_t pid, char *out, size_t max, size_t *ret_len)
{
	ssize_t n = read_text(fs, pid, "cgroup", fs->buf, TEXT_BUF_BYTES);
	struct str cgroup;

	if (n < 0)
		return (int)n;
	cgroup = proctext_cgroup((struct str){fs->buf, (size_t)n});
	if (cgroup.len > max) /* cut it would be another path */
		cgroup.len = 0;
	if (cgroup.len)
		memcpy(out, cgroup.p, cgroup.len);
	*ret_len = cgroup.len;
	return 0;
}

/*
 * The texts lie one behind the other as exe, cmdline, cgroup. cmdline is opened first: every
 * process has it, so that of one that is gone nothing else is tried.
 */
static int read_texts(struct procfs *fs, uint32_t pid, unsigned int what, struct wire_proc *p)
{
	char cgroup[2048]; /* in practice below 500 */
	size_t cgroup_len = 0;
	int cmdline_fd = -1, r = -ENOENT;

	if (what & PROCFS_CMDLINE) {
		cmdline_fd = open_file(fs, pid, "cmdline");
		if (cmdline_fd == -ENOENT || cmdline_fd == -ESRCH)
			return cmdline_fd;
	}
	if (what & PROCFS_CGROUP && !read_cgroup(fs, pid, cgroup, sizeof(cgroup), &cgroup_len))
		r = 0;
	if (what & PROCFS_EXE && !read_exe(fs, pid, p))
		r = 0;
	if (cmdline_fd >= 0) {
		if (!read_cmdline(fs, cmdline_fd, p, WIRE_MAX_TEXT - 8 - p->exe_len - cgroup_len))
			r = 0;
		(void)close(cmdline_fd);
	}
	memcpy(p->text + p->exe_len + p->cmdline_len, cgroup, cgroup_len);
	p->cgroup_len = (uint32_t)cgroup_len;
	return r;
}

int procfs_process(struct procfs *fs, uint32_t pid, unsigned int what, uint64_t time_ns,
		   const struct wire_proc **ret)
{
	struct wire_proc *p = fs->proc;
	size_t len;
	ssize_t n;
	int r;

	memset(p, 0, sizeof(*p));
	p->h.type = WIRE_PROC;
	p->h.time_ns = time_ns;
	p->pid = pid;
	if (what & PROCFS_STAT) {
		n = read_text(fs, pid, "stat", fs->buf, TEXT_BUF_BYTES);
		if (n < 0)
			return (int)n;
		if (!proctext_stat((struct str){fs->buf, (size_t)n}, fs->tick_ns, p))
			return -EBADMSG;
		if (p->h.flags & WIRE_F_KTHREAD)
			what &= ~(unsigned int)(PROCFS_EXE | PROCFS_CMDLINE);
	}
	r = read_texts(fs, pid, what, p);
	if (r && !(what & PROCFS_STAT))
		return r;
	len = (size_t)p->exe_len + p->cmdline_len + p->cgroup_len;
	p->h.size = (uint32_t)((sizeof(*p) + len + 7) & ~(size_t)7);
	memset(p->text + len, 0, p->h.size - sizeof(*p) - len);
	*ret = p;
	return 0;
}

static int deliver_line(struct procfs *fs, uint32_t pid, uint64_t time_ns, struct str line,
			record_fn fn, void *arg)
{
	struct wire_mmap *m = fs->mmap;
	struct procmaps_line l;
	size_t len;

	if (!procmaps_parse(line, &l) || !l.is_exec || l.path.len > WIRE_MAX_PATH)
		return 0;
	if (l.start >> 63) /* [vsyscall]: not the process's own */
		return 0;
	len = procmaps_unescape(l.path, m->path);
	*m = (struct wire_mmap){
		.h = {.type = WIRE_MMAP, .time_ns = time_ns},
		.addr = l.start,
		.len = l.end - l.start,
		.pgoff = l.pgoff,
		.ino = l.ino,
		.maj = l.maj,
		.min = l.min,
		.pid = pid,
		.path_len = (uint32_t)len,
	};
	m->h.size = (uint32_t)((sizeof(*m) + len + 7) & ~(size_t)7);
	memset(m->path + len, 0, m->h.size - sizeof(*m) - len);
	return fn(arg, &m->h);
}

/* Hands out the whole lines of buf; moves the unfinished rest to its front and returns its length.
 */
static int deliver_lines(struct procfs *fs, uint32_t pid, uint64_t time_ns, size_t *len,
			 record_fn fn, void *arg)
{
	struct str rest = {fs->buf, *len};
	const char *eol;
	int r = 0;

	while (!r && rest.len && (eol = memchr(rest.p, '\n', rest.len))) {
		struct str line = {rest.p, (size_t)(eol - rest.p)};

		r = deliver_line(fs, pid, time_ns, line, fn, arg);
		rest = (struct str){eol + 1, rest.len - line.len - 1};
	}
	if (rest.len == TEXT_BUF_BYTES) /* no line of the kernel is that long */
		rest.len = 0;
	memmove(fs->buf, rest.p, rest.len);
	*len = rest.len;
	return r;
}

int procfs_mappings(struct procfs *fs, uint32_t pid, uint64_t time_ns, record_fn fn, void *arg)
{
	uint64_t total = 0;
	size_t len = 0;
	ssize_t n;
	int fd, r = 0;

	fd = open_file(fs, pid, "maps");
	if (fd < 0)
		return fd;
	while (!r) {
		n = read_some(fd, fs->buf + len, TEXT_BUF_BYTES - len);
		if (n <= 0) {
			r = (int)n;
			break;
		}
		len += (size_t)n;
		total += (uint64_t)n;
		r = deliver_lines(fs, pid, time_ns, &len, fn, arg);
		if (!r && total > MAX_MAPS_BYTES)
			r = -EFBIG;
	}
	(void)close(fd);
	return r;
}

struct stop_at_error {
	record_fn fn;
	void *arg;
	int error; /* of fn; all other errors are those of a process that vanished */
};

static int deliver_checked(void *arg, const struct wire_header *rec)
{
	struct stop_at_error *s = arg;

	s->error = s->fn(s->arg, rec);
	return s->error;
}

static int scan_one(struct procfs *fs, uint32_t pid, uint64_t time_ns, record_fn fn, void *arg)
{
	struct stop_at_error s = {.fn = fn, .arg = arg};
	const struct wire_proc *p;
	bool is_kthread;

	if (procfs_process(fs, pid, PROCFS_ALL, time_ns, &p))
		return 0;
	is_kthread = p->h.flags & WIRE_F_KTHREAD;
	if (deliver_checked(&s, &p->h))
		return s.error;
	if (!is_kthread && procfs_mappings(fs, pid, time_ns, deliver_checked, &s))
		return s.error;
	return 0;
}

int procfs_scan(struct procfs *fs, uint64_t time_ns, record_fn fn, void *arg)
{
	struct dirent *entry;
	int fd, r = 0;
	uint64_t pid;
	DIR *dir;

	fd = openat(fs->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	while (!r && (errno = 0, entry = readdir(dir))) {
		if (num_parse_u64(str_of(entry->d_name), &pid) || !pid || pid > INT32_MAX)
			continue;
		r = scan_one(fs, (uint32_t)pid, time_ns, fn, arg);
	}
	if (!r && errno && !entry)
		r = -errno;
	(void)closedir(dir);
	return r;
}

int procfs_inner_pid(struct procfs *fs, uint32_t pid, uint32_t *ret)
{
	ssize_t n = read_text(fs, pid, "status", fs->buf, TEXT_BUF_BYTES);

	return n < 0 ? (int)n : proctext_inner_pid((struct str){fs->buf, (size_t)n}, ret);
}

int procfs_open_root(struct procfs *fs, uint32_t pid)
{
	struct proc_path path = path_of(pid, "root");
	int fd = openat(fs->root_fd, path.text, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int procfs_mountinfo(struct procfs *fs, uint32_t pid, struct buf *out)
{
	int fd = open_file(fs, pid, "mountinfo"), r;

	if (fd < 0)
		return fd;
	r = fs_read_fd(fd, out);
	(void)close(fd);
	return r;
}

int procfs_open_mapping(struct procfs *fs, uint32_t pid, uint64_t start, uint64_t end)
{
	struct proc_path path;
	char self[32];
	struct stat st;
	int probe, fd;

	(void)snprintf(path.text, sizeof(path.text), "%" PRIu32 "/map_files/%" PRIx64 "-%" PRIx64,
		       pid, start, end);
	/* opening a mapped device for reading may do something; so see first what it is */
	probe = openat(fs->root_fd, path.text, O_PATH | O_CLOEXEC);
	if (probe < 0)
		return -errno;
	if (fstat(probe, &st) || !S_ISREG(st.st_mode)) {
		(void)close(probe);
		return -EINVAL;
	}
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", probe);
	/* without waiting for whoever has a lease on it: fcntl(2) */
	fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		fd = -errno;
	(void)close(probe);
	return fd;
}
