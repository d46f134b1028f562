// SPDX-License-Identifier: Apache-2.0
/*
 * huge_elf FILE FUNCTIONS MIB - writes a program of MIB megabytes with so many functions, each with
 * a symbol, an FDE and a place in the search table, without frame pointers. It runs: _start calls
 * functions all over the file in turn, for ever. What has no contents is a hole.
 *
 *	headers │ .text, 64 bytes a function │ .eh_frame_hdr .eh_frame │ .symtab .strtab │ hole, sections
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/text.h"

#define BASE	 UINT64_C(0x400000)
#define PAGE	 UINT64_C(4096)
#define STEP	 64 /* bytes of code of a function */
#define NAME_LEN 16 /* with the NUL: "f_0000000000000" */
#define FDE_LEN	 32
#define CIE_LEN	 24
#define CALLED	 UINT64_C(4096) /* functions that _start calls, evenly spread */
#define BATCH	 4096

/* f: sub $24,%rsp; mov $200,%ecx; 1: dec %ecx; jnz 1b; add $24,%rsp; ret */
static const uint8_t function_code[] = {0x48, 0x83, 0xec, 0x18, 0xb9, 0xc8, 0x00, 0x00, 0x00,
					0xff, 0xc9, 0x75, 0xfc, 0x48, 0x83, 0xc4, 0x18, 0xc3};
/* The CFA is rsp + 8 at entry, rsp + 32 from byte 4 on; the CIE's rules, the FDE's, padded. */
static const uint8_t cie_rules[] = {1,	  'z',	'R', 0, 1,    0x78, 16, 1,
				    0x1b, 0x0c, 7,   8, 0x90, 1,    0,	0};
static const uint8_t fde_rules[] = {0, 0x44, 0x0e, 32, 0x4d, 0x0e, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0};

struct layout {
	uint64_t cnt; /* functions */
	uint64_t text, hdr, frame, symtab, strtab, end, sections;
};

static int out;

static void put(uint64_t at, const void *p, size_t len)
{
	if (pwrite(out, p, len, (off_t)at) != (ssize_t)len) {
		perror("huge_elf");
		exit(2);
	}
}

static uint64_t page_up(uint64_t v)
{
	return (v + PAGE - 1) & ~(PAGE - 1);
}

static uint64_t address_of(const struct layout *l, uint64_t i)
{
	return BASE + l->text + PAGE + i * STEP; /* _start has a page of its own */
}

/* _start: mov $first,%rbx; 1: call *%rbx; add $step,%rbx; cmp last: loops over CALLED functions. */
static void put_start(const struct layout *l)
{
	uint64_t stride = (l->cnt / CALLED ? l->cnt / CALLED : 1) * STEP;
	uint64_t first = address_of(l, 0), last = first + stride * (CALLED - 1);
	uint8_t code[] = {0x48, 0xbb, 0,    0, 0, 0, 0, 0, 0, 0, /* mov $first,%rbx */
			  0xff, 0xd3,				 /* call *%rbx */
			  0x48, 0x81, 0xc3, 0, 0, 0, 0,		 /* add $stride,%rbx */
			  0x48, 0x81, 0xfb, 0, 0, 0, 0,		 /* cmp $last,%rbx */
			  0x76, 0xee,				 /* jbe call */
			  0xeb, 0xe2};				 /* jmp _start */
	uint32_t stride32 = (uint32_t)stride, last32 = (uint32_t)last;

	memcpy(code + 2, &first, 8);
	memcpy(code + 15, &stride32, 4);
	memcpy(code + 22, &last32, 4);
	put(l->text, code, sizeof(code));
	for (uint64_t i = 0; i < CALLED && i * (stride / STEP) < l->cnt; i++)
		put(l->text + PAGE + i * stride, function_code, sizeof(function_code));
}

/* One array of `cnt` elements of `len` bytes, made by `fill`, written in batches. */
static void put_array(const struct layout *l, uint64_t at, size_t len,
		      void (*fill)(const struct layout *l, uint64_t i, uint8_t *p))
{
	uint8_t *batch = calloc(BATCH, len);

	if (!batch)
		exit(2);
	for (uint64_t i = 0; i < l->cnt; i += BATCH) {
		uint64_t cnt = l->cnt - i < BATCH ? l->cnt - i : BATCH;

		for (uint64_t j = 0; j < cnt; j++)
			fill(l, i + j, batch + j * len);
		put(at + i * len, batch, cnt * len);
	}
	free(batch);
}

static uint64_t fde_at(const struct layout *l, uint64_t i)
{
	return l->frame + CIE_LEN + i * FDE_LEN;
}

static void fill_table(const struct layout *l, uint64_t i, uint8_t *p)
{
	int32_t entry[2] = {(int32_t)(address_of(l, i) - (BASE + l->hdr)),
			    (int32_t)(fde_at(l, i) - l->hdr)};

	memcpy(p, entry, sizeof(entry));
}

static void fill_fde(const struct layout *l, uint64_t i, uint8_t *p)
{
	uint64_t at = fde_at(l, i);
	uint32_t head[4] = {FDE_LEN - 4, (uint32_t)(at + 4 - l->frame),
			    (uint32_t)(address_of(l, i) - (BASE + at + 8)), sizeof(function_code)};

	memcpy(p, head, sizeof(head));
	memcpy(p + sizeof(head), fde_rules, sizeof(fde_rules));
}

