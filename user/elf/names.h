/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - names for the images of a cache: decides when a file is parsed, by whom, and where its
 * symbol file lies. Private to image.c, which has the whole story in image.h.
 *
 *	names_find ─► symbol file (symfile.h) ─► open? in the directory (symcache.h)? else a child
 *	              makes it (symjob.h), from the image and the debug files that are found
 */
#ifndef ELF_NAMES_H
#define ELF_NAMES_H

#include "base/buf.h"
#include "elf/image.h"
#include "elf/symcache.h"

struct namer; /* what all images share */
struct symfile;

enum names_state {
	NAMES_UNREAD = 0,
	NAMES_READ,
	NAMES_NONE, /* no names in there, or none that can be had */
};

/* Part of an image; zeroed, but for debug_fd = -1, before the first use. */
struct names {
	struct names *newer, *older; /* in the order of use, while `table` is there */
	struct symfile *table;
	enum names_state state;
	int debug_fd; /* the debug file that named something; -1: none */
	bool put_off; /* the last answer was no for lack of time */
	bool is_unnamed, is_memory;
	bool was_damaged;
};

/* The image, for the time of a call. */
struct names_file {
	struct names *names;
	int fd;
	const char *path;
	uint32_t pid; /* that mapped it last; 0: nobody knows */
	bool is_ours; /* not a stranger's: it may be parsed in this process */
	struct symcache_key key;
};

int must_check namer_new(const struct image_limits *limits, struct namer **ret);
void namer_free(struct namer *n); /* all names must have been forgotten; NULL is fine */
void namer_set_opener(struct namer *n, image_open_debug_fn fn, void *arg);
void namer_tick(struct namer *n);   /* lets go of what has not been used lately */
void namer_shrink(struct namer *n); /* as image_cache_shrink() */
void namer_stats(const struct namer *n, struct image_stats *ret);

/* As image_symbol(). */
bool names_find(struct namer *n, const struct names_file *file, uint64_t offset,
		struct str *ret_name, struct image_range *ret_range);

/* As image_rules(). */
int must_check names_rules(struct namer *n, const struct names_file *file, uint32_t first_chunk,
			   uint32_t cnt, struct buf *reply);

/* 0 and the build id, of `len` 0 if there is none; -ENODATA when it is not known (yet). */
struct buildid;
int must_check names_build_id(struct namer *n, const struct names_file *file, struct buildid *ret);

void names_forget(struct namer *n, struct names *names);

#endif
