// SPDX-License-Identifier: Apache-2.0
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/compiler.h"
#include "base/compress.h"
#include "elf/buildid.h"
#include "unit/symbols.h"
#include "unit/tap.h"

/*
 * A small ELF file of our own: headers, 4 KiB of "code" at 0x1000 (loaded at 0x401000) in two
 * sections, a symbol table, a string table, a build id note, section headers.
 */
#define CODE_OFFSET 0x1000
#define CODE_VADDR  0x401000
#define SYM_OFFSET  0x2000
#define STR_OFFSET  0x2800
#define NOTE_OFFSET 0x2c00
#define SEC_OFFSET  0x2d00
#define FILE_SIZE   0x3000 /* of its own; behind it there is room for what a test adds */
#define ROOM	    0x1000

enum { SEC_NULL, SEC_TEXT, SEC_INIT, SEC_DATA, SEC_SYM, SEC_STR, SEC_NOTE, SEC_CNT };

static uint8_t elf[FILE_SIZE + ROOM];
static size_t sym_cnt, str_len;

static Elf64_Ehdr *ehdr(void)
{
	return (Elf64_Ehdr *)(void *)elf;
}

static Elf64_Phdr *phdr(size_t i)
{
	return (Elf64_Phdr *)(void *)(elf + sizeof(Elf64_Ehdr)) + i;
}

static Elf64_Shdr *shdr(size_t i)
{
	return (Elf64_Shdr *)(void *)(elf + SEC_OFFSET) + i;
}

static void add(const char *name, unsigned int bind, unsigned int type, uint64_t offset,
		uint64_t size, unsigned int section)
{
	Elf64_Sym *s = (Elf64_Sym *)(void *)(elf + SYM_OFFSET) + sym_cnt++;

	memcpy(elf + STR_OFFSET + str_len, name, strlen(name) + 1);
	s->st_name = (uint32_t)str_len;
	s->st_info = (uint8_t)ELF64_ST_INFO(bind, type);
	s->st_shndx = (uint16_t)section;
	s->st_value = CODE_VADDR + offset - CODE_OFFSET;
	s->st_size = size;
	str_len += strlen(name) + 1;
	shdr(SEC_SYM)->sh_size = sym_cnt * sizeof(*s);
	shdr(SEC_STR)->sh_size = str_len;
}

static void add_symbols(void)
{
	add("", STB_LOCAL, STT_NOTYPE, CODE_OFFSET, 0, SHN_UNDEF);
	add("outer", STB_GLOBAL, STT_FUNC, 0x1000, 0x100, SEC_TEXT);
	add("inner", STB_LOCAL, STT_FUNC, 0x1040, 0x20, SEC_TEXT);
	add("label", STB_LOCAL, STT_NOTYPE, 0x1080, 0, SEC_TEXT);
	add("__write", STB_GLOBAL, STT_FUNC, 0x1100, 0x40, SEC_TEXT);
	add("write@@V_1", STB_WEAK, STT_FUNC, 0x1100, 0x40, SEC_TEXT);
	add("impl_write", STB_LOCAL, STT_FUNC, 0x1100, 0x40, SEC_TEXT);
	add("asm_entry", STB_GLOBAL, STT_NOTYPE, 0x1200, 0, SEC_TEXT);
	add("$x", STB_LOCAL, STT_NOTYPE, 0x1210, 0, SEC_TEXT);
	add("asm_exit", STB_GLOBAL, STT_NOTYPE, 0x1220, 0, SEC_TEXT);
	add("strong", STB_GLOBAL, STT_FUNC, 0x1300, 0x10, SEC_TEXT);
	add("feeble", STB_WEAK, STT_FUNC, 0x1300, 0x10, SEC_TEXT);
	add("resolver", STB_GLOBAL, STT_GNU_IFUNC, 0x1400, 0x10, SEC_TEXT);
	add("last", STB_GLOBAL, STT_FUNC, 0x17f0, 0, SEC_TEXT);
	add("_init", STB_LOCAL, STT_FUNC, 0x1900, 0, SEC_INIT);
	add("variable", STB_GLOBAL, STT_OBJECT, 0x1a00, 8, SEC_DATA);
	add("_edata", STB_GLOBAL, STT_NOTYPE, 0x1a80, 0, SEC_DATA);
	add("elsewhere", STB_GLOBAL, STT_FUNC, 0x9000, 0x10, SEC_TEXT);
	add("huge", STB_GLOBAL, STT_FUNC, 0x1f00, UINT64_MAX, SEC_TEXT);
}

