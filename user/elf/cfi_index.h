/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cfi_index.h - which FDE is for an address: the directory of a section.
 *
 * Linkers write one for .eh_frame, a table sorted by address in .eh_frame_hdr. It is searched where
 * it lies in the file: of millions of functions only the few that are looked for are read. Without
 * it the section is read once and a sorted array made of it.
 * Facts: Linux Standard Base Core 5.0, 10.6.2.
 */
#ifndef ELF_CFI_INDEX_H
#define ELF_CFI_INDEX_H

#include "elf/cfi_section.h"

#define CFI_INDEX_MAX_BYTES (32 << 20) /* of a section that has to be read as a whole */
#define CFI_INDEX_MAX_FDES  (1 << 20)

struct cfi_index_entry {
	uint64_t vaddr;
	uint32_t offset; /* of the FDE, in the section */
};

struct cfi_index {
	size_t cnt;
	struct cfi_index_entry *entries; /* private, as is all that follows; NULL: the table */
	uint64_t hdr_vaddr;
	uint64_t table_at; /* offset of the table in the window */
	uint32_t entry_size;
	struct window window;
};

/*
 * The table of an .eh_frame_hdr that is loaded at `vaddr`. Borrows file. *ret_frames is the address
 * of the .eh_frame that it names. -ENOENT when it has no table, or one of an encoding that is not
 * understood: *ret_frames is right all the same; -ENOEXEC when it makes no sense.
 */
int must_check cfi_index_from_table(struct cfi_index *ix, const struct elf_file *file,
				    uint64_t offset, uint64_t size, uint64_t vaddr,
				    uint64_t *ret_frames);

/*
 * Reads the section from end to end; stops at a zero length if `zero_ends`. -EFBIG when the section
 * or the number of its FDEs is over the limits above; -ENOMEM. What is damaged is left out.
 */
int must_check cfi_index_from_section(struct cfi_index *ix, struct cfi_section *s, bool zero_ends);

void cfi_index_release(struct cfi_index *ix); /* an index of zeros is fine */

/* Entry `i` < cnt; `section_vaddr` is where the FDEs' section is loaded. False when it cannot be read. */
bool cfi_index_get(struct cfi_index *ix, size_t i, uint64_t section_vaddr, uint64_t *ret_vaddr,
		   uint64_t *ret_offset);

/*
 * The last entry at or before `vaddr`, of several with the same address the first; 0 when all are
 * behind it. -EILSEQ when the table turns out not to be sorted, or cannot be read.
 */
int must_check cfi_index_find(struct cfi_index *ix, uint64_t vaddr, size_t *ret_i);

#endif
