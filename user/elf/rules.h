/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.h - the unwind rules of a file, chunk by chunk, in the shape of culprit/unwind.h.
 *
 * This runs where files are parsed, in a process that a hostile file may have taken over; what it
 * hands out is checked by leaf_is_valid() (leaf.h) on the other side.
 */
#ifndef ELF_RULES_H
#define ELF_RULES_H

#include "base/buf.h"
#include "culprit/unwind.h"
#include "elf/cfi.h"
#include "elf/elf_file.h"
#include "elf/leaf.h"

#define RULES_MAX_CHUNKS 64 /* of one question */

/* All together no more than this is appended by one call. */
#define RULES_MAX_BYTES (RULES_MAX_CHUNKS * (sizeof(uint32_t) + UNWIND_LEAF_MAX))

struct rules_stats {
	uint64_t leaves, bytes, rows, rules;
	uint64_t code_bytes; /* of executable segments */
	uint64_t none_bytes; /* of them without a rule, padding not counted */
	uint64_t padding;    /* rows that were spared because nothing is executed there */
	uint64_t cut_bytes;  /* without a rule because the leaf is full */
	struct cfi_stats cfi;
};

struct rules;

/*
 * Opens what a file says of unwinding; many questions may follow. Borrows `file` and `debug`, a
 * separate debug file, or NULL. 0; -ENOMEM; -EIO. A file that makes no sense has no rules, which is
 * no error.
 */
int must_check rules_new(const struct elf_file *file, const struct elf_file *debug,
			 struct rules **ret);
void rules_free(struct rules *r); /* NULL is fine */

/*
 * For each of the chunks first_chunk … first_chunk + cnt - 1, which are UNWIND_CHUNK bytes of file
 * offsets each, appends a uint32_t size and as many bytes: one leaf, or nothing when the chunk has
 * no executable code or no rule. A size is a multiple of 8 and at most UNWIND_LEAF_MAX.
 *
 * 0; -EINVAL when cnt > RULES_MAX_CHUNKS; -ENOMEM; buf_error(); -errno.
 */
int must_check rules_build(struct rules *r, uint32_t first_chunk, uint32_t cnt, struct buf *ret);

void rules_get_stats(const struct rules *r, struct rules_stats *ret); /* of all questions */

#endif
