/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.h - a byte buffer that grows up to a ceiling; the one way text and bytes are put together.
 *
 * Writers do not check each call: the first failure (out of memory, ceiling) sticks, further writes
 * do nothing, and buf_error() tells at the end. The contents are always followed by a NUL that does
 * not count.
 *
 *	struct buf b;
 *	buf_init(&b, 1 << 20);
 *	buf_addf(&b, "%s;%s %u\n", comm, name, n);
 *	if ((r = buf_error(&b))) …
 *	buf_release(&b);
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/compiler.h"

struct buf {
	char *data; /* owned; never NULL to readers once something was added */
	size_t len;
	size_t cap; /* private */
	size_t max; /* private */
	int error;  /* private: 0, -ENOSPC or -ENOMEM */
};

void buf_init(struct buf *b, size_t max_bytes); /* allocates nothing */
void buf_release(struct buf *b);		/* frees the contents; b may be init'ed again */
void buf_clear(struct buf *b);			/* empties, keeps the memory, forgets the error */

void buf_add(struct buf *b, const void *p, size_t len);
void buf_addstr(struct buf *b, const char *s);
void buf_addch(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) printf_like(2, 3);
void buf_addu64(struct buf *b, uint64_t v);    /* decimal; much faster than %llu */
void buf_addvarint(struct buf *b, uint64_t v); /* LEB128 */

/* Room for `len` more bytes at the end, or NULL (error set); buf_commit() then says how many were
 * written. */
char *buf_reserve(struct buf *b, size_t len);
void buf_commit(struct buf *b, size_t len);

int must_check buf_error(const struct buf *b);
struct str buf_str(const struct buf *b); /* borrows; valid until the next write */

/* Returns owned (free()) NUL-terminated contents and empties b; NULL when in error. */
char *buf_detach(struct buf *b, size_t *ret_len);

#endif
