// SPDX-License-Identifier: Apache-2.0
/*
 *	functab[i] ──► record: name, pcsp, flags ──► pcsp: (value += zigzag, pc += quantum * n)*
 *
 * A pcsp table says, instruction by instruction, how far the stack pointer is below where it was at
 * the function's entry. Where the frame pointer has been saved it does not say:
 *
 *   x86-64  just below the return address, by the first instruction (PUSHQ BP, since 1.21) or by the
 *           one that follows the SUBQ from SP (before): its bytes are looked at. Assembly that does
 *           neither leaves it alone.
 *   arm64   the frame begins with x30 at SP and x29 below SP, which is saved one instruction after
 *           x30, or before SP moves when the frame is large: then too x29 still holds for the first
 *           instruction after that.
 */
#include "elf/pclntab.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "elf/pclnfind.h"
#include "elf/symtab.h"
#include "elf/window.h"

#define RECORD_BYTES	44 /* of the longest, up to the flags */
#define MAX_STEPS	(1U << 20)
#define MAX_STEP_BYTES	10 /* two varints of 32 bits */
#define MAX_SAVE_BYTES	8  /* MOVQ BP, disp32(SP) */
#define FLAG_TOP_FRAME	1
#define FLAG_SP_WRITE	2
#define X86_RETURN	8 /* bytes that a call pushes */
#define X86_PUSH_BP	0x55
#define ARM_INSTRUCTION 4

enum { WINDOW_FUNCTAB, WINDOW_RECORDS, WINDOW_NAMES, WINDOW_PCS, WINDOW_CODE, WINDOW_CNT };

struct pclntab {
	struct elf_file file;
	struct pclntab_place place;
	struct window windows[WINDOW_CNT];
};

struct function {
	uint64_t start, end;
	uint32_t name, pcsp;
	uint8_t flags;
};

/* A part of the table, from a file offset on. */
static void open_window(struct pclntab *t, unsigned int window, uint64_t offset)
{
	window_init(&t->windows[window], &t->file, offset, t->place.end - offset);
}

int pclntab_open(const struct elf_file *file, struct pclntab **ret)
{
	struct pclntab *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	t->file = *file;
	r = pclnfind(file, &t->place);
	if (r) {
		free(t);
		return r;
	}
	open_window(t, WINDOW_FUNCTAB, t->place.functab);
	open_window(t, WINDOW_RECORDS, t->place.records);
	open_window(t, WINDOW_NAMES, t->place.names);
	open_window(t, WINDOW_PCS, t->place.pcs);
	window_init(&t->windows[WINDOW_CODE], &t->file, 0, file->size);
	*ret = t;
	return 0;
}

void pclntab_free(struct pclntab *t)
{
	free(t);
}

uint32_t pclntab_cnt(const struct pclntab *t)
{
	return t->place.cnt;
}

/* One entry of functab: where function i begins. 0 when it cannot be read. */
static uint64_t entry_of(struct pclntab *t, uint32_t i, uint64_t *ret_record)
{
	bool is_wide = t->place.version < PCLNTAB_GO_1_18;
	size_t width = is_wide ? 8 : 4, len = i < t->place.cnt ? 2 * width : width;
	const uint8_t *p = window_view(&t->windows[WINDOW_FUNCTAB], 2 * width * (uint64_t)i, len);
	uint64_t entry;
	struct reader r;

	if (!p)
		return 0;
	reader_init(&r, p, len);
	entry = is_wide ? reader_u64(&r) : t->place.text + reader_u32(&r);
	if (i < t->place.cnt)
		*ret_record = is_wide ? reader_u64(&r) : reader_u32(&r);
	return entry;
}

static size_t flags_at(enum pclntab_version version)
{
	switch (version) {
	case PCLNTAB_GO_1_2:
		return 0;
	case PCLNTAB_GO_1_16: /* written by 1.17; 0 in what 1.16 wrote */
	case PCLNTAB_GO_1_20:
		return 41;
	case PCLNTAB_GO_1_18:
		return 37;
	}
	return 0;
}

