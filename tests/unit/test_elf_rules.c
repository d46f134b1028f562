// SPDX-License-Identifier: Apache-2.0
#include <elf.h>
#include <errno.h>
#include <glob.h>

#include "elf/code.h"
#include "unit/cfi_sources.h"
#include "unit/elf_made.h"
#include "unit/build_rules.h"

#define ALL_CHUNKS 40000 /* 312 MiB of file */

/* Leaves of a whole file, by chunk; NULL where there is none. */
static const struct unwind_leaf *leaves[ALL_CHUNKS];
static size_t chunk_cnt;

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
	struct rules *rules = NULL;
	bool good = !rules_new(file, NULL, &rules);
	struct buf b;

	buf_init(&b, RULES_MAX_BYTES);
	chunk_cnt = 0;
	for (uint64_t first = 0; first < all && good; first += RULES_MAX_CHUNKS) {
		buf_clear(&b);
		good = !rules_build(rules, (uint32_t)first, RULES_MAX_CHUNKS, &b) &&
		       split(&b, RULES_MAX_CHUNKS);
	}
	if (good)
		rules_get_stats(rules, sum);
	rules_free(rules);
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
	struct cfi *cfi = NULL;
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

/* The offsets of the bytes in the file; how many there are. */
static size_t find_bytes(const char *path, const uint8_t *bytes, size_t len, uint64_t *ret_at)
{
	size_t size, cnt = 0;
	uint8_t *data;
	int fd = elf_copy(path, &data, &size);

	if (fd < 0)
		return 0;
	for (const uint8_t *p = data; (p = memmem(p, size - (size_t)(p - data), bytes, len)); p++) {
		*ret_at = (uint64_t)(p - data);
		cnt++;
	}
	munmap(data, size);
	close(fd);
	return cnt;
}

/* The code that returns from a signal handler: all of it, and the byte before, is a signal frame. */
static void test_trampoline(const char *path, const uint8_t *bytes, size_t len, int32_t context)
{
	struct rules_stats stats;
	struct elf_file file;
	uint64_t at = 0;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0) {
		tap_skip("no such file here");
		return;
	}
	if (ok(find_bytes(path, bytes, len, &at) == 1 && !elf_file_init(&file, fd) &&
		       build_all(&file, &stats),
	       "%s: has one trampoline, at %#" PRIx64, path, at)) {
		int good = 0;

		for (uint64_t i = at - 1; i < at + len; i++) {
			struct unwind_rule rule = look_up(i);

			good += unwind_rule_kind(&rule) == UNWIND_CFA_SIGNAL &&
				unwind_rule_offset(&rule) == context;
		}
		is_u64(good, len + 1, "%s: which has the rule of a signal frame", path);
	}
	free_leaves();
	close(fd);
}

static void test_trampolines(void)
{
	static const uint8_t x86[] = {0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05};
	static const uint8_t arm64[] = {0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4};

	test_trampoline("/lib/x86_64-linux-gnu/libc.so.6", x86, sizeof(x86), 0);
	test_trampoline("/lib/ld-musl-x86_64.so.1", x86, sizeof(x86), 0);
	test_trampoline(elf_made("arm64.s", cfi_source_arm64,
				 "clang --target=aarch64-linux-gnu -nostdlib -shared -fuse-ld=lld "
				 "%s -o %s 2>/dev/null",
				 "arm64.so"),
			arm64, sizeof(arm64), 128);
}

static struct unwind_rule rule_of(uint32_t offset)
{
	return (struct unwind_rule){.cfa = UNWIND_CFA_SP | offset << UNWIND_CFA_BITS};
}

/* Rows that do not fit into a leaf: what is there stays right, the rest is unknown. */
static void test_full_leaf(uint32_t rules, uint32_t rows, uint32_t step)
{
	struct leaf_builder *b = malloc(sizeof(*b));
	const struct unwind_leaf *leaf;
	uint32_t fit = 0, wrong = 0;
	struct buf out;

	buf_init(&out, 1 << 16);
	leaf_builder_init(b);
	for (uint32_t i = 0; i < rows; i++) {
		struct unwind_rule rule = rule_of(8 * (1 + i % rules));

		fit += leaf_builder_add(b, i * step, &rule);
	}
	buf_add(&out, "align", 4);
	leaf_builder_finish(b, &out);
	leaf = (const struct unwind_leaf *)(const void *)(out.data + 8);
	ok(leaf_is_valid(leaf, out.len - 8), "a full leaf is valid");
	for (uint32_t i = 0; i < rows; i++) {
		struct unwind_rule want =
			i < fit ? rule_of(8 * (1 + i % rules)) : (struct unwind_rule){0};

		wrong += !unwind_rule_equal(leaf_find(leaf, i * step), &want);
		wrong += !unwind_rule_equal(leaf_find(leaf, i * step + step - 1), &want);
	}
	ok(fit > 100 && fit < rows && !wrong,
	   "%u of %u rows with %u rules fit in %zu bytes, the others are unknown", fit, rows, rules,
	   out.len - 8);
	buf_release(&out);
	free(b);
}

