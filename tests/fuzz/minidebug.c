// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=4096 */
/*
 * A .gnu_debugdata section. The first byte of the input: 'x', the rest is the compressed stream as
 * it is; else the rest is what is compressed, since a fuzzer does not write xz.
 */
#include <elf.h>
#include <lzma.h>

#include "elf/minidebug.h"
#include "fuzz/fuzz.h"

#define NAMES	 "\0.shstrtab\0.gnu_debugdata"
#define MAX_FILE 16384

/* A file of three sections, the last of which is the debug data. Its size. */
static size_t wrap(const uint8_t *data, size_t size, uint8_t *out)
{
	const uint64_t names = sizeof(Elf64_Ehdr), debug = names + sizeof(NAMES);
	const uint64_t headers = (debug + size + 7) & ~UINT64_C(7);
	Elf64_Ehdr ehdr = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_shoff = headers,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 3,
		.e_shstrndx = 1,
	};
	Elf64_Shdr shdr[3] = {
		{0},
		{.sh_name = 1, .sh_type = SHT_STRTAB, .sh_offset = names, .sh_size = sizeof(NAMES)},
		{.sh_name = 11, .sh_type = SHT_PROGBITS, .sh_offset = debug, .sh_size = size},
	};

	memcpy(out, &ehdr, sizeof(ehdr));
	memcpy(out + names, NAMES, sizeof(NAMES));
	memcpy(out + debug, data, size);
	memcpy(out + headers, shdr, sizeof(shdr));
	return headers + sizeof(shdr);
}

static void open_debug(const uint8_t *image, size_t size)
{
	struct elf_section *sections;
	struct elf_file file, inner;
	uint8_t *bytes;
	size_t cnt;

	must(!elf_file_init(&file, fuzz_file(image, size, NULL)));
	must(!elf_file_sections(&file, &sections, &cnt) && cnt == 3);
	if (!minidebug_open(&file, sections, cnt, &bytes, &inner)) {
		must(inner.size <= MINIDEBUG_MAX_BYTES);
		fuzz_touch(bytes, inner.size);
		free(bytes);
	}
	free(sections);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t image[MAX_FILE], stream[MAX_FILE / 2];
	size_t len = 0;

	if (!size || size > MAX_FILE / 4)
		return 0;
	if (data[0] == 'x') {
		memcpy(stream, data + 1, size - 1);
		len = size - 1;
	} else {
		must(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, data + 1, size - 1, stream,
					     &len, sizeof(stream)) == LZMA_OK);
	}
	open_debug(image, wrap(stream, len, image));
	return 0;
}
