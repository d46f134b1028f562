// SPDX-License-Identifier: Apache-2.0
#include "elf/cfi.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>

#include "elf/cfi_index.h"

/*
 * What reading may cost, in bytes and what is as dear as bytes (cfi_section.c): so much at all, and
 * so much for each byte of the range. Real files need a hundredth.
 */
#define WORK_BASE	(16 << 20)
#define WORK_PER_BYTE	16
#define WORK_OF_INDEX	8
#define WORK_PER_LOOKUP 256

enum frames_state {
	FRAMES_NONE = 0,  /* no such section */
	FRAMES_TABLE,	  /* has a search table */
	FRAMES_UNINDEXED, /* is to be read when it is asked for the first time */
	FRAMES_INDEXED,
};

/* A section with its directory. */
struct frames {
	enum frames_state state;
	bool zero_ends; /* where it ends is not known but for its end mark */
	struct cfi *owner;
	struct cfi_index index;
	struct cfi_section section;
};

struct cfi {
	const struct elf_file *file;
	const struct cfi_arch *arch;
	struct cfi_stats stats;
	struct frames eh;
	struct frames debug;
};

/* One walk over a range. */
struct walk {
	struct frames *f;
	uint64_t from, to;
	uint64_t at;	/* rows have been given up to here */
	uint64_t limit; /* of the entry at hand */
	bool is_signal;
	cfi_row_fn fn;
	void *arg;
};

static int give(struct walk *w, uint64_t to, enum cfi_reason reason, const struct unwind_rule *rule)
{
	struct cfi_stats *stats = &w->f->owner->stats;
	uint64_t from = w->at;

	if (from >= to)
		return 0;
	w->at = to;
	stats->rows[reason]++;
	stats->bytes[reason] += to - from;
	if (rule->fp == UNWIND_LOST)
		stats->lost_fp_bytes += to - from;
	return w->fn(w->arg, from, rule);
}

static int give_none(struct walk *w, uint64_t to, enum cfi_reason reason)
{
	static const struct unwind_rule none;

	return give(w, to, reason, &none);
}

static int take_span(void *arg, uint64_t from, uint64_t to, const struct cfi_row *row)
{
	struct walk *w = arg;
	struct unwind_rule rule;
	enum cfi_reason reason;

	if (to > w->limit)
		to = w->limit;
	if (to <= w->at)
		return 0;
	reason = cfi_rule(w->f->owner->arch, row, w->is_signal, &rule);
	return give(w, to, reason, &rule);
}

static int give_fde(struct walk *w, const struct cfi_fde *fde)
{
	struct cfi_row row = fde->cie->initial;
	uint64_t end;
	int r;

	w->is_signal = fde->cie->is_signal;
	r = cfi_run(&fde->program, &row, w->limit, take_span, w, &end);
	return r ? r : give_none(w, w->limit, CFI_BAD_INSN);
}

/*
 * The entry `i` is for [vaddr, w->limit); what lies before it is nobody's. Several entries may stand
 * at one address, when functions were folded or thrown away: the first that makes sense counts.
 */
static int give_entry(struct walk *w, size_t i, uint64_t vaddr, uint64_t offset)
{
	struct cfi_section *s = &w->f->section;
	uint64_t next = UINT64_MAX, unused;
	struct cfi_fde fde;
	int r = 0;

	if (vaddr > w->at)
		r = give_none(w, vaddr, CFI_NO_ENTRY);
	if (i + 1 < w->f->index.cnt &&
	    !cfi_index_get(&w->f->index, i + 1, s->vaddr, &next, &unused))
		next = UINT64_MAX;
	w->limit = next > vaddr && next < w->to ? next : w->to;
	if (r || w->limit <= w->at)
		return r;
	if (cfi_section_entry(s, offset, &fde, &unused) != CFI_ENTRY_FDE || fde.begin != vaddr) {
		if (next == vaddr && s->work)
			return 0;
		return give_none(w, w->limit, s->work ? CFI_BAD_ENTRY : CFI_WORK);
	}
	if (fde.end < w->limit)
		w->limit = fde.end;
	return w->limit > w->at ? give_fde(w, &fde) : 0;
}

