/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symcache.h - where symbol files (symfile.h) lie: a directory of our own that outlives us, so that
 * a restart does not parse the machine's files again.
 *
 * The name of a symbol file is the identity of the file that it describes: device, inode, size and
 * both times. Not its build id: that is a claim of whoever wrote the file, and would let one tenant
 * speak for another's program. The directory holds so many bytes and files; what was used longest
 * ago goes; all of them go when the disk runs short. A directory that is missing, full or not writable is no error: then symbol files have
 * no name and live as long as they are open (in /var/tmp, /tmp, or else in memory). Single thread.
 */
#ifndef ELF_SYMCACHE_H
#define ELF_SYMCACHE_H

#include "base/compiler.h"

struct symcache;

struct symcache_key {
	uint64_t dev, ino, size;
	int64_t mtime_ns, ctime_ns;
};

/* Where one is made; each falls through to the next when it cannot. */
enum symcache_place {
	SYMCACHE_DIRECTORY,
	SYMCACHE_UNNAMED, /* a file without a name in /var/tmp or /tmp */
	SYMCACHE_MEMORY,
};

/* A symbol file that is being made. */
struct symcache_draft {
	int fd; /* for reading and writing; borrowed until it is kept or dropped */
	uint32_t number;
	enum symcache_place place; /* where it is */
};

/* Copies `dir`; NULL: no directory. It is made if need be. 0 or -ENOMEM. */
int must_check symcache_new(const char *dir, uint64_t max_bytes, uint32_t max_files,
			    struct symcache **ret);
void symcache_free(struct symcache *c); /* leaves the files; NULL is fine */

/* Opens the symbol file of a file for reading: fd, or -ENOENT. */
int must_check symcache_find(struct symcache *c, const struct symcache_key *key);

/* Begins one. 0 or -errno. */
int must_check symcache_begin(struct symcache *c, enum symcache_place place,
			      struct symcache_draft *ret);

/* Gives it its name; what had it before is replaced. Returns the descriptor, which is the caller's
 * from now on. */
int symcache_keep(struct symcache *c, const struct symcache_draft *draft,
		  const struct symcache_key *key);

/* Closes and forgets it; `err` is what went wrong when it was written to. */
void symcache_drop(struct symcache *c, const struct symcache_draft *draft, int err);

void symcache_remove(struct symcache *c, const struct symcache_key *key); /* it is damaged */

struct symcache_stats {
	uint64_t bytes, files; /* in the directory, as far as is known */
	uint64_t evicted;
	uint64_t failures; /* of the directory: not writable, full */
};

void symcache_stats(const struct symcache *c, struct symcache_stats *ret);

#endif
