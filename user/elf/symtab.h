/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symtab.h - which function of a file is at a file offset.
 *
 * A sorted array of 16 bytes a function; the names stay in the file and are read when asked for, so
 * that a browser with a million functions costs 16 MB, not 300. Sources are asked in the order of
 * the table in symtab.c (.symtab, .dynsym). Of several names for one address the one that a person
 * would use is kept: a function with a size over a bare label, exported over local, few leading
 * underscores over many ("write", not "__write"), strong over weak, short over long.
 */
#ifndef ELF_SYMTAB_H
#define ELF_SYMTAB_H

#include "elf/elf_file.h"

#define SYMTAB_MAX_NAME 4096 /* with the NUL; what is longer is cut */

struct symtab;

/*
 * Reads the functions of a file. Borrows file->fd for as long as the table lives. 0, also for a
 * file without functions; -ENOSPC when it has more than `max_symbols`, -ENOMEM.
 */
int must_check symtab_read(const struct elf_file *file, uint32_t max_symbols,
			   struct symtab **ret_table);
void symtab_free(struct symtab *table); /* NULL is fine */

size_t symtab_bytes(const struct symtab *table); /* of memory */
size_t symtab_cnt(const struct symtab *table);

/*
 * The innermost function around a file offset: its raw name, NUL-terminated, in *name, and the file
 * offsets of its start and end. False when there is none, or when the file has changed since.
 */
bool symtab_find(const struct symtab *table, uint64_t offset, char name[SYMTAB_MAX_NAME],
		 size_t *ret_len, uint64_t *ret_start, uint64_t *ret_end);

#endif
