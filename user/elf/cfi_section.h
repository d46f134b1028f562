/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cfi_section.h - one section of CFI entries, .eh_frame or .debug_frame: its CIEs and FDEs.
 *
 * An FDE describes one function; what it shares with others (alignment factors, the first row)
 * stands in a CIE that it points to. Entries are read where the directory (cfi_index.h) says, and
 * nothing is kept but a few CIEs. Facts: DWARF 5, 6.4.1 and the same of DWARF 2 to 4; Linux Standard
 * Base Core 5.0, 10.6.1 (.eh_frame).
 */
#ifndef ELF_CFI_SECTION_H
#define ELF_CFI_SECTION_H

#include "elf/cfi_insn.h"
#include "elf/window.h"

#define CFI_CIES 32 /* that are remembered; linkers leave a handful in a file */

struct cfi_cie {
	uint64_t offset;
	bool is_known; /* the slot is in use */
	bool is_good;
	bool has_data;	  /* augmentation data in its FDEs: "z" */
	bool is_signal;	  /* "S" */
	uint8_t encoding; /* of its FDEs' addresses */
	uint64_t code_align;
	int64_t data_align;
	struct cfi_row initial;
};

struct cfi_section {
	const struct cfi_arch *arch;
	uint64_t vaddr; /* where the window is loaded; .eh_frame's addresses are relative to it */
	bool is_eh;
	uint64_t work; /* what reading may still cost, in bytes and the like */
	uint64_t fdes; /* that were read */
	struct cfi_cie cies[CFI_CIES];
	struct window window;
};

/* An FDE; `program` borrows the section's window until the next call. */
struct cfi_fde {
	uint64_t begin, end; /* end > begin */
	const struct cfi_cie *cie;
	struct cfi_program program;
};

enum cfi_entry {
	CFI_ENTRY_BAD = 0, /* not understood, or over the work that is allowed */
	CFI_ENTRY_CIE,
	CFI_ENTRY_FDE,
	CFI_ENTRY_END, /* a zero length */
};

/* Borrows file and arch. */
void cfi_section_init(struct cfi_section *s, const struct cfi_arch *arch,
		      const struct elf_file *file, uint64_t offset, uint64_t size, uint64_t vaddr,
		      bool is_eh);

/*
 * The entry at `offset`. *ret_next is where the next one begins, 0 when that cannot be known.
 * *ret_fde is written for CFI_ENTRY_FDE.
 */
enum cfi_entry cfi_section_entry(struct cfi_section *s, uint64_t offset, struct cfi_fde *ret_fde,
				 uint64_t *ret_next);

#endif
