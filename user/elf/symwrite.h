/* SPDX-License-Identifier: Apache-2.0 */
/* symwrite.h - writes a symbol file (symfile.h). Runs in the child that has read the functions. */
#ifndef ELF_SYMWRITE_H
#define ELF_SYMWRITE_H

#include "elf/symfile.h"

/*
 * Writes a finished table to an empty file. Tables of at most `max_eager` functions get demangled
 * names; larger ones keep their raw names, which symfile_find() tells. 0; -errno of the writing:
 * -ENOSPC, …; -EFBIG over 4 GiB of text.
 */
int must_check symwrite(const struct symtab *t, const struct symfile_info *info, uint32_t max_eager,
			int fd);

#endif
