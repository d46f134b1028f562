/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block.h - one block: a file of windows with the dictionary that they share.
 *
 * -EBADMSG means that the file is damaged; the line in err begins with its path. After any failure
 * of a writing call the block must be closed: its transaction is rolled back by that, its
 * dictionary in memory is ahead of the file.
 */
#ifndef STORE_BLOCK_H
#define STORE_BLOCK_H

#include "base/err.h"
#include "model/profile.h"
#include "store/dict.h"
#include "store/encode.h"
#include "store/moments.h"

struct block;

/* Puts an empty block there, whole or not at all, durably. There must be none of that name. */
int must_check block_create(const char *path, struct err *err);

enum block_open {
	BLOCK_READ,	 /* a snapshot as of now; never waits for the writer */
	BLOCK_IMMUTABLE, /* the same where the files beside it cannot be made; see db.h */
	BLOCK_WRITE,
};

int must_check block_open(const char *path, enum block_open how, struct block **ret,
			  struct err *err);
void block_close(struct block *b); /* NULL is fine */

/* ---- BLOCK_WRITE ---- */

bool block_is_full(const struct block *b); /* go on in the next part */
int must_check block_begin(struct block *b, struct err *err);
int must_check block_put(struct block *b, const struct profile *p,
			 struct err *err);   /* between begin and commit */
int64_t block_put_id(const struct block *b); /* the number of the window that was put last */
int must_check block_commit(struct block *b, struct err *err); /* returns when it is on the disk */

/* ---- BLOCK_READ, BLOCK_IMMUTABLE ---- */

struct block_row {
	int64_t id;
	int64_t start_ns;
	int64_t end_ns;
	struct str head; /* packed; borrowed for the call */
};

typedef int (*block_row_fn)(void *arg, const struct block_row *row);

/* All windows in the order in which they were put. What the function returns other than 0 stops and
 * is returned. */
int must_check block_rows(struct block *b, block_row_fn fn, void *arg, struct err *err);

/* The same without their heads, which is all that takes time. */
int must_check block_times(struct block *b, block_row_fn fn, void *arg, struct err *err);

/* The number of the last window, 0 without one. */
int must_check block_last(struct block *b, int64_t *ret, struct err *err);

/* The row of one window: `fn` is called at most once. */
int must_check block_row(struct block *b, int64_t id, block_row_fn fn, void *arg, struct err *err);

/* Unpacks the head of a row; encode_head_release() afterwards. -EBADMSG, -ENOMEM; silent. */
int must_check block_head(struct block *b, const struct block_row *row, struct encode_head *ret);

/* Samples of a window, owned (free()). */
int must_check block_samples(struct block *b, int64_t id, uint64_t period,
			     struct encode_sample **ret, size_t *ret_cnt, struct err *err);

/* Were the times of single samples stored in this block? */
int must_check block_has_moments(struct block *b, bool *ret, struct err *err);

/* Moments of a window of such a block, owned (free()), none when it has none. `samples`: those of
 * block_samples(). */
int must_check block_moments(struct block *b, int64_t id, const struct encode_sample *samples,
			     size_t sample_cnt, struct encode_moment **ret, size_t *ret_cnt,
			     struct err *err);

/*
 * The dictionary, read at the first call, borrowed until the close. *ret is written in any case:
 * when the file is damaged (-EBADMSG) it holds what could be read, and numbers beyond its counts
 * are unknown.
 */
int must_check block_dict(struct block *b, const struct dict **ret, struct err *err);

#endif
