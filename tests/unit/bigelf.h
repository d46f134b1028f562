/* SPDX-License-Identifier: Apache-2.0 */
/* bigelf.h - writes an ELF file with as many functions as one likes; its code is a hole. */
#ifndef TESTS_BIGELF_H
#define TESTS_BIGELF_H

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BIGELF_CODE	  0x1000 /* file offset of the first function */
#define BIGELF_VADDR	  UINT64_C(0x401000)
#define BIGELF_STEP	  192					 /* bytes a function */
#define BIGELF_NAME	  "_ZN7program9namespace15method_%08xEi" /* a C++ name */
#define BIGELF_NAME_BYTES 41					 /* with the NUL */

/* Where function i is: not in the order of the table, as linkers do not sort it either. */
static inline uint64_t bigelf_offset(uint64_t i, uint64_t cnt)
{
	return BIGELF_CODE + i * 7919 % cnt * BIGELF_STEP;
}

static inline void bigelf_headers(FILE *f, uint64_t cnt, uint64_t symbols)
{
	uint64_t code = cnt * BIGELF_STEP, strings = symbols + cnt * sizeof(Elf64_Sym);
	uint64_t sections = strings + 1 + cnt * BIGELF_NAME_BYTES;
	const Elf64_Ehdr header = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(header),
		.e_shoff = sections,
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 4,
	};
	const Elf64_Phdr segment = {.p_type = PT_LOAD,
				    .p_flags = PF_R | PF_X,
				    .p_offset = BIGELF_CODE,
				    .p_vaddr = BIGELF_VADDR,
				    .p_filesz = code,
				    .p_memsz = code};
	const Elf64_Shdr headers[4] = {
		{0},
		{.sh_type = SHT_PROGBITS,
		 .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
		 .sh_addr = BIGELF_VADDR,
		 .sh_offset = BIGELF_CODE,
		 .sh_size = code},
		{.sh_type = SHT_SYMTAB,
		 .sh_offset = symbols,
		 .sh_size = cnt * sizeof(Elf64_Sym),
		 .sh_link = 3,
		 .sh_entsize = sizeof(Elf64_Sym)},
		{.sh_type = SHT_STRTAB,
		 .sh_offset = strings,
		 .sh_size = 1 + cnt * BIGELF_NAME_BYTES},
	};

	fseeko(f, 0, SEEK_SET);
	fwrite(&header, sizeof(header), 1, f);
	fwrite(&segment, sizeof(segment), 1, f);
	fseeko(f, (off_t)sections, SEEK_SET);
	fwrite(headers, sizeof(headers), 1, f);
}

/* 0 or -1. `cnt` must not be a multiple of 7919. */
static inline int bigelf_write(const char *path, uint64_t cnt)
{
	uint64_t symbols = BIGELF_CODE + cnt * BIGELF_STEP;
	FILE *f = fopen(path, "we");
	char name[64];
	int r;

	if (!f)
		return -1;
	bigelf_headers(f, cnt, symbols);
	fseeko(f, (off_t)symbols, SEEK_SET);
	for (uint64_t i = 0; i < cnt; i++) {
		const Elf64_Sym sym = {
			.st_name = (uint32_t)(1 + i * BIGELF_NAME_BYTES),
			.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			.st_shndx = 1,
			.st_value = BIGELF_VADDR - BIGELF_CODE + bigelf_offset(i, cnt),
			.st_size = BIGELF_STEP,
		};

		fwrite(&sym, sizeof(sym), 1, f);
	}
	fputc('\0', f);
	for (uint64_t i = 0; i < cnt; i++) {
		memset(name, 0, sizeof(name));
		snprintf(name, sizeof(name), BIGELF_NAME, (unsigned int)i);
		fwrite(name, BIGELF_NAME_BYTES, 1, f);
	}
	r = ferror(f) ? -1 : 0;
	return fclose(f) ? -1 : r;
}

#endif
