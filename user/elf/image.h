/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - files that contain code: their identity, and the names inside them.
 *
 * A file is its (dev, inode, size, mtime, ctime). An image is opened while a process that maps it
 * lives, below that process's root; from then on it stays nameable although the process, or the
 * file's name, may be gone. One image serves all processes that map the file.
 *
 * Files are written by tenants, and not one byte of them is parsed in this process: at the first
 * question a child does it (symjob.h) and leaves a symbol file (symfile.h) behind, in a directory
 * that outlives us, so that a restart parses nothing again. Symbol tables take no memory here. The
 * descriptor of an image is kept: names that stand in it are read from it, and its unwind rules and
 * lines come from it. A debug file of a stripped image is looked for where debuggers do, below the
 * root of the process that mapped it last, then below our own. Not thread-safe.
 */
#ifndef ELF_IMAGE_H
#define ELF_IMAGE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/err.h"

struct image;
struct image_cache;
struct sandbox;

struct image_limits {
	/* files known at a time; each holds a descriptor, so RLIMIT_NOFILE must allow for them */
	uint32_t max_images;
	uint32_t max_tables;	  /* symbol files open at a time: another descriptor each, or two */
	uint64_t max_file_bytes;  /* larger files get no names */
	uint32_t max_symbols;	  /* of one file */
	uint32_t max_eager;	  /* names of larger files are demangled when they are asked for */
	uint64_t max_table_bytes; /* of one symbol file */
	uint32_t cached_blocks;	  /* of all symbol files, 4 KiB each, in memory */

	/*
	 * Where symbol files lie; borrowed for image_cache_new(). NULL: nowhere, they are gone with
	 * the cache; so they are, too, when the directory cannot be used. `cache_bytes` are for
	 * those with a name and for those without, each; what had to be put into memory is bounded
	 * by max_memory_bytes.
	 */
	const char *cache_dir;
	uint64_t cache_bytes;
	uint32_t cache_files;
	uint64_t max_memory_bytes;

	/* Who parses; borrowed, outlives the cache. NULL: this process does, for tests. */
	struct sandbox *sandbox;

	/*
	 * Parsing may take 1/read_share of the time, and read_burst_ns at the beginning, or after a
	 * rest, on top of that: who maps large files in turn, or new ones all the time, costs their
	 * names and not the machine's CPU.
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

/* Not a stranger's file but the kernel's, or our own: it may be parsed in this process. */
void image_trust(struct image *image);

/* The process that mapped it last, below whose root its debug file may be; 0: nobody knows. */
void image_set_pid(struct image *image, uint32_t pid);

/*
 * How debug files are opened: `path` as the process `pid` (or everybody, if 0) may have it. fd, or
 * -errno when there is no such regular file. NULL: they are not looked for. Called from the
 * questions below; `arg` must outlive the cache, or be taken back.
 */
typedef int (*image_open_debug_fn)(void *arg, uint32_t pid, const char *path);
void image_cache_set_debug(struct image_cache *cache, image_open_debug_fn fn, void *arg);

/*
 * The image of a file known by (dev, inode) of a mapping event of mono_ns, if one was opened before;
 * a reference, or NULL. The file is asked whether it is still the same, unless it was after that
 * time: when a hundred processes have mapped it since the last poll, once.
 */
struct image *image_cache_find(struct image_cache *cache, uint32_t maj, uint32_t min, uint64_t ino,
			       uint64_t mono_ns);

struct image *image_ref(struct image *image);
void image_unref(struct image *image); /* NULL is fine; an image without references stays known
					  until it is evicted */

/* Lets go of files that have been without a reference for too long. Cheap; to be called often. */
void image_cache_expire(struct image_cache *cache);

/*
 * Memory is short: gives up the blocks of symbol files that are in memory, symbol files that had no
 * other place, and idle children. Names are found again, and files without a place parsed again.
 */
void image_cache_shrink(struct image_cache *cache);

/* A dense number, never reused within a cache; for cache keys. */
uint32_t image_id(const struct image *image);

/*
 * The file, and the separate debug file that named something in it, -1 if none has; borrowed, valid
 * with the reference and, the second one, until the next question.
 */
int image_fd(const struct image *image);
int image_debug_fd(const struct image *image);

/* Base name of the path, without " (deleted)"; borrowed, valid with the reference. */
struct str image_module(const struct image *image);
struct str image_path(const struct image *image);

/*
 * Lower-case hex; borrowed, valid with the reference. Empty when the file has none, and as long as
 * it has not been parsed for lack of time. It is a claim of the file, not a proof.
 */
struct str image_build_id(struct image *image);

/*
 * From where a function begins, its name holds for every offset up to `until`; when that is the
 * same, for the one that was asked for alone.
 */
struct image_range {
	uint64_t start, until;
};

/*
 * Name of the function at a file offset, demangled: borrowed, valid until the next call on the same
 * cache. False when the file has no name for it. *ret_range may be NULL.
 */
bool image_symbol(struct image *image, uint64_t offset, struct str *ret_name,
		  struct image_range *ret_range);

/*
 * After image_symbol() said false: it may say something else later, since there was no time or no
 * memory to find out.
 */
bool image_is_pending(const struct image *image);

/*
 * Appends the unwind rules of `cnt` chunks (UNWIND_CHUNK, culprit/unwind.h) from the file offset
 * first_chunk * UNWIND_CHUNK on, as rules_build() (elf/rules.h) does: for each a uint32_t size, and
 * a leaf of that size, 0 for none. A stranger's work: the sizes and leaves must be checked. 0;
 * -EAGAIN when there is no time now; -ENOEXEC when it is no ELF file; -EFAULT, -ETIMEDOUT, … as
 * sandbox_run(): asking again will not help.
 */
int must_check image_rules(struct image *image, uint32_t first_chunk, uint32_t cnt,
			   struct buf *reply);

/* Does it bear the name of the dynamic loader? Its file is never "the program". */
bool image_is_loader(const struct image *image);

struct image_stats {
	uint64_t images;
	uint64_t loaded_tables;	 /* symbol files that are open */
	uint64_t evicted_tables; /* closed for others */
	uint64_t refused_files;	 /* that got no names: too large, damaged, dangerous */
	uint64_t put_off;	 /* questions that were not answered for lack of time */
	uint64_t child_runs;	 /* files parsed, by whatever job */
	uint64_t cache_hits;	 /* symbol files found in the directory */
	uint64_t damaged_tables; /* symbol files thrown away */
	uint64_t read_ns;	 /* time that parsing has taken */
	uint64_t memory_bytes;	 /* of symbol files that found no place on a disk */
	uint64_t cache_bytes, cache_files, cache_evicted; /* the directory */
	uint64_t cache_failures;			  /* not writable, full */
};

void image_cache_stats(const struct image_cache *cache, struct image_stats *ret_stats);

#endif
