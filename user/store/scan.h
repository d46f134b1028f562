/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.h - a walk over the blocks of a store for one reading call: which files, which windows, what
 * was damaged. For the other files of store/ only.
 */
#ifndef STORE_SCAN_H
#define STORE_SCAN_H

#include "store/dir.h"

struct scan_window {
	int64_t start_ns;
	int64_t id;
	uint32_t file;	/* into scan.files */
	uint32_t range; /* the first of the given ones to which it belongs */
};

struct scan {
	struct store *s;
	struct store_file *files;
	char **damage; /* for each file: NULL or what is wrong with it, owned */
	int *codes;    /* for each file: 0 or the -errno of that */
	size_t file_cnt;
	struct scan_window *windows; /* by scan_list(), by start */
	size_t window_cnt, window_cap;
};

int must_check scan_init(struct scan *scan, struct store *s, struct err *err);
void scan_release(struct scan *scan); /* a zeroed one is fine */

/* May windows of this file lie in the range, as its name says? */
bool scan_touches(const struct scan *scan, size_t file, struct time_range range);

/* Does the window belong to the range (edge rule of store.h)? */
bool scan_belongs(const struct block_row *row, struct time_range range);

/*
 * Opens a file for reading. *ret is NULL when it cannot be read: damage is then noted, unless
 * retention has just deleted it. Only lack of memory is an error.
 */
int must_check scan_open(struct scan *scan, size_t file, struct block **ret, struct err *err);

/* Takes what a reading call on a file returned: damage is noted and 0 returned, the rest goes
 * through. */
int must_check scan_note(struct scan *scan, size_t file, int r, const struct err *reason,
			 struct err *err);

/* How many files had damage so far. */
uint64_t scan_damaged(const struct scan *scan);

/* Lists the windows of the ranges into scan->windows. */
int must_check scan_list(struct scan *scan, const struct time_range *ranges, size_t range_cnt,
			 struct err *err);

/* The same for one file, whose windows are added in the order of putting. */
int must_check scan_list_file(struct scan *scan, size_t file, const struct time_range *ranges,
			      size_t range_cnt, struct err *err);

/* One sound window of a file: its series are in `dict`. A failure must be fatal and explained by
 * the function itself. */
typedef int (*scan_head_fn)(void *arg, const struct dict *dict, const struct encode_head *head);

/*
 * Calls `fn` for each window of a file that belongs to the range; damage is noted and skipped. The
 * dictionary is the same for all calls of one file and gone afterwards.
 */
int must_check scan_heads(struct scan *scan, size_t file, struct time_range range, scan_head_fn fn,
			  void *arg, struct err *err);

#endif
