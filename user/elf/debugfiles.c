// SPDX-License-Identifier: Apache-2.0
#include "elf/debugfiles.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define MAX_PATH 4096

static uint64_t mix(uint64_t sum, uint64_t v)
{
	/* FNV-1a by words: must be the same in every run, and need not resist anybody */
	return (sum ^ v) * UINT64_C(0x100000001b3);
}

static void add_file(const struct names_file *file, int fd, struct debugfiles *d)
{
	struct stat st, other;

	if (fstat(fd, &st) || (st.st_dev == file->key.dev && st.st_ino == file->key.ino))
		goto drop;
	for (size_t i = 0; i < d->cnt; i++)
		if (!fstat(d->fds[i], &other) && other.st_dev == st.st_dev &&
		    other.st_ino == st.st_ino)
			goto drop;
	d->tried = mix(mix(mix(d->tried, st.st_dev), st.st_ino), (uint64_t)st.st_size);
	d->tried = mix(mix(d->tried, (uint64_t)st.st_mtim.tv_sec), (uint64_t)st.st_mtim.tv_nsec);
	d->tried |= 1;
	d->fds[d->cnt++] = fd;
	return;
drop:
	(void)close(fd);
}

void debugfiles_find(image_open_debug_fn open_debug, void *arg, const struct names_file *file,
		     const struct symfile_info *info, struct debugfiles *d)
{
	struct buf path;

	*d = (struct debugfiles){.cnt = 0};
	if (!open_debug || !info->wants_debug)
		return;
	buf_init(&path, MAX_PATH);
	for (size_t i = 0;
	     d->cnt < DEBUGFILES_MAX &&
	     debuglink_path(i, str_of(file->path), &info->build_id, &info->link, &path);
	     i++) {
		int fd = -ENOENT;

		if (path.len && !buf_error(&path))
			fd = open_debug(arg, file->pid, path.data);
		if (fd >= 0)
			add_file(file, fd, d);
	}
	buf_release(&path);
}

void debugfiles_close(struct debugfiles *d, size_t but)
{
	for (size_t i = 0; i < d->cnt; i++)
		if (i != but)
			(void)close(d->fds[i]);
}
