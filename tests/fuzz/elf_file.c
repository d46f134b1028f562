// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=8192 */
#include <elf.h>

#include "elf/buildid.h"
#include "elf/elf_file.h"
#include "fuzz/fuzz.h"

static bool within(const struct elf_file *file, uint64_t offset, uint64_t size)
{
	return offset <= file->size && size <= file->size - offset;
}

static void check_segments(const struct elf_file *file)
{
	uint64_t offset, end;

	must(file->segment_cnt <= ELF_FILE_MAX_SEGMENTS);
	for (uint32_t i = 0; i < file->segment_cnt; i++) {
		const struct elf_segment *s = &file->segments[i];

		must(within(file, s->offset, s->size));
		must(s->vaddr + s->size >= s->vaddr);
		if (elf_file_code_offset(file, s->vaddr, &offset, &end))
			must(offset < end && end <= file->size);
		if (elf_file_code_offset(file, s->vaddr + s->size - 1, &offset, &end))
			must(offset < end && end <= file->size);
	}
}

static void check_sections(const struct elf_file *file)
{
	struct elf_section *sections;
	size_t cnt;

	if (elf_file_sections(file, &sections, &cnt))
		return;
	must(cnt <= ELF_FILE_MAX_SECTIONS && !cnt == !sections);
	for (size_t i = 0; i < cnt; i++)
		must(sections[i].type == SHT_NOBITS || sections[i].type == SHT_NULL ||
		     within(file, sections[i].offset, sections[i].size));
	free(sections);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_file file;
	struct buildid id;

	if (elf_file_init(&file, fuzz_file(data, size, NULL)))
		return 0;
	must(file.size == size);
	check_segments(&file);
	check_sections(&file);
	must(buildid_read(&file, &id) == (id.len != 0));
	must(id.len <= BUILDID_MAX);
	return 0;
}
