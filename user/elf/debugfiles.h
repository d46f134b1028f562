/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debugfiles.h - opens what may be the debug files of an image, for a child to choose from: whether
 * one fits is a matter of its contents, which are not looked at here.
 */
#ifndef ELF_DEBUGFILES_H
#define ELF_DEBUGFILES_H

#include "elf/names.h"
#include "elf/symfile.h"
#include "elf/symjob.h"

#define DEBUGFILES_MAX (SYMJOB_MAX_FDS - SYMJOB_DEBUG)

struct debugfiles {
	int fds[DEBUGFILES_MAX];
	size_t cnt;
	uint64_t tried; /* a sum of their identities, the same in every run; 0: there are none */
};

/*
 * Those at the paths of debuglink_path() that `open_debug` (NULL: none) can open; each file once,
 * the image itself never. They are the caller's to close.
 */
void debugfiles_find(image_open_debug_fn open_debug, void *arg, const struct names_file *file,
		     const struct symfile_info *info, struct debugfiles *ret);

/* Closes all but one; `but` may be none of them. */
void debugfiles_close(struct debugfiles *d, size_t but);

#endif
