// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=2048 */
#include "base/text.h"
#include "format/gzip.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct gzip_limits limits = {.max_bytes = 1 << 20};
	struct str bytes = {(const char *)data, size};
	struct buf out, packed;
	struct err err = {0};
	int r;

	buf_init(&out, 1 << 24);
	buf_init(&packed, 1 << 24);
	r = gzip_inflate(bytes, &limits, &out, &err);
	must(!r || err.text[0]);
	must(out.len <= limits.max_bytes || r);
	buf_clear(&out);
	must(!gzip_deflate(bytes, &packed) && gzip_is(buf_str(&packed)));
	must(!gzip_inflate(buf_str(&packed), &limits, &out, &err));
	must(str_eq(buf_str(&out), bytes));
	buf_release(&out);
	buf_release(&packed);
	return 0;
}
