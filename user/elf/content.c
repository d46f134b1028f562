// SPDX-License-Identifier: Apache-2.0
#include "elf/content.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compress.h"
#include "base/reader.h"

#ifndef ELFCOMPRESS_ZSTD /* glibc before 2.36 */
#define ELFCOMPRESS_ZSTD 2
#endif

#define OLD_HEADER 12 /* "ZLIB" and eight bytes of size */

struct packing {
	enum compress_format format;
	size_t header_bytes;
	uint64_t expanded;
};

static int read_new_header(const struct elf_file *file, const struct elf_section *section,
			   struct packing *ret)
{
	uint8_t header[sizeof(Elf64_Chdr)];
	struct reader r;
	uint32_t type;

	if (section->size < sizeof(header) ||
	    elf_file_read(file, section->offset, header, sizeof(header)))
		return -ENOEXEC;
	reader_init(&r, header, sizeof(header));
	type = reader_u32(&r);
	(void)reader_u32(&r); /* ch_reserved */
	ret->expanded = reader_u64(&r);
	ret->header_bytes = sizeof(header);
	ret->format = type == ELFCOMPRESS_ZSTD ? COMPRESS_ZSTD : COMPRESS_ZLIB;
	return type == ELFCOMPRESS_ZLIB || type == ELFCOMPRESS_ZSTD ? 0 : -ENOEXEC;
}

static int read_old_header(const struct elf_file *file, const struct elf_section *section,
			   struct packing *ret)
{
	uint8_t header[OLD_HEADER];

	if (section->size < sizeof(header) ||
	    elf_file_read(file, section->offset, header, sizeof(header)) ||
	    memcmp(header, "ZLIB", 4))
		return -ENOEXEC;
	*ret = (struct packing){.format = COMPRESS_ZLIB, .header_bytes = sizeof(header)};
	for (size_t i = 4; i < sizeof(header); i++)
		ret->expanded = ret->expanded << 8 | header[i];
	return 0;
}

static int expand(const struct elf_file *file, const struct elf_section *section,
		  const struct packing *packing, size_t max_bytes, struct elf_content *ret)
{
	size_t len = (size_t)section->size - packing->header_bytes;
	char *packed;
	uint8_t *data;
	int r;

	if (section->size > max_bytes || packing->expanded > max_bytes)
		return -EFBIG;
	packed = malloc(len ? len : 1);
	data = malloc(packing->expanded ? packing->expanded : 1);
	r = packed && data
		    ? elf_file_read(file, section->offset + packing->header_bytes, packed, len)
		    : -ENOMEM;
	if (!r)
		r = compress_expand(packing->format, (struct str){packed, len}, data,
				    packing->expanded);
	free(packed);
	if (r) {
		free(data);
		return r == -EBADMSG ? -ENOEXEC : r;
	}
	*ret = (struct elf_content){
		.file = file, .size = packing->expanded, .data = data, .is_expanded = true};
	return 0;
}

int elf_content_open(const struct elf_file *file, const struct elf_section *section,
		     size_t max_bytes, struct elf_content *ret)
{
	struct packing packing;
	int r;

	if (section->type == SHT_NULL || section->type == SHT_NOBITS)
		return -ENOEXEC;
	if (section->flags & SHF_COMPRESSED) {
		r = read_new_header(file, section, &packing);
		return r ? r : expand(file, section, &packing, max_bytes, ret);
	}
	*ret = (struct elf_content){.file = file, .offset = section->offset, .size = section->size};
	return 0;
}

int elf_content_open_debug(const struct elf_file *file, const struct elf_section *sections,
			   size_t cnt, const char *name, size_t max_bytes, struct elf_content *ret)
{
	const struct elf_section *section;
	struct packing packing;
	char full[64];
	int r;

	(void)snprintf(full, sizeof(full), ".debug_%s", name);
	section = elf_file_find_section(file, sections, cnt, full);
	if (section)
		return elf_content_open(file, section, max_bytes, ret);
	(void)snprintf(full, sizeof(full), ".zdebug_%s", name);
	section = elf_file_find_section(file, sections, cnt, full);
	if (!section)
		return -ENOENT;
	r = read_old_header(file, section, &packing);
	return r ? r : expand(file, section, &packing, max_bytes, ret);
}

int elf_content_load(struct elf_content *c, size_t max_bytes)
{
	uint8_t *data;
	int r;

	if (c->data)
		return 0;
	if (c->size > max_bytes)
		return -EFBIG;
	data = malloc(c->size ? c->size : 1);
	r = data ? elf_file_read(c->file, c->offset, data, c->size) : -ENOMEM;
	if (r) {
		free(data);
		return r;
	}
	c->data = data;
	return 0;
}

void elf_content_release(struct elf_content *c)
{
	free(c->data);
	*c = (struct elf_content){.file = NULL};
}

int elf_content_read(const struct elf_content *c, uint64_t offset, void *buf, size_t len)
{
	if (offset > c->size || len > c->size - offset)
		return -EIO;
	if (!c->data)
		return elf_file_read(c->file, c->offset + offset, buf, len);
	memcpy(buf, c->data + offset, len);
	return 0;
}

size_t elf_content_text(const struct elf_content *c, uint64_t offset, char *buf, size_t cap)
{
	size_t len = cap - 1;

	if (offset >= c->size)
		len = 0;
	else if (len > c->size - offset)
		len = (size_t)(c->size - offset);
	if (c->data && len)
		len = strnlen((const char *)c->data + offset, len);
	if (elf_content_read(c, offset < c->size ? offset : 0, buf, len))
		len = 0;
	len = strnlen(buf, len);
	buf[len] = '\0';
	return len;
}
