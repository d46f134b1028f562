/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symformat.h - the bytes of a symbol file, for the two that know them: symfile.c reads,
 * symwrite.c writes. Private to them; symfile.h has the picture.
 */
#ifndef ELF_SYMFORMAT_H
#define ELF_SYMFORMAT_H

#include "elf/symfile.h"

#define SYMFORMAT_MAGIC	     "culprsym" /* 8 bytes, no NUL */
#define SYMFORMAT_VERSION    1		/* to be raised when names would come out otherwise, too */
#define SYMFORMAT_BYTE_ORDER 0x01020304
#define SYMFORMAT_BLOCK	     4096
#define SYMFORMAT_REGIONS    SYMTAB_MAX_REGIONS
#define SYMFORMAT_FENCES     416
#define SYMFORMAT_MAX_ROWS   (UINT64_C(1) << 28)
#define SYMFORMAT_ROWS	     (SYMFORMAT_BLOCK / sizeof(struct symformat_row)) /* in a block */

/*
 * `where`: file offset in the low 48 bits; above them 7 bits of the region that the name is in (0:
 * the text of this file; n: regions[n - 1] of the image); the highest bit: it is mangled.
 */
struct symformat_row {
	uint64_t where;
	uint32_t size;
	uint32_t name; /* offset in the region */
};

#define SYMFORMAT_OFFSET_BITS SYMTAB_OFFSET_BITS
#define SYMFORMAT_REGION_MASK 0x7f
#define SYMFORMAT_MANGLED     (UINT64_C(1) << 63)

struct symformat_info {
	struct buildid build_id;
	struct debuglink link;
	uint64_t debug_tried;
	uint8_t wants_debug, debug_used;
};

struct symformat_header {
	char magic[8];
	uint32_t version;
	uint32_t byte_order;
	uint64_t row_cnt;
	uint64_t text_bytes;
	uint32_t sums_crc; /* of the checksums at the end */
	uint32_t region_cnt;
	struct {
		uint64_t offset, size; /* of the image */
	} regions[SYMFORMAT_REGIONS];
	struct symformat_info info;
	uint32_t fence_cnt;
	uint32_t fence_stride; /* blocks of rows from one fence to the next */
	uint64_t fences[SYMFORMAT_FENCES];
	uint8_t unused[SYMFORMAT_BLOCK - 176 - sizeof(struct symformat_info) -
		       8 * SYMFORMAT_FENCES - 4];
	uint32_t crc; /* of all before */
};

_Static_assert(sizeof(struct symformat_header) == SYMFORMAT_BLOCK, "the header is one block");
_Static_assert(sizeof(struct symformat_row) == 16, "rows do not cross blocks");

static inline uint64_t symformat_offset(const struct symformat_row *row)
{
	return row->where & ((UINT64_C(1) << SYMFORMAT_OFFSET_BITS) - 1);
}

static inline unsigned int symformat_region(const struct symformat_row *row)
{
	return row->where >> SYMFORMAT_OFFSET_BITS & SYMFORMAT_REGION_MASK;
}

static inline bool symformat_is_mangled(const struct symformat_row *row)
{
	return row->where & SYMFORMAT_MANGLED;
}

#endif
