/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plt.h - names for the stubs through which a program calls functions of other libraries:
 * "printf@plt".
 *
 * The linker gives them no symbols. Each stub jumps to where a slot of the GOT points, and a
 * relocation says which function the dynamic linker puts there; so the stub's instructions are
 * decoded as far as to know its slot, as objdump does it, whatever linker laid the table out and
 * with whatever header (lazy or not, with IBT or BTI). x86-64 and arm64; of a relocation that names
 * no symbol but a function that chooses one at run time (IRELATIVE), the name is that of the
 * chooser.
 */
#ifndef ELF_PLT_H
#define ELF_PLT_H

#include "elf/symtab.h"

/* Adds the stubs of the table's image. 0; -ENOSPC when there are too many functions; -ENOMEM. */
int must_check plt_add(struct symtab *t, const struct elf_section *sections, size_t cnt);

#endif
