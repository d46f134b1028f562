/* SPDX-License-Identifier: Apache-2.0 */
/*
 * minidebug.h - .gnu_debugdata (MiniDebugInfo): a small ELF file, compressed by xz inside of a
 * stripped one, whose .symtab names the functions that .dynsym does not. Fedora and its relatives
 * ship it in every package (gdb manual, "MiniDebugInfo").
 */
#ifndef ELF_MINIDEBUG_H
#define ELF_MINIDEBUG_H

#include "elf/elf_file.h"

#define MINIDEBUG_MAX_BYTES ((size_t)64 << 20) /* expanded; real ones have one or two MiB */

/*
 * Expands it: *ret_data is owned by the caller (free()), and *ret_file reads from it. 0; -ENOENT
 * when the file has none; -ENOEXEC when it is damaged or no ELF file; -EFBIG over the maximum;
 * -ENOMEM.
 */
int must_check minidebug_open(const struct elf_file *file, const struct elf_section *sections,
			      size_t cnt, uint8_t **ret_data, struct elf_file *ret_file);

#endif