static void make_elf(void)
{
	static const uint8_t note[] = {4,   0,	 0,   0, 8,    0,    0,	   0,	 3, 0, 0, 0,
				       'G', 'N', 'U', 0, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4};

	memset(elf, 0, sizeof(elf));
	sym_cnt = 0;
	str_len = 1;
	memcpy(ehdr()->e_ident,
	       "\x7f"
	       "ELF\2\1\1",
	       7);
	ehdr()->e_type = ET_EXEC;
	ehdr()->e_phoff = sizeof(Elf64_Ehdr);
	ehdr()->e_phentsize = sizeof(Elf64_Phdr);
	ehdr()->e_phnum = 2;
	ehdr()->e_shoff = SEC_OFFSET;
	ehdr()->e_shentsize = sizeof(Elf64_Shdr);
	ehdr()->e_shnum = SEC_CNT;
	*phdr(0) = (Elf64_Phdr){.p_type = PT_LOAD,
				.p_flags = PF_R | PF_X,
				.p_offset = CODE_OFFSET,
				.p_vaddr = CODE_VADDR,
				.p_filesz = 0x1000,
				.p_memsz = 0x1000};
	*phdr(1) =
		(Elf64_Phdr){.p_type = PT_NOTE, .p_offset = NOTE_OFFSET, .p_filesz = sizeof(note)};
	*shdr(SEC_TEXT) = (Elf64_Shdr){.sh_type = SHT_PROGBITS,
				       .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
				       .sh_offset = CODE_OFFSET,
				       .sh_size = 0x800};
	*shdr(SEC_INIT) = (Elf64_Shdr){.sh_type = SHT_PROGBITS,
				       .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
				       .sh_offset = CODE_OFFSET + 0x900,
				       .sh_size = 0x40};
	*shdr(SEC_DATA) = (Elf64_Shdr){.sh_type = SHT_PROGBITS,
				       .sh_flags = SHF_ALLOC,
				       .sh_offset = CODE_OFFSET + 0xa00,
				       .sh_size = 0x100};
	*shdr(SEC_SYM) = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
				      .sh_offset = SYM_OFFSET,
				      .sh_link = SEC_STR,
				      .sh_entsize = sizeof(Elf64_Sym)};
	*shdr(SEC_STR) = (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = STR_OFFSET};
	*shdr(SEC_NOTE) = (Elf64_Shdr){
		.sh_type = SHT_NOTE, .sh_offset = NOTE_OFFSET, .sh_size = sizeof(note)};
	memcpy(elf + NOTE_OFFSET, note, sizeof(note));
	add_symbols();
}

static int elf_fd(size_t len)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	if (fd < 0 || write(fd, elf, len) != (ssize_t)len)
		printf("Bail out! no memfd\n");
	return fd;
}

static struct symbols table_of(int fd)
{
	return symbols_read(fd, 1 << 20, 1 << 16, NULL);
}

static const char *name_at(const struct symbols *table, uint64_t offset)
{
	return symbols_at(table, offset);
}

