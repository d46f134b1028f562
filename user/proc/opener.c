// SPDX-License-Identifier: Apache-2.0
#include "proc/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mountinfo.h"
#include "base/text.h"
#include "elf/image.h"
#include "elf/vdso.h"
#include "proc/procfs.h"

#define ALIASES	      1024 /* files whose two identities differ; powers of two */
#define MISSES	      256  /* files that were not found lately */
#define RETRY_NS      (10 * NSEC_PER_SEC)
#define DEVICES	      64		  /* of which it is known whether they are remote */
#define DEVICE_NS     (60 * NSEC_PER_SEC) /* numbers of devices without a disk are used again */
#define MAX_MOUNTINFO (UINT32_C(4) << 20) /* some 30,000 mounts */
#define PATH_ROOM     (WIRE_MAX_PATH + 1)

struct file_id {
	uint64_t ino;
	uint32_t maj;
	uint32_t min;
};

struct alias {
	struct file_id id;
	struct image *image; /* a reference; NULL = free */
};

struct miss {
	struct file_id id;
	uint64_t time_ns;
};

struct device {
	uint32_t maj, min;
	uint64_t time_ns; /* 0 = free */
	bool is_remote;
};

/*
 * All tables are direct-mapped: a newer file takes the place of an older one. Good enough for
 * caches.
 */
struct opener {
	struct image_cache *images;
	struct procfs *procfs;
	struct vdso vdso;
	struct alias aliases[ALIASES];
	struct miss misses[MISSES];
	struct device devices[DEVICES];
};

static void forget_aliases(struct opener *o)
{
	for (size_t i = 0; i < ALIASES; i++) {
		image_unref(o->aliases[i].image);
		o->aliases[i].image = NULL;
	}
}

void opener_free(struct opener *o)
{
	if (!o)
		return;
	image_cache_set_debug(o->images, NULL, NULL);
	vdso_close(&o->vdso);
	forget_aliases(o);
	free(o);
}

static struct file_id id_of(const struct wire_mmap *m)
{
	return (struct file_id){.ino = m->ino, .maj = m->maj, .min = m->min};
}

static bool same_id(struct file_id a, struct file_id b)
{
	return a.ino == b.ino && a.maj == b.maj && a.min == b.min;
}

static size_t slot_of(struct file_id id, size_t cnt)
{
	return hash_bytes(&id, sizeof(id)) & (cnt - 1);
}

enum identity {
	ID_SAME,
	ID_OTHER_DEVICE, /* overlayfs, btrfs: nothing can be said */
	ID_OTHER_FILE,	 /* same device, other inode: the path leads to another file by now */
};

static enum identity compare(int fd, const struct wire_mmap *m)
{
	struct stat st;

	if (fstat(fd, &st))
		return ID_OTHER_FILE;
	if (major(st.st_dev) != m->maj || minor(st.st_dev) != m->min)
		return ID_OTHER_DEVICE;
	return st.st_ino == m->ino ? ID_SAME : ID_OTHER_FILE;
}

/* The file name without the kernel's mark; true when the mark was there. */
static bool copy_path(const struct wire_mmap *m, char out[PATH_ROOM])
{
	static const char mark[] = " (deleted)";
	size_t n = sizeof(mark) - 1, len = m->path_len;
	bool deleted = len > n && !memcmp(m->path + len - n, mark, n);

	if (deleted)
		len -= n;
	memcpy(out, m->path, len);
	out[len] = '\0';
	return deleted;
}

static int open_below(int root_fd, const char *path)
{
	int fd;

	if (root_fd < 0)
		return root_fd;
	fd = fs_open_in_root(root_fd, path);
	(void)close(root_fd);
	return fd;
}

/*
 * Below the root of a process. The path is the tenant's, and so may be the file system that would
 * have to answer, for ever: links are followed on the root's own file system only, and others are
 * entered only by a path that is known to lead to no remote one.
 */
static int open_debug_of(struct opener *o, uint32_t pid, const char *path)
{
	int root_fd, fd = -EREMOTE;
	struct buf text;

	buf_init(&text, MAX_MOUNTINFO);
	if (procfs_mountinfo(o->procfs, pid, &text) ||
	    mountinfo_path_is_remote(buf_str(&text), STR_LIT("/")))
		goto out;
	root_fd = procfs_open_root(o->procfs, pid);
	if (root_fd < 0)
		goto out;
	fd = fs_open_in_mount(root_fd, path);
	if (fd == -EXDEV && !mountinfo_path_is_remote(buf_str(&text), str_of(path)))
		fd = fs_open_without_links(root_fd, path);
	(void)close(root_fd);
out:
	buf_release(&text);
	return fd;
}

/*
 * An image_open_debug_fn. Replayed records: their processes are not ours to look into. Of our own
 * files only those that have no other purpose.
 */
static int open_debug(void *arg, uint32_t pid, const char *path)
{
	static const char own[] = "/usr/lib/debug/";
	struct opener *o = arg;
	int fd = -ENOENT;

	if (o->procfs && pid)
		fd = open_debug_of(o, pid, path);
	if (fd < 0 && !strncmp(path, own, sizeof(own) - 1))
		fd = open_below(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), path);
	return fd;
}

int opener_new(struct image_cache *images, struct procfs *procfs, struct opener **ret)
{
	struct opener *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	o->images = images;
	o->procfs = procfs;
	vdso_open(images, &o->vdso);
	image_cache_set_debug(images, open_debug, o);
	*ret = o;
	return 0;
}

struct image *opener_vdso(struct opener *o, const struct wire_mmap *m)
{
	return vdso_of(&o->vdso, m->addr, m->len);
}

