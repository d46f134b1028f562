/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symsections.h - functions out of the symbol tables of an ELF file: .symtab and .dynsym.
 *
 * The file that names the functions need not be the one that holds the code: it may be a separate
 * debug file, or one that was compressed inside of it. Addresses are the same in all of them.
 */
#ifndef ELF_SYMSECTIONS_H
#define ELF_SYMSECTIONS_H

#include "elf/symtab.h"

/*
 * Adds what the first section of `type` (SHT_SYMTAB, SHT_DYNSYM) of `file` names; `rank` is added
 * to that of each. Borrows `file` as long as the table lives. The number of its entries, 0 when
 * there is no such section or it makes no sense; -ENOSPC when it names more functions than allowed,
 * -ENOMEM.
 */
int must_check symsections_add(struct symtab *t, const struct elf_file *file,
			       const struct elf_section *sections, size_t cnt, uint32_t type,
			       unsigned int rank);

#endif
