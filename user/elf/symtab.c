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
#include "base/reader.h"

#define MAX_REGIONS	 2  /* string tables */
#define SIZE_BITS	 30 /* a function of a gigabyte does not exist */
#define SIZE_MAX_VALUE	 ((UINT32_C(1) << SIZE_BITS) - 1)
#define RANK_BITS	 8
#define MAX_OUTWARD	 32 /* how many symbols are looked at for one that encloses */
#define ENTRIES_A_SYMBOL 16 /* a table may hold this many entries for each function that is kept */
#define MAX_TIES	 65536 /* names compared to choose among aliases; afterwards the first wins */
#define READ_SYMBOLS	 512

struct sym {
	uint64_t
		key; /* file offset << RANK_BITS | rank while building; the file offset afterwards */
	uint32_t size; /* low SIZE_BITS: bytes; above: the region of the name */
	uint32_t name; /* offset in the region */
};

struct region {
	uint64_t offset, size; /* of the file */
};

struct symtab {
	struct elf_file file;
	struct sym *syms;
	size_t cnt;
	struct region regions[MAX_REGIONS];
};

struct build {
	struct symtab *table;
	const struct elf_section *sections;
	size_t section_cnt;
	size_t cap;
	uint32_t max;
	uint32_t ties;
};

/*
 * Rank of a symbol among those at its offset; lower is better. All but the last make a class of
 * their own.
 */
enum {
	RANK_NO_SIZE = 1 << 4,
	RANK_NO_TYPE = 1 << 3,
	RANK_LOCAL = 1 << 2,
	RANK_SOURCE = 1 << 1, /* from the second table: the same names as in the first */
	RANK_WEAK =
		1 << 0, /* not a class: "write" is a weak name for __write, and the better one */
};

static uint32_t sym_size(const struct sym *s)
{
	return s->size & SIZE_MAX_VALUE;
}

static size_t read_name(const struct symtab *table, const struct sym *s, char *name, size_t cap)
{
	const struct region *region = &table->regions[s->size >> SIZE_BITS];
	size_t len = cap - 1;

	if (len > region->size - s->name)
		len = (size_t)(region->size - s->name);
	if (elf_file_read(&table->file, region->offset + s->name, name, len))
		len = 0;
	len = strnlen(name, len);
	name[len] = '\0';
	return len;
}

static bool is_code_section(const struct build *b, uint16_t index)
{
	return index < b->section_cnt && (b->sections[index].flags & SHF_EXECINSTR);
}

/*
 * Labels that are not functions: arm64 marks where code and data begin with $x and $d, compilers
 * leave .L… behind.
 */
static bool is_marker(const struct symtab *table, const struct sym *s)
{
	char name[4];

	return !read_name(table, s, name, sizeof(name)) || name[0] == '$' || name[0] == '.';
}

static int add_symbol(struct build *b, const uint8_t *entry, unsigned int region)
{
	struct symtab *table = b->table;
	uint64_t value, size, offset, end;
	unsigned int type, bind, rank;
	uint16_t section;
	struct reader r;
	struct sym s;
	int err;

	reader_init(&r, entry, sizeof(Elf64_Sym));
	s.name = reader_u32(&r);
	bind = reader_u8(&r);
	(void)reader_u8(&r); /* st_other */
	section = reader_u16(&r);
	value = reader_u64(&r);
	size = reader_u64(&r);
	type = ELF64_ST_TYPE(bind);
	bind = ELF64_ST_BIND(bind);
	if (section == SHN_UNDEF || !s.name || s.name >= table->regions[region].size)
		return 0;
	if (type != STT_FUNC && type != STT_GNU_IFUNC &&
	    (type != STT_NOTYPE || !is_code_section(b, section)))
		return 0;
	if (!elf_file_code_offset(&table->file, value, &offset, &end) ||
	    offset > UINT64_MAX >> RANK_BITS)
		return 0;
	if (size > end - offset)
		size = end - offset;
	if (size > SIZE_MAX_VALUE)
		size = SIZE_MAX_VALUE;
	rank = (size ? 0 : RANK_NO_SIZE) | (type == STT_NOTYPE ? RANK_NO_TYPE : 0) |
	       (bind == STB_LOCAL ? RANK_LOCAL : 0) | (region ? RANK_SOURCE : 0) |
	       (bind == STB_WEAK ? RANK_WEAK : 0);
	s.key = offset << RANK_BITS | rank;
	s.size = (uint32_t)size | region << SIZE_BITS;
	if (type == STT_NOTYPE && is_marker(table, &s))
		return 0;
	err = mem_grow(&table->syms, &b->cap, table->cnt + 1, sizeof(s), b->max);
	if (!err)
		table->syms[table->cnt++] = s;
	return err;
}

