// SPDX-License-Identifier: Apache-2.0
/*
 * header       magic, 0, 0, quantum, pointer size, then words of the size of a pointer:
 *   1.2        functions; functab follows; every offset counts from the header
 *   1.16       functions, files,       names, cus, files, pcs, functab
 *   1.18       functions, files, text, names, cus, files, pcs, functab
 * functab      (address, record) in words; from 1.18 on in u32, addresses from `text` on
 *
 * From 1.26 on the header does not know `text` any more; it is then in the structure that begins
 * with a pointer to the header (runtime.moduledata), which is found by that pointer: in the data,
 * or among the relocations that will write it.
 */
#include "elf/pclnfind.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"

#define MAGIC_1_2  0xfffffffb
#define MAGIC_1_16 0xfffffffa
#define MAGIC_1_18 0xfffffff0
#define MAGIC_1_20 0xfffffff1

#define HEADER_WORDS   8
#define HEADER_BYTES   (8 + 8 * HEADER_WORDS)
#define TEXT_WORD      24 /* where the header has `text` */
#define SCAN_BYTES     65536
#define RELOCS_A_READ  1024
#define MAX_RELOCS     (1U << 22)
#define MAX_DYNAMIC    4096
#define MAX_CANDIDATES 8
#define MAX_TRIES      1024 /* headers that turn out to be none */

/* In runtime.moduledata, since 1.16: a pointer, six slices, a word, then these. */
#define MODULE_MINPC 160
#define MODULE_TEXT  176

static uint64_t read_word(const struct elf_file *file, uint64_t offset, size_t len)
{
	uint8_t bytes[8] = {0};
	struct reader r;

	if (elf_file_read(file, offset, bytes, len))
		return 0;
	reader_init(&r, bytes, sizeof(bytes));
	return reader_u64(&r);
}

/* The loaded segment that a file offset belongs to. */
static const struct elf_segment *segment_of(const struct elf_file *file, uint64_t offset)
{
	for (uint32_t i = 0; i < file->segment_cnt; i++) {
		const struct elf_segment *seg = &file->segments[i];

		if (seg->type == PT_LOAD && offset >= seg->offset &&
		    offset - seg->offset < seg->size)
			return seg;
	}
	return NULL;
}

static bool to_offset(const struct elf_file *file, uint64_t vaddr, uint64_t *ret)
{
	for (uint32_t i = 0; i < file->segment_cnt; i++) {
		const struct elf_segment *seg = &file->segments[i];

		if (seg->type == PT_LOAD && vaddr >= seg->vaddr && vaddr - seg->vaddr < seg->size) {
			*ret = seg->offset + (vaddr - seg->vaddr);
			return true;
		}
	}
	return false;
}

static bool is_code(const struct elf_file *file, uint64_t vaddr)
{
	uint64_t offset, end;

	return elf_file_code_offset(file, vaddr, &offset, &end);
}

/* Does a header begin with these 8 bytes? Says which. */
static bool is_magic(const uint8_t *p, uint8_t quantum, enum pclntab_version *ret)
{
	struct reader r;

	if (p[4] || p[5] || p[6] != quantum || p[7] != 8)
		return false;
	reader_init(&r, p, 4);
	switch (reader_u32(&r)) {
	case MAGIC_1_2:
		*ret = PCLNTAB_GO_1_2;
		return true;
	case MAGIC_1_16:
		*ret = PCLNTAB_GO_1_16;
		return true;
	case MAGIC_1_18:
		*ret = PCLNTAB_GO_1_18;
		return true;
	case MAGIC_1_20:
		*ret = PCLNTAB_GO_1_20;
		return true;
	}
	return false;
}

static size_t functab_width(const struct pclntab_place *p)
{
	return p->version >= PCLNTAB_GO_1_18 ? 4 : 8;
}

static uint64_t functab_word(const struct elf_file *file, const struct pclntab_place *p, uint32_t i)
{
	size_t width = functab_width(p);

	return read_word(file, p->functab + (uint64_t)i * width, width);
}