static void fill_symbol(const struct layout *l, uint64_t i, uint8_t *p)
{
	Elf64_Sym sym = {
		.st_name = (Elf64_Word)(1 + i * NAME_LEN),
		.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
		.st_shndx = 1,
		.st_value = address_of(l, i),
		.st_size = sizeof(function_code),
	};

	memcpy(p, &sym, sizeof(sym));
}

static void fill_name(const struct layout *l, uint64_t i, uint8_t *p)
{
	(void)l;
	(void)snprintf((char *)p, NAME_LEN, "f_%013" PRIu64, i);
}

static void put_frames(const struct layout *l)
{
	uint32_t head[2] = {CIE_LEN - 4, 0};
	uint8_t hdr[12] = {1, 0x1b, 0x03, 0x3b};
	int32_t frame = (int32_t)(l->frame - l->hdr - 4);
	uint32_t cnt = (uint32_t)l->cnt;

	memcpy(hdr + 4, &frame, 4);
	memcpy(hdr + 8, &cnt, 4);
	put(l->hdr, hdr, sizeof(hdr));
	put_array(l, l->hdr + sizeof(hdr), 8, fill_table);
	put(l->frame, head, sizeof(head));
	put(l->frame + sizeof(head), cie_rules, sizeof(cie_rules));
	put_array(l, l->frame + CIE_LEN, FDE_LEN, fill_fde);
}

static void put_headers(const struct layout *l)
{
	const uint64_t frames = l->symtab - l->hdr;
	Elf64_Ehdr ehdr = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = BASE + l->text,
		.e_phoff = sizeof(ehdr),
		.e_shoff = l->sections,
		.e_ehsize = sizeof(ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 6,
	};
	Elf64_Phdr phdr[] = {
		{PT_LOAD, PF_R | PF_X, l->text, BASE + l->text, BASE + l->text, l->hdr - l->text,
		 l->hdr - l->text, PAGE},
		{PT_LOAD, PF_R, l->hdr, BASE + l->hdr, BASE + l->hdr, frames, frames, PAGE},
		{PT_GNU_EH_FRAME, PF_R, l->hdr, BASE + l->hdr, BASE + l->hdr, 12 + 8 * l->cnt,
		 12 + 8 * l->cnt, 4},
	};
	Elf64_Shdr shdr[] = {
		{0},
		{.sh_type = SHT_PROGBITS,
		 .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
		 .sh_addr = BASE + l->text,
		 .sh_offset = l->text,
		 .sh_size = l->hdr - l->text},
		{.sh_type = SHT_PROGBITS,
		 .sh_flags = SHF_ALLOC,
		 .sh_addr = BASE + l->hdr,
		 .sh_offset = l->hdr,
		 .sh_size = 12 + 8 * l->cnt},
		{.sh_type = SHT_PROGBITS,
		 .sh_flags = SHF_ALLOC,
		 .sh_addr = BASE + l->frame,
		 .sh_offset = l->frame,
		 .sh_size = CIE_LEN + l->cnt * FDE_LEN},
		{.sh_type = SHT_SYMTAB,
		 .sh_offset = l->symtab,
		 .sh_size = l->cnt * sizeof(Elf64_Sym),
		 .sh_link = 5,
		 .sh_entsize = sizeof(Elf64_Sym)},
		{.sh_type = SHT_STRTAB, .sh_offset = l->strtab, .sh_size = 1 + l->cnt * NAME_LEN},
	};

	put(0, &ehdr, sizeof(ehdr));
	put(sizeof(ehdr), phdr, sizeof(phdr));
	put(l->sections, shdr, sizeof(shdr));
}

int main(int argc, char **argv)
{
	struct layout l = {.text = PAGE};
	uint64_t mib;

	if (argc != 4 || num_parse_u64(str_of(argv[2]), &l.cnt) || l.cnt < CALLED ||
	    l.cnt > 10000000 || num_parse_u64(str_of(argv[3]), &mib)) {
		fprintf(stderr, "usage: huge_elf FILE FUNCTIONS MIB\n");
		return 2;
	}
	l.hdr = page_up(l.text + PAGE + l.cnt * STEP);
	l.frame = page_up(l.hdr + 12 + l.cnt * 8);
	l.symtab = page_up(l.frame + CIE_LEN + l.cnt * FDE_LEN + 4);
	l.strtab = page_up(l.symtab + l.cnt * sizeof(Elf64_Sym));
	l.end = page_up(l.strtab + 1 + l.cnt * NAME_LEN);
	l.sections = mib << 20 > l.end + PAGE ? (mib << 20) - PAGE : l.end;
	out = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	if (out < 0) {
		perror(argv[1]);
		return 2;
	}
	put_headers(&l);
	put_start(&l);
	put_frames(&l);
	put_array(&l, l.symtab, sizeof(Elf64_Sym), fill_symbol);
	put_array(&l, l.strtab + 1, NAME_LEN, fill_name);
	return close(out) ? 2 : 0;
}
