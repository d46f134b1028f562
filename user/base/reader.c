// SPDX-License-Identifier: Apache-2.0
#include "base/reader.h"

void reader_init(struct reader *r, const void *p, size_t len)
{
	r->p = p;
	r->end = r->p + len;
	r->failed = false;
}

size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->p);
}

const uint8_t *reader_bytes(struct reader *r, size_t len)
{
	const uint8_t *at = r->p;

	if (r->failed || len > reader_left(r)) {
		r->failed = true;
		return NULL;
	}
	r->p += len;
	return at;
}

static uint64_t little_endian(struct reader *r, size_t len)
{
	const uint8_t *at = reader_bytes(r, len);
	uint64_t v = 0;

	if (!at)
		return 0;
	for (size_t i = 0; i < len; i++)
		v |= (uint64_t)at[i] << (8 * i);
	return v;
}

uint8_t reader_u8(struct reader *r)
{
	return (uint8_t)little_endian(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
	return (uint16_t)little_endian(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
	return (uint32_t)little_endian(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
	return little_endian(r, 8);
}

uint64_t reader_long_varint(struct reader *r)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 64 && !r->failed && r->p < r->end; shift += 7) {
		uint8_t byte = *r->p++;

		if (shift == 63 && byte > 1)
			break;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return v;
	}
	r->failed = true;
	return 0;
}
