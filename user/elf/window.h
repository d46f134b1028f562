/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.h - a range of a file's bytes, looked at through one buffer.
 *
 * Tables of a file are read here and there, in steps of a few bytes that mostly follow each other.
 * A window turns that into reads of WINDOW_READ bytes, and never hands out a byte beyond its range.
 * It is large: allocate it, do not put it on the stack.
 */
#ifndef ELF_WINDOW_H
#define ELF_WINDOW_H

#include "elf/elf_file.h"

#define WINDOW_READ 8192
#define WINDOW_MAX  65536 /* the most that can be looked at in one piece */

struct window {
	const struct elf_file *file; /* borrowed */
	uint64_t offset;	     /* of the range, in the file */
	uint64_t size;
	uint64_t refills; /* how often the file was read */
	uint64_t at;	  /* private: what the buffer holds, relative to the range */
	size_t len;
	uint8_t buf[WINDOW_MAX];
};

/* Borrows file. The range must be within it; a file that shrinks later makes reads fail. */
void window_init(struct window *w, const struct elf_file *file, uint64_t offset, uint64_t size);

/* Bytes from `at` to the end of the range; 0 beyond. */
uint64_t window_left(const struct window *w, uint64_t at);

/*
 * Exactly `len` <= WINDOW_MAX bytes at `at`, borrowed until the next call; NULL when the range, or
 * the file, ends before.
 */
const uint8_t *window_view(struct window *w, uint64_t at, size_t len);

#endif
