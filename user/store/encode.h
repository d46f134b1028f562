/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode.h - the blobs of a block as bytes, and back. Pure functions; FORMAT.md has every byte.
 *
 * Decoders take hostile bytes: each count is checked against what is left before anything is
 * allocated, each number against its range, and what does not hold or is left over is -EBADMSG.
 */
#ifndef STORE_ENCODE_H
#define STORE_ENCODE_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/compress.h"
#include "model/profile.h"

/* No payload is larger, packed or not: a small blob cannot ask for the machine's memory. */
#define ENCODE_MAX_BYTES ((size_t)256 << 20)

/* CRC-32 (IEEE 802.3, reflected, as zlib's crc32()); start with crc = 0, or go on with what was
 * returned. */
uint32_t encode_crc32(uint32_t crc, const void *p, size_t len);

/* What zstd works in, kept between blobs. Zero it before the first use (= {0}); one thread at a
 * time. */
struct codec {
	struct compress_zstd zstd; /* private */
};

void codec_release(struct codec *c);

/*
 * The envelope of every blob: one byte of packing, the payload (plain, or zstd when that is
 * smaller), four bytes of CRC-32 over `seal` (what the row's other columns say) and all bytes
 * before. Overwrites *out.
 */
int must_check encode_pack(struct codec *c, struct str payload, struct str seal, struct buf *out);

/* *payload gets the checked payload. -EBADMSG, -ENOMEM. */
int must_check encode_unpack(struct codec *c, struct str blob, struct str seal,
			     struct buf *payload);

/* The eight little-endian bytes of a column for the seal. */
void encode_seal(uint8_t *at, uint64_t v);

/* ---- samples: what was counted where ---- */

struct encode_sample {
	uint32_t pair; /* (series, stack) of the block's dictionary */
	uint64_t weight;
	uint64_t cnt;
};

/* `s` sorted by pair, no pair twice. `period` is the weight that one sample usually has. Appends to
 * *out. */
void encode_samples(const struct encode_sample *s, size_t cnt, uint64_t period, struct buf *out);

/* Appends nothing on failure; *ret is owned by the caller (free()). */
int must_check decode_samples(struct str payload, uint64_t period, struct encode_sample **ret,
			      size_t *ret_cnt);

/* The weight that most of these samples have for each count (by majority vote); 1 when no count is
 * known. */
uint64_t encode_period(const struct sample *s, size_t cnt);

/* ---- head: what a window says of itself, and its total for each series ---- */

struct encode_total {
	uint32_t series; /* of the block's dictionary */
	uint64_t weight;
	uint64_t cnt;
};

/*
 * Of `p` only the fields up to `lost` are used, but start_ns and end_ns (they are columns).
 * `totals` sorted by series.
 */
void encode_head(const struct profile *p, uint64_t period, const struct encode_total *totals,
		 size_t cnt, struct buf *out);

struct encode_head {
	struct profile p; /* the header's fields only, with start_ns and end_ns as given */
	uint64_t period;
	struct encode_total *totals; /* owned */
	size_t total_cnt;
};

/* start_ns and end_ns are those of the row. encode_head_release() afterwards, on success only. */
int must_check decode_head(struct str payload, int64_t start_ns, int64_t end_ns,
			   struct encode_head *ret);
void encode_head_release(struct encode_head *h);

#endif
