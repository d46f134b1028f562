// SPDX-License-Identifier: Apache-2.0
/*
 * What is in the directory is not kept in memory: it is counted at the beginning, and looked through
 * when it has become too much. The time of a file is that of its last use, give or take an hour.
 */
#include "elf/symcache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"

#define KEEP_FREE_BYTES (UINT64_C(64) << 20)
#define SUFFIX		".sym"
#define DRAFT		"draft."
#define MAX_ENTRIES	65536 /* of the directory that are looked at */
#define TOUCH_S		3600
#define STALE_S		3600 /* a draft so old is of somebody who died */
#define NAME_ROOM	128

struct symcache {
	int dir; /* -1: there is none */
	uint64_t max_bytes;
	uint32_t max_files;
	uint32_t next_draft;
	bool has_failed; /* said so already */
	struct symcache_stats stats;
};

struct entry {
	char name[NAME_ROOM];
	int64_t used_s;
	uint64_t bytes;
};

struct listing {
	struct entry *entries;
	size_t cnt, cap;
	uint64_t bytes;
};

static void key_name(const struct symcache_key *key, char name[NAME_ROOM])
{
	(void)snprintf(name, NAME_ROOM,
		       "%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%" PRIx64 SUFFIX, key->dev,
		       key->ino, key->size, (uint64_t)key->mtime_ns, (uint64_t)key->ctime_ns);
}

static void draft_name(uint32_t number, char name[NAME_ROOM])
{
	(void)snprintf(name, NAME_ROOM, DRAFT "%d.%" PRIu32, (int)getpid(), number);
}

static void failed(struct symcache *c, const char *what, int err)
{
	c->stats.failures++;
	if (!c->has_failed)
		log_debug("elf: cannot %s the directory of symbol files: %s, going on without",
			  what, strerror(err));
	c->has_failed = true;
}

static bool has_suffix(const char *name)
{
	size_t len = strlen(name), n = sizeof(SUFFIX) - 1;

	return len > n && len < NAME_ROOM && !strcmp(name + len - n, SUFFIX);
}

