// SPDX-License-Identifier: Apache-2.0
#include "sym/perfmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/idmap.h"
#include "base/mem.h"
#include "base/mountinfo.h"
#include "base/num.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "elf/jobs.h"
#include "sym/jitmap.h"
#include "sym/jitparse.h"

#define CHECK_NS      NSEC_PER_SEC	  /* is the pid still the same process? */
#define READ_NS	      NSEC_PER_SEC	  /* between two readings of a file that changes */
#define ABSENT_NS     (10 * NSEC_PER_SEC) /* until a map that was not there is looked for again */
#define READ_SHARE    50		  /* reading may take 1/50 of the time, of all processes */
#define BYTES_A_LINE  48		  /* of text; a line takes as much again, twice a span */
#define PARSE_CPU_MS  1000		  /* a map of the usual limit takes 100 */
#define PARSE_WALL_MS 3000		  /* where the CPUs are taken; we wait so long */
#define MIN_MEMORY    (4u << 20)	  /* of the parser, beside what grows with the text */
#define MAX_STATUS    8192
#define MAX_MOUNTINFO (4u << 20)

struct file_version {
	uint64_t dev, ino, size;
	int64_t mtime_ns;
};

struct process {
	struct jitmap *map; /* NULL: there is none, or it was given up */
	struct file_version version;
	uint64_t start_time; /* field 22 of /proc/PID/stat; 0 = could not be read */
	uint64_t check_at_ns, read_at_ns;
	uint64_t used;
	size_t index;
	uint32_t pid;
};

struct perfmaps {
	struct perfmap_opts opts;
	char *proc_path;
	struct process **processes;
	size_t cnt, cap;
	struct idmap by_pid;
	uint64_t tick;
	uint64_t read_at_ns; /* not before: what was read last has used up its share */
	struct perfmap_stats stats;
};

const struct perfmap_opts perfmap_opts_default = {
	.proc_path = "/proc",
	.clock = &clock_system,
	.max_processes = 256,
	.max_bytes = 16u << 20,
};

int perfmaps_new(const struct perfmap_opts *opts, struct perfmaps **ret)
{
	struct perfmaps *maps = calloc(1, sizeof(*maps));

	if (!maps)
		return -ENOMEM;
	maps->opts = *opts;
	maps->proc_path = mem_strndup(opts->proc_path, strlen(opts->proc_path));
	idmap_init(&maps->by_pid, opts->max_processes);
	if (!maps->proc_path) {
		perfmaps_free(maps);
		return -ENOMEM;
	}
	*ret = maps;
	return 0;
}

static void drop_map(struct perfmaps *maps, struct process *p)
{
	p->version = (struct file_version){0};
	if (!p->map)
		return;
	maps->stats.bytes -= jitmap_bytes(p->map);
	jitmap_free(p->map);
	p->map = NULL;
}

static void forget_process(struct perfmaps *maps, struct process *p)
{
	drop_map(maps, p);
	(void)idmap_remove(&maps->by_pid, p->pid, NULL);
	maps->cnt--;
	maps->processes[p->index] = maps->processes[maps->cnt];
	maps->processes[p->index]->index = p->index;
	free(p);
}

void perfmaps_free(struct perfmaps *maps)
{
	if (!maps)
		return;
	while (maps->cnt)
		forget_process(maps, maps->processes[maps->cnt - 1]);
	free(maps->processes);
	idmap_release(&maps->by_pid);
	free(maps->proc_path);
	free(maps);
}

/* The one that was asked about longest ago, of those with a map if `with_map`; never `but`. */
static struct process *oldest(const struct perfmaps *maps, bool with_map, const struct process *but)
{
	struct process *found = NULL;

	for (size_t i = 0; i < maps->cnt; i++) {
		struct process *p = maps->processes[i];

		if (p != but && (!with_map || p->map) && (!found || p->used < found->used))
			found = p;
	}
	return found;
}

void perfmaps_shrink(struct perfmaps *maps)
{
	size_t keep = maps->cnt / 2;

	while (maps->cnt > keep)
		forget_process(maps, oldest(maps, false, NULL));
}

static struct process *get_process(struct perfmaps *maps, uint32_t pid)
{
	struct process *p;
	uint64_t value;

	if (idmap_get(&maps->by_pid, pid, &value))
		return (struct process *)(uintptr_t)value;
	if (maps->cnt && maps->cnt >= maps->opts.max_processes)
		forget_process(maps, oldest(maps, false, NULL));
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->pid = pid;
	p->index = maps->cnt;
	if (mem_grow(&maps->processes, &maps->cap, maps->cnt + 1, sizeof(struct process *),
		     maps->opts.max_processes) ||
	    idmap_put(&maps->by_pid, pid, (uintptr_t)p)) {
		free(p);
		return NULL;
	}
	maps->processes[maps->cnt++] = p;
	return p;
}

