// SPDX-License-Identifier: Apache-2.0
/*
 * Sources give rows by address (rows.h); here they become spans of file offsets, and leaves. Each
 * executable segment is walked in one go, however many chunks it crosses, so that a function that
 * is larger than a chunk is worked out once.
 */
#include "elf/rules.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/code.h"
#include "elf/leaf.h"
#include "elf/pclntab.h"

struct rules {
	const struct elf_file *file;
	const struct elf_file *debug; /* or NULL */
	const struct cfi_arch *arch;
	struct rules_stats stats;

	struct row_source sources[ROWS_MAX_SOURCES];
	size_t source_cnt;
	struct cfi *cfi;       /* of the file; NULL when it has none */
	struct cfi *debug_cfi; /* of its debug file */
	struct pclntab *go;    /* NULL when it has none */

	/* of one question */
	struct buf *out;
	uint64_t at;	  /* file offset up to which leaves are made */
	int64_t to_vaddr; /* of the segment at hand: vaddr - file offset */
	uint64_t row_at;  /* the row that is held back until its end is known */
	struct unwind_rule row;
	bool has_row;
	struct leaf_builder leaf;
	struct code code;
};

static int open_code(struct rules *b, void **ret)
{
	code_init(&b->code, b->file, b->arch);
	*ret = &b->code;
	return 0;
}

static int open_eh_frame(struct rules *b, void **ret)
{
	int r = cfi_open(b->file, &b->cfi);

	*ret = b;
	return r;
}

static int eh_frame_rows(void *data, uint64_t from, uint64_t to, cfi_row_fn fn, void *arg)
{
	struct rules *b = data;

	return cfi_eh_frame_rows(b->cfi, from, to, fn, arg);
}

static int open_go(struct rules *b, void **ret)
{
	int r = pclntab_open(b->file, &b->go);

	*ret = b->go;
	return r;
}

static int go_rows(void *data, uint64_t from, uint64_t to, cfi_row_fn fn, void *arg)
{
	return pclntab_rows(data, from, to, fn, arg);
}

static int open_debug_frame(struct rules *b, void **ret)
{
	*ret = b;
	return b->cfi && cfi_has_debug_frame(b->cfi) ? 0 : -ENOENT;
}

static int open_debug_file(struct rules *b, void **ret)
{
	*ret = b;
	if (!b->debug || b->debug->machine != b->file->machine)
		return -ENOENT;
	return cfi_open_debug(b->debug, &b->debug_cfi);
}

/*
 * The space between two functions is not worth what the first question to .debug_frame costs. Where
 * Go's own table knows no rule, Go's .debug_frame gives one that is wrong.
 */
static int debug_frame_rows(struct rules *b, struct cfi *c, uint64_t from, uint64_t to,
			    cfi_row_fn fn, void *arg)
{
	static const struct unwind_rule none;
	uint64_t go_from = 0, go_to = 0;
	int r = 0;

	if (b->go)
		pclntab_range(b->go, &go_from, &go_to);
	if (from >= go_from && from < go_to) {
		r = fn(arg, from, &none);
		from = to < go_to ? to : go_to;
	}
	if (r || from == to)
		return r;
	if (code_is_padding(&b->code, from - (uint64_t)b->to_vaddr, to - from))
		return fn(arg, from, &none);
	return cfi_debug_frame_rows(c, from, to, fn, arg);
}

static int own_debug_rows(void *data, uint64_t from, uint64_t to, cfi_row_fn fn, void *arg)
{
	struct rules *b = data;

	return debug_frame_rows(b, b->cfi, from, to, fn, arg);
}

static int debug_file_rows(void *data, uint64_t from, uint64_t to, cfi_row_fn fn, void *arg)
{
	struct rules *b = data;

	return debug_frame_rows(b, b->debug_cfi, from, to, fn, arg);
}

/*
 * Where rules come from, in order of trust and then of cost: each is asked for the addresses about
 * which those above it say nothing. What `open` returns other than 0, -ENOMEM and -EIO means that
 * the file has nothing of that kind.
 */
static const struct {
	int (*open)(struct rules *b, void **ret);
	int (*rows)(void *data, uint64_t from, uint64_t to, cfi_row_fn fn, void *arg);
} kinds[] = {
	{open_code, code_rows},
	{open_eh_frame, eh_frame_rows},
	{open_go, go_rows},
	{open_debug_frame, own_debug_rows},
	{open_debug_file, debug_file_rows},
};

static int open_sources(struct rules *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		void *data = NULL;
		int r = kinds[i].open(b, &data);

		if (r == -ENOMEM || r == -EIO)
			return r;
		if (r)
			continue;
		b->sources[b->source_cnt++] = (struct row_source){kinds[i].rows, data};
	}
	return 0;
}

static void add_cfi_stats(struct rules_stats *stats, const struct cfi *c)
{
	struct cfi_stats more;

	if (!c)
		return;
	cfi_get_stats(c, &more);
	stats->cfi.fdes += more.fdes;
	stats->cfi.lost_fp_bytes += more.lost_fp_bytes;
	stats->cfi.debug_frame_is_too_large |= more.debug_frame_is_too_large;
	for (int i = 0; i < CFI_REASON_CNT; i++) {
		stats->cfi.rows[i] += more.rows[i];
		stats->cfi.bytes[i] += more.bytes[i];
	}
}

