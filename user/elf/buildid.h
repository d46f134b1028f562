/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buildid.h - the GNU build id of an ELF file: what the linker wrote to tell one build from
 * another.
 *
 * It is a claim of the file, not a proof: whoever writes a file can copy another one's id.
 */
#ifndef ELF_BUILDID_H
#define ELF_BUILDID_H

#include "elf/elf_file.h"

#define BUILDID_MAX 64 /* bytes; linkers write 8, 16 or 20 */

struct buildid {
	uint8_t len; /* 0 = none */
	uint8_t bytes[BUILDID_MAX];
};

/*
 * Reads the NT_GNU_BUILD_ID note, from the PT_NOTE segments or else from the SHT_NOTE sections;
 * both are read up to a few KiB. False when there is none; *ret_id is empty then.
 */
bool buildid_read(const struct elf_file *file, struct buildid *ret_id);

#endif
