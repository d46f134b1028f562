// SPDX-License-Identifier: Apache-2.0
#include "store/dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

#define MAX_BLOCKS (1 << 20)

char *dir_path(const struct store *s, const char *file)
{
	char *path;

	return asprintf(&path, "%s/%s", s->dir, file) < 0 ? NULL : path;
}

void dir_warn(struct store *s, const char *text)
{
	for (size_t i = 0; i < s->warning_cnt; i++)
		if (!strcmp(s->warnings[i], text))
			return;
	if (s->warning_cnt == STORE_MAX_WARNINGS)
		return;
	s->warnings[s->warning_cnt] = strdup(text);
	s->warning_cnt += s->warnings[s->warning_cnt] != NULL;
}

const char *const *store_warnings(const struct store *s, size_t *ret_cnt)
{
	*ret_cnt = s->warning_cnt;
	return (const char *const *)s->warnings;
}

/* Size of the block and its log. Only stat(): opening a file that SQLite has open would drop its
 * locks. */
static uint64_t bytes_of(int dir_fd, const char *file)
{
	static const char *const suffixes[] = {"", "-wal"};
	uint64_t bytes = 0;
	char name[512];
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", file, suffixes[i]);
		if (!fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW))
			bytes += (uint64_t)st.st_size;
	}
	return bytes;
}

static int by_time(const void *va, const void *vb)
{
	const struct block_name *a = &((const struct store_file *)va)->name;
	const struct block_name *b = &((const struct store_file *)vb)->name;

	if (a->from_ns != b->from_ns)
		return a->from_ns < b->from_ns ? -1 : 1;
	if (a->length_ns != b->length_ns)
		return a->length_ns < b->length_ns ? -1 : 1;
	return (a->part > b->part) - (a->part < b->part);
}

int dir_files(const struct store *s, struct store_file **ret, size_t *ret_cnt, struct err *err)
{
	struct store_file *files = NULL, file;
	size_t cnt = 0, cap = 0;
	DIR *dir = opendir(s->dir);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return err_set(err, errno, "%s: %s", s->dir, strerror(errno));
	while (!r && (entry = readdir(dir))) {
		if (!block_name_parse(entry->d_name, &file.name))
			continue;
		r = mem_grow(&files, &cap, cnt + 1, sizeof(*files), MAX_BLOCKS);
		file.file = r ? NULL : strdup(entry->d_name);
		if (!r && !file.file)
			r = -ENOMEM;
		if (r)
			break;
		file.bytes = bytes_of(dirfd(dir), entry->d_name);
		files[cnt++] = file;
	}
	(void)closedir(dir);
	if (r) {
		dir_files_free(files, cnt);
		return err_set(err, r, "%s: too many blocks: %s", s->dir, strerror(-r));
	}
	if (cnt)
		qsort(files, cnt, sizeof(*files), by_time);
	*ret = files;
	*ret_cnt = cnt;
	return 0;
}

void dir_files_free(struct store_file *files, size_t cnt)
{
	for (size_t i = 0; files && i < cnt; i++)
		free(files[i].file);
	free(files);
}