static void test_choice(void)
{
	struct symbols read, *table = &read;
	int fd;

	make_elf();
	fd = elf_fd(sizeof(elf));
	read = table_of(fd);
	if (!ok(read.file != NULL, "a file made by hand is read (%d)", read.error))
		return;
	is_str(name_at(table, 0x0fff), "-", "before the first function there is no name");
	is_str(name_at(table, 0x1000), "outer", "first byte of a function");
	is_str(name_at(table, 0x103f), "outer", "byte before a function within");
	is_str(name_at(table, 0x1040), "inner", "function within a function");
	is_str(name_at(table, 0x1060), "outer", "behind the function within");
	is_str(name_at(table, 0x1080), "outer", "a label does not cut the function that it is in");
	is_str(name_at(table, 0x10ff), "outer", "last byte");
	is_str(name_at(table, 0x1100), "write", "fewer underscores win, the version is cut off");
	is_str(name_at(table, 0x1140), "-", "a hole between functions has no name");
	is_str(name_at(table, 0x1200), "asm_entry", "a label in code that no function covers");
	is_str(name_at(table, 0x121f), "asm_entry", "reaches over the $x of arm64");
	is_str(name_at(table, 0x1220), "asm_exit", "to the next one");
	is_str(name_at(table, 0x1300), "strong", "strong over weak");
	is_str(name_at(table, 0x1405), "resolver", "indirect functions have names");
	is_str(name_at(table, 0x17ff), "last", "no size: to the end of the section");
	is_str(name_at(table, 0x1800), "-", "and not further");
	is_str(name_at(table, 0x1910), "_init", "no size, in a section of its own");
	is_str(name_at(table, 0x1940), "-", "ends with it");
	is_str(name_at(table, 0x1a00), "-", "data is no function");
	is_str(name_at(table, 0x1fff), "huge", "a size without bounds is cut at the segment");
	is_str(name_at(table, 0x2000), "-", "and not further");
	is_str(name_at(table, UINT64_MAX), "-", "no offset at all");
	symbols_release(table);
	close(fd);
}

/* Puts one section's bytes, compressed, where there is room, behind an Elf64_Chdr. */
static size_t compress_section(size_t section, uint32_t type, size_t at)
{
	static struct compress_zstd zstd;
	const Elf64_Chdr header = {
		.ch_type = type, .ch_size = shdr(section)->sh_size, .ch_addralign = 8};
	const uint8_t *bytes = elf + shdr(section)->sh_offset;
	size_t len = sizeof(elf) - at - sizeof(header);
	struct buf packed;
	bool fits;

	buf_init(&packed, 65536);
	if (type == ELFCOMPRESS_ZLIB) {
		char *room = buf_reserve(&packed, 8192);
		uLongf room_len = 8192;

		fits = compress((Bytef *)room, &room_len, bytes, shdr(section)->sh_size) == Z_OK;
		buf_commit(&packed, room_len);
	} else {
		fits = !compress_zstd_pack(
			&zstd, (struct str){(const char *)bytes, shdr(section)->sh_size}, &packed);
		compress_zstd_release(&zstd);
	}
	if (!fits || packed.len > len)
		printf("Bail out! cannot compress\n");
	memcpy(elf + at, &header, sizeof(header));
	memcpy(elf + at + sizeof(header), packed.data, packed.len);
	shdr(section)->sh_offset = at;
	shdr(section)->sh_size = sizeof(header) + packed.len;
	shdr(section)->sh_flags |= SHF_COMPRESSED;
	len = shdr(section)->sh_size;
	buf_release(&packed);
	return (at + len + 7) & ~(size_t)7;
}

/* No linker does it to a symbol table, but the format allows it. */
static void test_compressed(uint32_t type, const char *how)
{
	struct symbols read, *table = &read;
	size_t at = FILE_SIZE;
	int fd;

	make_elf();
	at = compress_section(SEC_SYM, type, at);
	(void)compress_section(SEC_STR, type, at);
	fd = elf_fd(sizeof(elf));
	read = table_of(fd);
	is_str(name_at(table, 0x1040), "inner", "a table compressed by %s", how);
	is_str(name_at(table, 0x1100), "write", "has the same names");
	symbols_release(table);
	close(fd);

	((Elf64_Chdr *)(void *)(elf + shdr(SEC_SYM)->sh_offset))->ch_size++;
	fd = elf_fd(sizeof(elf));
	read = table_of(fd);
	ok(read.file && !symfile_cnt(read.file), "one that lies about its size has none");
	symbols_release(table);
	close(fd);
	((Elf64_Chdr *)(void *)(elf + shdr(SEC_SYM)->sh_offset))->ch_size = UINT64_C(1) << 62;
	fd = elf_fd(sizeof(elf));
	read = table_of(fd);
	ok(read.file && !symfile_cnt(read.file), "nor one that would fill the machine");
	symbols_release(table);
	close(fd);
	((Elf64_Chdr *)(void *)(elf + shdr(SEC_SYM)->sh_offset))->ch_type = 77;
	fd = elf_fd(sizeof(elf));
	read = table_of(fd);
	ok(read.file && !symfile_cnt(read.file), "nor one compressed in a way not known");
	symbols_release(table);
	close(fd);
}

