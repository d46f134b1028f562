// SPDX-License-Identifier: Apache-2.0
/*
 *	.rela.plt, .rela.dyn ──► slots (GOT address ──► symbol), sorted
 *	.plt, .plt.sec, .plt.got ──► each stub's GOT address ──► its slot ──► .dynsym ──► name
 *
 * Facts: System V ABI for x86-64, "Procedure Linkage Table" and its IBT variant in appendix; ELF for
 * the Arm 64-bit Architecture (AAELF64); Arm ARM, encodings of ADRP and LDR (immediate).
 */
#include "elf/plt.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/reader.h"

#define MAX_SLOTS     (1u << 20)
#define MAX_PLT_BYTES ((size_t)16 << 20)
#define MAX_PLT_NAME  512
#define SUFFIX	      "@plt"
#define NO_SYMBOL     UINT32_MAX

struct slot {
	uint64_t got;	  /* address of the slot */
	uint64_t chooser; /* with NO_SYMBOL: address of the function that chooses */
	uint32_t symbol;  /* index in .dynsym, or NO_SYMBOL */
};

struct plt {
	struct symtab *table;
	const struct elf_section *sections;
	size_t section_cnt;
	const struct elf_section *symbols, *strings;
	struct slot *slots;
	size_t slot_cnt, slot_cap;
	size_t syms_before; /* functions that other sources had named */
};

static bool is_slot(uint16_t machine, uint32_t type, bool *ret_chosen)
{
	if (machine == EM_X86_64) {
		*ret_chosen = type == R_X86_64_IRELATIVE;
		return *ret_chosen || type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT;
	}
	*ret_chosen = type == R_AARCH64_IRELATIVE;
	return *ret_chosen || type == R_AARCH64_JUMP_SLOT || type == R_AARCH64_GLOB_DAT;
}

static int add_slot(struct plt *p, const uint8_t *entry)
{
	struct slot slot;
	uint64_t info;
	struct reader r;
	bool chosen;
	int err;

	reader_init(&r, entry, sizeof(Elf64_Rela));
	slot.got = reader_u64(&r);
	info = reader_u64(&r);
	slot.chooser = reader_u64(&r);
	if (!is_slot(p->table->image->machine, (uint32_t)info, &chosen))
		return 0;
	slot.symbol = chosen ? NO_SYMBOL : (uint32_t)(info >> 32);
	if (!slot.symbol)
		return 0;
	err = mem_grow(&p->slots, &p->slot_cap, p->slot_cnt + 1, sizeof(slot), MAX_SLOTS);
	if (!err)
		p->slots[p->slot_cnt++] = slot;
	return err == -ENOSPC ? 0 : err;
}

static int read_relocations(struct plt *p, const struct elf_section *section)
{
	uint8_t chunk[256 * sizeof(Elf64_Rela)];
	uint64_t left = section->size / sizeof(Elf64_Rela), at = section->offset;
	int r = 0;

	while (left && !r) {
		size_t cnt = left < 256 ? (size_t)left : 256;

		if (elf_file_read(p->table->image, at, chunk, cnt * sizeof(Elf64_Rela)))
			return 0;
		for (size_t i = 0; i < cnt && !r; i++)
			r = add_slot(p, chunk + i * sizeof(Elf64_Rela));
		at += cnt * sizeof(Elf64_Rela);
		left -= cnt;
	}
	return r;
}

static int compare_slots(const void *pa, const void *pb)
{
	const struct slot *a = pa, *b = pb;

	if (a->got != b->got)
		return a->got < b->got ? -1 : 1;
	return (a->symbol > b->symbol) - (a->symbol < b->symbol);
}