/*
 * A descriptor of /proc/PID stays with that process: when the pid is used again, reading below it
 * fails.
 */
static int open_process(const struct perfmaps *maps, uint32_t pid)
{
	char path[512];
	int n = snprintf(path, sizeof(path), "%s/%u", maps->proc_path, pid);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	n = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return n < 0 ? -errno : n;
}

static int read_text(int dir, const char *name, struct buf *out)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = fs_read_fd(fd, out);
	(void)close(fd);
	return r;
}

/* Field 22 of stat, counted behind the name, which may hold anything: proc(5). */
static uint64_t read_start_time(int dir)
{
	struct str rest, field = {NULL, 0};
	uint64_t value = 0;
	const char *paren;
	struct buf b;

	buf_init(&b, MAX_STATUS);
	if (!read_text(dir, "stat", &b) && (paren = memrchr(b.data, ')', b.len))) {
		rest = (struct str){paren + 1, b.len - (size_t)(paren + 1 - b.data)};
		rest = str_trim(rest);
		for (int i = 3; i <= 22; i++)
			if (!str_split(&rest, ' ', &field))
				field = (struct str){NULL, 0};
		if (num_parse_u64(field, &value))
			value = 0;
	}
	buf_release(&b);
	return value;
}

struct owner {
	uint64_t uid;	    /* effective */
	uint64_t inner_pid; /* in the innermost pid namespace; 0 = not told */
};

/* Number `index` of a line of numbers; -1 is the last. */
static bool number_of(struct str line, int index, uint64_t *ret)
{
	struct str field, last = {NULL, 0};
	int i = 0;

	while (str_split(&line, '\t', &field)) {
		field = str_trim(field);
		if (!field.len)
			continue;
		last = field;
		if (i++ == index)
			break;
	}
	return last.len && (index < 0 || i == index + 1) && !num_parse_u64(last, ret);
}

static int read_owner(int dir, struct owner *ret)
{
	bool has_uid = false;
	struct str text, line;
	struct buf b;
	int r;

	*ret = (struct owner){0};
	buf_init(&b, MAX_STATUS);
	r = read_text(dir, "status", &b);
	text = buf_str(&b);
	while (!r && str_split(&text, '\n', &line)) {
		struct str key;

		if (!str_split(&line, ':', &key) || !line.p)
			continue;
		if (str_eq(key, STR_LIT("Uid")))
			has_uid = number_of(line, 1, &ret->uid);
		else if (str_eq(key, STR_LIT("NSpid")) && !number_of(line, -1, &ret->inner_pid))
			ret->inner_pid = 0;
	}
	buf_release(&b);
	return r ? r : has_uid ? 0 : -EINVAL;
}

/* A map on a file system whose server or daemon does not answer would hold everything up. */
static bool is_remote(int dir, const char *path)
{
	bool remote = false;
	struct buf b;

	buf_init(&b, MAX_MOUNTINFO);
	if (!read_text(dir, "mountinfo", &b))
		remote = mountinfo_path_is_remote(buf_str(&b), str_of(path));
	buf_release(&b);
	return remote;
}

