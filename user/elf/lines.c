// SPDX-License-Identifier: Apache-2.0
/*
 *	address ──► unit (ranges of all units, sorted) ──► function (ranges of the unit's functions,
 *	sorted, made when the unit is first asked for) ──► inlined functions, one in the other
 *
 * The tree of a unit is walked with a stack of its own: libdw's dwarf_getscopes() recurses, starts
 * from the beginning for each address, and does not look into namespaces, where Rust has its
 * functions.
 *
 * answer: for each offset  varint frames, for each of them  varint line, varint start,
 *         varint length and bytes of the name, the same of the file
 */
#include "elf/lines.h"

#include <dwarf.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/reader.h"
#include "base/text.h"
#include "elf/demangle.h"
#include "elf/dwarf_file.h"
#include "elf/elf_file.h"

#define MAX_UNITS  (1U << 20)
#define MAX_RANGES (1U << 22) /* of all units, and of the functions of one */
#define MAX_DEPTH  64	      /* of namespaces and classes around a function */
#define MAX_BLOCKS 1024	      /* of blocks and inlined functions in a function */
#define MAX_LOOK   8	      /* ranges that are tried when they overlap */

struct range {
	uint64_t start, end;
	uint64_t what; /* index of a unit, or offset of a DIE */
};

struct ranges {
	struct range *list; /* sorted by start once complete */
	size_t cnt, cap;
};

struct unit {
	Dwarf_Die die;
	struct ranges functions;
	bool is_read;
	bool is_split; /* its functions are in another file */
};

struct line_state {
	struct elf_file file;
	struct dwarf_file dwarf;
	struct unit *units;
	size_t unit_cnt, unit_cap;
	struct ranges ranges;
};

struct chain {
	Dwarf_Die frames[LINES_MAX_FRAMES]; /* the outermost first */
	size_t cnt;
};

static int add_range(struct ranges *r, uint64_t start, uint64_t end, uint64_t what)
{
	int err;

	if (start >= end || start <= 1) /* linkers leave 0 or 1 for functions that they drop */
		return 0;
	err = mem_grow(&r->list, &r->cap, r->cnt + 1, sizeof(*r->list), MAX_RANGES);
	if (!err)
		r->list[r->cnt++] = (struct range){start, end, what};
	return err;
}

static int add_ranges(struct ranges *r, Dwarf_Die *die, uint64_t what)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;
	int err = 0;

	while (!err && (at = dwarf_ranges(die, at, &base, &start, &end)) > 0)
		err = add_range(r, start, end, what);
	return err;
}

static int compare_ranges(const void *pa, const void *pb)
{
	const struct range *a = pa, *b = pb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->end != b->end)
		return a->end > b->end ? -1 : 1; /* the narrower one is found first */
	return (a->what > b->what) - (a->what < b->what);
}

static void sort_ranges(struct ranges *r)
{
	if (r->cnt)
		qsort(r->list, r->cnt, sizeof(*r->list), compare_ranges);
}

