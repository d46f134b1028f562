/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maparea.h - a memory-mapped BPF map of which only the part that is used is mapped.
 *
 * Mapping a BPF array puts every page of it into the page tables at once, and each of them counts
 * as resident memory of ours although it is the kernel's and counted there already. So the addresses
 * are reserved, and the map is put under them from its beginning as far as somebody wants to reach.
 *
 * Works with any descriptor that can be mapped (mmap(2)). Single thread.
 */
#ifndef COLLECT_MAPAREA_H
#define COLLECT_MAPAREA_H

#include "base/compiler.h"

#define MAPAREA_STEP ((size_t)256 << 10) /* a multiple of any kernel's page size */

struct maparea {
	uint8_t *start; /* NULL: nothing is reserved */
	size_t bytes;
	size_t reached; /* from the start on; the rest must not be touched */
	int fd;		/* borrowed */
};

/* Reserves addresses for `bytes` of fd, from its beginning on, and maps none. 0 or -errno. */
int must_check maparea_init(struct maparea *m, int fd, size_t bytes);

/* The first `bytes` can be read and written from now on. -EINVAL: there are not so many; -errno. */
int must_check maparea_reach(struct maparea *m, size_t bytes);

void maparea_release(struct maparea *m); /* one that is all zero is fine */

#endif
