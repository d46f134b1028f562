// SPDX-License-Identifier: Apache-2.0
/*
 * The tables of Go 1.2 and of Go 1.16 and 1.17, which no compiler here writes, put together by hand:
 * four functions in a file without sections.
 */
#include <elf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf/pclntab.h"
#include "unit/pclntab_rows.h"
#include "unit/tap.h"

#define LOAD_VADDR  0x400000
#define TEXT_OFFSET 0x400
#define TABLE	    0x800
#define NAMES	    0x100 /* from the table on, as are the next */
#define PCS	    0x200
#define FUNCTAB	    0x300
#define RECORDS	    0x400
#define FILE_SIZE   0x1000

enum { GOEXIT, FRAMED, LEAF, MCALL, FUNCTION_CNT };

static const char *const names[] = {"runtime.goexit", "main.(*T).framed", "main.leaf",
				    "runtime.mcall"};
static const uint32_t starts[] = {0x0, 0x20, 0x60, 0x80, 0xa0};

/* (value + zigzag, pc + n)*, from -1 and the function's start on; 0 ends. */
static const uint8_t flat[] = {2, 0x20, 0};
static const uint8_t framed[] = {2, 4, 48, 0x2c, 47, 0x10, 0}; /* 0, 24 from 4 on, 0 from 0x30 on */
static const uint8_t save_bp[] = {0x48, 0x89, 0x6c, 0x24, 0x10}; /* mov %rbp,0x10(%rsp) */

static uint8_t elf[FILE_SIZE];

static void put(size_t at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		elf[at + i] = (uint8_t)(value >> (8 * i));
}

static void put_function(size_t i, uint64_t functab, uint64_t records_from, bool is_old,
			 uint8_t flags)
{
	uint64_t vaddr = LOAD_VADDR + TEXT_OFFSET + starts[i], record = TABLE + RECORDS + 64 * i;
	size_t pcs = 1 + 16 * i, name = 32 * i;

	put(functab + 16 * i, vaddr, 8);
	put(functab + 16 * i + 8, record - records_from, 8);
	put(record, vaddr, 8);
	put(record + 8, name + (is_old ? NAMES : 0), 4);
	put(record + 20, pcs + (is_old ? PCS : 0), 4);
	put(record + 41, flags, 1);
	memcpy(elf + TABLE + NAMES + name, names[i], strlen(names[i]) + 1);
	if (i == FRAMED)
		memcpy(elf + TABLE + PCS + pcs, framed, sizeof(framed));
	else
		memcpy(elf + TABLE + PCS + pcs, flat, sizeof(flat));
}

static void put_headers(void)
{
	Elf64_Ehdr eh = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			 .e_type = ET_EXEC,
			 .e_machine = EM_X86_64,
			 .e_version = EV_CURRENT,
			 .e_phoff = sizeof(eh),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 1};
	Elf64_Phdr ph = {.p_type = PT_LOAD,
			 .p_flags = PF_R | PF_X,
			 .p_vaddr = LOAD_VADDR,
			 .p_filesz = FILE_SIZE,
			 .p_memsz = FILE_SIZE};

	memset(elf, 0, sizeof(elf));
	memcpy(elf, &eh, sizeof(eh));
	memcpy(elf + sizeof(eh), &ph, sizeof(ph));
	memcpy(elf + TEXT_OFFSET + starts[FRAMED] + 4, save_bp, sizeof(save_bp));
}

static void put_table(bool is_old)
{
	size_t functab = is_old ? TABLE + 16 : TABLE + FUNCTAB;

	put_headers();
	put(TABLE, is_old ? 0xfffffffb : 0xfffffffa, 4);
	put(TABLE + 6, 1, 1);
	put(TABLE + 7, 8, 1);
	put(TABLE + 8, FUNCTION_CNT, 8);
	if (!is_old) {
		put(TABLE + 24, NAMES, 8);
		put(TABLE + 48, PCS, 8);
		put(TABLE + 56, FUNCTAB, 8);
	}
	for (size_t i = 0; i < FUNCTION_CNT; i++)
		put_function(i, functab, is_old ? TABLE : TABLE + FUNCTAB, is_old, 0);
	put(functab + 16 * FUNCTION_CNT, LOAD_VADDR + TEXT_OFFSET + starts[FUNCTION_CNT], 8);
}

