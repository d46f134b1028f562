// SPDX-License-Identifier: Apache-2.0
#include "store/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

#define MAX_WINDOWS ((size_t)1 << 26)

int scan_init(struct scan *scan, struct store *s, struct err *err)
{
	int r;

	*scan = (struct scan){.s = s};
	r = dir_files(s, &scan->files, &scan->file_cnt, err);
	if (r)
		return r;
	scan->damage = calloc(scan->file_cnt + 1, sizeof(*scan->damage));
	scan->codes = calloc(scan->file_cnt + 1, sizeof(*scan->codes));
	if (!scan->damage || !scan->codes) {
		scan_release(scan);
		return err_set(err, ENOMEM, "%s: out of memory", s->dir);
	}
	return 0;
}

void scan_release(struct scan *scan)
{
	for (size_t i = 0; scan->damage && i < scan->file_cnt; i++)
		free(scan->damage[i]);
	free(scan->damage);
	free(scan->codes);
	dir_files_free(scan->files, scan->file_cnt);
	free(scan->windows);
	*scan = (struct scan){.s = NULL};
}

bool scan_touches(const struct scan *scan, size_t file, struct time_range range)
{
	const struct block_name *name = &scan->files[file].name;

	return name->from_ns < range.until_ns && block_name_until(name) > range.from_ns;
}

bool scan_belongs(const struct block_row *row, struct time_range range)
{
	int64_t middle = block_middle(row->start_ns, row->end_ns);

	return middle >= range.from_ns && middle < range.until_ns;
}

uint64_t scan_damaged(const struct scan *scan)
{
	uint64_t cnt = 0;

	for (size_t i = 0; i < scan->file_cnt; i++)
		cnt += scan->damage[i] != NULL;
	return cnt;
}

int scan_note(struct scan *scan, size_t file, int r, const struct err *reason, struct err *err)
{
	struct err line;

	if (!r || r == -ENOMEM)
		return r ? err_set(err, r, "%s", reason->text) : 0;
	(void)err_set(&line, r, "%s, skipping what cannot be read", reason->text);
	dir_warn(scan->s, line.text);
	if (!scan->damage[file])
		scan->damage[file] = strdup(reason->text);
	if (!scan->codes[file])
		scan->codes[file] = r;
	return 0;
}

/*
 * In WAL mode SQLite needs a -shm file even to read; where it cannot be made, the file alone is as
 * good when there is no log to it. If there is one, what was last written is in the log only.
 */
static int open_immutable(struct scan *scan, const char *path, struct block **ret,
			  struct err *reason)
{
	struct err line;
	struct stat st;
	char *wal;
	int r;

	if (asprintf(&wal, "%s-wal", path) < 0)
		return err_set(reason, ENOMEM, "%s: out of memory", path);
	r = block_open(path, BLOCK_IMMUTABLE, ret, reason);
	if (!r && !stat(wal, &st) && st.st_size) {
		(void)err_set(&line, EACCES,
			      "%s: cannot be read without permission to write beside it; the "
			      "newest windows of %s are missing",
			      wal, path);
		dir_warn(scan->s, line.text);
	}
	free(wal);
	return r;
}

int scan_open(struct scan *scan, size_t file, struct block **ret, struct err *err)
{
	char *path = dir_path(scan->s, scan->files[file].file);
	struct block *b = NULL;
	struct err reason;
	struct stat st;
	int r;

	if (!path)
		return err_set(err, ENOMEM, "%s: out of memory", scan->s->dir);
	r = block_open(path, BLOCK_READ, &b, &reason);
	if (r && r != -ENOMEM && r != -EBADMSG && r != -EBUSY)
		r = open_immutable(scan, path, &b, &reason);
	if (r && r != -ENOMEM && stat(path, &st) && errno == ENOENT)
		r = 0; /* deleted by retention since the directory was read */
	r = scan_note(scan, file, r, &reason, err);
	free(path);
	if (!r)
		*ret = b;
	return r;
}