/* How many ranges begin at or before an address. */
static size_t count_before(const struct ranges *r, uint64_t vaddr)
{
	size_t low = 0, high = r->cnt;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->list[middle].start <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The next range around an address, from the innermost outwards; *at is count_before() at first. */
static const struct range *next_around(const struct ranges *r, uint64_t vaddr, size_t *at,
				       unsigned int *looked)
{
	while (*at && (*looked)++ < MAX_LOOK) {
		const struct range *one = &r->list[--*at];

		if (vaddr < one->end)
			return one;
	}
	return NULL;
}

static int read_units(struct line_state *l)
{
	Dwarf_CU *cu = NULL;
	uint8_t type;
	int r = 0;

	while (!r) {
		struct unit unit = {0};

		if (dwarf_get_units(l->dwarf.dwarf, cu, &cu, NULL, &type, &unit.die, NULL))
			break;
		if (type != DW_UT_compile && type != DW_UT_skeleton)
			continue;
		unit.is_split = type == DW_UT_skeleton;
		r = mem_grow(&l->units, &l->unit_cap, l->unit_cnt + 1, sizeof(unit), MAX_UNITS);
		if (r)
			break;
		l->units[l->unit_cnt] = unit;
		r = add_ranges(&l->ranges, &unit.die, l->unit_cnt++);
	}
	sort_ranges(&l->ranges);
	return r == -ENOSPC ? 0 : r;
}

void lines_job_end(void *state)
{
	struct line_state *l = state;

	if (!l)
		return;
	for (size_t i = 0; i < l->unit_cnt; i++)
		free(l->units[i].functions.list);
	free(l->units);
	free(l->ranges.list);
	dwarf_file_close(&l->dwarf);
	free(l);
}

static int open_lines(const int *fds, size_t fd_cnt, struct line_state **ret)
{
	struct line_state *l = calloc(1, sizeof(*l));
	int r = l ? elf_file_init(&l->file, fds[0]) : -ENOMEM;

	if (!r)
		r = dwarf_file_open(fds, fd_cnt, &l->dwarf);
	if (!r)
		r = read_units(l);
	if (r)
		lines_job_end(l);
	else
		*ret = l;
	return r;
}

/* Where functions are not alone what is looked for, but may be inside. */
static bool is_container(int tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_class_type ||
	       tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_module ||
	       tag == DW_TAG_enumeration_type; /* Rust's have methods */
}

/* The functions of a unit that have code. */
static int read_functions(struct unit *unit)
{
	Dwarf_Die stack[MAX_DEPTH];
	size_t depth = 1;
	int r = 0;

	unit->is_read = true;
	if (unit->is_split || dwarf_child(&unit->die, &stack[0]))
		return 0;
	while (depth && !r) {
		Dwarf_Die *die = &stack[depth - 1];
		int tag = dwarf_tag(die);

		if (tag == DW_TAG_subprogram)
			r = add_ranges(&unit->functions, die, dwarf_dieoffset(die));
		if (is_container(tag) && depth < MAX_DEPTH && !dwarf_child(die, &stack[depth])) {
			depth++;
			continue;
		}
		while (depth && dwarf_siblingof(&stack[depth - 1], &stack[depth - 1]))
			depth--;
	}
	sort_ranges(&unit->functions);
	return r == -ENOSPC ? 0 : r;
}

/* The block, or the inlined function, of `die` that an address is in. */
static bool enter(Dwarf_Die *die, uint64_t vaddr, Dwarf_Die *ret)
{
	Dwarf_Die child;

	if (dwarf_child(die, &child))
		return false;
	do {
		switch (dwarf_tag(&child)) {
		case DW_TAG_inlined_subroutine:
		case DW_TAG_lexical_block:
		case DW_TAG_try_block:
		case DW_TAG_catch_block:
		case DW_TAG_with_stmt:
			if (dwarf_haspc(&child, vaddr) > 0) {
				*ret = child;
				return true;
			}
		}
	} while (!dwarf_siblingof(&child, &child));
	return false;
}

/* The function around an address and those inlined there. */
static int find_chain(struct line_state *l, struct unit *unit, uint64_t vaddr, struct chain *c)
{
	const struct range *range;
	unsigned int looked = 0;
	Dwarf_Die die;
	size_t at;
	int r;

	c->cnt = 0;
	r = unit->is_read ? 0 : read_functions(unit);
	if (r)
		return r;
	at = count_before(&unit->functions, vaddr);
	range = next_around(&unit->functions, vaddr, &at, &looked);
	if (!range || !dwarf_offdie(l->dwarf.dwarf, range->what, &c->frames[0]))
		return 0;
	c->cnt = 1;
	die = c->frames[0];
	for (size_t i = 0; i < MAX_BLOCKS && c->cnt < LINES_MAX_FRAMES && enter(&die, vaddr, &die);
	     i++)
		if (dwarf_tag(&die) == DW_TAG_inlined_subroutine)
			c->frames[c->cnt++] = die;
	return 0;
}

static uint32_t number(Dwarf_Die *die, unsigned int attribute)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;

	if (dwarf_formudata(dwarf_attr_integrate(die, attribute, &attr), &value) ||
	    value > INT32_MAX)
		return 0;
	return (uint32_t)value;
}

static void add_text(struct buf *reply, const char *text)
{
	size_t len = text ? strnlen(text, LINES_MAX_TEXT) : 0;

	buf_addvarint(reply, len);
	buf_add(reply, text ? text : "", len);
}

/* As symbols are named: by what the linker knows them by, which says namespace and class. */
static void add_name(struct buf *reply, Dwarf_Die *die)
{
	static const unsigned int kinds[] = {DW_AT_linkage_name, DW_AT_MIPS_linkage_name};
	char name[DEMANGLE_MAX_OUT];
	const char *raw = NULL;
	Dwarf_Attribute attr;

	for (size_t i = 0; i < ARRAY_SIZE(kinds) && !raw; i++)
		raw = dwarf_formstring(dwarf_attr_integrate(die, kinds[i], &attr));
	if (!raw)
		raw = dwarf_diename(die);
	if (raw)
		(void)demangle(str_of(raw), name);
	add_text(reply, raw ? name : NULL);
}

/* A path as it was given to the compiler: without the directory that it ran in. */
static const char *relative(struct unit *unit, const char *path)
{
	Dwarf_Attribute attr;
	const char *dir = dwarf_formstring(dwarf_attr(&unit->die, DW_AT_comp_dir, &attr));
	size_t len = dir ? strlen(dir) : 0;

	if (!path)
		return NULL;
	if (len && !strncmp(path, dir, len) && path[len] == '/')
		path += len + 1;
	while (!strncmp(path, "./", 2))
		path += 2;
	return path;
}