static void finish_leaf(struct rules *b)
{
	uint32_t size = leaf_builder_finish(&b->leaf, b->out);

	if (size) {
		b->stats.leaves++;
		b->stats.bytes += size;
		b->stats.rows += b->leaf.row_cnt;
		b->stats.rules += b->leaf.rule_cnt;
	}
	leaf_builder_init(&b->leaf);
}

/* [b->at, to) has this rule. */
static void add_span(struct rules *b, uint64_t to, const struct unwind_rule *rule)
{
	while (b->at < to) {
		uint64_t chunk_end = (b->at | (UNWIND_CHUNK - 1)) + 1;
		uint64_t end = to < chunk_end ? to : chunk_end;

		if (!leaf_builder_add(&b->leaf, b->at % UNWIND_CHUNK, rule))
			b->stats.cut_bytes += end - b->at;
		b->at = end;
		if (end == chunk_end)
			finish_leaf(b);
	}
}

/* The row that was held back ends at `to`. */
static void release_row(struct rules *b, uint64_t to, bool is_last)
{
	bool is_none = unwind_rule_kind(&b->row) == UNWIND_CFA_NONE;

	if (!b->has_row || b->row_at >= to)
		return;
	if (is_none && !is_last && code_is_padding(&b->code, b->row_at, to - b->row_at)) {
		b->stats.padding++;
		return; /* b->at stays behind: the next row begins there */
	}
	if (is_none)
		b->stats.none_bytes += to - b->row_at;
	add_span(b, to, &b->row);
}

static int take_row(void *arg, uint64_t vaddr, const struct unwind_rule *rule)
{
	struct rules *b = arg;
	uint64_t offset = vaddr - (uint64_t)b->to_vaddr;

	release_row(b, offset, false);
	b->row = *rule;
	b->row_at = offset;
	b->has_row = true;
	return buf_error(b->out);
}

/* The executable segment that the file offset is in, else the one that begins soonest behind it. */
static const struct elf_segment *find_segment(const struct elf_file *file, uint64_t offset)
{
	const struct elf_segment *found = NULL;

	for (uint32_t i = 0; i < file->segment_cnt; i++) {
		const struct elf_segment *seg = &file->segments[i];

		if (seg->type != PT_LOAD || !(seg->flags & PF_X) || !seg->size ||
		    seg->offset + seg->size <= offset)
			continue;
		if (seg->offset <= offset)
			return seg;
		if (!found || seg->offset < found->offset)
			found = seg;
	}
	return found;
}

static int add_segment(struct rules *b, const struct elf_segment *seg, uint64_t to)
{
	uint64_t from = b->at;
	int r;

	b->to_vaddr = (int64_t)(seg->vaddr - seg->offset);
	b->has_row = false;
	b->stats.code_bytes += to - from;
	r = rows_fill(b->sources, b->source_cnt, from + (uint64_t)b->to_vaddr,
		      to + (uint64_t)b->to_vaddr, take_row, b);
	if (!r)
		release_row(b, to, true);
	return r;
}

static int add_chunks(struct rules *b, uint64_t to)
{
	static const struct unwind_rule none;
	int r = 0;

	leaf_builder_init(&b->leaf);
	while (!r && b->at < to) {
		const struct elf_segment *seg = find_segment(b->file, b->at);
		uint64_t end;

		if (!seg || seg->offset >= to) {
			add_span(b, to, &none);
			break;
		}
		if (seg->offset > b->at)
			add_span(b, seg->offset, &none);
		end = seg->offset + seg->size;
		r = add_segment(b, seg, end < to ? end : to);
	}
	return r;
}

int rules_new(const struct elf_file *file, const struct elf_file *debug, struct rules **ret)
{
	struct rules *b = calloc(1, sizeof(*b));
	int r = 0;

	if (!b)
		return -ENOMEM;
	b->file = file;
	b->debug = debug;
	b->arch = cfi_arch_find(file->machine);
	if (b->arch)
		r = open_sources(b);
	if (r) {
		rules_free(b);
		return r;
	}
	*ret = b;
	return 0;
}

void rules_free(struct rules *b)
{
	if (!b)
		return;
	cfi_free(b->cfi);
	cfi_free(b->debug_cfi);
	pclntab_free(b->go);
	free(b);
}

int rules_build(struct rules *b, uint32_t first_chunk, uint32_t cnt, struct buf *ret)
{
	int r;

	if (cnt > RULES_MAX_CHUNKS)
		return -EINVAL;
	b->out = ret;
	b->at = (uint64_t)first_chunk * UNWIND_CHUNK;
	r = add_chunks(b, b->at + (uint64_t)cnt * UNWIND_CHUNK);
	return r ? r : buf_error(ret);
}

void rules_get_stats(const struct rules *b, struct rules_stats *ret)
{
	*ret = b->stats;
	add_cfi_stats(ret, b->cfi);
	add_cfi_stats(ret, b->debug_cfi);
}
