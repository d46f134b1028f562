/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_file.h - the headers of an ELF file that somebody hostile may have written.
 *
 * 64-bit little-endian files are taken apart with bounded reads from a descriptor: no mapping,
 * since a file that shrinks under a mapping kills the reader, and no library that trusts counts and
 * offsets. What is handed out has been checked against the size of the file: ranges neither wrap
 * nor reach beyond it. A file that changes while it is read gives wrong answers, never a crash.
 * Facts about the format: System V gABI, chapters 4 and 5; elf(5).
 */
#ifndef ELF_ELF_FILE_H
#define ELF_ELF_FILE_H

#include "base/compiler.h"

#define ELF_FILE_MAX_SEGMENTS 64    /* of the kinds that are kept */
#define ELF_FILE_MAX_SECTIONS 16384 /* a file with more is read as if it had none */

struct elf_segment {
	uint64_t vaddr;
	uint64_t offset; /* of the file; offset + size is within it */
	uint64_t size;	 /* bytes in the file */
	uint32_t type;	 /* PT_LOAD, PT_NOTE, PT_DYNAMIC or PT_GNU_EH_FRAME */
	uint32_t flags;	 /* PF_X, … */
};

struct elf_section {
	uint64_t offset; /* of the file; offset + size is within it, unless it is SHT_NOBITS */
	uint64_t size;
	uint64_t vaddr; /* 0 when it is not loaded */
	uint64_t flags; /* SHF_EXECINSTR, SHF_COMPRESSED, … */
	uint64_t entsize;
	uint32_t type; /* SHT_NULL when its range is not within the file */
	uint32_t link;
	uint32_t name; /* see elf_file_find_section() */
};

struct elf_file {
	int fd;		    /* borrowed; -1 when the file is in memory */
	const uint8_t *mem; /* private: borrowed, NULL when it is not */
	uint64_t size;
	uint64_t section_offset; /* private, as is the next */
	uint32_t section_cnt;
	uint32_t segment_cnt;
	uint16_t section_names; /* private: the section that holds the sections' names */
	uint16_t type;		/* ET_EXEC, ET_DYN, … */
	uint16_t machine;	/* EM_X86_64, EM_AARCH64, … */
	bool has_interpreter;	/* PT_INTERP: a program, not a library or a loader */
	struct elf_segment segments[ELF_FILE_MAX_SEGMENTS];
};

/*
 * Reads the headers. Borrows fd. 0; -ENOEXEC when it is no such file or does not make sense;
 * -errno.
 */
int must_check elf_file_init(struct elf_file *file, int fd);

/* The same for a file in memory, e.g. one that was compressed inside another. Borrows `p`. */
int must_check elf_file_init_mem(struct elf_file *file, const void *p, size_t len);

/* Exactly `len` bytes at `offset`; 0, -EIO when the file ends before, or -errno. */
int must_check elf_file_read(const struct elf_file *file, uint64_t offset, void *buf, size_t len);

/*
 * The section headers: *ret_sections is owned by the caller (free()), NULL when there are none.
 * 0, -ENOEXEC, -EFBIG over ELF_FILE_MAX_SECTIONS, -ENOMEM or -errno.
 */
int must_check elf_file_sections(const struct elf_file *file, struct elf_section **ret_sections,
				 size_t *ret_cnt);

/*
 * The first section called `name` whose range is within the file, out of what elf_file_sections()
 * returned; borrowed from there. NULL when there is none. Compressed ones count: see `flags`.
 */
const struct elf_section *elf_file_find_section(const struct elf_file *file,
						const struct elf_section *sections, size_t cnt,
						const char *name);

/*
 * The executable segment that `vaddr` is loaded from: its file offset, and the file offset at which
 * the segment ends. False when no code of the file is loaded there.
 */
bool elf_file_code_offset(const struct elf_file *file, uint64_t vaddr, uint64_t *ret_offset,
			  uint64_t *ret_end);

#endif