static void test_limits(void)
{
	struct symbols read, *table = &read;
	int fd;

	make_elf();
	fd = elf_fd(sizeof(elf));
	read = symbols_read(fd, 3, 1 << 16, NULL);
	is_i64(read.error, -EFBIG, "more functions than allowed");
	read = symbols_read(fd, 64, 1 << 16, NULL);
	ok(read.file && symfile_cnt(read.file) == 10 && symfile_size(read.file) == 2 * 4096 + 4,
	   "ten functions take a header and a block");
	is_i64(ftruncate(fd, STR_OFFSET), 0, "the file shrinks after it was read");
	is_str(name_at(table, 0x1000), "-", "and names are gone, nothing else");
	symbols_release(table);
	close(fd);
}

static void test_buildid(void)
{
	struct elf_file file;
	struct buildid id;
	int fd;

	make_elf();
	fd = elf_fd(sizeof(elf));
	ok(!elf_file_init(&file, fd) && buildid_read(&file, &id) && id.len == 8 &&
		   id.bytes[0] == 0xde,
	   "build id from the segment");
	close(fd);
	ehdr()->e_phnum = 1;
	fd = elf_fd(sizeof(elf));
	ok(!elf_file_init(&file, fd) && buildid_read(&file, &id) && id.len == 8 && id.bytes[7] == 4,
	   "build id from the section");
	close(fd);
	memset(elf + NOTE_OFFSET + 4, 0xff, 4);
	fd = elf_fd(sizeof(elf));
	ok(!elf_file_init(&file, fd) && !buildid_read(&file, &id) && !id.len,
	   "a note that is too long is none");
	close(fd);
}

/* Whatever the file holds: no crash, and no name outside the range that is told with it. */
static bool survives(size_t len)
{
	int fd = elf_fd(len);
	struct symbols read = table_of(fd), *table = &read;
	struct elf_file file;
	struct buildid id;
	bool held = true;

	if (!elf_file_init(&file, fd))
		(void)buildid_read(&file, &id);
	for (uint64_t offset = 0; read.file && offset < FILE_SIZE; offset += 0x3f)
		held = held && name_at(table, offset)[0] != '(';
	symbols_release(table);
	close(fd);
	return held;
}

static void test_hostile(void)
{
	uint64_t state = 1;
	size_t bad = 0;

	make_elf();
	for (size_t len = 0; len <= sizeof(elf); len += len < 256 ? 1 : 37)
		bad += !survives(len);
	is_u64(bad, 0, "truncations");

	bad = 0;
	for (int i = 0; i < 6000; i++) {
		make_elf();
		for (int flips = 0; flips < 1 + i % 8; flips++) {
			static const size_t starts[] = {0, SYM_OFFSET, STR_OFFSET, NOTE_OFFSET,
							SEC_OFFSET};
			static const size_t lens[] = {176, 480, 200, 24, 64 * SEC_CNT};
			size_t where;

			state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
			where = (state >> 33) % ARRAY_SIZE(starts);
			elf[starts[where] + (state >> 40) % lens[where]] ^=
				(uint8_t)(1u << (state >> 60 & 7)) | (uint8_t)(state >> 20 & 0xff);
		}
		bad += !survives(sizeof(elf));
	}
	is_u64(bad, 0, "6000 files with flipped bytes");
}

