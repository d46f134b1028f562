// SPDX-License-Identifier: Apache-2.0
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <unistd.h>

#include "elf/code.h"
#include "elf/rules.h"
#include "unit/tap.h"

#define ALL_CHUNKS 40000 /* 312 MiB of file */

/* Leaves of a whole file, by chunk; NULL where there is none. */
static const struct unwind_leaf *leaves[ALL_CHUNKS];
static size_t chunk_cnt;

static void add_stats(struct rules_stats *sum, const struct rules_stats *s)
{
	sum->leaves += s->leaves;
	sum->bytes += s->bytes;
	sum->rows += s->rows;
	sum->rules += s->rules;
	sum->code_bytes += s->code_bytes;
	sum->none_bytes += s->none_bytes;
	sum->padding += s->padding;
	sum->cut_bytes += s->cut_bytes;
	for (int i = 0; i < CFI_REASON_CNT; i++)
		sum->cfi.bytes[i] += s->cfi.bytes[i];
}

/* One call's answer, taken apart as the other side of the sandbox does. */
static bool split(const struct buf *b, uint32_t cnt)
{
	size_t at = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		struct unwind_leaf *copy;
		uint32_t size;

		if (b->len - at < sizeof(size))
			return false;
		memcpy(&size, b->data + at, sizeof(size));
		at += sizeof(size);
		if (size > b->len - at || (size && !leaf_is_valid(b->data + at, size)))
			return false;
		copy = size ? malloc(size) : NULL;
		if (copy)
			memcpy(copy, b->data + at, size);
		leaves[chunk_cnt++] = copy;
		at += size;
	}
	return at == b->len;
}

static bool build_all(const struct elf_file *file, struct rules_stats *sum)
{
	uint64_t all = (file->size + UNWIND_CHUNK - 1) / UNWIND_CHUNK;
	bool good = true;
	struct buf b;

	buf_init(&b, RULES_MAX_BYTES);
	chunk_cnt = 0;
	memset(sum, 0, sizeof(*sum));
	for (uint64_t first = 0; first < all && good; first += RULES_MAX_CHUNKS) {
		struct rules_stats stats;

		buf_clear(&b);
		good = !rules_build_stats(file, NULL, (uint32_t)first, RULES_MAX_CHUNKS, &b,
					  &stats) &&
		       split(&b, RULES_MAX_CHUNKS);
		if (good)
			add_stats(sum, &stats);
	}
	buf_release(&b);
	return good;
}

static void free_leaves(void)
{
	while (chunk_cnt)
		free((void *)(uintptr_t)leaves[--chunk_cnt]);
}

static struct unwind_rule look_up(uint64_t offset)
{
	const struct unwind_leaf *leaf = leaves[offset / UNWIND_CHUNK];

	return leaf ? *leaf_find(leaf, offset % UNWIND_CHUNK) : (struct unwind_rule){0};
}

struct check {
	const struct elf_segment *seg;
	struct code *code;
	struct unwind_rule rule;
	uint64_t at;
	bool any;
	uint64_t checked, wrong;
};

/* The row that ends at `end`, against the leaves: at its first and its last byte. */
static void check_row(struct check *c, uint64_t end)
{
	uint64_t from = c->at - c->seg->vaddr + c->seg->offset, len = end - c->at;
	struct unwind_rule first = look_up(from), last = look_up(from + len - 1);
	bool is_none = unwind_rule_kind(&c->rule) == UNWIND_CFA_NONE;

	c->checked += 2;
	if (unwind_rule_equal(&first, &c->rule) && unwind_rule_equal(&last, &c->rule))
		return;
	if (is_none && code_is_padding(c->code, from, len))
		return;
	if (c->wrong++ < 5)
		printf("# offset %#" PRIx64 " + %" PRIu64 ": kind %d, leaf says %d and %d\n", from,
		       len, unwind_rule_kind(&c->rule), unwind_rule_kind(&first),
		       unwind_rule_kind(&last));
}

static int take(void *arg, uint64_t vaddr, const struct unwind_rule *rule)
{
	struct check *c = arg;

	if (c->any)
		check_row(c, vaddr);
	c->any = true;
	c->rule = *rule;
	c->at = vaddr;
	return 0;
}

static void check_against_rows(const struct elf_file *file, const char *name)
{
	struct check c = {0};
	struct cfi *cfi;
	int r = cfi_open(file, &cfi);

	c.code = malloc(sizeof(*c.code));
	code_init(c.code, file, cfi_arch_find(file->machine));
	for (uint32_t i = 0; i < file->segment_cnt && !r; i++) {
		c.seg = &file->segments[i];
		c.any = false;
		if (c.seg->type != PT_LOAD || !(c.seg->flags & PF_X))
			continue;
		r = cfi_rows(cfi, c.seg->vaddr, c.seg->vaddr + c.seg->size, take, &c);
		if (!r)
			check_row(&c, c.seg->vaddr + c.seg->size);
	}
	ok(!r && c.checked && !c.wrong, "%s: leaves say what CFI says at %" PRIu64 " places", name,
	   c.checked);
	cfi_free(cfi);
	free(c.code);
}

static void print_stats(const char *name, const struct rules_stats *s)
{
	printf("# %s: %" PRIu64 " leaves, %" PRIu64 " rows, %" PRIu64 " rules, %" PRIu64
	       " bytes; per KiB of code %.1f bytes, %.2f rows;",
	       name, s->leaves, s->rows, s->rules, s->bytes,
	       1024.0 * (double)s->bytes / (double)s->code_bytes,
	       1024.0 * (double)s->rows / (double)s->code_bytes);
	printf(" none %.3f%% of %" PRIu64 ", %" PRIu64 " rows of padding spared, cut %" PRIu64
	       ", rows per leaf %.0f, rules per leaf %.0f\n",
	       100.0 * (double)s->none_bytes / (double)s->code_bytes, s->code_bytes, s->padding,
	       s->cut_bytes, (double)s->rows / (double)s->leaves,
	       (double)s->rules / (double)s->leaves);
}

static void test_file(const char *path)
{
	struct rules_stats stats;
	struct elf_file file;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		tap_skip(path);
		return;
	}
	if (ok(!elf_file_init(&file, fd) && build_all(&file, &stats) && stats.leaves,
	       "%s: leaves of the whole file, all valid", path)) {
		print_stats(path, &stats);
		ok(!stats.cut_bytes, "%s: each leaf holds its chunk", path);
		check_against_rows(&file, path);
	}
	free_leaves();
	close(fd);
}

static void test_system_files(void)
{
	static const char *const patterns[] = {
		"/lib/*-linux-gnu*/libc.so.6",
		"/lib/*-linux-gnu*/ld-linux-*.so.*",
		"/usr/lib/*-linux-gnu*/libcrypto.so.3",
		"/usr/lib/*-linux-gnu*/libstdc++.so.6",
		"/bin/bash",
		"/usr/bin/python3",
		"/usr/bin/gdb",
	};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		glob_t g;

		if (glob(patterns[i], 0, NULL, &g)) {
			tap_skip(patterns[i]);
			continue;
		}
		test_file(g.gl_pathv[0]);
		globfree(&g);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			test_file(argv[i]);
		return tap_done();
	}
	test_system_files();
	return tap_done();
}
