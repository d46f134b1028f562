/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symtab.h - the functions of a file, put together from all the places that name some of them.
 *
 * Lives in the child that reads the file (elf/symjob.h), and only until it is written to a symbol
 * file (elf/symfile.h). 16 bytes a function; names stay where they are. Sources add what they know,
 * symtab_finish() chooses. Of several names for one address the one that a person would use is
 * kept: a function with a size over a bare label, exported over local, a trusted source over
 * another, few leading underscores over many ("write", not "__write"), strong over weak, short over
 * long.
 */
#ifndef ELF_SYMTAB_H
#define ELF_SYMTAB_H

#include "base/buf.h"
#include "elf/content.h"
#include "elf/elf_file.h"

#define SYMTAB_MAX_NAME	   4096 /* with the NUL; what is longer is cut */
#define SYMTAB_MAX_REGIONS 8	/* string tables */
#define SYMTAB_OFFSET_BITS 48	/* of file offsets; what is further behind is left out */

/*
 * Rank of a symbol among those at its offset; lower is better. All but SYMTAB_WEAK make a class of
 * their own: "write" is a weak name for __write, and the better one.
 */
enum symtab_rank {
	SYMTAB_WEAK = 1 << 0,
	SYMTAB_DYNAMIC = 1 << 1, /* .dynsym: the same names as in .symtab, if that is there */
	SYMTAB_RUNTIME = 2 << 1, /* tables that a program carries for its own use: Go */
	SYMTAB_STUB = 3 << 1,	 /* made up: PLT entries */
	SYMTAB_LOCAL = 1 << 3,
	SYMTAB_NO_TYPE = 1 << 4,
	SYMTAB_NO_SIZE = 1 << 5,
};

struct symtab_sym {
	uint64_t key;  /* file offset << 8 | rank while building; the file offset afterwards */
	uint32_t size; /* low 29 bits: bytes of code; above: the region of the name */
	uint32_t name; /* offset in the region */
};

struct symtab {
	const struct elf_file *image; /* borrowed; whose code it is, whatever file names it */
	struct symtab_sym *syms;      /* sorted by offset after symtab_finish() */
	size_t cnt;
	size_t cap; /* private, as are the next two */
	uint32_t max;
	uint32_t ties;
	struct elf_content regions[SYMTAB_MAX_REGIONS]; /* [0]: strings, see symtab_add_named() */
	size_t region_cnt;
	struct buf strings;
};

/* Borrows image. More than `max` functions, or 2^32 bytes of names made up, are -ENOSPC later. */
void symtab_init(struct symtab *t, const struct elf_file *image, uint32_t max);
void symtab_release(struct symtab *t);

/* Takes a string table. The number of its region, or -ENOSPC (it is released then). */
int must_check symtab_add_region(struct symtab *t, struct elf_content *strings);

/* Makes room for so many more at once. 0, -ENOSPC, -ENOMEM. */
int must_check symtab_reserve(struct symtab *t, uint64_t cnt);

/*
 * A function at a virtual address of the image, named in a region. What is not in the image's code
 * is left out. 0, -ENOSPC, -ENOMEM.
 */
int must_check symtab_add(struct symtab *t, uint64_t vaddr, uint64_t size, unsigned int rank,
			  unsigned int region, uint32_t name);

/* The same with a name that is nowhere to be found as it is; copies it. */
int must_check symtab_add_named(struct symtab *t, uint64_t vaddr, uint64_t size, unsigned int rank,
				struct str name);

/*
 * Sorts, leaves one name an address, and gives a size to what has none: up to the next function, at
 * most to the end of its section. A label inside of a function that has a size is dropped. 0 or
 * -ENOMEM.
 */
int must_check symtab_finish(struct symtab *t);

uint32_t symtab_size(const struct symtab_sym *s);
unsigned int symtab_region(const struct symtab_sym *s);

/* Its raw name, NUL-terminated, without a version ("@@GLIBC_2.14"); returns the length, 0 if it
 * cannot be read. */
size_t symtab_name(const struct symtab *t, const struct symtab_sym *s, char *name, size_t cap);

#endif
