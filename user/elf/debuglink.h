/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debuglink.h - what a stripped file says of the debug file that was split off it, where that file
 * may be, and whether one that was found is the right one.
 *
 * Facts: gdb manual, "Debugging Information in Separate Files". A file names its debug file by
 * build id (/usr/lib/debug/.build-id/ab/cdef….debug) or by a name and a CRC-32 in .gnu_debuglink.
 */
#ifndef ELF_DEBUGLINK_H
#define ELF_DEBUGLINK_H

#include "base/buf.h"
#include "elf/buildid.h"
#include "elf/elf_file.h"

#define DEBUGLINK_MAX_NAME   256
#define DEBUGLINK_CANDIDATES 4

struct debuglink {
	uint32_t crc;
	char name[DEBUGLINK_MAX_NAME]; /* a base name; empty when the file has no such section */
};

/* Reads .gnu_debuglink. False when there is none that makes sense; *ret is empty then. */
bool debuglink_read(const struct elf_file *file, const struct elf_section *sections, size_t cnt,
		    struct debuglink *ret);

/*
 * The i-th path at which the debug file of the file at `image_path` may be, into *out (cleared
 * before), NUL-terminated: by build id first, then by link beside the file, in .debug/ there, and
 * below /usr/lib/debug. False when there are no more; an empty path is one to be left out.
 */
bool debuglink_path(size_t i, struct str image_path, const struct buildid *id,
		    const struct debuglink *link, struct buf *out);

/*
 * Is `debug` the debug file of a file with this build id and link? The build ids must be equal; of
 * a file that has none, the CRC-32 over the whole debug file decides.
 */
bool debuglink_fits(const struct elf_file *debug, const struct buildid *id,
		    const struct debuglink *link);

#endif