struct listing {
	struct scan *scan;
	const struct time_range *ranges;
	size_t range_cnt;
	uint32_t file;
};

static int list_row(void *arg, const struct block_row *row)
{
	struct listing *l = arg;
	struct scan *scan = l->scan;
	size_t range = 0;
	int r;

	while (range < l->range_cnt && !scan_belongs(row, l->ranges[range]))
		range++;
	if (range == l->range_cnt)
		return 0;
	r = mem_grow(&scan->windows, &scan->window_cap, scan->window_cnt + 1,
		     sizeof(*scan->windows), MAX_WINDOWS);
	if (!r)
		scan->windows[scan->window_cnt++] =
			(struct scan_window){row->start_ns, row->id, l->file, (uint32_t)range};
	return r ? -ENOMEM : 0;
}

static int by_start(const void *va, const void *vb)
{
	const struct scan_window *a = va, *b = vb;

	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns ? -1 : 1;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

int scan_list_file(struct scan *scan, size_t file, const struct time_range *ranges,
		   size_t range_cnt, struct err *err)
{
	struct listing l = {scan, ranges, range_cnt, (uint32_t)file};
	struct err reason = {"out of memory"};
	struct block *b = NULL;
	int r = scan_open(scan, file, &b, err);

	if (!r && b)
		r = scan_note(scan, file, block_times(b, list_row, &l, &reason), &reason, err);
	block_close(b);
	return r;
}

int scan_list(struct scan *scan, const struct time_range *ranges, size_t range_cnt, struct err *err)
{
	int r = 0;

	for (size_t file = 0; !r && file < scan->file_cnt; file++) {
		bool touches = false;

		for (size_t i = 0; i < range_cnt && !touches; i++)
			touches = scan_touches(scan, file, ranges[i]);
		if (touches)
			r = scan_list_file(scan, file, ranges, range_cnt, err);
	}
	if (!r && scan->window_cnt)
		qsort(scan->windows, scan->window_cnt, sizeof(*scan->windows), by_start);
	return r;
}

struct walk {
	struct scan *scan;
	size_t file;
	struct time_range range;
	struct block *block;
	const struct dict *dict;
	scan_head_fn fn;
	void *arg;
	int fatal; /* what fn returned */
};

static int walk_row(void *arg, const struct block_row *row)
{
	struct walk *w = arg;
	struct encode_head head;
	struct err reason;
	bool fits;
	int r;

	if (!scan_belongs(row, w->range))
		return 0;
	r = block_head(w->block, row, &head);
	if (r == -ENOMEM)
		return r;
	/* the series of a head are sorted */
	fits = !r &&
	       (!head.total_cnt || head.totals[head.total_cnt - 1].series < w->dict->cnt.series);
	if (fits)
		w->fatal = w->fn(w->arg, w->dict, &head);
	else
		(void)err_set(&reason, EBADMSG, "%s/%s: damaged (window %lld does not check)",
			      w->scan->s->dir, w->scan->files[w->file].file, (long long)row->id);
	if (!r)
		encode_head_release(&head);
	return fits ? w->fatal : scan_note(w->scan, w->file, -EBADMSG, &reason, NULL);
}

int scan_heads(struct scan *scan, size_t file, struct time_range range, scan_head_fn fn, void *arg,
	       struct err *err)
{
	struct walk w = {.scan = scan, .file = file, .range = range, .fn = fn, .arg = arg};
	struct err reason = {"out of memory"};
	int r = scan_open(scan, file, &w.block, err);

	if (r || !w.block)
		return r;
	r = block_dict(w.block, &w.dict, &reason);
	r = scan_note(scan, file, r, &reason, err);
	if (!r) {
		r = block_rows(w.block, walk_row, &w, &reason);
		if (!w.fatal)
			r = scan_note(scan, file, r, &reason, err);
	}
	block_close(w.block);
	return r;
}
