// SPDX-License-Identifier: Apache-2.0
#include "base/compress.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define ZSTD_LEVEL  6
#define STEP	    ((size_t)256 << 10)
#define GZIP_WINDOW (15 + 16) /* zlib: largest window, gzip wrapper */

struct compress_gunzip {
	z_stream stream;
	bool begun; /* a member was complete, the next call begins another one */
};

static unsigned int clamp(size_t len)
{
	return len < UINT_MAX ? (unsigned int)len : UINT_MAX;
}

uint32_t compress_crc32(uint32_t crc, const void *p, size_t len)
{
	return len ? (uint32_t)crc32_z(crc, p, len) : crc; /* zlib takes NULL as "begin" */
}

/* More than 4 GiB are neither taken nor given: nothing that is read here is so large. */
static int expand_zlib(struct str in, void *out, size_t len)
{
	z_stream zs = {0};
	uint8_t beyond;
	int z;

	if (in.len > UINT_MAX || len > UINT_MAX)
		return -EBADMSG;
	if (inflateInit(&zs) != Z_OK)
		return -ENOMEM;
	zs.next_in = (unsigned char *)(uintptr_t)in.p;
	zs.avail_in = (unsigned int)in.len;
	zs.next_out = out;
	zs.avail_out = (unsigned int)len;
	z = inflate(&zs, Z_FINISH);
	if (z == Z_BUF_ERROR && !zs.avail_out) { /* the end mark may still be to come */
		zs.next_out = &beyond;
		zs.avail_out = 1;
		z = inflate(&zs, Z_FINISH);
	}
	(void)inflateEnd(&zs);
	if (z == Z_MEM_ERROR)
		return -ENOMEM;
	return z == Z_STREAM_END && zs.total_out == len ? 0 : -EBADMSG;
}

int compress_expand(enum compress_format format, struct str in, void *out, size_t len)
{
	if (format == COMPRESS_ZLIB)
		return expand_zlib(in, out, len);
	return ZSTD_decompress(out, len, in.p, in.len) == len ? 0 : -EBADMSG;
}

void compress_zstd_release(struct compress_zstd *z)
{
	(void)ZSTD_freeCCtx(z->packing);
	(void)ZSTD_freeDCtx(z->unpacking);
	*z = (struct compress_zstd){NULL, NULL};
}

int compress_zstd_pack(struct compress_zstd *z, struct str in, struct buf *out)
{
	size_t bound = ZSTD_compressBound(in.len), n;
	char *room;

	if (!z->packing)
		z->packing = ZSTD_createCCtx();
	if (!z->packing)
		return -ENOMEM;
	room = buf_reserve(out, bound);
	if (!room)
		return buf_error(out);
	n = ZSTD_compressCCtx(z->packing, room, bound, in.p, in.len, ZSTD_LEVEL);
	if (ZSTD_isError(n))
		return -ENOMEM;
	buf_commit(out, n);
	return 0;
}

int compress_zstd_unpack(struct compress_zstd *z, struct str in, size_t len, struct buf *out)
{
	char *room;

	if (ZSTD_getFrameContentSize(in.p, in.len) != len)
		return -EBADMSG;
	if (!z->unpacking)
		z->unpacking = ZSTD_createDCtx();
	if (!z->unpacking)
		return -ENOMEM;
	room = buf_reserve(out, len);
	if (!room)
		return buf_error(out);
	if (ZSTD_decompressDCtx(z->unpacking, room, len, in.p, in.len) != len)
		return -EBADMSG;
	buf_commit(out, len);
	return 0;
}

int compress_gunzip_new(struct compress_gunzip **ret)
{
	struct compress_gunzip *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	if (inflateInit2(&g->stream, GZIP_WINDOW) != Z_OK) {
		free(g);
		return -ENOMEM;
	}
	*ret = g;
	return 0;
}

void compress_gunzip_free(struct compress_gunzip *g)
{
	if (!g)
		return;
	(void)inflateEnd(&g->stream);
	free(g);
}

int compress_gunzip_step(struct compress_gunzip *g, struct str in, void *out, size_t cap,
			 size_t *ret_used, size_t *ret_made)
{
	unsigned int given = clamp(in.len), room = clamp(cap);
	int z;

	*ret_used = *ret_made = 0;
	if (g->begun && inflateReset(&g->stream) != Z_OK)
		return -ENOMEM;
	g->begun = false;
	g->stream.next_in = (unsigned char *)(uintptr_t)in.p;
	g->stream.avail_in = given;
	g->stream.next_out = out;
	g->stream.avail_out = room;
	z = inflate(&g->stream, Z_NO_FLUSH);
	*ret_used = given - g->stream.avail_in;
	*ret_made = room - g->stream.avail_out;
	if (z == Z_STREAM_END) {
		g->begun = true;
		return 1;
	}
	if (z == Z_MEM_ERROR)
		return -ENOMEM;
	if (z == Z_BUF_ERROR || (z == Z_OK && *ret_used == in.len && g->stream.avail_out))
		return -ENODATA;
	return z == Z_OK ? 0 : -EBADMSG;
}

const char *compress_gunzip_why(const struct compress_gunzip *g)
{
	return g->stream.msg;
}

int compress_gzip(struct str in, struct buf *out)
{
	z_stream zs = {0};
	size_t at = 0;
	int z = Z_OK;

	if (deflateInit2(&zs, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	while (z == Z_OK) {
		size_t given = in.len - at < STEP ? in.len - at : STEP;
		char *room = buf_reserve(out, STEP);

		if (!room)
			break;
		zs.next_in = (unsigned char *)(uintptr_t)in.p + at;
		zs.avail_in = (unsigned int)given;
		zs.next_out = (unsigned char *)room;
		zs.avail_out = STEP;
		z = deflate(&zs, at + given == in.len ? Z_FINISH : Z_NO_FLUSH);
		at += given - zs.avail_in;
		buf_commit(out, STEP - zs.avail_out);
	}
	(void)deflateEnd(&zs);
	if (buf_error(out))
		return buf_error(out);
	return z == Z_STREAM_END ? 0 : -EIO;
}