/* Takes the header apart and checks that what it points to is within the segment. */
static bool read_header(const struct elf_file *file, uint64_t offset, struct pclntab_place *p)
{
	const struct elf_segment *seg = segment_of(file, offset);
	uint64_t words[HEADER_WORDS], room;
	uint8_t header[HEADER_BYTES];
	size_t first = p->version >= PCLNTAB_GO_1_18 ? 3 : 2;
	struct reader r;

	if (!seg || elf_file_read(file, offset, header, sizeof(header)))
		return false;
	reader_init(&r, header + 8, sizeof(header) - 8);
	for (size_t i = 0; i < HEADER_WORDS; i++)
		words[i] = reader_u64(&r);
	p->offset = offset;
	p->end = seg->offset + seg->size;
	room = p->end - offset;
	if (!words[0] || words[0] >= PCLNTAB_MAX_FUNCTIONS)
		return false;
	p->cnt = (uint32_t)words[0];
	p->text = p->version >= PCLNTAB_GO_1_18 ? words[2] : 0;
	if (p->version == PCLNTAB_GO_1_2) {
		p->names = p->pcs = p->records = offset;
		p->functab = offset + 16;
	} else {
		if (words[first] >= room || words[first + 3] >= room || words[first + 4] >= room)
			return false;
		p->names = offset + words[first];
		p->pcs = offset + words[first + 3];
		p->records = p->functab = offset + words[first + 4];
	}
	return (2 * (uint64_t)p->cnt + 1) * functab_width(p) <= p->end - p->functab;
}

/* Does a function's own record say again where it begins? */
static bool is_recorded(const struct elf_file *file, const struct pclntab_place *p, uint32_t i)
{
	uint64_t entry = functab_word(file, p, 2 * i), record = functab_word(file, p, 2 * i + 1);

	return record < p->end - p->records &&
	       read_word(file, p->records + record, functab_width(p)) == entry;
}

static bool is_consistent(const struct elf_file *file, const struct pclntab_place *p)
{
	uint64_t first = functab_word(file, p, 0), last = functab_word(file, p, 2 * (p->cnt - 1));

	if (first > last || last > functab_word(file, p, 2 * p->cnt) ||
	    (p->version < PCLNTAB_GO_1_18 && !is_code(file, first)))
		return false;
	return is_recorded(file, p, 0) && is_recorded(file, p, p->cnt - 1);
}

static bool is_text(const struct elf_file *file, const struct pclntab_place *p, uint64_t text)
{
	return text && is_code(file, text + functab_word(file, p, 0)) &&
	       is_code(file, text + functab_word(file, p, 2 * (p->cnt - 1)));
}

/* Where the dynamic linker's table of relocations is in the file. */
static bool find_relocs(const struct elf_file *file, uint64_t *ret_offset, uint64_t *ret_cnt)
{
	uint64_t address = 0, bytes = 0;

	for (uint32_t i = 0; i < file->segment_cnt; i++) {
		const struct elf_segment *seg = &file->segments[i];
		uint64_t cnt = seg->size / sizeof(Elf64_Dyn);

		for (uint64_t k = 0; seg->type == PT_DYNAMIC && k < cnt && k < MAX_DYNAMIC; k++) {
			uint64_t at = seg->offset + k * sizeof(Elf64_Dyn);
			uint64_t tag = read_word(file, at, 8);

			if (tag == DT_NULL)
				break;
			if (tag == DT_RELA)
				address = read_word(file, at + 8, 8);
			else if (tag == DT_RELASZ)
				bytes = read_word(file, at + 8, 8);
		}
	}
	if (!address || !to_offset(file, address, ret_offset))
		return false;
	*ret_cnt = bytes / sizeof(Elf64_Rela);
	if (*ret_cnt > MAX_RELOCS)
		*ret_cnt = MAX_RELOCS;
	return true;
}

