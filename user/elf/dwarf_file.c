// SPDX-License-Identifier: Apache-2.0
#include "elf/dwarf_file.h"

#include <elf.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/elf_file.h"

/*
 * What dwz has moved to a common file is looked for in this one, which has nothing: libdw would open
 * the common file otherwise.
 */
static void forbid_alt(struct dwarf_file *f)
{
	static struct {
		Elf64_Ehdr eh;
		Elf64_Shdr sections[3];
		char names[24];
	} nothing = {
		.eh = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		       .e_type = ET_EXEC,
		       .e_version = EV_CURRENT,
		       .e_ehsize = sizeof(Elf64_Ehdr),
		       .e_shoff = sizeof(Elf64_Ehdr),
		       .e_shentsize = sizeof(Elf64_Shdr),
		       .e_shnum = 3,
		       .e_shstrndx = 1},
		.sections = {{0},
			     {.sh_name = 1,
			      .sh_type = SHT_STRTAB,
			      .sh_offset = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Shdr),
			      .sh_size = 22},
			     {.sh_name = 11,
			      .sh_type = SHT_PROGBITS,
			      .sh_offset = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Shdr),
			      .sh_size = 1}},
		.names = "\0.shstrtab\0.debug_str",
	};

	f->alt_elf = elf_memory((char *)&nothing, sizeof(nothing));
	f->alt = f->alt_elf ? dwarf_begin_elf(f->alt_elf, DWARF_C_READ, NULL) : NULL;
	if (f->alt)
		dwarf_setalt(f->dwarf, f->alt);
}

/* libelf notes in the section headers which sections it has decompressed. */
static void unlock_headers(struct dwarf_file *f, int fd)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), from, to;
	struct elf_file file;

	if (elf_file_init(&file, fd))
		return;
	from = file.section_offset;
	to = from + (uint64_t)file.section_cnt * sizeof(Elf64_Shdr);
	if (from < to && to <= f->image_len)
		(void)mprotect((char *)f->image + from / page * page, to - from / page * page,
			       PROT_READ | PROT_WRITE);
}

/*
 * A file that shrinks ends this process, which is what the sandbox is for. libdw is not given the
 * descriptor: it would ask for the file's name, to look for others beside it.
 */
static bool open_one(struct dwarf_file *f, int fd)
{
	struct stat st;

	if (fstat(fd, &st) || st.st_size <= 0)
		return false;
	f->image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (f->image == MAP_FAILED) {
		f->image = NULL;
		return false;
	}
	f->image_len = (size_t)st.st_size;
	unlock_headers(f, fd);
	f->elf = elf_memory(f->image, f->image_len);
	f->dwarf = f->elf ? dwarf_begin_elf(f->elf, DWARF_C_READ, NULL) : NULL;
	return f->dwarf;
}

static void close_one(struct dwarf_file *f)
{
	dwarf_end(f->dwarf);
	elf_end(f->elf);
	if (f->image)
		munmap(f->image, f->image_len);
	f->dwarf = NULL;
	f->elf = NULL;
	f->image = NULL;
}

int dwarf_file_open(const int *fds, size_t fd_cnt, struct dwarf_file *f)
{
	*f = (struct dwarf_file){.image = NULL};
	if (elf_version(EV_CURRENT) == EV_NONE)
		return -ENOTSUP;
	for (size_t i = fd_cnt; i && !f->dwarf; i--)
		if (!open_one(f, fds[i - 1]))
			close_one(f);
	if (!f->dwarf)
		return -ENOENT;
	forbid_alt(f);
	return 0;
}

void dwarf_file_close(struct dwarf_file *f)
{
	close_one(f);
	dwarf_end(f->alt);
	elf_end(f->alt_elf);
	f->alt = NULL;
	f->alt_elf = NULL;
}
