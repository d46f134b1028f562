/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader.h - bounded reading of bytes from outside; the only way binary input is taken apart.
 *
 * A read past the end returns zeros and sets `failed`, which sticks: a parser checks once per
 * record, not per field. The reader borrows the bytes.
 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "base/compiler.h"

struct reader {
	const uint8_t *p;
	const uint8_t *end;
	bool failed;
};

void reader_init(struct reader *r, const void *p, size_t len);
size_t reader_left(const struct reader *r);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r); /* little endian, as are the next two */
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
const uint8_t *reader_bytes(struct reader *r, size_t len); /* borrows; NULL when too short */
uint64_t reader_long_varint(struct reader *r);		   /* private */

/* LEB128; more than 64 bits fail. Most are of one byte. */
static inline uint64_t reader_varint(struct reader *r)
{
	return !r->failed && r->p < r->end && *r->p < 0x80 ? *r->p++ : reader_long_varint(r);
}

#endif