/* False when function i makes no sense. */
static bool read_function(struct pclntab *t, uint32_t i, struct function *ret)
{
	const struct pclntab_place *place = &t->place;
	size_t entry = place->version < PCLNTAB_GO_1_18 ? 8 : 4, flags = flags_at(place->version);
	uint64_t record = 0, unused;
	const uint8_t *p;
	struct reader r;

	ret->start = entry_of(t, i, &record);
	ret->end = entry_of(t, i + 1, &unused);
	if (!ret->start || ret->end <= ret->start)
		return false;
	p = window_view(&t->windows[WINDOW_RECORDS], record, RECORD_BYTES);
	if (!p)
		return false;
	reader_init(&r, p + entry, RECORD_BYTES - entry);
	ret->name = reader_u32(&r);
	(void)reader_bytes(&r, 4 + 4); /* args, deferreturn */
	ret->pcsp = reader_u32(&r);
	ret->flags = flags ? p[flags] : 0;
	return true;
}

/*
 * "main.sum[go.shape.int_0]" ─► "main.sum[...]", as runtime.funcNameForPrint() has it, but lengths
 * of arrays stay ("type:.eq.[6]string"). `name` has room for SYMTAB_MAX_NAME bytes.
 */
static size_t shorten(char *name, size_t len)
{
	static const char dots[] = "[...]";
	size_t from, to = len, room = SYMTAB_MAX_NAME - 1;

	for (from = 0; from < len; from++)
		if (name[from] == '[' && !(from + 1 < len && isdigit((uint8_t)name[from + 1])))
			break;
	if (from == len)
		return len;
	while (to > from && name[to - 1] != ']')
		to--;
	if (to == from) /* cut within: what follows is gone */
		to = len;
	if (from + sizeof(dots) - 1 + (len - to) > room)
		return len;
	memmove(name + from + sizeof(dots) - 1, name + to, len - to);
	memcpy(name + from, dots, sizeof(dots) - 1);
	return from + sizeof(dots) - 1 + (len - to);
}

/* The length; 0 when there is no name. What is longer is cut. */
static size_t read_name(struct pclntab *t, uint32_t at, char name[SYMTAB_MAX_NAME])
{
	struct window *w = &t->windows[WINDOW_NAMES];
	uint64_t room = window_left(w, at);
	size_t len = room < SYMTAB_MAX_NAME - 1 ? (size_t)room : SYMTAB_MAX_NAME - 1;
	const uint8_t *p = window_view(w, at, len);

	if (!p)
		return 0;
	len = strnlen((const char *)p, len);
	memcpy(name, p, len);
	return shorten(name, len);
}

int pclntab_functions(struct pclntab *t, pclntab_function_fn fn, void *arg)
{
	char name[SYMTAB_MAX_NAME];
	struct function f;
	uint64_t last_end = 0;
	int r = 0;

	for (uint32_t i = 0; i < t->place.cnt && !r; i++) {
		size_t len;

		if (!read_function(t, i, &f) || f.start < last_end)
			continue; /* what is out of order makes no sense */
		len = read_name(t, f.name, name);
		if (!len)
			continue;
		last_end = f.end;
		r = fn(arg, f.start, f.end, (struct str){name, len});
	}
	return r;
}

/* ---- rows ---- */

struct rows {
	cfi_row_fn fn;
	void *arg;
	uint64_t from, to;
	uint64_t
		at; /* of the rule that has not been handed on, since another may begin there too */
	struct unwind_rule rule, last;
	bool has_last;
	int result;
};

static void flush_row(struct rows *rows)
{
	if (rows->result || (rows->has_last && unwind_rule_equal(&rows->last, &rows->rule)))
		return;
	rows->result = rows->fn(rows->arg, rows->at, &rows->rule);
	rows->last = rows->rule;
	rows->has_last = true;
}

static void add_row(struct rows *rows, uint64_t at, struct unwind_rule rule)
{
	if (at < rows->from)
		at = rows->from;
	if (at >= rows->to || at < rows->at)
		return;
	if (at > rows->at)
		flush_row(rows);
	rows->at = at;
	rows->rule = rule;
}

static struct unwind_rule rule_of(enum unwind_cfa kind, int32_t offset, int16_t fp, int16_t other)
{
	return (struct unwind_rule){(uint32_t)kind | (uint32_t)offset << UNWIND_CFA_BITS, fp,
				    other};
}