static int add_section(struct build *b, const struct elf_section *section, unsigned int region)
{
	uint8_t entries[READ_SYMBOLS * sizeof(Elf64_Sym)];
	uint64_t left = section->size / sizeof(Elf64_Sym), at = section->offset;
	const struct elf_section *strings;
	int r = 0;

	if (section->entsize != sizeof(Elf64_Sym) || section->link >= b->section_cnt)
		return 0;
	strings = &b->sections[section->link];
	if (strings->type != SHT_STRTAB)
		return 0;
	if (left / ENTRIES_A_SYMBOL > b->max)
		return -ENOSPC;
	b->table->regions[region] = (struct region){strings->offset, strings->size};
	while (left && !r) {
		size_t cnt = left < READ_SYMBOLS ? (size_t)left : READ_SYMBOLS;

		if (elf_file_read(&b->table->file, at, entries, cnt * sizeof(Elf64_Sym)))
			return 0; /* the file has shrunk: what was read stays */
		for (size_t i = 0; i < cnt && !r; i++)
			r = add_symbol(b, entries + i * sizeof(Elf64_Sym), region);
		at += cnt * sizeof(Elf64_Sym);
		left -= cnt;
	}
	return r;
}

static int add_by_type(struct build *b, uint32_t type, unsigned int region)
{
	for (size_t i = 0; i < b->section_cnt; i++)
		if (b->sections[i].type == type)
			return add_section(b, &b->sections[i], region);
	return 0;
}

static int add_symtab(struct build *b)
{
	return add_by_type(b, SHT_SYMTAB, 0);
}

static int add_dynsym(struct build *b)
{
	return add_by_type(b, SHT_DYNSYM, 1);
}

/*
 * Where names come from, in the order of trust. The next ones: .gnu_debugdata, a separate debug
 * file by build id or .gnu_debuglink, Go's pclntab; each adds symbols and, for their names, a
 * region.
 */
static const struct symbol_source {
	const char *name;
	int (*add)(struct build *b);
} sources[] = {
	{".symtab", add_symtab},
	{".dynsym", add_dynsym},
};

static int compare_syms(const void *pa, const void *pb)
{
	const struct sym *a = pa, *b = pb;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->name != b->name)
		return a->name < b->name ? -1 : 1;
	return (a->size > b->size) - (a->size < b->size);
}

static bool same_class(const struct sym *a, const struct sym *b)
{
	return a->key >> 1 == b->key >> 1;
}

