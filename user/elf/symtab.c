// SPDX-License-Identifier: Apache-2.0
/*
 *	sources ──► syms, unsorted, each with its rank in the low bits of `key`
 *	        ──► sort by (offset, rank) ──► one name per offset ──► ends for symbols without a size
 *
 * Everything happens in one array in place. A symbol's size shares a word with the number of the
 * string table that its name is in.
 */
#include "elf/symtab.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SIZE_BITS	 29 /* a function of half a gigabyte does not exist */
#define SIZE_MAX_VALUE	 ((UINT32_C(1) << SIZE_BITS) - 1)
#define RANK_BITS	 8
#define MAX_TIES	 65536 /* names compared to choose among aliases; afterwards the first wins */
#define MAX_STRING_BYTES ((size_t)256 << 20)

void symtab_init(struct symtab *t, const struct elf_file *image, uint32_t max)
{
	*t = (struct symtab){.image = image, .max = max, .region_cnt = 1};
	buf_init(&t->strings, MAX_STRING_BYTES);
}

void symtab_release(struct symtab *t)
{
	for (size_t i = 1; i < t->region_cnt; i++) /* [0] is in `strings` */
		elf_content_release(&t->regions[i]);
	buf_release(&t->strings);
	free(t->syms);
}

int symtab_add_region(struct symtab *t, struct elf_content *strings)
{
	if (t->region_cnt == SYMTAB_MAX_REGIONS) {
		elf_content_release(strings);
		return -ENOSPC;
	}
	t->regions[t->region_cnt] = *strings;
	return (int)t->region_cnt++;
}

uint32_t symtab_size(const struct symtab_sym *s)
{
	return s->size & SIZE_MAX_VALUE;
}

unsigned int symtab_region(const struct symtab_sym *s)
{
	return s->size >> SIZE_BITS;
}

/* GNU ld writes the version of a symbol into its name in .symtab: memcpy@@GLIBC_2.14. */
static size_t cut_version(char *name, size_t len)
{
	char *at = memchr(name, '@', len);

	if (!at || at == name)
		return len;
	*at = '\0';
	return (size_t)(at - name);
}

size_t symtab_name(const struct symtab *t, const struct symtab_sym *s, char *name, size_t cap)
{
	const struct elf_content *region = &t->regions[symtab_region(s)];
	size_t len = elf_content_text(region, s->name, name, cap);

	return symtab_region(s) ? cut_version(name, len) : len;
}

int symtab_reserve(struct symtab *t, uint64_t cnt)
{
	struct symtab_sym *syms;

	if (cnt > t->max || t->cnt + cnt > t->max)
		return -ENOSPC;
	if (t->cnt + cnt <= t->cap)
		return 0;
	syms = realloc(t->syms, (t->cnt + cnt) * sizeof(*syms));
	if (!syms)
		return -ENOMEM;
	t->syms = syms;
	t->cap = t->cnt + cnt;
	return 0;
}

int symtab_add(struct symtab *t, uint64_t vaddr, uint64_t size, unsigned int rank,
	       unsigned int region, uint32_t name)
{
	uint64_t offset, end;
	int r;

	if (!elf_file_code_offset(t->image, vaddr, &offset, &end) || offset >> SYMTAB_OFFSET_BITS)
		return 0;
	if (size > end - offset)
		size = end - offset;
	if (size > SIZE_MAX_VALUE)
		size = SIZE_MAX_VALUE;
	r = mem_grow(&t->syms, &t->cap, t->cnt + 1, sizeof(*t->syms), t->max);
	if (r)
		return r;
	t->syms[t->cnt++] = (struct symtab_sym){
		.key = offset << RANK_BITS | rank | (size ? 0 : SYMTAB_NO_SIZE),
		.size = (uint32_t)size | region << SIZE_BITS,
		.name = name,
	};
	return 0;
}

int symtab_add_named(struct symtab *t, uint64_t vaddr, uint64_t size, unsigned int rank,
		     struct str name)
{
	size_t at = t->strings.len;

	buf_add(&t->strings, name.p, name.len);
	buf_addch(&t->strings, '\0');
	if (buf_error(&t->strings))
		return buf_error(&t->strings);
	t->regions[0] = (struct elf_content){
		.data = (uint8_t *)t->strings.data, .size = t->strings.len, .is_expanded = true};
	return symtab_add(t, vaddr, size, rank, 0, (uint32_t)at);
}

static int compare_syms(const void *pa, const void *pb)
{
	const struct symtab_sym *a = pa, *b = pb;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->name != b->name)
		return a->name < b->name ? -1 : 1;
	return (a->size > b->size) - (a->size < b->size);
}

