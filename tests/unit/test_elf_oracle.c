// SPDX-License-Identifier: Apache-2.0
/* Every function of real files, asked of our reader and of libelf, which shares no code with it. */
#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#include "base/text.h"
#include "unit/symbols.h"
#include "unit/tap.h"

struct function {
	uint64_t offset, size;
	const char *name;
};

static struct function *functions;
static size_t function_cnt, function_cap;

static int compare(const void *pa, const void *pb)
{
	const struct function *a = pa, *b = pb;

	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* libelf's view of where an address is in the file. */
static bool to_offset(Elf *elf, uint64_t address, uint64_t *ret)
{
	size_t cnt = 0;
	GElf_Phdr ph;

	if (elf_getphdrnum(elf, &cnt))
		return false;
	for (size_t i = 0; i < cnt; i++) {
		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD || !(ph.p_flags & PF_X))
			continue;
		if (address >= ph.p_vaddr && address < ph.p_vaddr + ph.p_filesz) {
			*ret = address - ph.p_vaddr + ph.p_offset;
			return true;
		}
	}
	return false;
}

static void collect_section(Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	GElf_Sym sym;

	for (int i = 0; data && gelf_getsym(data, i, &sym); i++) {
		int type = GELF_ST_TYPE(sym.st_info);
		struct function f = {.size = sym.st_size};

		if ((type != STT_FUNC && type != STT_GNU_IFUNC) || sym.st_shndx == SHN_UNDEF ||
		    !sym.st_size)
			continue;
		f.name = elf_strptr(elf, sh->sh_link, sym.st_name);
		if (!f.name || !*f.name || !to_offset(elf, sym.st_value, &f.offset))
			continue;
		if (function_cnt == function_cap) {
			function_cap = function_cap ? function_cap * 2 : 4096;
			functions = realloc(functions, function_cap * sizeof(*functions));
		}
		functions[function_cnt++] = f;
	}
}

static void collect(Elf *elf)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	function_cnt = 0;
	while ((scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &sh) &&
		    (sh.sh_type == SHT_SYMTAB || sh.sh_type == SHT_DYNSYM))
			collect_section(elf, scn, &sh);
	if (function_cnt)
		qsort(functions, function_cnt, sizeof(*functions), compare);
}

static bool begins_at(uint64_t offset, struct str name)
{
	for (size_t i = 0; i < function_cnt; i++) {
		size_t len = strcspn(functions[i].name, "@");

		if (functions[i].offset == offset &&
		    str_eq((struct str){functions[i].name, len}, name))
			return true;
	}
	return false;
}

/* False when there is no such file here. */
static bool compare_file(const char *path)
{
	size_t wrong = 0, unnamed = 0, asked = 0, step;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct symbols table;
	Elf *elf;

	if (fd < 0)
		return false;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	table = symbols_read(fd, 1 << 20, 0, NULL); /* raw names, as libelf has them */
	if (!ok(elf && table.file, "%s is read", path))
		return true;
	collect(elf);
	step = function_cnt / 1000 + 1;
	for (size_t i = 0; i < function_cnt; i += step) {
		uint64_t at[] = {functions[i].offset, functions[i].offset + functions[i].size / 2,
				 functions[i].offset + functions[i].size - 1};

		for (size_t k = 0; k < ARRAY_SIZE(at); k++) {
			asked++;
			const char *name = symbols_at(&table, at[k]);

			if (!strcmp(name, "-"))
				unnamed++;
			else
				wrong += name[0] == '(' ||
					 !begins_at(symbols_found.start, str_of(name));
		}
	}
	ok(!function_cnt || asked > 0, "%s: %zu places in %zu functions", path, asked,
	   function_cnt);
	is_u64(unnamed, 0, "each has a name");
	is_u64(wrong, 0, "which begins where libelf says");
	symbols_release(&table);
	(void)elf_end(elf);
	close(fd);
	return true;
}

/* A library, wherever this distribution keeps it. */
static void compare_library(const char *name)
{
	static const char *const dirs[] = {"/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu",
					   "/lib64", "/usr/lib"};
	char path[256];

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i], name);
		if (compare_file(path))
			return;
	}
	tap_skip("no such library here");
}

int main(void)
{
	if (elf_version(EV_CURRENT) == EV_NONE) {
		tap_skip("libelf is of another version");
		return tap_done();
	}
	ok(compare_file("/proc/self/exe"), "this program");
	compare_library("libc.so.6");
	compare_library("libstdc++.so.6");
	compare_library("libLLVM-14.so.1");
	free(functions);
	return tap_done();
}
