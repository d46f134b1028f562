/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procmaps.h - one line of /proc/PID/maps.
 *
 *	7f1c2a000000-7f1c2a155000 r-xp 00026000 fe:01 393229    /usr/lib/x86_64-linux-gnu/libc.so.6
 *
 * Format: proc(5); fs/proc/task_mmu.c show_map_vma(). The path begins behind the blanks after the
 * inode and runs to the end of the line: it may contain blanks; only a newline in it is escaped, as
 * \012.
 */
#ifndef PROC_PROCMAPS_H
#define PROC_PROCMAPS_H

#include "base/compiler.h"

struct procmaps_line {
	uint64_t start;
	uint64_t end;
	uint64_t pgoff;
	uint64_t ino;
	uint32_t maj;
	uint32_t min;
	bool is_exec;
	struct str path; /* borrows the line; still escaped; empty for anonymous memory */
};

/* `line` without its newline. False when it is no such line, or a range that is empty. */
bool procmaps_parse(struct str line, struct procmaps_line *ret);

/* Unescapes a path into out (room for path.len bytes); how many bytes were written. */
size_t procmaps_unescape(struct str path, char *out);

#endif