static bool same_class(const struct symtab_sym *a, const struct symtab_sym *b)
{
	return a->key >> 1 == b->key >> 1;
}

/* Which of two names of one address does a person use? */
static bool is_better_name(const struct symtab *t, const struct symtab_sym *a,
			   const struct symtab_sym *b)
{
	char an[256], bn[256];
	size_t alen, blen, au, bu;

	if (a->name == b->name && symtab_region(a) == symtab_region(b))
		return false;
	alen = symtab_name(t, a, an, sizeof(an));
	blen = symtab_name(t, b, bn, sizeof(bn));
	if (!alen || !blen)
		return alen > blen;
	au = strspn(an, "_");
	bu = strspn(bn, "_");
	if (au != bu)
		return au < bu;
	if (a->key != b->key)
		return a->key < b->key;
	if (alen != blen)
		return alen < blen;
	return strcmp(an, bn) < 0;
}

static void drop_aliases(struct symtab *t)
{
	size_t out = 0, i, next;

	for (i = 0; i < t->cnt; i = next) {
		const struct symtab_sym *best = &t->syms[i];
		uint64_t offset = best->key >> RANK_BITS;

		for (next = i + 1; next < t->cnt && t->syms[next].key >> RANK_BITS == offset;
		     next++) {
			if (!same_class(best, &t->syms[next]) || t->ties >= MAX_TIES)
				continue;
			t->ties++;
			if (is_better_name(t, &t->syms[next], best))
				best = &t->syms[next];
		}
		t->syms[out] = *best;
		t->syms[out++].key = offset;
	}
	t->cnt = out;
}

struct span {
	uint64_t start, end;
};

static int compare_spans(const void *pa, const void *pb)
{
	const struct span *a = pa, *b = pb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->end > b->end) - (a->end < b->end);
}

/*
 * The pieces of the file that hold code, sorted: a symbol without a size ends with its piece. They
 * are the sections, or, of a file without section headers, the segments.
 */
static int code_spans(const struct elf_file *file, struct span **ret_spans, size_t *ret_cnt)
{
	struct elf_section *sections = NULL;
	size_t section_cnt = 0, cnt = 0;
	struct span *spans;

	if (elf_file_sections(file, &sections, &section_cnt))
		section_cnt = 0;
	spans = calloc(section_cnt + file->segment_cnt + 1, sizeof(*spans));
	for (size_t i = 0; spans && i < section_cnt; i++) {
		const struct elf_section *s = &sections[i];

		if ((s->flags & SHF_EXECINSTR) && s->type == SHT_PROGBITS)
			spans[cnt++] = (struct span){s->offset, s->offset + s->size};
	}
	free(sections);
	if (!spans)
		return -ENOMEM;
	for (size_t i = 0; !section_cnt && i < file->segment_cnt; i++) {
		const struct elf_segment *s = &file->segments[i];

		if (s->type == PT_LOAD && s->flags & PF_X)
			spans[cnt++] = (struct span){s->offset, s->offset + s->size};
	}
	qsort(spans, cnt, sizeof(*spans), compare_spans);
	*ret_spans = spans;
	*ret_cnt = cnt;
	return 0;
}

static int give_sizes(struct symtab *t)
{
	uint64_t covered = 0, end;
	struct span *spans = NULL;
	size_t span_cnt = 0, span = 0, out = 0;
	int r = code_spans(t->image, &spans, &span_cnt);

	for (size_t i = 0; i < t->cnt && !r; i++) {
		struct symtab_sym s = t->syms[i];

		if (symtab_size(&s)) {
			if (s.key + symtab_size(&s) > covered)
				covered = s.key + symtab_size(&s);
			t->syms[out++] = s;
			continue;
		}
		while (span < span_cnt && spans[span].end <= s.key)
			span++;
		if (s.key < covered || span == span_cnt || spans[span].start > s.key)
			continue;
		end = spans[span].end;
		if (i + 1 < t->cnt && t->syms[i + 1].key < end)
			end = t->syms[i + 1].key;
		s.size |= end - s.key < SIZE_MAX_VALUE ? (uint32_t)(end - s.key) : SIZE_MAX_VALUE;
		t->syms[out++] = s;
	}
	t->cnt = r ? t->cnt : out;
	free(spans);
	return r;
}

int symtab_finish(struct symtab *t)
{
	if (t->cnt)
		qsort(t->syms, t->cnt, sizeof(*t->syms), compare_syms);
	drop_aliases(t);
	return give_sizes(t);
}
