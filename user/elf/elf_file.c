// SPDX-License-Identifier: Apache-2.0
#include "elf/elf_file.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/reader.h"

#define MAX_PROGRAM_HEADERS 1024

int elf_file_read(const struct elf_file *file, uint64_t offset, void *buf, size_t len)
{
	char *p = buf;

	if (file->mem) {
		if (offset > file->size || len > file->size - offset)
			return -EIO;
		memcpy(buf, file->mem + offset, len);
		return 0;
	}
	while (len) {
		ssize_t n;

		if (offset > INT64_MAX)
			return -EIO;
		n = pread(file->fd, p, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -EIO;
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static bool within(const struct elf_file *file, uint64_t offset, uint64_t size)
{
	return offset <= file->size && size <= file->size - offset;
}

static int keep_segment(struct elf_file *file, const uint8_t *header)
{
	struct elf_segment seg;
	struct reader r;

	reader_init(&r, header, sizeof(Elf64_Phdr));
	seg.type = reader_u32(&r);
	seg.flags = reader_u32(&r);
	seg.offset = reader_u64(&r);
	seg.vaddr = reader_u64(&r);
	(void)reader_u64(&r); /* p_paddr */
	seg.size = reader_u64(&r);
	if (seg.type == PT_INTERP)
		file->has_interpreter = true;
	if (seg.type != PT_LOAD && seg.type != PT_NOTE && seg.type != PT_GNU_EH_FRAME &&
	    seg.type != PT_DYNAMIC)
		return 0;
	if (seg.offset > file->size)
		return 0; /* cut off: what is left of the file may still be named */
	if (seg.size > file->size - seg.offset)
		seg.size = file->size - seg.offset;
	if (seg.size > UINT64_MAX - seg.vaddr)
		return -ENOEXEC;
	if (file->segment_cnt == ELF_FILE_MAX_SEGMENTS)
		return -ENOEXEC;
	file->segments[file->segment_cnt++] = seg;
	return 0;
}

static int read_segments(struct elf_file *file, uint64_t offset, uint32_t cnt)
{
	uint8_t header[sizeof(Elf64_Phdr)];
	int r = 0;

	if (cnt > MAX_PROGRAM_HEADERS || !within(file, offset, (uint64_t)cnt * sizeof(header)))
		return -ENOEXEC;
	for (uint32_t i = 0; i < cnt && !r; i++) {
		r = elf_file_read(file, offset + (uint64_t)i * sizeof(header), header,
				  sizeof(header));
		if (!r)
			r = keep_segment(file, header);
	}
	return r;
}

static int read_headers(struct elf_file *file)
{
	static const uint8_t magic[] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
	uint8_t header[sizeof(Elf64_Ehdr)];
	uint16_t segment_size, segment_cnt, section_size;
	uint64_t segment_offset;
	struct reader r;
	int err;

	if (!within(file, 0, sizeof(header)))
		return -ENOEXEC;
	err = elf_file_read(file, 0, header, sizeof(header));
	if (err)
		return err;
	if (memcmp(header, magic, sizeof(magic)))
		return -ENOEXEC;
	reader_init(&r, header + EI_NIDENT, sizeof(header) - EI_NIDENT);
	file->type = reader_u16(&r);
	file->machine = reader_u16(&r);
	(void)reader_bytes(&r, 4 + 8); /* e_version, e_entry */
	segment_offset = reader_u64(&r);
	file->section_offset = reader_u64(&r);
	(void)reader_bytes(&r, 4 + 2); /* e_flags, e_ehsize */
	segment_size = reader_u16(&r);
	segment_cnt = reader_u16(&r);
	section_size = reader_u16(&r);
	file->section_cnt = reader_u16(&r);
	file->section_names = reader_u16(&r);
	if (segment_cnt && segment_size != sizeof(Elf64_Phdr))
		return -ENOEXEC;
	if (section_size != sizeof(Elf64_Shdr))
		file->section_cnt = 0;
	return read_segments(file, segment_offset, segment_cnt);
}

int elf_file_init(struct elf_file *file, int fd)
{
	struct stat st;

	memset(file, 0, sizeof(*file));
	file->fd = fd;
	if (fstat(fd, &st))
		return -errno;
	file->size = st.st_size < 0 ? 0 : (uint64_t)st.st_size;
	return read_headers(file);
}

int elf_file_init_mem(struct elf_file *file, const void *p, size_t len)
{
	memset(file, 0, sizeof(*file));
	file->fd = -1;
	file->mem = p;
	file->size = len;
	return read_headers(file);
}

static void parse_section(const struct elf_file *file, const uint8_t *header,
			  struct elf_section *ret)
{
	struct reader r;

	reader_init(&r, header, sizeof(Elf64_Shdr));
	ret->name = reader_u32(&r);
	ret->type = reader_u32(&r);
	ret->flags = reader_u64(&r);
	ret->vaddr = reader_u64(&r);
	ret->offset = reader_u64(&r);
	ret->size = reader_u64(&r);
	ret->link = reader_u32(&r);
	(void)reader_bytes(&r, 4 + 8); /* sh_info, sh_addralign */
	ret->entsize = reader_u64(&r);
	if (ret->type != SHT_NOBITS && !within(file, ret->offset, ret->size))
		ret->type = SHT_NULL;
}

int elf_file_sections(const struct elf_file *file, struct elf_section **ret_sections,
		      size_t *ret_cnt)
{
	size_t cnt = file->section_cnt, bytes = cnt * sizeof(Elf64_Shdr);
	struct elf_section *sections = NULL;
	uint8_t *headers = NULL;
	int r;

	if (cnt > ELF_FILE_MAX_SECTIONS)
		return -EFBIG;
	if (!within(file, file->section_offset, bytes))
		return -ENOEXEC;
	if (!cnt) {
		*ret_sections = NULL;
		*ret_cnt = 0;
		return 0;
	}
	headers = malloc(bytes);
	sections = calloc(cnt, sizeof(*sections));
	r = headers && sections ? elf_file_read(file, file->section_offset, headers, bytes)
				: -ENOMEM;
	if (!r) {
		for (size_t i = 0; i < cnt; i++)
			parse_section(file, headers + i * sizeof(Elf64_Shdr), &sections[i]);
		*ret_sections = sections;
		*ret_cnt = cnt;
		sections = NULL;
	}
	free(headers);
	free(sections);
	return r;
}

const struct elf_section *elf_file_find_section(const struct elf_file *file,
						const struct elf_section *sections, size_t cnt,
						const char *name)
{
	size_t len = strlen(name) + 1;
	const struct elf_section *names;
	char found[64];

	if (file->section_names >= cnt || len > sizeof(found))
		return NULL;
	names = &sections[file->section_names];
	if (names->type != SHT_STRTAB)
		return NULL;
	for (size_t i = 0; i < cnt; i++) {
		if (sections[i].type == SHT_NULL || sections[i].type == SHT_NOBITS)
			continue;
		if (sections[i].name > names->size || len > names->size - sections[i].name)
			continue;
		if (!elf_file_read(file, names->offset + sections[i].name, found, len) &&
		    !memcmp(found, name, len))
			return &sections[i];
	}
	return NULL;
}

bool elf_file_code_offset(const struct elf_file *file, uint64_t vaddr, uint64_t *ret_offset,
			  uint64_t *ret_end)
{
	for (uint32_t i = 0; i < file->segment_cnt; i++) {
		const struct elf_segment *seg = &file->segments[i];

		if (seg->type != PT_LOAD || !(seg->flags & PF_X))
			continue;
		if (vaddr < seg->vaddr || vaddr - seg->vaddr >= seg->size)
			continue;
		*ret_offset = seg->offset + (vaddr - seg->vaddr);
		*ret_end = seg->offset + seg->size;
		return true;
	}
	return false;
}
