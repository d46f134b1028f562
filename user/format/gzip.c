// SPDX-License-Identifier: Apache-2.0
#include "format/gzip.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

#define STEP		  ((size_t)256 << 10)
#define GZIP_WINDOW	  (15 + 16) /* zlib: largest window, gzip wrapper */
#define DEFAULT_MAX_BYTES ((size_t)1 << 30)
#define DEFAULT_MAX_RATIO 250

bool gzip_is(struct str bytes)
{
	return bytes.len >= 2 && !memcmp(bytes.p, "\x1f\x8b", 2);
}

static int judge_size(const struct gzip_limits *l, size_t in, size_t out, struct err *err)
{
	size_t max_bytes = l && l->max_bytes ? l->max_bytes : DEFAULT_MAX_BYTES;
	size_t max_ratio = l && l->max_ratio ? l->max_ratio : DEFAULT_MAX_RATIO;

	if (out > max_bytes)
		return err_set(err, EFBIG, "inflates to more than %zu bytes, the most that is read",
			       max_bytes);
	if (out > GZIP_RATIO_FROM && out / max_ratio > in)
		return err_set(
			err, EFBIG,
			"%zu compressed bytes inflate to more than %zu times as much: refused", in,
			max_ratio);
	return 0;
}

static int explain(int z, size_t at, const char *msg, struct err *err)
{
	if (z == Z_MEM_ERROR)
		return err_set(err, ENOMEM, "out of memory");
	if (z == Z_BUF_ERROR)
		return err_set(err, EINVAL,
			       "the gzip data end at byte %zu, before they are complete", at);
	return err_set(err, EINVAL, "damaged gzip data near byte %zu: %s", at,
		       msg ? msg : "not in gzip format");
}

/*
 * Inflates members until the input is used up; what follows the last one and is no member is
 * ignored.
 */
static int inflate_all(z_stream *zs, struct str bytes, const struct gzip_limits *limits,
		       struct buf *out, struct err *err)
{
	size_t start = out->len, at = 0;
	bool done = false;

	while (!done) {
		char *room = buf_reserve(out, STEP);
		size_t given;
		int z, r;

		if (!room)
			return err_set(err, buf_error(out), "does not fit into memory");
		given = bytes.len - at < UINT_MAX ? bytes.len - at : UINT_MAX;
		zs->next_in = (unsigned char *)(uintptr_t)bytes.p + at;
		zs->avail_in = (unsigned int)given;
		zs->next_out = (unsigned char *)room;
		zs->avail_out = STEP;
		z = inflate(zs, Z_NO_FLUSH);
		at += given - zs->avail_in;
		buf_commit(out, STEP - zs->avail_out);
		r = judge_size(limits, at, out->len - start, err);
		if (r)
			return r;
		if (z == Z_STREAM_END) {
			done = !gzip_is((struct str){bytes.p + at, bytes.len - at});
			if (!done && inflateReset(zs) != Z_OK)
				return explain(Z_MEM_ERROR, at, NULL, err);
		} else if (z != Z_OK || (at == bytes.len && zs->avail_out)) {
			return explain(z == Z_OK ? Z_BUF_ERROR : z, at, zs->msg, err);
		}
	}
	return 0;
}

int gzip_inflate(struct str bytes, const struct gzip_limits *limits, struct buf *out,
		 struct err *err)
{
	z_stream zs = {0};
	int r;

	if (!gzip_is(bytes))
		return err_set(err, EINVAL, "not in gzip format");
	if (inflateInit2(&zs, GZIP_WINDOW) != Z_OK)
		return err_set(err, ENOMEM, "out of memory");
	r = inflate_all(&zs, bytes, limits, out, err);
	(void)inflateEnd(&zs);
	return r;
}

int gzip_deflate(struct str bytes, struct buf *out)
{
	z_stream zs = {0};
	size_t at = 0;
	int z = Z_OK;

	if (deflateInit2(&zs, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	while (z == Z_OK) {
		size_t given = bytes.len - at < STEP ? bytes.len - at : STEP;
		char *room = buf_reserve(out, STEP);

		if (!room)
			break;
		zs.next_in = (unsigned char *)(uintptr_t)bytes.p + at;
		zs.avail_in = (unsigned int)given;
		zs.next_out = (unsigned char *)room;
		zs.avail_out = STEP;
		z = deflate(&zs, at + given == bytes.len ? Z_FINISH : Z_NO_FLUSH);
		at += given - zs.avail_in;
		buf_commit(out, STEP - zs.avail_out);
	}
	(void)deflateEnd(&zs);
	if (buf_error(out))
		return buf_error(out);
	return z == Z_STREAM_END ? 0 : -EIO;
}