/* Where the frame calls the one that is inlined into it. */
static const char *call_file(struct unit *unit, Dwarf_Die *inlined)
{
	Dwarf_Files *files;
	size_t cnt;

	if (dwarf_getsrcfiles(&unit->die, &files, &cnt))
		return NULL;
	return dwarf_filesrc(files, number(inlined, DW_AT_call_file), NULL, NULL);
}

static void add_frames(struct line_state *l, struct unit *unit, uint64_t vaddr, struct chain *c,
		       struct buf *reply)
{
	Dwarf_Line *line = dwarf_getsrc_die(&unit->die, vaddr);
	const char *file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
	int number_of_line = 0;

	if (line && (dwarf_lineno(line, &number_of_line) || number_of_line < 0))
		number_of_line = 0;
	if (!c->cnt && !number_of_line) {
		buf_addvarint(reply, 0);
		return;
	}
	buf_addvarint(reply, c->cnt ? c->cnt : 1);
	for (size_t i = 0; i < c->cnt || i == 0; i++) {
		bool is_last = i + 1 >= c->cnt;
		Dwarf_Die *inlined = is_last ? NULL : &c->frames[i + 1];

		buf_addvarint(reply, is_last ? (uint64_t)number_of_line
					     : number(inlined, DW_AT_call_line));
		buf_addvarint(reply, c->cnt ? number(&c->frames[i], DW_AT_decl_line) : 0);
		if (c->cnt)
			add_name(reply, &c->frames[i]);
		else
			add_text(reply, NULL);
		add_text(reply, relative(unit, is_last ? file : call_file(unit, inlined)));
	}
}

static bool to_vaddr(const struct elf_file *file, uint64_t offset, uint64_t *ret)
{
	for (uint32_t i = 0; i < file->segment_cnt; i++) {
		const struct elf_segment *seg = &file->segments[i];

		if (seg->type == PT_LOAD && (seg->flags & PF_X) && offset >= seg->offset &&
		    offset - seg->offset < seg->size) {
			*ret = seg->vaddr + (offset - seg->offset);
			return true;
		}
	}
	return false;
}

/* Units may overlap where one says more than it has: that with a function there is the one. */
static int answer(struct line_state *l, uint64_t offset, struct buf *reply)
{
	struct unit *unit = NULL;
	const struct range *range;
	unsigned int looked = 0;
	uint64_t vaddr = 0;
	struct chain c = {.cnt = 0};
	size_t at;
	int r = 0;

	if (!to_vaddr(&l->file, offset, &vaddr)) {
		buf_addvarint(reply, 0);
		return 0;
	}
	at = count_before(&l->ranges, vaddr);
	while (!r && !c.cnt && (range = next_around(&l->ranges, vaddr, &at, &looked))) {
		unit = &l->units[range->what];
		r = find_chain(l, unit, vaddr, &c);
	}
	if (!r && unit)
		add_frames(l, unit, vaddr, &c, reply);
	else
		buf_addvarint(reply, 0);
	return r;
}

int lines_job(const int *fds, size_t fd_cnt, struct str request, struct buf *reply, void **state)
{
	struct line_state *l = *state;
	struct reader r;
	int err = 0;

	if (!l)
		err = open_lines(fds, fd_cnt, &l);
	if (err)
		return err;
	*state = l;
	reader_init(&r, request.p, request.len);
	while (!err && reader_left(&r) >= sizeof(uint64_t))
		err = answer(l, reader_u64(&r), reply);
	return err ? err : buf_error(reply);
}

static struct str read_text(struct reader *r)
{
	uint64_t len = reader_varint(r);
	const uint8_t *p = len <= LINES_MAX_TEXT ? reader_bytes(r, (size_t)len) : NULL;

	r->failed |= !p;
	return (struct str){(const char *)p, p ? (size_t)len : 0};
}

static uint32_t read_number(struct reader *r)
{
	uint64_t v = reader_varint(r);

	r->failed |= v > INT32_MAX;
	return (uint32_t)v;
}

int lines_decode(struct str reply, size_t cnt, lines_fn fn, void *arg)
{
	struct lines_frame frames[LINES_MAX_FRAMES];
	struct reader r;
	int err = 0;

	reader_init(&r, reply.p, reply.len);
	for (size_t i = 0; i < cnt && !err; i++) {
		uint64_t frame_cnt = reader_varint(&r);

		if (frame_cnt > LINES_MAX_FRAMES)
			return -EBADMSG;
		for (size_t k = 0; k < frame_cnt && !r.failed; k++) {
			frames[k].line = read_number(&r);
			frames[k].start = read_number(&r);
			frames[k].name = read_text(&r);
			frames[k].file = read_text(&r);
			frames[k].is_inlined = k > 0;
		}
		if (r.failed)
			return -EBADMSG;
		err = fn(arg, i, frames, (size_t)frame_cnt);
	}
	if (!err && reader_left(&r))
		err = -EBADMSG;
	return err;
}