static int walk(struct walk *w, size_t i)
{
	struct cfi_section *s = &w->f->section;
	uint64_t vaddr, offset;
	int r = 0;

	for (; !r && w->at < w->to && i < w->f->index.cnt; i++) {
		if (s->work < WORK_PER_LOOKUP)
			return give_none(w, w->to, CFI_WORK);
		s->work -= WORK_PER_LOOKUP;
		if (!cfi_index_get(&w->f->index, i, s->vaddr, &vaddr, &offset) || vaddr >= w->to)
			break;
		r = give_entry(w, i, vaddr, offset);
	}
	return r ? r : give_none(w, w->to, CFI_NO_ENTRY);
}

static int make_index(struct frames *f)
{
	uint64_t size = f->section.window.size;
	int r;

	if (size > CFI_INDEX_MAX_BYTES)
		size = CFI_INDEX_MAX_BYTES;
	f->section.work = WORK_BASE + WORK_OF_INDEX * size;
	r = cfi_index_from_section(&f->index, &f->section, f->zero_ends);
	f->state = r ? FRAMES_NONE : FRAMES_INDEXED;
	return r;
}

/* Where to begin; a table that is not sorted after all is replaced by an index. */
static int find_first(struct frames *f, uint64_t from, size_t *ret_i)
{
	int r = 0;

	if (f->state == FRAMES_TABLE && !cfi_index_find(&f->index, from, ret_i))
		return 0;
	if (f->state == FRAMES_TABLE || f->state == FRAMES_UNINDEXED)
		r = make_index(f);
	return r ? r : cfi_index_find(&f->index, from, ret_i);
}

static int frames_rows(void *data, uint64_t from, uint64_t to, cfi_row_fn fn, void *arg)
{
	struct walk w = {.f = data, .from = from, .to = to, .at = from, .fn = fn, .arg = arg};
	size_t i = 0;
	int r;

	if (w.f->state != FRAMES_NONE) {
		r = find_first(w.f, from, &i);
		if (r == -ENOMEM)
			return r;
		if (r == -EFBIG && w.f == &w.f->owner->debug)
			w.f->owner->stats.debug_frame_is_too_large = true;
	}
	if (w.f->state == FRAMES_NONE)
		return give_none(&w, to, CFI_NO_ENTRY);
	w.f->section.work = WORK_BASE;
	if (__builtin_mul_overflow(to - from, WORK_PER_BYTE, &w.f->section.work) ||
	    __builtin_add_overflow(w.f->section.work, WORK_BASE, &w.f->section.work))
		w.f->section.work = UINT64_MAX;
	return walk(&w, i);
}

/* Where the file has the byte that is loaded at `vaddr`, and how many follow it in its segment. */
static bool load_offset(const struct elf_file *file, uint64_t vaddr, uint64_t *ret_offset,
			uint64_t *ret_left)
{
	for (uint32_t i = 0; i < file->segment_cnt; i++) {
		const struct elf_segment *seg = &file->segments[i];

		if (seg->type != PT_LOAD || vaddr < seg->vaddr || vaddr - seg->vaddr >= seg->size)
			continue;
		*ret_offset = seg->offset + (vaddr - seg->vaddr);
		*ret_left = seg->size - (vaddr - seg->vaddr);
		return true;
	}
	return false;
}

