/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - files that contain code: their identity, and the names inside them.
 *
 * A file is its build id, else (dev, inode, mtime, size). An image is opened while a process that
 * maps it lives, below that process's root; from then on it stays nameable although the process, or
 * the file's name, may be gone. One image serves all processes that map the file. Symbols are read
 * at the first question, within the cache's budgets, and forgotten by last use; the descriptor is
 * kept so that they can be read again.
 *
 * Files are written by tenants: sizes, counts and offsets are checked, reading is bounded, and a
 * file that does not make sense costs nothing but its own names. Not thread-safe.
 */
#ifndef ELF_IMAGE_H
#define ELF_IMAGE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/err.h"

struct image;
struct image_cache;

struct image_limits {
	/* files known at a time; each holds a descriptor, so RLIMIT_NOFILE must allow for them */
	uint32_t max_images;
	size_t max_symbol_bytes; /* symbol tables in memory, all images together */
	uint64_t max_file_bytes; /* larger files get no names */
	uint32_t max_symbols;	 /* of one file */

	/*
	 * Reading tables may take 1/read_share of the time, and read_burst_ns at the beginning,
	 * or after a rest, on top of that: who maps large files in turn, or new ones all the
	 * time, costs their names and not the machine's CPU.
	 */
	const struct clock *clock;
	uint32_t read_share;
	uint64_t read_burst_ns;

	/*
	 * A file that no process has mapped for so long is let go of: its descriptor would keep the
	 * disk space of deleted files and the mounts of containers that are gone.
	 */
	uint64_t max_idle_ns;
};

extern const struct image_limits image_limits_default;

int must_check image_cache_new(const struct image_limits *limits, struct image_cache **ret_cache);
void image_cache_free(
	struct image_cache *cache); /* all references must have been dropped; NULL is fine */

/*
 * The image of an open regular file. Takes `fd` (closes it, at once if the file is known already).
 * `path` is for people: how the process calls the file; its base name is the module. Returns a
 * reference, image_unref() it. -errno when full of images in use or out of memory. A file that is
 * no ELF is an image too: one without names.
 */
int must_check image_cache_open(struct image_cache *cache, int fd, const char *path,
				struct image **ret_image);

/* The image of a file known by (dev, inode) of a mapping event, if one was opened before; a
 * reference, or NULL. */
struct image *image_cache_find(struct image_cache *cache, uint32_t maj, uint32_t min, uint64_t ino);

struct image *image_ref(struct image *image);
void image_unref(struct image *image); /* NULL is fine; an image without references stays known
					  until it is evicted */

/* A dense number, never reused within a cache; for cache keys. */
/* Lets go of files that have been without a reference for too long. Cheap; to be called often. */
void image_cache_expire(struct image_cache *cache);

uint32_t image_id(const struct image *image);

/* Base name of the path, without " (deleted)"; borrowed, valid with the reference. */
struct str image_module(const struct image *image);
struct str image_path(const struct image *image);
struct str image_build_id(const struct image *image); /* lower-case hex; empty when it has none */

/*
 * Name of the function at a file offset, demangled: borrowed, valid until the next call on the same
 * cache. False when the file has no name for it. *ret_start (may be NULL) is the file offset at
 * which the function begins.
 */
bool image_symbol(struct image *image, uint64_t offset, struct str *ret_name, uint64_t *ret_start);

/*
 * After image_symbol() said false: it may say something else later, since the table was not read
 * for lack of time or memory.
 */
bool image_is_pending(const struct image *image);

/* Is the file at `offset` code of the dynamic loader, i.e. is the image ld.so? Its file is never
 * "the program". */
bool image_is_loader(const struct image *image);

/*
 * The unwind rules of `cnt` chunks (culprit/unwind.h) from first_chunk on, as rules_build() of rules.h
 * appends them to `reply`. 0; -EAGAIN when there is no time for it now; -errno.
 */
int must_check image_rules(struct image *image, uint32_t first_chunk, uint32_t cnt,
			   struct buf *reply);

struct image_stats {
	uint64_t images, loaded_tables, symbol_bytes, evicted_tables, refused_files;
	uint64_t put_off; /* questions that were not answered for lack of time */
};

void image_cache_stats(const struct image_cache *cache, struct image_stats *ret_stats);

#endif