static const struct slot *find_slot(const struct plt *p, uint64_t got)
{
	struct slot key = {.got = got};
	size_t low = 0, high = p->slot_cnt;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_slots(&p->slots[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < p->slot_cnt && p->slots[low].got == got ? &p->slots[low] : NULL;
}

static size_t symbol_name(const struct plt *p, uint32_t symbol, char *name, size_t cap)
{
	struct elf_content strings = {
		.file = p->table->image, .offset = p->strings->offset, .size = p->strings->size};
	uint8_t entry[sizeof(Elf64_Sym)];
	struct reader r;

	if (symbol >= p->symbols->size / sizeof(entry) ||
	    elf_file_read(p->table->image, p->symbols->offset + (uint64_t)symbol * sizeof(entry),
			  entry, sizeof(entry)))
		return 0;
	reader_init(&r, entry, sizeof(entry));
	return elf_content_text(&strings, reader_u32(&r), name, cap);
}

/* The table is not sorted yet, and there are few of these: a plain search does. */
static size_t chooser_name(const struct plt *p, uint64_t vaddr, char *name, size_t cap)
{
	uint64_t offset, end;

	if (!elf_file_code_offset(p->table->image, vaddr, &offset, &end))
		return 0;
	for (size_t i = 0; i < p->syms_before; i++)
		if (p->table->syms[i].key >> 8 == offset)
			return symtab_name(p->table, &p->table->syms[i], name, cap);
	return 0;
}

static int add_stub(struct plt *p, uint64_t vaddr, uint64_t size, uint64_t got)
{
	const struct slot *slot = find_slot(p, got);
	char name[MAX_PLT_NAME + sizeof(SUFFIX)];
	size_t len;

	if (!slot)
		return 0;
	len = slot->symbol == NO_SYMBOL ? chooser_name(p, slot->chooser, name, MAX_PLT_NAME)
					: symbol_name(p, slot->symbol, name, MAX_PLT_NAME);
	if (!len)
		return 0;
	memcpy(name + len, SUFFIX, sizeof(SUFFIX));
	return symtab_add_named(p->table, vaddr, size, SYMTAB_STUB,
				(struct str){name, len + sizeof(SUFFIX) - 1});
}

/* ff 25 disp32 is `jmp *disp(%rip)`; before it there may be endbr64 and a bnd prefix. */
static int add_x86_stubs(struct plt *p, const struct elf_section *section, const uint8_t *code)
{
	uint64_t step = section->entsize == 8 ? 8 : 16;
	int r = 0;

	for (uint64_t at = 0; at + step <= section->size && !r; at += step) {
		size_t i = 0;
		uint32_t disp;

		if (!memcmp(code + at, "\xf3\x0f\x1e\xfa", 4))
			i = 4;
		if (code[at + i] == 0xf2)
			i++;
		if (i + 6 > step || code[at + i] != 0xff || code[at + i + 1] != 0x25)
			continue;
		memcpy(&disp, code + at + i + 2, sizeof(disp));
		r = add_stub(p, section->vaddr + at, step,
			     section->vaddr + at + i + 6 + (uint64_t)(int64_t)(int32_t)disp);
	}
	return r;
}

static uint32_t word_at(const uint8_t *code, uint64_t at)
{
	uint32_t word;

	memcpy(&word, code + at, sizeof(word));
	return word;
}

/* [bti c;] adrp x16, page; ldr x17, [x16, #off]; add x16, …; br x17 [; nop] */
static int add_arm_stubs(struct plt *p, const struct elf_section *section, const uint8_t *code)
{
	const uint32_t bti_c = 0xd503245f, nop = 0xd503201f, br_x17 = 0xd61f0220;
	int r = 0;

	for (uint64_t at = 0; at + 16 <= section->size && !r; at += 4) {
		uint32_t adrp = word_at(code, at), ldr = word_at(code, at + 4);
		uint64_t start = at, end = at + 16, page;

		if ((adrp & 0x9f00001f) != 0x90000010 || (ldr & 0xffc003ff) != 0xf9400211 ||
		    word_at(code, at + 12) != br_x17)
			continue;
		page = (uint64_t)(adrp >> 5 & 0x7ffff) << 2 | (adrp >> 29 & 3);
		page = (page ^ 0x100000) - 0x100000; /* 21 bits, signed */
		page = ((section->vaddr + at) & ~UINT64_C(0xfff)) + (page << 12);
		if (start >= 4 && word_at(code, start - 4) == bti_c)
			start -= 4;
		if (end + 4 <= section->size && start != at && word_at(code, end) == nop)
			end += 4;
		r = add_stub(p, section->vaddr + start, end - start,
			     page + (ldr >> 10 & 0xfff) * 8);
		at += 12;
	}
	return r;
}

static int add_stubs(struct plt *p, const char *name)
{
	const struct elf_file *image = p->table->image;
	const struct elf_section *section =
		elf_file_find_section(image, p->sections, p->section_cnt, name);
	uint8_t *code;
	int r = 0;

	if (!section || !(section->flags & SHF_EXECINSTR) || section->size > MAX_PLT_BYTES)
		return 0;
	code = malloc(section->size ? section->size : 1);
	if (!code)
		return -ENOMEM;
	if (!elf_file_read(image, section->offset, code, section->size))
		r = image->machine == EM_X86_64 ? add_x86_stubs(p, section, code)
						: add_arm_stubs(p, section, code);
	free(code);
	return r;
}

static bool find_symbols(struct plt *p)
{
	for (size_t i = 0; i < p->section_cnt; i++) {
		const struct elf_section *s = &p->sections[i];

		if (s->type != SHT_DYNSYM || s->link >= p->section_cnt)
			continue;
		p->symbols = s;
		p->strings = &p->sections[s->link];
		return p->strings->type == SHT_STRTAB && !(s->flags & SHF_COMPRESSED) &&
		       !(p->strings->flags & SHF_COMPRESSED);
	}
	return false;
}

int plt_add(struct symtab *t, const struct elf_section *sections, size_t cnt)
{
	static const char *const stubs[] = {".plt", ".plt.sec", ".plt.got", ".iplt"};
	static const char *const relocations[] = {".rela.plt", ".rela.dyn", ".rela.iplt"};
	struct plt p = {.table = t, .sections = sections, .section_cnt = cnt};
	int r = 0;

	p.syms_before = t->cnt;
	if ((t->image->machine != EM_X86_64 && t->image->machine != EM_AARCH64) ||
	    !find_symbols(&p))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(relocations) && !r; i++) {
		const struct elf_section *section =
			elf_file_find_section(t->image, sections, cnt, relocations[i]);

		if (section)
			r = read_relocations(&p, section);
	}
	if (p.slot_cnt)
		qsort(p.slots, p.slot_cnt, sizeof(*p.slots), compare_slots);
	for (size_t i = 0; i < ARRAY_SIZE(stubs) && !r && p.slot_cnt; i++)
		r = add_stubs(&p, stubs[i]);
	free(p.slots);
	return r;
}
