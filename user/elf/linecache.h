/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linecache.h - asks for source lines and inlined functions, file by file, in a sandbox.
 *
 * libdw takes its time to open a file and is quick to answer afterwards, so a child is kept for
 * each of the LINECACHE_MAX_OPEN files that were asked about last. A file that fails (it has no
 * DWARF, it makes libdw crash, loop or grow) is not asked again.
 */
#ifndef ELF_LINECACHE_H
#define ELF_LINECACHE_H

#include "base/sandbox.h"
#include "elf/lines.h"

#define LINECACHE_MAX_OPEN 8
#define LINECACHE_MAX_FAILED \
	4096 /* remembered; from then on the one that failed first is forgotten */

/* What one file may cost, from its opening on. */
extern const struct sandbox_limits linecache_limits;

struct linecache;

struct linecache_stats {
	uint64_t asked;	 /* offsets */
	uint64_t opened; /* files, again those that were closed in between */
	uint64_t failed; /* files */
};

/*
 * Borrows the sandbox, whose table has JOB_LINES (elf/jobs.h); NULL asks in this process: for tests,
 * since files are hostile. 0 or -ENOMEM.
 */
int must_check linecache_new(struct sandbox *sandbox, struct linecache **ret);
void linecache_free(struct linecache *c); /* NULL is fine */

/*
 * Calls fn for each of the `cnt` file offsets, as lines_decode() does, with no frames where nothing
 * is known. `id` tells the file from all others for as long as the cache lives; `fd` and, unless it
 * is -1, that of the separate debug file are borrowed for the call. Blocks, for up to
 * linecache_limits.wall_ms for each LINES_MAX_OFFSETS. 0; -ENOENT when nothing is known of the file,
 * for ever; -EAGAIN when there is no child to ask now; -ENOMEM; what fn returned when that was not 0.
 */
int must_check lines_resolve(struct linecache *c, uint64_t id, int fd, int debug_fd,
			     const uint64_t *offsets, size_t cnt, lines_fn fn, void *arg);

void linecache_stats(const struct linecache *c, struct linecache_stats *ret);

#endif
