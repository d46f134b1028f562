// SPDX-License-Identifier: Apache-2.0
#include "elf/cfi_index.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "elf/dwarf_defs.h"

#define HDR_MAX_FIELDS 32 /* bytes before the table, at most */
#define TWINS_MAX      16 /* entries with one address that are looked through */

int cfi_index_from_table(struct cfi_index *ix, const struct elf_file *file, uint64_t offset,
			 uint64_t size, uint64_t vaddr, uint64_t *ret_frames)
{
	size_t len = size < HDR_MAX_FIELDS ? (size_t)size : HDR_MAX_FIELDS;
	uint8_t frames_encoding, cnt_encoding, table_encoding;
	uint64_t cnt;
	struct reader r;
	const uint8_t *p;

	window_init(&ix->window, file, offset, size);
	p = window_view(&ix->window, 0, len);
	if (!p)
		return -ENOEXEC;
	reader_init(&r, p, len);
	if (reader_u8(&r) != 1)
		return -ENOEXEC;
	frames_encoding = reader_u8(&r);
	cnt_encoding = reader_u8(&r);
	table_encoding = reader_u8(&r);
	*ret_frames = cfi_address(&r, frames_encoding, vaddr + 4, vaddr);
	if (r.failed)
		return -ENOEXEC;
	if (cnt_encoding == DW_EH_PE_omit || table_encoding == DW_EH_PE_omit)
		return -ENOENT;
	cnt = cfi_address(&r, cnt_encoding, vaddr + (uint64_t)(r.p - p), vaddr);
	ix->table_at = (uint64_t)(r.p - p);
	ix->entry_size = table_encoding == (DW_EH_PE_datarel | DW_EH_PE_sdata4)	  ? 8
			 : table_encoding == (DW_EH_PE_datarel | DW_EH_PE_sdata8) ? 16
										  : 0;
	if (r.failed || !ix->entry_size ||
	    cnt > window_left(&ix->window, ix->table_at) / ix->entry_size)
		return -ENOENT;
	ix->cnt = (size_t)cnt;
	ix->hdr_vaddr = vaddr;
	return 0;
}

static int by_vaddr(const void *pa, const void *pb)
{
	const struct cfi_index_entry *a = pa, *b = pb;

	if (a->vaddr != b->vaddr)
		return a->vaddr < b->vaddr ? -1 : 1;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

int cfi_index_from_section(struct cfi_index *ix, struct cfi_section *s, bool zero_ends)
{
	struct cfi_index_entry *entries = NULL;
	size_t cnt = 0, cap = 0;
	uint64_t next;

	/* What lies behind the end mark of a section without a size is something else. */
	if (s->window.size > CFI_INDEX_MAX_BYTES && !zero_ends)
		return -EFBIG;
	for (uint64_t at = 0; window_left(&s->window, at); at = next) {
		struct cfi_fde fde;
		enum cfi_entry kind = cfi_section_entry(s, at, &fde, &next);
		int r = at > CFI_INDEX_MAX_BYTES ? -EFBIG : 0;

		if (!next || (kind == CFI_ENTRY_END && zero_ends))
			break;
		if (kind == CFI_ENTRY_FDE && !r)
			r = mem_grow(&entries, &cap, cnt + 1, sizeof(*entries), CFI_INDEX_MAX_FDES);
		if (r) {
			free(entries);
			return r == -ENOSPC ? -EFBIG : r;
		}
		if (kind == CFI_ENTRY_FDE)
			entries[cnt++] = (struct cfi_index_entry){fde.begin, (uint32_t)at};
	}
	if (cnt)
		qsort(entries, cnt, sizeof(*entries), by_vaddr);
	free(ix->entries);
	ix->entries = entries;
	ix->cnt = cnt;
	return 0;
}

void cfi_index_release(struct cfi_index *ix)
{
	free(ix->entries);
	ix->entries = NULL;
	ix->cnt = 0;
}

static bool table_get(struct cfi_index *ix, size_t i, uint64_t *ret_vaddr, uint64_t *ret_fde)
{
	const uint8_t *p = window_view(&ix->window, ix->table_at + (uint64_t)i * ix->entry_size,
				       ix->entry_size);
	uint8_t format = ix->entry_size == 8 ? DW_EH_PE_sdata4 : DW_EH_PE_sdata8;
	struct reader r;

	if (!p)
		return false;
	reader_init(&r, p, ix->entry_size);
	*ret_vaddr = ix->hdr_vaddr + cfi_address(&r, format, 0, 0);
	*ret_fde = ix->hdr_vaddr + cfi_address(&r, format, 0, 0);
	return true;
}

bool cfi_index_get(struct cfi_index *ix, size_t i, uint64_t section_vaddr, uint64_t *ret_vaddr,
		   uint64_t *ret_offset)
{
	uint64_t fde;

	if (ix->entries) {
		*ret_vaddr = ix->entries[i].vaddr;
		*ret_offset = ix->entries[i].offset;
		return true;
	}
	if (!table_get(ix, i, ret_vaddr, &fde))
		return false;
	*ret_offset = fde - section_vaddr; /* beyond the section if it is before it */
	return true;
}

int cfi_index_find(struct cfi_index *ix, uint64_t vaddr, size_t *ret_i)
{
	uint64_t low = 0, high = UINT64_MAX, v, unused;
	size_t begin = 0, end = ix->cnt;

	/* Entries before `begin` are at or before vaddr, those from `end` on behind it. */
	while (begin < end) {
		size_t mid = begin + (end - begin) / 2;

		if (!cfi_index_get(ix, mid, 0, &v, &unused) || v < low || v > high)
			return -EILSEQ;
		if (v <= vaddr) {
			begin = mid + 1;
			low = v;
		} else {
			end = mid;
			high = v;
		}
	}
	if (begin)
		begin--;
	for (size_t i = 0; i < TWINS_MAX && begin; i++) {
		if (!cfi_index_get(ix, begin - 1, 0, &v, &unused) || v != low)
			break;
		begin--;
	}
	*ret_i = begin;
	return 0;
}
