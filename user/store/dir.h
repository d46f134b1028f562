/* SPDX-License-Identifier: Apache-2.0 */
/* dir.h - inside of struct store: the directory, its files, its warnings. For the other files of
 * store/ only. */
#ifndef STORE_DIR_H
#define STORE_DIR_H

#include "store/block.h"
#include "store/name.h"
#include "store/store.h"

#define STORE_OPEN_BLOCKS 4 /* at most open for writing at once; one of them outside batches */

struct store_writer { /* a block open for writing */
	struct block *block;
	struct block_name name;
	uint64_t last_use;
	bool in_batch; /* has an open transaction */
	bool fresh;    /* made by us, and nothing is committed in it yet */
};

struct store {
	char *dir; /* owned */
	enum store_mode mode;
	struct store_opts opts;
	int lock_fd;
	struct store_writer writers[STORE_OPEN_BLOCKS];
	uint64_t uses;
	bool batch, batch_failed;
	struct store_place last_put;
	char *warnings[STORE_MAX_WARNINGS]; /* owned */
	size_t warning_cnt;
};

struct store_file {
	char *file; /* name inside the directory, owned */
	struct block_name name;
	uint64_t bytes; /* with the log */
};

/* The blocks of the directory by time (start, length, part). dir_files_free() afterwards. */
int must_check dir_files(const struct store *s, struct store_file **ret, size_t *ret_cnt,
			 struct err *err);
void dir_files_free(struct store_file *files, size_t cnt);

/* DIR/file; returns owned, NULL when out of memory. */
char *dir_path(const struct store *s, const char *file);

void dir_warn(struct store *s, const char *text); /* copies */

#endif