static int list_one(struct symcache *c, const char *name, struct listing *l)
{
	struct stat st;
	int r;

	if ((!has_suffix(name) && strncmp(name, DRAFT, sizeof(DRAFT) - 1) != 0) ||
	    fstatat(c->dir, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return 0;
	if (!has_suffix(name)) {
		if (time(NULL) - st.st_mtim.tv_sec > STALE_S)
			(void)unlinkat(c->dir, name, 0);
		return 0;
	}
	r = mem_grow(&l->entries, &l->cap, l->cnt + 1, sizeof(*l->entries), MAX_ENTRIES);
	if (r)
		return r;
	memcpy(l->entries[l->cnt].name, name, strlen(name) + 1);
	l->entries[l->cnt].used_s = st.st_mtim.tv_sec;
	l->entries[l->cnt].bytes = (uint64_t)st.st_blocks * 512;
	l->bytes += l->entries[l->cnt++].bytes;
	return 0;
}

static void list_files(struct symcache *c, struct listing *l)
{
	int fd = openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *de;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((de = readdir(dir)) && !list_one(c, de->d_name, l))
		;
	(void)closedir(dir);
	c->stats.bytes = l->bytes;
	c->stats.files = l->cnt;
}

static int compare_entries(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;

	if (a->used_s != b->used_s)
		return a->used_s < b->used_s ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* What was used longest ago goes, until there are so many bytes and files at most. */
static void evict_to(struct symcache *c, uint64_t bytes, uint64_t files)
{
	struct listing l = {.entries = NULL};

	list_files(c, &l);
	if (l.cnt)
		qsort(l.entries, l.cnt, sizeof(*l.entries), compare_entries);
	for (size_t i = 0; i < l.cnt && (c->stats.bytes > bytes || c->stats.files > files); i++) {
		if (unlinkat(c->dir, l.entries[i].name, 0))
			continue;
		c->stats.bytes -= l.entries[i].bytes;
		c->stats.files--;
		c->stats.evicted++;
	}
	free(l.entries);
}

/* A bit more than must go, so that not every new file looks through the directory. */
static void evict(struct symcache *c)
{
	if (c->stats.bytes > c->max_bytes || c->stats.files > c->max_files)
		evict_to(c, c->max_bytes / 8 * 7, c->max_files / 8 * 7);
}

/*
 * The disk is there for what was recorded. When little of it is free, this directory takes none of
 * that, and gives back what it has: its files can be made again.
 */
static bool has_room(struct symcache *c)
{
	struct statvfs st;

	if (fstatvfs(c->dir, &st))
		return true; /* writing will tell */
	if ((uint64_t)st.f_bavail * st.f_frsize >= KEEP_FREE_BYTES)
		return true;
	if (c->stats.files)
		evict_to(c, 0, 0);
	failed(c, "write to", ENOSPC);
	return false;
}

static void open_directory(struct symcache *c, const char *dir)
{
	struct listing l = {.entries = NULL};
	struct err err;

	if (fs_mkdirs(dir, &err)) {
		failed(c, "make", ENOENT);
		return;
	}
	c->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->dir < 0) {
		failed(c, "open", errno);
		return;
	}
	list_files(c, &l);
	free(l.entries);
	evict(c);
}

int symcache_new(const char *dir, uint64_t max_bytes, uint32_t max_files, struct symcache **ret)
{
	struct symcache *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->dir = -1;
	c->max_bytes = max_bytes;
	c->max_files = max_files;
	if (dir)
		open_directory(c, dir);
	*ret = c;
	return 0;
}

void symcache_free(struct symcache *c)
{
	if (!c)
		return;
	if (c->dir >= 0)
		(void)close(c->dir);
	free(c);
}

int symcache_find(struct symcache *c, const struct symcache_key *key)
{
	char name[NAME_ROOM];
	struct stat st;
	int fd;

	if (c->dir < 0)
		return -ENOENT;
	key_name(key, name);
	fd = openat(c->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -ENOENT;
	if (!fstat(fd, &st) && time(NULL) - st.st_mtim.tv_sec > TOUCH_S)
		(void)!futimens(fd, NULL);
	return fd;
}

static int begin_named(struct symcache *c, struct symcache_draft *ret)
{
	char name[NAME_ROOM];

	ret->number = c->next_draft++;
	draft_name(ret->number, name);
	(void)unlinkat(c->dir, name, 0); /* of an earlier process that had our number */
	ret->fd = openat(c->dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (ret->fd < 0)
		return -errno;
	ret->place = SYMCACHE_DIRECTORY;
	return 0;
}

static int begin_unnamed(void)
{
	static const char *const places[] = {"/var/tmp", "/tmp"};
	int fd = -1;

	for (size_t i = 0; i < ARRAY_SIZE(places) && fd < 0; i++)
		fd = open(places[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd;
}

int symcache_begin(struct symcache *c, enum symcache_place place, struct symcache_draft *ret)
{
	*ret = (struct symcache_draft){.fd = -1};
	if (place == SYMCACHE_DIRECTORY && c->dir >= 0 && has_room(c)) {
		int r = begin_named(c, ret);

		if (!r)
			return 0;
		failed(c, "write to", -r);
	}
	ret->place = SYMCACHE_UNNAMED;
	if (place != SYMCACHE_MEMORY)
		ret->fd = begin_unnamed();
	if (ret->fd >= 0)
		return 0;
	ret->place = SYMCACHE_MEMORY;
	ret->fd = memfd_create("culprit-symbols", MFD_CLOEXEC);
	return ret->fd < 0 ? -errno : 0;
}

int symcache_keep(struct symcache *c, const struct symcache_draft *draft,
		  const struct symcache_key *key)
{
	char from[NAME_ROOM], to[NAME_ROOM];
	struct stat st;

	if (draft->place != SYMCACHE_DIRECTORY)
		return draft->fd;
	draft_name(draft->number, from);
	key_name(key, to);
	symcache_remove(c, key);
	if (renameat(c->dir, from, c->dir, to)) {
		failed(c, "write to", errno);
		(void)unlinkat(c->dir, from, 0);
		return draft->fd;
	}
	if (!fstat(draft->fd, &st)) {
		c->stats.bytes += (uint64_t)st.st_blocks * 512;
		c->stats.files++;
	}
	evict(c);
	return draft->fd;
}

void symcache_drop(struct symcache *c, const struct symcache_draft *draft, int err)
{
	char name[NAME_ROOM];

	(void)close(draft->fd);
	if (draft->place != SYMCACHE_DIRECTORY)
		return;
	draft_name(draft->number, name);
	(void)unlinkat(c->dir, name, 0);
	if (err == -ENOSPC || err == -EDQUOT || err == -EIO)
		failed(c, "write to", -err);
}

void symcache_remove(struct symcache *c, const struct symcache_key *key)
{
	char name[NAME_ROOM];
	struct stat st;

	if (c->dir < 0)
		return;
	key_name(key, name);
	if (fstatat(c->dir, name, &st, AT_SYMLINK_NOFOLLOW) || unlinkat(c->dir, name, 0))
		return;
	c->stats.bytes -= c->stats.bytes < (uint64_t)st.st_blocks * 512
				  ? c->stats.bytes
				  : (uint64_t)st.st_blocks * 512;
	c->stats.files -= c->stats.files ? 1 : 0;
}

void symcache_stats(const struct symcache *c, struct symcache_stats *ret)
{
	*ret = c->stats;
}
