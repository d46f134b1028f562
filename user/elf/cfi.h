/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cfi.h - unwind rules out of a file's call frame information.
 *
 * .eh_frame is asked first, .debug_frame for what it does not cover. Nothing is read before it is
 * asked for, and of a file with a search table (.eh_frame_hdr) only the entries of the range that
 * is asked for: a file of any size costs no more than the code that is looked at. Without a table a
 * section is read once, up to CFI_INDEX_MAX_BYTES (cfi_index.h).
 *
 * Code for x86-64 and arm64 is understood on either machine. The file is hostile: an entry that
 * makes no sense costs the addresses that it is for, and the work for a range is bounded. Compressed
 * sections are left out. Not thread-safe.
 */
#ifndef ELF_CFI_H
#define ELF_CFI_H

#include "elf/cfi_rule.h"
#include "elf/elf_file.h"
#include "elf/rows.h"

struct cfi;

struct cfi_stats {
	uint64_t fdes;			/* entries that were read */
	uint64_t rows[CFI_REASON_CNT];	/* by outcome, before equal ones are merged */
	uint64_t bytes[CFI_REASON_CNT]; /* of code, by outcome */
	uint64_t lost_fp_bytes;		/* of code that has a rule, but not for the frame pointer */
	bool debug_frame_is_too_large;	/* and is left out */
};

/*
 * Borrows file until cfi_free(). 0, also for a file without CFI; -ENOTSUP for code of another
 * machine and for relocatable files; -EFBIG when there is no search table and .eh_frame is too
 * large; -ENOMEM; -errno.
 */
int must_check cfi_open(const struct elf_file *file, struct cfi **ret);

/*
 * The same for a separate debug file, whose .debug_frame is all that counts: its other sections are
 * without contents, and its program headers point to nothing.
 */
int must_check cfi_open_debug(const struct elf_file *file, struct cfi **ret);

void cfi_free(struct cfi *c); /* NULL is fine */

/*
 * Rows of the addresses [from, to), as rows.h says. 0; what `fn` returned; -ENOMEM. An entry's rows
 * end where the next entry begins.
 */
int must_check cfi_rows(struct cfi *c, uint64_t from, uint64_t to, cfi_row_fn fn, void *arg);

/*
 * The two halves of it, for who has something to ask between them: .debug_frame has no search table,
 * so the first question to it is dear.
 */
int must_check cfi_eh_frame_rows(struct cfi *c, uint64_t from, uint64_t to, cfi_row_fn fn,
				 void *arg);
int must_check cfi_debug_frame_rows(struct cfi *c, uint64_t from, uint64_t to, cfi_row_fn fn,
				    void *arg);
bool cfi_has_debug_frame(const struct cfi *c);

/* Counted since cfi_open(). */
void cfi_get_stats(const struct cfi *c, struct cfi_stats *ret);

#endif