static int check_function(void *arg, uint64_t start, uint64_t end, struct str name)
{
	size_t i = (*(size_t *)arg)++;

	ok(i < FUNCTION_CNT && start == LOAD_VADDR + TEXT_OFFSET + starts[i] &&
		   end == LOAD_VADDR + TEXT_OFFSET + starts[i + 1] &&
		   name.len == strlen(names[i]) && !memcmp(name.p, names[i], name.len),
	   "%.*s", (int)name.len, name.p);
	return 0;
}

static const struct {
	uint32_t at;
	unsigned int kind;
	int offset, fp;
} want[] = {
	{0x0, UNWIND_CFA_END, 0, 0},   {0x20, UNWIND_CFA_SP, 8, 0}, {0x24, UNWIND_CFA_SP, 32, 0},
	{0x29, UNWIND_CFA_SP, 32, -2}, {0x50, UNWIND_CFA_SP, 8, 0}, {0x80, UNWIND_CFA_NONE, 0, 0},
};

static struct pclntab *open_table(int fd)
{
	struct pclntab *t = NULL;
	struct elf_file file;

	if (pwrite(fd, elf, sizeof(elf), 0) != (ssize_t)sizeof(elf) || elf_file_init(&file, fd) ||
	    pclntab_open(&file, &t))
		return NULL;
	return t;
}

static void test_version(int fd, bool is_old)
{
	struct rows rows = {0};
	struct pclntab *t;
	size_t cnt = 0, from = LOAD_VADDR + TEXT_OFFSET;

	put_table(is_old);
	t = open_table(fd);
	if (!ok(t != NULL, "the table of Go %s", is_old ? "1.2" : "1.16"))
		return;
	ok(!pclntab_functions(t, check_function, &cnt) && cnt == FUNCTION_CNT, "all functions");
	ok(!pclntab_rows(t, from, from + 0x1000, rows_add, &rows), "rules");
	is_u64(rows.cnt, ARRAY_SIZE(want), "as many as there are changes");
	for (size_t i = 0; i < rows.cnt && i < ARRAY_SIZE(want); i++)
		ok(rows.rows[i].at - from == want[i].at &&
			   unwind_rule_kind(&rows.rows[i].rule) == want[i].kind &&
			   unwind_rule_offset(&rows.rows[i].rule) == want[i].offset &&
			   rows.rows[i].rule.fp == want[i].fp,
		   "at %#x", want[i].at);
	free(rows.rows);
	pclntab_free(t);
}

/* Go 1.17 has the flags that 1.16 has not. */
static void test_flags(int fd)
{
	uint64_t leaf = LOAD_VADDR + TEXT_OFFSET + starts[LEAF];
	struct rows rows = {0};
	struct pclntab *t;

	put_table(false);
	put_function(LEAF, TABLE + FUNCTAB, TABLE + FUNCTAB, false, 2);
	t = open_table(fd);
	ok(t && !pclntab_rows(t, leaf, leaf + 8, rows_add, &rows) && rows.cnt == 1 &&
		   unwind_rule_kind(&rows.rows[0].rule) == UNWIND_CFA_NONE,
	   "a function that writes the stack pointer");
	free(rows.rows);
	pclntab_free(t);
}

/* What must not be taken for a table. */
static void test_refused(int fd)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
	} cases[] = {
		{"of a 32-bit machine", TABLE + 7, 4},
		{"of another machine", TABLE + 6, 4},
		{"without functions", TABLE + 8, 0},
		{"of more functions than fit", TABLE + 9, 1},
		{"with records elsewhere", TABLE + 16 + 9, 0x7f},
		{"with a first function that is not code", TABLE + 16 + 3, 1},
		{"with a record of another function", TABLE + RECORDS, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pclntab *t;

		put_table(true);
		elf[cases[i].at] = cases[i].value;
		t = open_table(fd);
		ok(!t, "no table %s", cases[i].what);
		pclntab_free(t);
	}
}

int main(void)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	test_version(fd, true);
	test_version(fd, false);
	test_flags(fd);
	test_refused(fd);
	close(fd);
	return tap_done();
}
