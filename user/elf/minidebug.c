// SPDX-License-Identifier: Apache-2.0
#include "elf/minidebug.h"

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>

#include "elf/content.h"

#define MAX_XZ_BYTES  ((size_t)32 << 20)
#define MAX_XZ_MEMORY (UINT64_C(96) << 20) /* of the decoder; -9 takes 65 MiB */
#define FIRST_CAP     ((size_t)1 << 20)

/*
 * The size is not told beforehand (it is in the index at the end, which may lie), so the output
 * grows as it comes. Never more than twice what is there, at most the maximum.
 */
static int unxz(const struct elf_content *xz, uint8_t **ret_data, size_t *ret_len)
{
	lzma_stream lzma = LZMA_STREAM_INIT;
	size_t cap = 0;
	uint8_t *data = NULL, *grown;
	lzma_ret z = lzma_stream_decoder(&lzma, MAX_XZ_MEMORY, 0);
	int r = 0;

	lzma.next_in = xz->data;
	lzma.avail_in = xz->size;
	while (z == LZMA_OK && !r) {
		if (!lzma.avail_out) {
			cap = cap ? cap * 2 : FIRST_CAP;
			r = cap > MINIDEBUG_MAX_BYTES ? -EFBIG : 0;
			grown = r ? NULL : realloc(data, cap);
			if (!grown) {
				r = r ? r : -ENOMEM;
				break;
			}
			data = grown;
			lzma.next_out = data + lzma.total_out;
			lzma.avail_out = cap - (size_t)lzma.total_out;
		}
		z = lzma_code(&lzma, LZMA_FINISH);
	}
	*ret_len = (size_t)lzma.total_out;
	lzma_end(&lzma);
	if (!r && z != LZMA_STREAM_END)
		r = z == LZMA_MEM_ERROR ? -ENOMEM : -ENOEXEC;
	if (r) {
		free(data);
		return r;
	}
	*ret_data = data;
	return 0;
}

int minidebug_open(const struct elf_file *file, const struct elf_section *sections, size_t cnt,
		   uint8_t **ret_data, struct elf_file *ret_file)
{
	const struct elf_section *section =
		elf_file_find_section(file, sections, cnt, ".gnu_debugdata");
	struct elf_content xz;
	uint8_t *data = NULL;
	size_t len = 0;
	int r;

	if (!section)
		return -ENOENT;
	r = elf_content_open(file, section, MAX_XZ_BYTES, &xz);
	if (r)
		return r;
	r = elf_content_load(&xz, MAX_XZ_BYTES);
	if (!r)
		r = unxz(&xz, &data, &len);
	elf_content_release(&xz);
	if (!r)
		r = elf_file_init_mem(ret_file, data, len);
	if (r) {
		free(data);
		return r;
	}
	*ret_data = data;
	return 0;
}
