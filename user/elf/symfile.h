/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symfile.h - the names of one file's functions, sorted and ready, in a file of our own.
 *
 * A child that parses a stranger's file writes it once (elf/symwrite.h); from then on names are
 * found with a few reads of 4 KiB, and nothing of it is kept in memory but the blocks that were read
 * last: a program with five million functions costs 16 bytes a function on disk. Names that stand as they are in the image are left
 * there, and read from there; others (expanded, demangled, made up, out of another file) are in the
 * symbol file.
 *
 * What a child writes is as hostile as what it has read, and what lay on a disk may be damaged: the
 * reader checks each number, and each block against its checksum. Little endian, host layout; a
 * file of another version or byte order is refused, and made anew by whoever wants it.
 *
 *	block 0		struct header; the last four bytes are its CRC-32
 *	blocks 1..	rows, 256 a block, sorted by offset
 *	blocks …	text: names, each followed by a NUL
 *	then		the CRC-32 of each block but the first, 4 bytes each
 */
#ifndef ELF_SYMFILE_H
#define ELF_SYMFILE_H

#include "elf/buildid.h"
#include "elf/debuglink.h"
#include "elf/symtab.h"

struct symfile;

/* What is told of a file beside its functions. */
struct symfile_info {
	struct buildid build_id;
	struct debuglink link;
	bool wants_debug;     /* it has no .symtab: a debug file would name more */
	uint8_t debug_used;   /* 1 + the number of the debug file that was used; 0: none */
	uint64_t debug_tried; /* whatever the caller said of the debug files that it had */
};

/*
 * Takes fd (closes it on failure, too). 0; -EBADMSG when it is no symbol file, or damaged, or of
 * another version; -ENOMEM.
 */
int must_check symfile_open(int fd, struct symfile **ret);
void symfile_free(struct symfile *sf); /* NULL is fine */

/* From now on blocks are kept in `cache`: borrowed, outlives the symbol file. */
struct symblocks;
void symfile_share(struct symfile *sf, struct symblocks *cache);

/* -EBADMSG, or 0 and what the file says. */
int must_check symfile_info(const struct symfile *sf, struct symfile_info *ret);
uint64_t symfile_cnt(const struct symfile *sf);	 /* functions */
uint64_t symfile_size(const struct symfile *sf); /* bytes on disk */

struct symfile_name {
	uint64_t start, end; /* file offsets */
	uint64_t until;	     /* the answer is the same from start to here; start: it may not be */
	size_t len;
	bool is_mangled; /* it was not worth demangling all of them: demangle() it */
	char text[SYMTAB_MAX_NAME];
};

/*
 * The innermost function around a file offset. `image_fd` is the image itself, for names that are
 * there. 1; 0 when there is none, or when the image has changed since; -EBADMSG when the symbol
 * file is damaged.
 */
int must_check symfile_find(const struct symfile *sf, int image_fd, uint64_t offset,
			    struct symfile_name *ret);

#endif
