// SPDX-License-Identifier: Apache-2.0
#include "format/gzip.h"

#include <string.h>

#include "base/compress.h"

#define STEP		  ((size_t)256 << 10)
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

static int explain(int r, size_t at, const char *why, struct err *err)
{
	if (r == -ENOMEM)
		return err_set(err, ENOMEM, "out of memory");
	if (r == -ENODATA)
		return err_set(err, EINVAL,
			       "the gzip data end at byte %zu, before they are complete", at);
	return err_set(err, EINVAL, "damaged gzip data near byte %zu: %s", at,
		       why ? why : "not in gzip format");
}

/*
 * Inflates members until the input is used up; what follows the last one and is no member is
 * ignored.
 */
static int inflate_all(struct compress_gunzip *g, struct str bytes,
		       const struct gzip_limits *limits, struct buf *out, struct err *err)
{
	size_t start = out->len, at = 0, used, made;
	int step;

	do {
		char *room = buf_reserve(out, STEP);
		int r;

		if (!room)
			return err_set(err, buf_error(out), "does not fit into memory");
		step = compress_gunzip_step(g, (struct str){bytes.p + at, bytes.len - at}, room,
					    STEP, &used, &made);
		at += used;
		buf_commit(out, made);
		r = judge_size(limits, at, out->len - start, err);
		if (r)
			return r;
		if (step < 0)
			return explain(step, at, compress_gunzip_why(g), err);
	} while (!step || gzip_is((struct str){bytes.p + at, bytes.len - at}));
	return 0;
}

int gzip_inflate(struct str bytes, const struct gzip_limits *limits, struct buf *out,
		 struct err *err)
{
	struct compress_gunzip *g = NULL;
	int r;

	if (!gzip_is(bytes))
		return err_set(err, EINVAL, "not in gzip format");
	if (compress_gunzip_new(&g))
		return err_set(err, ENOMEM, "out of memory");
	r = inflate_all(g, bytes, limits, out, err);
	compress_gunzip_free(g);
	return r;
}

int gzip_deflate(struct str bytes, struct buf *out)
{
	return compress_gzip(bytes, out);
}