/* The .eh_frame that the program headers lead to, with a search table or without. */
static void open_by_header(struct cfi *c)
{
	const struct elf_segment *hdr = NULL;
	uint64_t frames, offset, left;
	int r;

	for (uint32_t i = 0; i < c->file->segment_cnt && !hdr; i++)
		if (c->file->segments[i].type == PT_GNU_EH_FRAME)
			hdr = &c->file->segments[i];
	if (!hdr)
		return;
	r = cfi_index_from_table(&c->eh.index, c->file, hdr->offset, hdr->size, hdr->vaddr,
				 &frames);
	if ((r && r != -ENOENT) || !load_offset(c->file, frames, &offset, &left))
		return;
	cfi_section_init(&c->eh.section, c->arch, c->file, offset, left, frames, true);
	c->eh.zero_ends = true;
	c->eh.state = r ? FRAMES_UNINDEXED : FRAMES_TABLE;
}

/*
 * A section by its name. This is the one place that knows where a section's bytes come from:
 * whoever can unpack compressed ones does so here.
 */
static void open_by_name(struct cfi *c, const struct elf_section *sections, size_t cnt,
			 const char *name, struct frames *f)
{
	const struct elf_section *s = elf_file_find_section(c->file, sections, cnt, name);

	if (!s || (s->flags & SHF_COMPRESSED))
		return;
	cfi_section_init(&f->section, c->arch, c->file, s->offset, s->size, s->vaddr, f == &c->eh);
	f->zero_ends = false;
	f->state = FRAMES_UNINDEXED;
}

static int open_sections(struct cfi *c, bool is_debug)
{
	struct elf_section *sections;
	size_t cnt;
	int r = elf_file_sections(c->file, &sections, &cnt);

	if (r == -EFBIG || r == -ENOEXEC)
		return 0; /* without section headers a file still runs */
	if (r)
		return r;
	if (!is_debug && c->eh.state != FRAMES_TABLE)
		open_by_name(c, sections, cnt, ".eh_frame", &c->eh);
	open_by_name(c, sections, cnt, ".debug_frame", &c->debug);
	free(sections);
	return 0;
}

static int open_file(const struct elf_file *file, bool is_debug, struct cfi **ret)
{
	const struct cfi_arch *arch = cfi_arch_find(file->machine);
	struct cfi *c;
	int r;

	if (!arch || file->type == ET_REL)
		return -ENOTSUP;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->file = file;
	c->arch = arch;
	c->eh.owner = c;
	c->debug.owner = c;
	if (!is_debug)
		open_by_header(c);
	r = open_sections(c, is_debug);
	if (!r && c->eh.state == FRAMES_UNINDEXED)
		r = make_index(&c->eh);
	if (r) {
		cfi_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

int cfi_open(const struct elf_file *file, struct cfi **ret)
{
	return open_file(file, false, ret);
}

int cfi_open_debug(const struct elf_file *file, struct cfi **ret)
{
	return open_file(file, true, ret);
}

void cfi_free(struct cfi *c)
{
	if (!c)
		return;
	cfi_index_release(&c->eh.index);
	cfi_index_release(&c->debug.index);
	free(c);
}

int cfi_rows(struct cfi *c, uint64_t from, uint64_t to, cfi_row_fn fn, void *arg)
{
	const struct row_source sources[] = {{frames_rows, &c->eh}, {frames_rows, &c->debug}};

	return rows_fill(sources, c->debug.state == FRAMES_NONE ? 1 : 2, from, to, fn, arg);
}

int cfi_eh_frame_rows(struct cfi *c, uint64_t from, uint64_t to, cfi_row_fn fn, void *arg)
{
	const struct row_source source = {frames_rows, &c->eh};

	return rows_fill(&source, 1, from, to, fn, arg);
}

int cfi_debug_frame_rows(struct cfi *c, uint64_t from, uint64_t to, cfi_row_fn fn, void *arg)
{
	const struct row_source source = {frames_rows, &c->debug};

	return rows_fill(&source, 1, from, to, fn, arg);
}

bool cfi_has_debug_frame(const struct cfi *c)
{
	return c->debug.state != FRAMES_NONE;
}

void cfi_get_stats(const struct cfi *c, struct cfi_stats *ret)
{
	*ret = c->stats;
	ret->fdes = c->eh.section.fdes + c->debug.section.fdes;
}
