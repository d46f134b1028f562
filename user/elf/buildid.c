// SPDX-License-Identifier: Apache-2.0
#include "elf/buildid.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"

#define MAX_NOTE_BYTES	  4096 /* of one segment or section */
#define MAX_NOTE_SECTIONS 64

static uint64_t padded(uint32_t len)
{
	return ((uint64_t)len + 3) & ~UINT64_C(3);
}

/*
 * Notes of 8-byte alignment exist, but the build id is never among them: GNU ld and lld write it
 * with 4.
 */
static bool find_note(const uint8_t *notes, size_t len, struct buildid *ret)
{
	struct reader r;

	reader_init(&r, notes, len);
	for (;;) {
		uint32_t name_len = reader_u32(&r);
		uint32_t desc_len = reader_u32(&r);
		uint32_t type = reader_u32(&r);
		const uint8_t *name = reader_bytes(&r, padded(name_len));
		const uint8_t *desc = reader_bytes(&r, desc_len);

		if (r.failed)
			return false;
		if (type == NT_GNU_BUILD_ID && name_len == 4 && !memcmp(name, "GNU", 4) &&
		    desc_len && desc_len <= BUILDID_MAX) {
			ret->len = (uint8_t)desc_len;
			memcpy(ret->bytes, desc, desc_len);
			return true;
		}
		(void)reader_bytes(&r, padded(desc_len) - desc_len);
	}
}

static bool scan(const struct elf_file *file, uint64_t offset, uint64_t size, struct buildid *ret)
{
	uint8_t notes[MAX_NOTE_BYTES];
	size_t len = size < sizeof(notes) ? (size_t)size : sizeof(notes);

	return !elf_file_read(file, offset, notes, len) && find_note(notes, len, ret);
}

static bool scan_sections(const struct elf_file *file, struct buildid *ret)
{
	struct elf_section *sections = NULL;
	size_t cnt = 0, seen = 0;
	bool found = false;

	if (elf_file_sections(file, &sections, &cnt))
		return false;
	for (size_t i = 0; i < cnt && !found && seen < MAX_NOTE_SECTIONS; i++) {
		if (sections[i].type != SHT_NOTE)
			continue;
		seen++;
		found = scan(file, sections[i].offset, sections[i].size, ret);
	}
	free(sections);
	return found;
}

bool buildid_read(const struct elf_file *file, struct buildid *ret_id)
{
	memset(ret_id, 0, sizeof(*ret_id));
	for (uint32_t i = 0; i < file->segment_cnt; i++) {
		const struct elf_segment *seg = &file->segments[i];

		if (seg->type == PT_NOTE && scan(file, seg->offset, seg->size, ret_id))
			return true;
	}
	return scan_sections(file, ret_id);
}
