/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compress.h - zlib and zstd, with a ceiling on what comes out; the only user of both libraries.
 *
 * Compressed bytes are hostile: a kilobyte may stand for a gigabyte. Who knows the size beforehand
 * (a section's header, a blob's) says it and gets exactly that much or an error; who does not
 * (gzip) takes the output piece by piece and judges as it comes. Nothing is kept but what a handle
 * holds; a handle serves one thread at a time.
 */
#ifndef BASE_COMPRESS_H
#define BASE_COMPRESS_H

#include "base/buf.h"
#include "base/compiler.h"

enum compress_format {
	COMPRESS_ZLIB = 0, /* RFC 1950 */
	COMPRESS_ZSTD = 1, /* RFC 8878, one frame */
};

/* CRC-32 (IEEE 802.3, reflected); start with crc = 0, or go on with what was returned. */
uint32_t compress_crc32(uint32_t crc, const void *p, size_t len);

/*
 * Expands `in` to exactly `len` bytes at `out`. 0; -EBADMSG when it is damaged or stands for more
 * or less; -ENOMEM.
 */
int must_check compress_expand(enum compress_format format, struct str in, void *out, size_t len);

/* ---- zstd frames, with the library's working memory kept between them ---- */

/* Zero it before the first use (= {0}). */
struct compress_zstd {
	struct ZSTD_CCtx_s *packing;   /* private, made at need */
	struct ZSTD_DCtx_s *unpacking; /* private, made at need */
};

void compress_zstd_release(struct compress_zstd *z);

/* Appends one frame that knows its content's size. 0, -ENOMEM, or the buffer's error. */
int must_check compress_zstd_pack(struct compress_zstd *z, struct str in, struct buf *out);

/* Appends the `len` bytes that the frame stands for. 0, -EBADMSG, -ENOMEM, or the buffer's error. */
int must_check compress_zstd_unpack(struct compress_zstd *z, struct str in, size_t len,
				    struct buf *out);

/* ---- gzip members, piece by piece ---- */

struct compress_gunzip;

int must_check compress_gunzip_new(struct compress_gunzip **ret); /* -ENOMEM */
void compress_gunzip_free(struct compress_gunzip *g);		  /* NULL is fine */

/*
 * Takes bytes from `in`, gives bytes to `out`: *ret_used and *ret_made say how many, whatever is
 * returned. 0: go on; 1: the member is complete, and the next call begins another one; -ENODATA:
 * wants more input; -EBADMSG: damaged, compress_gunzip_why() says how; -ENOMEM.
 */
int must_check compress_gunzip_step(struct compress_gunzip *g, struct str in, void *out, size_t cap,
				    size_t *ret_used, size_t *ret_made);
const char *compress_gunzip_why(const struct compress_gunzip *g); /* borrowed; NULL: unknown */

/* Appends one gzip member, without name and time: the same bytes always give the same. 0 or the
 * buffer's error, -ENOMEM, -EIO. */
int must_check compress_gzip(struct str in, struct buf *out);

#endif
