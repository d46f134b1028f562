// SPDX-License-Identifier: Apache-2.0
#include "elf/symsections.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "base/reader.h"

#define ENTRIES_A_SYMBOL   16 /* a table may hold this many entries for each function that is kept */
#define READ_SYMBOLS	   512
#define MAX_EXPANDED	   ((size_t)64 << 20) /* of a compressed table */
#define MAX_LOADED_STRINGS ((size_t)16 << 20) /* larger string tables are read name by name */

struct source {
	struct symtab *table;
	const struct elf_section *sections;
	size_t section_cnt;
	unsigned int rank;
	unsigned int region;
};

static bool is_code_section(const struct source *src, uint16_t index)
{
	return index < src->section_cnt && (src->sections[index].flags & SHF_EXECINSTR);
}

/*
 * Labels that are not functions: arm64 marks where code and data begin with $x and $d, compilers
 * leave .L… behind.
 */
static bool is_marker(const struct source *src, uint32_t name)
{
	char text[4];

	return !elf_content_text(&src->table->regions[src->region], name, text, sizeof(text)) ||
	       text[0] == '$' || text[0] == '.';
}

static int add_symbol(const struct source *src, const uint8_t *entry)
{
	unsigned int type, bind, rank = src->rank;
	uint64_t value, size;
	uint16_t section;
	struct reader r;
	uint32_t name;

	reader_init(&r, entry, sizeof(Elf64_Sym));
	name = reader_u32(&r);
	bind = reader_u8(&r);
	(void)reader_u8(&r); /* st_other */
	section = reader_u16(&r);
	value = reader_u64(&r);
	size = reader_u64(&r);
	type = ELF64_ST_TYPE(bind);
	bind = ELF64_ST_BIND(bind);
	if (section == SHN_UNDEF || !name || name >= src->table->regions[src->region].size)
		return 0;
	if (type != STT_FUNC && type != STT_GNU_IFUNC &&
	    (type != STT_NOTYPE || !is_code_section(src, section) || is_marker(src, name)))
		return 0;
	rank |= (type == STT_NOTYPE ? SYMTAB_NO_TYPE : 0) | (bind == STB_LOCAL ? SYMTAB_LOCAL : 0) |
		(bind == STB_WEAK ? SYMTAB_WEAK : 0);
	return symtab_add(src->table, value, size, rank, src->region, name);
}

static int add_entries(const struct source *src, const struct elf_content *entries)
{
	uint8_t chunk[READ_SYMBOLS * sizeof(Elf64_Sym)];
	uint64_t left = entries->size / sizeof(Elf64_Sym), at = 0;
	int r = 0;

	while (left && !r) {
		size_t cnt = left < READ_SYMBOLS ? (size_t)left : READ_SYMBOLS;

		if (elf_content_read(entries, at, chunk, cnt * sizeof(Elf64_Sym)))
			return 0; /* the file has shrunk: what was read stays */
		for (size_t i = 0; i < cnt && !r; i++)
			r = add_symbol(src, chunk + i * sizeof(Elf64_Sym));
		at += cnt * sizeof(Elf64_Sym);
		left -= cnt;
	}
	return r;
}

static int add_section(struct source *src, const struct elf_file *file,
		       const struct elf_section *section)
{
	struct elf_content entries, strings;
	uint64_t cnt;
	int r;

	if (section->entsize != sizeof(Elf64_Sym) || section->link >= src->section_cnt ||
	    src->sections[section->link].type != SHT_STRTAB)
		return 0;
	r = elf_content_open(file, &src->sections[section->link], MAX_EXPANDED, &strings);
	if (r)
		return r == -ENOMEM ? r : 0;
	(void)!elf_content_load(&strings, MAX_LOADED_STRINGS);
	r = symtab_add_region(src->table, &strings);
	if (r < 0)
		return r;
	src->region = (unsigned int)r;
	r = elf_content_open(file, section, MAX_EXPANDED, &entries);
	if (r)
		return r == -ENOMEM ? r : 0;
	cnt = entries.size / sizeof(Elf64_Sym);
	r = cnt / ENTRIES_A_SYMBOL > src->table->max ? -ENOSPC : 0;
	if (!r) /* most entries of a large table are functions: no growing in steps */
		(void)!symtab_reserve(src->table, cnt);
	if (!r)
		r = add_entries(src, &entries);
	elf_content_release(&entries);
	return r ? r : (int)(cnt < INT_MAX ? cnt : INT_MAX);
}

int symsections_add(struct symtab *t, const struct elf_file *file,
		    const struct elf_section *sections, size_t cnt, uint32_t type,
		    unsigned int rank)
{
	struct source src = {.table = t, .sections = sections, .section_cnt = cnt, .rank = rank};

	for (size_t i = 0; i < cnt; i++)
		if (sections[i].type == type)
			return add_section(&src, file, &sections[i]);
	return 0;
}
