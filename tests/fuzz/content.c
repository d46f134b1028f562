// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=8192 */
/* The contents of a file's sections, compressed or not, and what it says of its debug file. */
#include "elf/buildid.h"
#include "elf/content.h"
#include "elf/debuglink.h"
#include "fuzz/fuzz.h"

#define MAX_BYTES ((size_t)1 << 20)

static void read_section(const struct elf_file *file, const struct elf_section *section)
{
	struct elf_content c;
	char text[64];
	uint8_t byte;
	size_t len;

	if (elf_content_open(file, section, MAX_BYTES, &c))
		return;
	must(!c.is_expanded || c.size <= MAX_BYTES);
	if (!elf_content_load(&c, MAX_BYTES)) {
		must(c.size <= MAX_BYTES);
		fuzz_touch(c.data, c.size);
	}
	len = elf_content_text(&c, c.size / 2, text, sizeof(text));
	must(len < sizeof(text) && strnlen(text, len + 1) == len);
	must(elf_content_read(&c, c.size, &byte, 1));
	must(elf_content_read(&c, UINT64_MAX, &byte, 1));
	elf_content_release(&c);
}

static void read_link(const struct elf_file *file, const struct elf_section *sections, size_t cnt)
{
	struct debuglink link;
	struct buildid id;
	struct buf path;

	(void)buildid_read(file, &id);
	if (debuglink_read(file, sections, cnt, &link))
		must(link.name[0] && !strchr(link.name, '/') && strcmp(link.name, ".."));
	must(memchr(link.name, 0, sizeof(link.name)));
	buf_init(&path, 8192);
	for (size_t i = 0; debuglink_path(i, STR_LIT("/usr/lib/x.so"), &id, &link, &path); i++)
		must(i < DEBUGLINK_CANDIDATES && (!path.len || path.data[0] == '/'));
	buf_release(&path);
	(void)debuglink_fits(file, &id, &link);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_section *sections;
	struct elf_content debug;
	struct elf_file file;
	size_t cnt;

	if (elf_file_init(&file, fuzz_file(data, size, NULL)) ||
	    elf_file_sections(&file, &sections, &cnt))
		return 0;
	for (size_t i = 0; i < cnt && i < 64; i++)
		read_section(&file, &sections[i]);
	if (!elf_content_open_debug(&file, sections, cnt, "line", MAX_BYTES, &debug))
		elf_content_release(&debug);
	read_link(&file, sections, cnt);
	free(sections);
	return 0;
}