struct pointers {
	uint64_t at[MAX_CANDIDATES]; /* addresses of words */
	size_t cnt;
};

static void add_pointer(struct pointers *found, uint64_t at)
{
	if (found->cnt < MAX_CANDIDATES)
		found->at[found->cnt++] = at;
}

/*
 * Looks through the relocations that write an address of the file itself: for those that write
 * `value`, or, with `found` NULL, for what is written at `where`; 0 when nothing is.
 */
static uint64_t scan_relocs(const struct elf_file *file, uint64_t where, uint64_t value,
			    struct pointers *found)
{
	uint64_t relative = file->machine == EM_AARCH64 ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE;
	uint8_t *bytes = malloc(RELOCS_A_READ * sizeof(Elf64_Rela));
	uint64_t offset, left = 0, ret = 0;

	if (!bytes || !find_relocs(file, &offset, &left))
		left = 0;
	while (left && !ret) {
		size_t cnt = left < RELOCS_A_READ ? (size_t)left : RELOCS_A_READ;
		struct reader r;

		if (elf_file_read(file, offset, bytes, cnt * sizeof(Elf64_Rela)))
			break;
		reader_init(&r, bytes, cnt * sizeof(Elf64_Rela));
		for (size_t i = 0; i < cnt; i++) {
			uint64_t at = reader_u64(&r), info = reader_u64(&r),
				 addend = reader_u64(&r);

			if (info != relative)
				continue;
			if (found && addend == value)
				add_pointer(found, at);
			else if (!found && at == where)
				ret = addend;
		}
		offset += cnt * sizeof(Elf64_Rela);
		left -= cnt;
	}
	free(bytes);
	return ret;
}

/* A pointer as it will be once the file is loaded at 0; 0 when there is none. */
static uint64_t read_pointer(const struct elf_file *file, uint64_t vaddr)
{
	uint64_t offset, value = 0;

	if (to_offset(file, vaddr, &offset))
		value = read_word(file, offset, 8);
	return value ? value : scan_relocs(file, vaddr, 0, NULL);
}

/* Called for each 8-byte word of what is loaded; true stops. */
typedef bool (*word_fn)(void *arg, const uint8_t *word, uint64_t offset, uint64_t vaddr);

static int scan_segment(const struct elf_file *file, const struct elf_segment *seg,
			uint64_t *budget, word_fn fn, void *arg)
{
	uint8_t *bytes = malloc(SCAN_BYTES);
	uint64_t at = seg->offset + (-seg->vaddr & 7), end = seg->offset + seg->size;
	int r = bytes ? 0 : -ENOMEM;

	while (!r && at < end && end - at >= 8 && *budget) {
		size_t len = end - at < SCAN_BYTES ? (size_t)(end - at) : SCAN_BYTES;

		if (elf_file_read(file, at, bytes, len))
			break;
		for (size_t i = 0; i + 8 <= len && !r; i += 8)
			r = fn(arg, bytes + i, at + i, seg->vaddr + (at + i - seg->offset));
		at += len;
		*budget -= *budget < len ? *budget : len;
	}
	free(bytes);
	return r;
}

/* 1 when stopped by fn, 0, -ENOMEM. Data first: code is the least likely place. */
static int scan(const struct elf_file *file, word_fn fn, void *arg)
{
	uint64_t budget = PCLNTAB_MAX_SCAN;
	int r = 0;

	for (int with_code = 0; with_code < 2; with_code++) {
		for (uint32_t i = 0; i < file->segment_cnt && !r; i++) {
			const struct elf_segment *seg = &file->segments[i];

			if (seg->type == PT_LOAD && !(seg->flags & PF_X) == !with_code)
				r = scan_segment(file, seg, &budget, fn, arg);
		}
	}
	return r;
}

struct pointer_scan {
	struct pointers found;
	uint8_t value[8];
};

