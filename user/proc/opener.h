/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opener.h - which image is behind a mapping event?
 *
 * The event names the file's (device, inode) as the memory manager sees it, and a path as the
 * process saw it then. A file that is known by (device, inode) costs one fstat(). Otherwise it is
 * opened below the process's root, or through its map_files link when it has no name any more,
 * and must turn out to be the file of the event. On overlayfs and btrfs it never does, since stat()
 * shows another device there than the memory manager; then the map_files link decides, and what it
 * led to is remembered, because it cannot be forged by whoever owns the path. Without the
 * permission for that link the path is believed, for this one mapping.
 *
 * A file on a network or FUSE file system is not opened: -EREMOTE. When its server or daemon does
 * not answer, we would hang, which costs the names of all others too. See base/mountinfo.h.
 *
 * Of a process that is gone, the file is looked for below the roots of its parent and of the
 * machine; it is taken only when device and inode agree.
 *
 * It also opens the debug files that the images want (image_cache_set_debug()): below the root of
 * the process that has mapped the image, then below our own. Regular files only. Single thread.
 */
#ifndef PROC_OPENER_H
#define PROC_OPENER_H

#include <culprit/wire.h>

#include "base/compiler.h"

struct image;
struct image_cache;
struct opener;
struct procfs;

/* Borrows both, which outlive it; one opener for a cache. `procfs` is NULL in replay: then files are only looked for below "/". */
int must_check opener_new(struct image_cache *images, struct procfs *procfs, struct opener **ret);
void opener_free(struct opener *o);

/*
 * The image behind the mapping: a reference. `ppid` is the parent of a process that may be gone (0
 * = unknown). With `elf_only`, -ENOEXEC for what is no ELF file: memory that a JIT compiler shares
 * with itself. Otherwise -errno.
 */
int must_check opener_find(struct opener *o, const struct wire_mmap *m, uint32_t ppid,
			   bool elf_only, struct image **ret);

/* The image of a mapping called "[vdso]": a reference, or NULL when it is not that of 64-bit
 * processes. */
struct image *opener_vdso(struct opener *o, const struct wire_mmap *m);

#endif