/* A file that somebody else may still see; taken only if it is the very one. */
static int open_elsewhere(struct opener *o, const struct wire_mmap *m, uint32_t ppid,
			  const char *path)
{
	const uint32_t pids[] = {ppid, 1};

	for (size_t i = 0; i <= ARRAY_SIZE(pids); i++) {
		int root_fd, fd;

		if (i < ARRAY_SIZE(pids)) {
			if (!o->procfs || !pids[i])
				continue;
			root_fd = procfs_open_root(o->procfs, pids[i]);
		} else {
			root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		}
		fd = open_below(root_fd, path);
		if (fd < 0)
			continue;
		if (compare(fd, m) == ID_SAME)
			return fd;
		(void)close(fd);
	}
	return -ENOENT;
}

static int open_mapping(struct opener *o, const struct wire_mmap *m)
{
	return o->procfs ? procfs_open_mapping(o->procfs, m->pid, m->addr, m->addr + m->len)
			 : -ENOENT;
}

/* fd or -errno; *ret_sure: it is the mapped file beyond doubt. */
static int open_file(struct opener *o, const struct wire_mmap *m, uint32_t ppid, const char *path,
		     bool deleted, bool *ret_sure)
{
	enum identity identity;
	int root_fd, fd, mapped;

	*ret_sure = true;
	if (deleted)
		return open_mapping(o, m);
	root_fd = o->procfs ? procfs_open_root(o->procfs, m->pid) : -ENOENT;
	if (root_fd < 0)
		return open_elsewhere(o, m, ppid, path);
	fd = open_below(root_fd, path);
	identity = fd < 0 ? ID_OTHER_FILE : compare(fd, m);
	if (identity == ID_SAME)
		return fd;
	mapped = open_mapping(o, m);
	if (mapped < 0 && identity == ID_OTHER_DEVICE) {
		*ret_sure = false;
		return fd;
	}
	if (fd >= 0)
		(void)close(fd);
	/* maps shows the paths of a chroot as the reader sees them, not the process */
	return mapped < 0 ? open_elsewhere(o, m, ppid, path) : mapped;
}

static bool ask_mounts(struct opener *o, const struct wire_mmap *m, uint32_t ppid)
{
	bool is_remote = false;
	struct buf text;

	buf_init(&text, MAX_MOUNTINFO);
	if (!procfs_mountinfo(o->procfs, m->pid, &text) ||
	    (ppid && !procfs_mountinfo(o->procfs, ppid, &text)))
		is_remote = mountinfo_device_is_remote(buf_str(&text), m->maj, m->min);
	buf_release(&text);
	return is_remote;
}

/* Whether the mapped file's file system may never answer. Nothing of the file is touched. */
static bool on_remote_device(struct opener *o, const struct wire_mmap *m, uint32_t ppid)
{
	struct file_id id = {.maj = m->maj, .min = m->min};
	struct device *d = &o->devices[slot_of(id, DEVICES)];

	if (!o->procfs)
		return false;
	if (!d->time_ns || d->maj != m->maj || d->min != m->min ||
	    m->h.time_ns - d->time_ns >= DEVICE_NS)
		*d = (struct device){.maj = m->maj,
				     .min = m->min,
				     .time_ns = m->h.time_ns ? m->h.time_ns : 1,
				     .is_remote = ask_mounts(o, m, ppid)};
	return d->is_remote;
}

static bool is_elf(int fd)
{
	char magic[4];

	return pread(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) &&
	       !memcmp(magic, "\177ELF", 4);
}

static int open_image(struct opener *o, const struct wire_mmap *m, uint32_t ppid, bool elf_only,
		      struct image **ret)
{
	struct alias *alias = &o->aliases[slot_of(id_of(m), ALIASES)];
	char path[PATH_ROOM];
	bool sure, deleted, is_alias;
	int fd, r;

	deleted = copy_path(m, path);
	fd = open_file(o, m, ppid, path, deleted, &sure);
	if (fd < 0)
		return fd;
	if (elf_only && !is_elf(fd)) {
		(void)close(fd);
		return -ENOEXEC;
	}
	is_alias = sure && compare(fd, m) != ID_SAME;
	r = image_cache_open(o->images, fd, path, ret);
	if (r) {
		forget_aliases(o); /* they may be what keeps the cache full */
		return r;
	}
	image_set_pid(*ret, m->pid);
	if (is_alias) {
		image_unref(alias->image);
		*alias = (struct alias){.id = id_of(m), .image = image_ref(*ret)};
	}
	return 0;
}

int opener_find(struct opener *o, const struct wire_mmap *m, uint32_t ppid, bool elf_only,
		struct image **ret)
{
	struct file_id id = id_of(m);
	struct alias *alias = &o->aliases[slot_of(id, ALIASES)];
	struct miss *miss = &o->misses[slot_of(id, MISSES)];
	struct image *image;
	int r;

	if (!m->ino)
		return -ENOENT;
	image = image_cache_find(o->images, m->maj, m->min, m->ino, m->h.time_ns);
	if (!image && alias->image && same_id(alias->id, id))
		image = image_ref(alias->image);
	if (image) {
		image_set_pid(image, m->pid);
		*ret = image;
		return 0;
	}
	if (miss->time_ns && same_id(miss->id, id) && m->h.time_ns - miss->time_ns < RETRY_NS)
		return -ENOENT;
	r = on_remote_device(o, m, ppid) ? -EREMOTE : open_image(o, m, ppid, elf_only, ret);
	if (r && r != -ENOEXEC)
		*miss = (struct miss){.id = id, .time_ns = m->h.time_ns ? m->h.time_ns : 1};
	return r;
}
