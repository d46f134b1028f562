/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs.h - files, read and written with care. Every descriptor is O_CLOEXEC; every read has a
 * ceiling.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

/*
 * Reads a whole file (or standard input for "-") into *out, at most its ceiling. 0 or -errno with a
 * line that names the path in err: -EISDIR, -EFBIG over the ceiling, … Works for /proc files, pipes
 * and regular files.
 */
int must_check fs_read(const char *path, struct buf *out, struct err *err);

/* The same from a descriptor, which stays open; silent about paths. */
int must_check fs_read_fd(int fd, struct buf *out);

/* Up to `len` bytes, less only at the end of the file. 0 or -errno. */
int must_check fs_read_part(int fd, void *p, size_t len, size_t *ret_len);

/* Writes path.tmp, syncs, renames: the file is there whole or not at all. "-" is standard output.
 */
int must_check fs_write(const char *path, struct str data, struct err *err);

/*
 * The same without the sync, which makes the file system commit: for what is written again soon and
 * means nothing after a crash. A loss of power may leave the file empty.
 */
int must_check fs_write_lightly(const char *path, struct str data, struct err *err);

/* Makes the directory and its parents. 0 also when it is there. */
int must_check fs_mkdirs(const char *path, struct err *err);

/*
 * Opens `path` (as seen below the directory `root_fd`) for reading without ever leaving that root:
 * absolute links are taken inside it (openat2 RESOLVE_IN_ROOT). Regular files only, -EINVAL for
 * anything else: a directory, FIFO or device is not even opened. Waits for nobody but a file system
 * whose server or daemon does not answer: ask base/mountinfo.h before. fd or -errno.
 */
int must_check fs_open_in_root(int root_fd, const char *path);

/* The same, but never enters what is mounted below that root: it may be a file system that hangs.
 * -EXDEV for what is there. */
int must_check fs_open_in_mount(int root_fd, const char *path);

/* The same as fs_open_in_root(), but follows no link, so that the path is where it leads. -ELOOP. */
int must_check fs_open_without_links(int root_fd, const char *path);

#endif