static struct unwind_rule no_rule(void)
{
	return rule_of(UNWIND_CFA_NONE, 0, UNWIND_SAME, UNWIND_SAME);
}

/* Go's own code uses rbx as it likes and saves it nowhere. */
static struct unwind_rule x86_rule(int32_t depth, bool is_saved)
{
	if (depth < 0 || depth > UNWIND_OFFSET_MAX - X86_RETURN)
		return no_rule();
	return rule_of(UNWIND_CFA_SP, depth + X86_RETURN, is_saved && depth >= 8 ? -2 : UNWIND_SAME,
		       UNWIND_LOST);
}

static struct unwind_rule arm_rule(int32_t depth, bool is_saved)
{
	if (depth == 0)
		return rule_of(UNWIND_CFA_SP, 0, UNWIND_SAME, UNWIND_SAME);
	if (depth < 0 || depth % 8 || depth / 8 + 1 >= -UNWIND_LOST)
		return no_rule();
	return rule_of(UNWIND_CFA_SP, depth, is_saved ? (int16_t)(-depth / 8 - 1) : UNWIND_SAME,
		       (int16_t)(-depth / 8));
}

static const uint8_t *get_code(struct pclntab *t, uint64_t vaddr, size_t len)
{
	uint64_t offset, end;

	if (!elf_file_code_offset(&t->file, vaddr, &offset, &end) || len > end - offset)
		return NULL;
	return window_view(&t->windows[WINDOW_CODE], offset, len);
}

/*
 * The frame grows to `depth` at `at`, for the first time in its function. Is the frame pointer saved
 * by then, or *ret_bytes later?
 */
static bool x86_saves(struct pclntab *t, uint64_t at, int32_t depth, uint32_t *ret_bytes)
{
	static const uint8_t mov[] = {0x48, 0x89}; /* MOVQ BP, disp(SP): ModRM and SIB follow */
	const uint8_t *p = get_code(t, at - 1, 1 + MAX_SAVE_BYTES);
	struct reader r;
	uint8_t modrm;
	int32_t disp;

	if (!p)
		return false;
	*ret_bytes = 0;
	if (p[0] == X86_PUSH_BP && depth == 8)
		return true;
	reader_init(&r, p + 1, MAX_SAVE_BYTES);
	if (memcmp(reader_bytes(&r, sizeof(mov)), mov, sizeof(mov)))
		return false;
	modrm = reader_u8(&r);
	if (reader_u8(&r) != 0x24)
		return false;
	*ret_bytes = modrm == 0x2c ? 4 : modrm == 0x6c ? 5 : 8;
	disp = modrm == 0x2c ? 0 : modrm == 0x6c ? (int8_t)reader_u8(&r) : (int32_t)reader_u32(&r);
	return (modrm == 0x2c || modrm == 0x6c || modrm == 0xac) && disp == depth - 8;
}

/* What of a function's frame is known while its table is read. */
struct frame {
	int32_t depth;
	bool has_grown, is_saved;
};

/* The stack pointer is `depth` below from `at` on. */
static void add_depth(struct pclntab *t, struct rows *rows, struct frame *f, uint64_t at)
{
	bool is_arm64 = t->place.is_arm64, is_first = !f->has_grown && f->depth > 0;
	uint32_t later = 0;

	if (is_first) {
		f->has_grown = true;
		later = ARM_INSTRUCTION;
		f->is_saved = is_arm64 || x86_saves(t, at, f->depth, &later);
	}
	if (is_first && f->is_saved && later) {
		add_row(rows, at, is_arm64 ? arm_rule(f->depth, false) : x86_rule(f->depth, false));
		at += later;
	}
	add_row(rows, at,
		is_arm64 ? arm_rule(f->depth, f->is_saved) : x86_rule(f->depth, f->is_saved));
}

static uint32_t read_varint32(struct reader *r)
{
	uint64_t v = reader_varint(r);

	r->failed |= v > UINT32_MAX;
	return (uint32_t)v;
}