static int open_map(int dir, uint32_t pid, uint32_t inner_pid, struct stat *ret_st)
{
	struct owner owner;
	char path[64];
	int r, root, fd;

	r = read_owner(dir, &owner);
	if (r)
		return r;
	if (!inner_pid && owner.inner_pid <= UINT32_MAX)
		inner_pid = (uint32_t)owner.inner_pid;
	(void)snprintf(path, sizeof(path), "/tmp/perf-%u.map", inner_pid ? inner_pid : pid);
	if (is_remote(dir, path))
		return -EREMOTE;
	root = openat(dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	fd = fs_open_in_root(root, path);
	(void)close(root);
	if (fd < 0)
		return fd;
	if (!fstat(fd, ret_st) && (ret_st->st_uid == owner.uid || ret_st->st_uid == 0))
		return fd;
	(void)close(fd);
	return -EPERM;
}

static struct file_version version_of(const struct stat *st)
{
	return (struct file_version){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime_ns =
			(int64_t)st->st_mtim.tv_sec * (int64_t)NSEC_PER_SEC + st->st_mtim.tv_nsec,
	};
}

static void keep_map(struct perfmaps *maps, struct process *p, struct jitmap *map)
{
	struct process *other;

	drop_map(maps, p);
	p->map = map;
	maps->stats.bytes += jitmap_bytes(map);
	while (maps->stats.bytes > maps->opts.max_bytes && (other = oldest(maps, true, p)))
		drop_map(maps, other);
	if (maps->stats.bytes > maps->opts.max_bytes)
		drop_map(maps, p);
}

static int parse_map(struct perfmaps *maps, int fd, uint64_t file_bytes, struct jitmap **ret)
{
	size_t share = maps->opts.max_bytes / 4;
	const struct jitparse_request request = {
		.file_bytes = file_bytes,
		.max_bytes = share,
		.max_lines = share / BYTES_A_LINE,
	};
	const struct sandbox_limits limits = {
		.memory_bytes = 8 * share + MIN_MEMORY,
		.cpu_ms = PARSE_CPU_MS,
		.wall_ms = PARSE_WALL_MS,
		.reply_bytes = 2 * share,
	};
	struct str question = {(const char *)&request, sizeof(request)};
	struct buf table;
	char *owned;
	size_t len;
	int r;

	buf_init(&table, 2 * share);
	r = maps->opts.sandbox ? sandbox_run(maps->opts.sandbox, JOB_PERFMAP, &fd, 1, question,
					     &limits, &table)
			       : jitparse_file(fd, &request, &table);
	owned = r ? NULL : buf_detach(&table, &len);
	if (owned)
		return jitmap_load(owned, len, ret);
	buf_release(&table);
	return r ? r : -ENOMEM;
}

/* 0 also when the file is what it was at the last time, whether that went well or not; -errno: try
 * again later. */
static int read_map(struct perfmaps *maps, struct process *p, int fd, const struct stat *st)
{
	struct file_version version = version_of(st);
	struct jitmap *map = NULL;
	int r;

	if (!memcmp(&version, &p->version, sizeof(version)))
		return 0;
	r = parse_map(maps, fd, version.size, &map);
	if (r) {
		maps->stats.failed++;
		if (r == -EAGAIN || r == -ENOMEM || r == -ETIMEDOUT)
			return r; /* perhaps the moment's fault, not the file's */
		p->version = version;
		return 0;
	}
	maps->stats.reads++;
	maps->stats.rejected_lines += jitmap_head(map)->rejected_lines;
	maps->stats.cut_files += jitmap_head(map)->is_cut;
	keep_map(maps, p, map);
	if (p->map)
		p->version = version;
	return 0;
}

/* Looks for the map, and puts off the next look at any by what this one has cost. */
static void refresh(struct perfmaps *maps, struct process *p, int dir, uint32_t inner_pid)
{
	uint64_t begin = clock_mono_ns(maps->opts.clock), end;
	struct stat st;
	int fd, r;

	fd = open_map(dir, p->pid, inner_pid, &st);
	r = fd < 0 ? fd : read_map(maps, p, fd, &st);
	if (fd >= 0)
		(void)close(fd);
	if (fd < 0 && r != -ENOENT && r != -ESRCH)
		maps->stats.refused++;
	end = clock_mono_ns(maps->opts.clock);
	p->read_at_ns = end + (r && r != -EAGAIN ? ABSENT_NS : READ_NS);
	maps->read_at_ns = end + (end - begin) * READ_SHARE;
}

/* A pid that another process has now: what is known is about the one before. */
static void check_identity(struct perfmaps *maps, struct process *p, int dir, uint64_t now)
{
	uint64_t start_time = read_start_time(dir);

	p->check_at_ns = now + CHECK_NS;
	if (!start_time || start_time == p->start_time)
		return;
	drop_map(maps, p);
	p->start_time = start_time;
	p->read_at_ns = 0;
}

bool perfmap_find(struct perfmaps *maps, uint32_t pid, uint32_t inner_pid, uint64_t address,
		  struct str *ret_name)
{
	uint64_t now = clock_mono_ns(maps->opts.clock);
	struct process *p = get_process(maps, pid);
	bool found;
	int dir = -1;

	if (!p)
		return false;
	p->used = ++maps->tick;
	if (now >= p->check_at_ns) {
		p->check_at_ns = now + CHECK_NS;
		dir = open_process(maps, pid);
		if (dir >= 0)
			check_identity(maps, p, dir, now);
	}
	found = p->map && jitmap_find(p->map, address, ret_name);
	if (!found && now >= p->read_at_ns && now >= maps->read_at_ns) {
		if (dir < 0)
			dir = open_process(maps, pid);
		if (dir < 0)
			p->read_at_ns = now + ABSENT_NS;
		else
			refresh(maps, p, dir, inner_pid);
		found = p->map && jitmap_find(p->map, address, ret_name);
	}
	if (dir >= 0)
		(void)close(dir);
	return found;
}

void perfmaps_stats(const struct perfmaps *maps, struct perfmap_stats *ret_stats)
{
	*ret_stats = maps->stats;
	ret_stats->processes = maps->cnt;
}