static bool refused(void)
{
	int fd = elf_fd(sizeof(elf));
	struct symbols read = table_of(fd), *table = &read;
	bool none = read.file && !symfile_cnt(read.file);

	symbols_release(table);
	close(fd);
	return none;
}

static void test_lies(void)
{
	struct elf_file file;
	int fd;

	make_elf();
	ehdr()->e_ident[EI_CLASS] = ELFCLASS32;
	ok(refused(), "a 32-bit header");
	make_elf();
	ehdr()->e_ident[EI_DATA] = ELFDATA2MSB;
	ok(refused(), "a big-endian header");
	make_elf();
	ehdr()->e_shnum = 0xfeff;
	ok(refused(), "65279 sections in 12 KiB");
	make_elf();
	ehdr()->e_shoff = UINT64_MAX - 10;
	ok(refused(), "section headers at the end of the address space");
	make_elf();
	ehdr()->e_phnum = 0xffff;
	ok(refused(), "65535 segments");
	make_elf();
	phdr(0)->p_vaddr = UINT64_MAX - 0x10;
	ok(refused(), "a segment that wraps");
	make_elf();
	shdr(SEC_SYM)->sh_size = UINT64_C(1) << 62;
	ok(refused(), "a symbol table larger than the file");
	make_elf();
	shdr(SEC_SYM)->sh_link = 99;
	ok(refused(), "a string table that is not there");
	make_elf();
	shdr(SEC_SYM)->sh_link = SEC_TEXT;
	ok(refused(), "a string table that is code");
	make_elf();
	shdr(SEC_SYM)->sh_entsize = 0;
	ok(refused(), "symbols of no size");

	fd = memfd_create("empty", MFD_CLOEXEC);
	is_i64(elf_file_init(&file, fd), -ENOEXEC, "an empty file");
	ok(write(fd, "#!/bin/sh\nexit 0\n", 17) == 17, "a text file");
	is_i64(elf_file_init(&file, fd), -ENOEXEC, "is no ELF file");
	close(fd);
	fd = open("/", O_RDONLY | O_DIRECTORY);
	ok(elf_file_init(&file, fd) < 0, "a directory");
	close(fd);
}

/* This program: functions whose addresses are known. */
__attribute__((noinline)) static int known_static(int x)
{
	return x * 3 + tap_run;
}

__attribute__((noinline)) int known_global(int x);
int known_global(int x)
{
	return known_static(x) + 1;
}

extern const char __executable_start[] __attribute__((visibility("hidden")));

static uint64_t offset_of(const struct elf_file *file, uintptr_t address)
{
	uint64_t offset = 0, end;

	/* in a PIE the lowest address is that of virtual address 0 */
	if (!elf_file_code_offset(file, address - (uintptr_t)__executable_start, &offset, &end))
		(void)elf_file_code_offset(file, address, &offset, &end);
	return offset;
}

static void test_self(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct symbols read = table_of(fd), *table = &read;
	struct elf_file file;

	ok(known_global(1) != 0, "known functions run");
	if (!ok(read.file && !elf_file_init(&file, fd), "this program is read"))
		return;
	is_str(name_at(table, offset_of(&file, (uintptr_t)known_static)), "known_static",
	       "a static function");
	is_str(name_at(table, offset_of(&file, (uintptr_t)known_global) + 1), "known_global",
	       "a global one");
	is_str(name_at(table, offset_of(&file, (uintptr_t)symfile_find) + 8), "symfile_find",
	       "one of the library");
	symbols_release(table);
	close(fd);
}

int main(void)
{
	test_choice();
	test_compressed(ELFCOMPRESS_ZLIB, "zlib");
	test_compressed(2 /* ELFCOMPRESS_ZSTD, glibc 2.36 and later */, "zstd");
	test_limits();
	test_buildid();
	test_lies();
	test_hostile();
	test_self();
	return tap_done();
}
