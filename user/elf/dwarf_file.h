/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf_file.h - lets libdw at the DWARF of one file, and at nothing else: it opens no other file
 * and learns no name. For lines.c, in a sandbox.
 */
#ifndef ELF_DWARF_FILE_H
#define ELF_DWARF_FILE_H

#include <elfutils/libdw.h>

#include "base/compiler.h"

struct dwarf_file {
	Dwarf *dwarf; /* read this; the rest is private */
	void *image;  /* a mapping of the file */
	size_t image_len;
	Elf *elf, *alt_elf;
	Dwarf *alt;
};

/* The last of the descriptors whose file has DWARF. 0, -ENOENT: none has; -ENOTSUP. */
int must_check dwarf_file_open(const int *fds, size_t fd_cnt, struct dwarf_file *f);
void dwarf_file_close(struct dwarf_file *f); /* also one that was not opened, all zero */

#endif
