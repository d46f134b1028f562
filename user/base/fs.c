// SPDX-License-Identifier: Apache-2.0
#include "base/fs.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READ_CHUNK 65536

int fs_read_fd(int fd, struct buf *out)
{
	for (;;) {
		size_t left = out->max - out->len;
		char *room = buf_reserve(out, left < READ_CHUNK ? left : READ_CHUNK);
		char probe;
		ssize_t n;

		if (!room)
			return buf_error(out) == -ENOSPC ? -EFBIG : buf_error(out);
		n = left ? read(fd, room, left < READ_CHUNK ? left : READ_CHUNK)
			 : read(fd, &probe, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n > 0 && !left)
			return -EFBIG;
		buf_commit(out, (size_t)n);
		if (!n)
			return 0;
	}
}

int fs_read_part(int fd, void *p, size_t len, size_t *ret_len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, (char *)p + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	*ret_len = done;
	return 0;
}

int fs_read(const char *path, struct buf *out, struct err *err)
{
	bool is_stdin = !strcmp(path, "-");
	int fd, r;

	fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, errno, "%s: %s", path, strerror(errno));
	r = fs_read_fd(fd, out);
	if (!is_stdin)
		(void)close(fd);
	if (r == -EFBIG)
		return err_set(err, EFBIG, "%s: larger than %zu MiB, the most that is read", path,
			       out->max >> 20);
	if (r)
		return err_set(err, r, "%s: %s", path, strerror(-r));
	return 0;
}

static int write_all(int fd, struct str data)
{
	while (data.len) {
		ssize_t n = write(fd, data.p, data.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data = (struct str){data.p + n, data.len - (size_t)n};
	}
	return 0;
}

/*
 * Puts a file in the place of another one. What is not to be synced changes places with it first: a
 * rename over a file makes ext4 and others write the new one to the disk at once (auto_da_alloc in
 * ext4(5)), though it may be gone again in seconds.
 */
static int replace(const char *tmp, const char *path, bool sync)
{
	if (!sync && !renameat2(AT_FDCWD, tmp, AT_FDCWD, path, RENAME_EXCHANGE))
		return unlink(tmp) ? -errno : 0;
	return rename(tmp, path) ? -errno : 0;
}

static int write_file(const char *path, struct str data, bool sync, struct err *err)
{
	struct stat st;
	char *tmp = NULL;
	int fd, r;

	if (!strcmp(path, "-")) {
		r = write_all(STDOUT_FILENO, data);
		return r ? err_set(err, r, "standard output: %s", strerror(-r)) : 0;
	}
	if (!stat(path, &st) &&
	    !S_ISREG(st.st_mode)) { /* /dev/null, a pipe: nothing to rename over */
		fd = open(path, O_WRONLY | O_CLOEXEC);
		r = fd < 0 ? -errno : write_all(fd, data);
		goto out;
	}
	if (asprintf(&tmp, "%s.tmp.%d", path, (int)getpid()) < 0)
		return err_set(err, ENOMEM, "%s: out of memory", path);
	(void)unlink(tmp); /* of one that had our number, and died: it may be a link by now */
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	r = fd < 0 ? -errno : write_all(fd, data);
	if (!r && sync && fsync(fd))
		r = -errno;
	if (!r)
		r = replace(tmp, path, sync);
	if (r && fd >= 0)
		(void)unlink(tmp);
out:
	if (fd >= 0)
		(void)close(fd);
	free(tmp);
	return r ? err_set(err, r, "%s: %s", path, strerror(-r)) : 0;
}

int fs_write(const char *path, struct str data, struct err *err)
{
	return write_file(path, data, true, err);
}

int fs_write_lightly(const char *path, struct str data, struct err *err)
{
	return write_file(path, data, false, err);
}

int fs_mkdirs(const char *path, struct err *err)
{
	char *copy = strdup(path), *p;
	struct stat st;
	int r = 0;

	if (!copy)
		return err_set(err, ENOMEM, "%s: out of memory", path);
	for (p = copy + 1; *copy && !r; p++) {
		bool last = !*p;

		if (!last && *p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0777) && errno != EEXIST)
			r = -errno;
		if (last)
			break;
		*p = '/';
	}
	if (!r && stat(path, &st))
		r = -errno;
	else if (!r && !S_ISDIR(st.st_mode))
		r = -ENOTDIR;
	free(copy);
	return r ? err_set(err, r, "%s: %s", path, strerror(-r)) : 0;
}

/*
 * Opening a FIFO or a device has effects already (a tape rewinds, a driver wakes up), so the file
 * is first taken by O_PATH, which calls nobody, and opened for reading only once it is known to be
 * a regular file. The second open goes through /proc/self/fd and is therefore of that very inode,
 * whatever the path leads to by now.
 */
static int open_regular(int root_fd, const char *path, uint64_t resolve)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};
	char self[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	struct stat st;
	int at, fd;

	at = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	if (at < 0)
		return -errno;
	if (fstat(at, &st) || !S_ISREG(st.st_mode)) {
		(void)close(at);
		return -EINVAL;
	}
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", at);
	fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		fd = -errno;
	(void)close(at);
	return fd;
}

int fs_open_in_root(int root_fd, const char *path)
{
	return open_regular(root_fd, path, 0);
}

int fs_open_in_mount(int root_fd, const char *path)
{
	return open_regular(root_fd, path, RESOLVE_NO_XDEV);
}

int fs_open_without_links(int root_fd, const char *path)
{
	return open_regular(root_fd, path, RESOLVE_NO_SYMLINKS);
}