static void test_validity(void)
{
	static const struct unwind_rule rules[] = {
		{.cfa = UNWIND_CFA_SP | 8 << UNWIND_CFA_BITS},
		{.cfa = UNWIND_CFA_REG, .other = 10},
		{.cfa = UNWIND_CFA_PLT, .other = 11},
	};
	struct leaf_builder *b = malloc(sizeof(*b));
	uint64_t copy[8];
	uint16_t *words = (uint16_t *)copy;
	struct unwind_rule *last = (struct unwind_rule *)(void *)&copy[5];
	struct buf out;

	buf_init(&out, 1 << 16);
	leaf_builder_init(b);
	for (uint32_t i = 0; i < 3; i++)
		leaf_builder_add(b, 16 * i, &rules[i]);
	is_u64(leaf_builder_finish(b, &out), 48, "three rows, three rules");
	ok(leaf_is_valid(out.data + 4, 48), "a leaf that was built is valid");
	for (size_t len = 0; len < 48; len++)
		if (leaf_is_valid(out.data + 4, len))
			ok(false, "cut to %zu bytes it is not", len);

#define broken(what, ...)                                            \
	do {                                                         \
		memcpy(copy, out.data + 4, 48);                      \
		__VA_ARGS__;                                         \
		ok(!leaf_is_valid(copy, 48), "not valid: %s", what); \
	} while (0)
	broken("no rows", words[0] = 0);
	broken("more rows than there is room for", words[0] = 9000);
	broken("no rules", words[1] = 0);
	broken("one rule more", words[1]++);
	broken("rules elsewhere", words[2] += 8);
	broken("rules beyond the end", words[2] = 65528);
	broken("already used", words[3] = 1);
	broken("does not begin at 0", words[4] = 1);
	broken("two rows at one place", words[6] = words[5]);
	broken("a row beyond the chunk", words[6] = UNWIND_CHUNK);
	broken("an index beyond the rules", ((uint8_t *)copy)[15] = 3);
	broken("an unknown kind", last->cfa = 9);
	broken("a byte of a PLT entry that there is not", last->other = 16);
	broken("a register that there is not", last[-1].other = -1);
#undef broken
	buf_release(&out);
	free(b);
}

/* A source that knows every other hundred addresses, shifted by `data`. */
static int striped(void *data, uint64_t from, uint64_t to, cfi_row_fn fn, void *arg)
{
	uint64_t shift = *(const uint64_t *)data;
	int r = 0;

	for (uint64_t at = from; at < to && !r; at = (at + shift) / 100 * 100 + 100 - shift) {
		struct unwind_rule rule = rule_of((uint32_t)(8 + shift));

		if ((at + shift) / 100 % 2)
			rule = (struct unwind_rule){0};
		r = fn(arg, at, &rule);
	}
	return r;
}

struct seen {
	uint64_t at[64];
	uint32_t offset[64];
	size_t cnt;
};

static int see(void *arg, uint64_t vaddr, const struct unwind_rule *rule)
{
	struct seen *s = arg;

	if (s->cnt == 64)
		return -ENOSPC;
	s->at[s->cnt] = vaddr;
	s->offset[s->cnt++] = (uint32_t)unwind_rule_offset(rule);
	return vaddr == 900 ? -ECANCELED : 0;
}

static void test_fill(void)
{
	uint64_t shifts[] = {0, 50};
	struct row_source sources[] = {{striped, &shifts[0]}, {striped, &shifts[1]}};
	struct seen s = {0};

	/* 0: [0,100) [200,300); 50: [-50,50) [150,250) [350,450) */
	ok(!rows_fill(sources, 2, 10, 420, see, &s), "two sources");
	is_u64(s.cnt, 7, "seven rows");
	ok(s.at[0] == 10 && s.offset[0] == 8 && s.at[1] == 100 && s.offset[1] == 0 &&
		   s.at[2] == 150 && s.offset[2] == 58 && s.at[3] == 200 && s.offset[3] == 8,
	   "the first source goes before the second, which fills its holes");
	ok(s.at[4] == 300 && s.offset[4] == 0 && s.at[5] == 350 && s.offset[5] == 58 &&
		   s.at[6] == 400 && s.offset[6] == 8,
	   "to the end");
	s.cnt = 0;
	ok(!rows_fill(sources, 0, 10, 420, see, &s) && s.cnt == 1 && !s.offset[0],
	   "without a source nothing is known");
	ok(rows_fill(sources, 2, 800, 1200, see, &s) == -ECANCELED, "whoever listens can stop it");
	s.cnt = 0;
	ok(!rows_fill(sources, 2, 10, 10, see, &s) && !s.cnt, "nothing is nothing");
}

static void test_limits(void)
{
	struct elf_file file;
	struct buf b;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	buf_init(&b, 100);
	ok(!elf_file_init(&file, fd), "this program");
	is_i64(build_rules(&file, NULL, 0, RULES_MAX_CHUNKS + 1, &b), -EINVAL, "too many chunks");
	is_i64(build_rules(&file, NULL, 0, RULES_MAX_CHUNKS, &b), -ENOSPC, "too small a buffer");
	buf_clear(&b);
	ok(!build_rules(&file, NULL, UINT32_MAX, 2, &b) && b.len == 8 && !b.data[0] && !b.data[4],
	   "chunks behind the end of the file are empty");
	file.machine = EM_S390;
	buf_clear(&b);
	ok(!build_rules(&file, NULL, 0, 4, &b) && b.len == 16, "no rules for other machines");
	buf_release(&b);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc > 1) { /* figures for files of your choice */
		for (int i = 1; i < argc; i++)
			test_file(argv[i]);
		return tap_done();
	}
	tmpdir_make();
	test_validity();
	test_full_leaf(2, 4000, 2);
	test_full_leaf(1000, 1000, 8);
	test_full_leaf(250, 2000, 4);
	test_fill();
	test_limits();
	test_trampolines();
	test_system_files();
	tmpdir_remove();
	return tap_done();
}
