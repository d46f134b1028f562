/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content.h - the bytes of a section, expanded when they are compressed.
 *
 * Sections with SHF_COMPRESSED begin with an Elf64_Chdr that says how (zlib, zstd) and how large
 * they are expanded (gABI, "Section Compression"); older .zdebug_* ones begin with "ZLIB" and that
 * size in big endian (GNU binutils before 2.26). Both are memory of a size that the file chooses,
 * so the caller names the most that it takes. What is not compressed stays in the file and is read
 * piece by piece.
 */
#ifndef ELF_CONTENT_H
#define ELF_CONTENT_H

#include "elf/elf_file.h"

struct elf_content {
	const struct elf_file *file; /* borrowed */
	uint64_t offset;	     /* of the file; meaningless when is_expanded */
	uint64_t size;		     /* of what is read from here */
	uint8_t *data;	  /* owned: the content in memory; NULL: it is read from the file */
	bool is_expanded; /* it was compressed */
};

/*
 * 0 and *ret to be released; it borrows `file`. -EFBIG when the section is compressed and it, or
 * what comes out, is larger than `max_bytes`; -ENOEXEC when its header makes no sense or it is not
 * compressed as it says; -ENOMEM or -errno.
 */
int must_check elf_content_open(const struct elf_file *file, const struct elf_section *section,
				size_t max_bytes, struct elf_content *ret);

/*
 * The section `.debug_<name>`, or the `.zdebug_<name>` of old. -ENOENT when there is neither;
 * otherwise as elf_content_open().
 */
int must_check elf_content_open_debug(const struct elf_file *file,
				      const struct elf_section *sections, size_t cnt,
				      const char *name, size_t max_bytes, struct elf_content *ret);

/* Brings all of it to memory, for those who read it in small pieces. 0, -EFBIG, -ENOMEM, -errno. */
int must_check elf_content_load(struct elf_content *c, size_t max_bytes);

void elf_content_release(struct elf_content *c); /* zeroed ones are fine, too */

/* Exactly `len` bytes; 0, -EIO when it ends before, or -errno. */
int must_check elf_content_read(const struct elf_content *c, uint64_t offset, void *buf,
				size_t len);

/*
 * The text at `offset` up to its NUL, cut to what fits; returns its length, 0 when it cannot be
 * read.
 */
size_t elf_content_text(const struct elf_content *c, uint64_t offset, char *buf, size_t cap);

#endif
