/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.h - where an address of a process is, in terms that outlive the process.
 *
 * The registry (proc/) turns (process, address) into a place while it knows the mappings; the
 * symbolizer (sym/) turns a place into a name, at any later time and without the pid. A value: copy
 * freely; it borrows `image` and `name`.
 */
#ifndef ELF_PLACE_H
#define ELF_PLACE_H

#include "base/compiler.h"

struct image; /* elf/image.h */

enum place_kind {
	PLACE_NONE = 0, /* in no known mapping; nothing but the address is known */
	PLACE_FILE = 1, /* offset is the file offset in `image` */
	PLACE_NO_FILE =
		2,	  /* mapped from a file that could not be opened; `name` is its base name */
	PLACE_KERNEL = 3, /* offset is the kernel address */
	PLACE_ANON = 4,	  /* executable memory without a file: JIT; offset is the address itself */
};

struct place {
	enum place_kind kind;
	uint64_t offset;
	struct image *image; /* PLACE_FILE only; borrowed from the mapping */
	const char *name;    /* PLACE_NO_FILE: base name of the path; borrowed from the mapping */
	uint32_t pid; /* PLACE_ANON: whose perf-PID.map may know it, in the initial pid namespace */
	uint32_t inner_pid; /* PLACE_ANON: the same process in its own pid namespace; 0 = unknown */
};

#endif