/* The rows of a function from its pcsp table; NONE after it. */
static void add_pcsp(struct pclntab *t, struct rows *rows, const struct function *fn)
{
	struct window *w = &t->windows[WINDOW_PCS];
	uint64_t at = fn->pcsp, pc = fn->start;
	uint32_t quantum = t->place.is_arm64 ? ARM_INSTRUCTION : 1;
	struct frame f = {.depth = -1};

	for (uint32_t i = 0; i < MAX_STEPS && pc < fn->end && pc < rows->to; i++) {
		uint64_t left = window_left(w, at);
		size_t len = left < MAX_STEP_BYTES ? (size_t)left : MAX_STEP_BYTES;
		const uint8_t *p = window_view(w, at, len);
		uint32_t value, advance;
		struct reader r;

		if (!p)
			break;
		reader_init(&r, p, len);
		value = read_varint32(&r);
		advance = read_varint32(&r);
		if (r.failed || !advance || (!value && i))
			break;
		f.depth = (int32_t)((uint32_t)f.depth + (-(value & 1) ^ value >> 1));
		add_depth(t, rows, &f, pc);
		pc += (uint64_t)advance * quantum;
		at += len - reader_left(&r);
	}
	if (pc < fn->end)
		add_row(rows, pc, no_rule());
}

/* Before Go 1.17 no flag tells the functions that are special: these are. */
static uint8_t flags_by_name(struct pclntab *t, const struct function *f)
{
	static const struct {
		const char *name;
		uint8_t flags;
	} table[] = {
		{"runtime.goexit", FLAG_TOP_FRAME},
		{"runtime.mstart", FLAG_TOP_FRAME},
		{"runtime.rt0_go", FLAG_TOP_FRAME},
		{"runtime.mcall", FLAG_SP_WRITE},
		{"runtime.morestack", FLAG_SP_WRITE},
		{"runtime.systemstack", FLAG_SP_WRITE},
		{"runtime.asmcgocall", FLAG_SP_WRITE},
		{"runtime.gogo", FLAG_SP_WRITE},
		{"runtime.cgocallback", FLAG_SP_WRITE},
		{"runtime.cgocallback_gofunc", FLAG_SP_WRITE},
		{"runtime.sigreturn", FLAG_SP_WRITE},
	};
	char name[SYMTAB_MAX_NAME];
	size_t len = read_name(t, f->name, name);

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (strlen(table[i].name) == len && !memcmp(table[i].name, name, len))
			return table[i].flags;
	return 0;
}

static void add_function(struct pclntab *t, struct rows *rows, const struct function *f)
{
	uint8_t flags = f->flags;

	if (t->place.version <= PCLNTAB_GO_1_16)
		flags |= flags_by_name(t, f);
	if (flags & FLAG_TOP_FRAME)
		add_row(rows, f->start, rule_of(UNWIND_CFA_END, 0, UNWIND_SAME, UNWIND_SAME));
	else if ((flags & FLAG_SP_WRITE) || !f->pcsp)
		add_row(rows, f->start, no_rule());
	else
		add_pcsp(t, rows, f);
	add_row(rows, f->end, no_rule());
}

/* The last function that begins at or before an address; 0 when none does. */
static uint32_t find_function(struct pclntab *t, uint64_t vaddr)
{
	uint32_t low = 0, high = t->place.cnt;
	uint64_t unused;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (entry_of(t, middle, &unused) <= vaddr)
			low = middle;
		else
			high = middle;
	}
	return low;
}

int pclntab_rows(struct pclntab *t, uint64_t from, uint64_t to, cfi_row_fn fn, void *arg)
{
	struct rows rows = {.fn = fn, .arg = arg, .from = from, .to = to, .at = from};
	uint64_t reached = 0;
	struct function f;

	if (from >= to)
		return 0;
	rows.rule = no_rule();
	for (uint32_t i = find_function(t, from); i < t->place.cnt && !rows.result; i++) {
		uint64_t unused;

		if (entry_of(t, i, &unused) >= to || entry_of(t, i, &unused) < reached)
			break;
		if (!read_function(t, i, &f))
			continue;
		reached = f.start;
		add_function(t, &rows, &f);
	}
	flush_row(&rows);
	return rows.result;
}

void pclntab_range(struct pclntab *t, uint64_t *ret_from, uint64_t *ret_to)
{
	uint64_t unused;

	*ret_from = entry_of(t, 0, &unused);
	*ret_to = entry_of(t, t->place.cnt, &unused);
}