static bool is_pointer(void *arg, const uint8_t *word, uint64_t offset, uint64_t vaddr)
{
	struct pointer_scan *s = arg;

	if (!memcmp(word, s->value, sizeof(s->value)))
		add_pointer(&s->found, vaddr);
	return s->found.cnt == MAX_CANDIDATES;
}

/* From the structure that begins with a pointer to the header. */
static int text_of_module(const struct elf_file *file, struct pclntab_place *p)
{
	const struct elf_segment *seg = segment_of(file, p->offset);
	uint64_t header = seg->vaddr + (p->offset - seg->offset);
	struct pointer_scan s = {0};
	int r;

	for (size_t i = 0; i < sizeof(s.value); i++)
		s.value[i] = (uint8_t)(header >> (8 * i));
	r = scan(file, is_pointer, &s);
	if (r < 0)
		return r;
	scan_relocs(file, 0, header, &s.found);
	for (size_t i = 0; i < s.found.cnt; i++) {
		uint64_t text = read_pointer(file, s.found.at[i] + MODULE_TEXT);
		uint64_t first = read_pointer(file, s.found.at[i] + MODULE_MINPC);

		if (is_text(file, p, text) && first == text + functab_word(file, p, 0)) {
			p->text = text;
			return 0;
		}
	}
	return -ENOENT;
}

static int find_text(const struct elf_file *file, struct pclntab_place *p)
{
	const struct elf_segment *seg = segment_of(file, p->offset);

	if (p->version < PCLNTAB_GO_1_18 || is_text(file, p, p->text))
		return 0;
	p->text = scan_relocs(file, seg->vaddr + (p->offset - seg->offset) + TEXT_WORD, 0, NULL);
	if (is_text(file, p, p->text))
		return 0;
	return text_of_module(file, p);
}

struct header_scan {
	const struct elf_file *file;
	struct pclntab_place place;
	uint32_t tries;
	uint8_t quantum;
};

static bool is_header(void *arg, const uint8_t *word, uint64_t offset, uint64_t vaddr)
{
	struct header_scan *s = arg;

	return is_magic(word, s->quantum, &s->place.version) && s->tries++ < MAX_TRIES &&
	       read_header(s->file, offset, &s->place) && is_consistent(s->file, &s->place);
}

/*
 * 1 when a section begins with the table, 0 when none does; *ret_maybe is whether the table may
 * still be somewhere: not in a file whose sections show that it is not Go's.
 */
static int scan_sections(struct header_scan *s, bool *ret_maybe)
{
	static const char buildinfo[] = "\xff Go buildinf:";
	struct elf_section *sections = NULL;
	uint8_t head[sizeof(buildinfo) - 1];
	bool is_go = false;
	size_t cnt = 0;
	int r = elf_file_sections(s->file, &sections, &cnt);

	*ret_maybe = true;
	if (r)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; i < cnt && !r; i++) {
		const struct elf_section *sec = &sections[i];

		if (sec->type != SHT_PROGBITS || !(sec->flags & SHF_ALLOC) ||
		    sec->size < sizeof(head) ||
		    elf_file_read(s->file, sec->offset, head, sizeof(head)))
			continue;
		is_go |= !memcmp(head, buildinfo, sizeof(head));
		r = is_header(s, head, sec->offset, 0);
	}
	*ret_maybe = is_go || !cnt;
	free(sections);
	return r;
}

int pclnfind(const struct elf_file *file, struct pclntab_place *ret)
{
	struct header_scan s = {.file = file};
	bool maybe;
	int r;

	if (file->machine != EM_X86_64 && file->machine != EM_AARCH64)
		return -ENOENT;
	s.place.is_arm64 = file->machine == EM_AARCH64;
	s.quantum = s.place.is_arm64 ? 4 : 1;
	r = scan_sections(&s, &maybe);
	if (!r && maybe)
		r = scan(file, is_header, &s);
	if (r <= 0)
		return r ? r : -ENOENT;
	r = find_text(file, &s.place);
	if (!r)
		*ret = s.place;
	return r;
}