/* Which of two names of one address does a person use? */
static bool is_better_name(const struct symtab *table, const struct sym *a, const struct sym *b)
{
	char an[256], bn[256];
	size_t alen, blen, au, bu;

	if (a->name == b->name)
		return false;
	alen = read_name(table, a, an, sizeof(an));
	blen = read_name(table, b, bn, sizeof(bn));
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

static void drop_aliases(struct build *b)
{
	struct symtab *table = b->table;
	size_t out = 0, i, next;

	for (i = 0; i < table->cnt; i = next) {
		const struct sym *best = &table->syms[i];
		uint64_t offset = best->key >> RANK_BITS;

		for (next = i + 1;
		     next < table->cnt && table->syms[next].key >> RANK_BITS == offset; next++) {
			if (!same_class(best, &table->syms[next]) || b->ties >= MAX_TIES)
				continue;
			b->ties++;
			if (is_better_name(table, &table->syms[next], best))
				best = &table->syms[next];
		}
		table->syms[out] = *best;
		table->syms[out++].key = offset;
	}
	table->cnt = out;
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

/* The pieces of the file that hold code, sorted: a symbol without a size ends with its piece. */
static int code_spans(const struct build *b, struct span **ret_spans, size_t *ret_cnt)
{
	size_t max = b->section_cnt + b->table->file.segment_cnt, cnt = 0;
	struct span *spans = calloc(max ? max : 1, sizeof(*spans));

	if (!spans)
		return -ENOMEM;
	for (size_t i = 0; i < b->section_cnt; i++) {
		const struct elf_section *s = &b->sections[i];

		if ((s->flags & SHF_EXECINSTR) && s->type == SHT_PROGBITS)
			spans[cnt++] = (struct span){s->offset, s->offset + s->size};
	}
	qsort(spans, cnt, sizeof(*spans), compare_spans);
	*ret_spans = spans;
	*ret_cnt = cnt;
	return 0;
}

/*
 * A symbol without a size reaches to the next one, at most to the end of its section. Inside of a
 * symbol that has a size it is a label of that function, and dropped.
 */
static int give_sizes(struct build *b)
{
	struct symtab *table = b->table;
	uint64_t covered = 0, end;
	struct span *spans = NULL;
	size_t span_cnt = 0, span = 0, out = 0;
	int r = code_spans(b, &spans, &span_cnt);

	for (size_t i = 0; i < table->cnt && !r; i++) {
		struct sym s = table->syms[i];

		if (sym_size(&s)) {
			if (s.key + sym_size(&s) > covered)
				covered = s.key + sym_size(&s);
			table->syms[out++] = s;
			continue;
		}
		while (span < span_cnt && spans[span].end <= s.key)
			span++;
		if (s.key < covered || span == span_cnt || spans[span].start > s.key)
			continue;
		end = spans[span].end;
		if (i + 1 < table->cnt && table->syms[i + 1].key < end)
			end = table->syms[i + 1].key;
		s.size |= end - s.key < SIZE_MAX_VALUE ? (uint32_t)(end - s.key) : SIZE_MAX_VALUE;
		table->syms[out++] = s;
	}
	table->cnt = r ? table->cnt : out;
	free(spans);
	return r;
}

static void shrink(struct symtab *table)
{
	struct sym *shrunk;

	if (!table->cnt) {
		free(table->syms);
		table->syms = NULL;
		return;
	}
	shrunk = realloc(table->syms, table->cnt * sizeof(*shrunk));
	if (shrunk)
		table->syms = shrunk;
}

int symtab_read(const struct elf_file *file, uint32_t max_symbols, struct symtab **ret_table)
{
	struct symtab *table = calloc(1, sizeof(*table));
	struct elf_section *sections = NULL;
	struct build b = {.table = table, .max = max_symbols};
	int r = 0;

	if (!table)
		return -ENOMEM;
	table->file = *file;
	if (elf_file_sections(file, &sections, &b.section_cnt))
		b.section_cnt = 0;
	b.sections = sections;
	for (size_t i = 0; i < ARRAY_SIZE(sources) && !r; i++)
		r = sources[i].add(&b);
	if (r)
		goto out;
	if (table->cnt)
		qsort(table->syms, table->cnt, sizeof(*table->syms), compare_syms);
	drop_aliases(&b);
	r = give_sizes(&b);
	if (r)
		goto out;
	shrink(table);
	*ret_table = table;
	table = NULL;
out:
	free(sections);
	symtab_free(table);
	return r;
}

void symtab_free(struct symtab *table)
{
	if (!table)
		return;
	free(table->syms);
	free(table);
}

size_t symtab_bytes(const struct symtab *table)
{
	return sizeof(*table) + table->cnt * sizeof(*table->syms);
}

size_t symtab_cnt(const struct symtab *table)
{
	return table->cnt;
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

bool symtab_find(const struct symtab *table, uint64_t offset, char name[SYMTAB_MAX_NAME],
		 size_t *ret_len, uint64_t *ret_start, uint64_t *ret_end)
{
	size_t low = 0, high = table->cnt, len;

	while (low < high) { /* low: how many begin at or before offset */
		size_t mid = low + (high - low) / 2;

		if (table->syms[mid].key <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	for (size_t i = low, looked = 0; i > 0 && looked < MAX_OUTWARD; i--, looked++) {
		const struct sym *s = &table->syms[i - 1];

		if (offset - s->key >= sym_size(s))
			continue;
		len = cut_version(name, read_name(table, s, name, SYMTAB_MAX_NAME));
		if (!len)
			return false;
		*ret_len = len;
		*ret_start = s->key;
		*ret_end = s->key + sym_size(s);
		return true;
	}
	return false;
}
