// SPDX-License-Identifier: Apache-2.0
#include "elf/code.h"

#include <elf.h>
#include <string.h>

#include "elf/cfi_rule.h"

#define BLOCK	16384
#define OVERLAP 16 /* more than any trampoline has */

struct pattern {
	uint16_t machine;
	uint8_t step; /* instructions begin at multiples of it */
	uint8_t len;
	uint8_t bytes[9];
};

/* Those of one machine end in the same byte. __NR_rt_sigreturn is 15 on x86-64, 139 on arm64. */
static const struct pattern trampolines[] = {
	{EM_X86_64, 1, 9, {0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05}}, /* mov $15,%rax; syscall */
	{EM_X86_64, 1, 7, {0xb8, 15, 0, 0, 0, 0x0f, 0x05}},		/* mov $15,%eax; syscall */
	{EM_AARCH64, 4, 8, {0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4}}, /* mov x8,#139; svc #0 */
};

void code_init(struct code *c, const struct elf_file *file, const struct cfi_arch *arch)
{
	c->arch = arch;
	window_init(&c->window, file, 0, file->size);
}

/* The length of one x86 instruction that does nothing, 0 if it is another. */
static size_t x86_nop(const uint8_t *p, size_t len)
{
	size_t i = 0, disp;
	uint8_t mod;

	while (i < len && (p[i] == 0x66 || p[i] == 0x2e))
		i++;
	if (i < len && p[i] == 0x90)
		return i + 1;
	if (len - i < 3 || p[i] != 0x0f || p[i + 1] != 0x1f)
		return 0;
	mod = p[i + 2] >> 6;
	disp = mod == 1 ? 1 : mod == 2 ? 4 : 0;
	i += 3 + ((p[i + 2] & 7) == 4) + disp;
	return mod != 3 && i <= len ? i : 0;
}

static bool x86_is_padding(const uint8_t *p, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = p[i] == 0xcc || !p[i] ? 1 : x86_nop(p + i, len - i);
		if (!n)
			return false;
	}
	return true;
}

static bool arm64_is_padding(const uint8_t *p, size_t len)
{
	static const uint8_t words[][4] = {
		{0x1f, 0x20, 0x03, 0xd5}, /* nop */
		{0, 0, 0, 0},		  /* udf #0 */
		{0x20, 0, 0x20, 0xd4},	  /* brk #1 */
	};

	for (size_t i = 0; i < len; i += 4) {
		size_t w = 0;

		while (w < ARRAY_SIZE(words) && (len - i < 4 || memcmp(p + i, words[w], 4)))
			w++;
		if (w == ARRAY_SIZE(words))
			return false;
	}
	return true;
}

bool code_is_padding(struct code *c, uint64_t offset, uint64_t len)
{
	const uint8_t *p;

	if (len > CODE_MAX_PADDING)
		return false;
	p = window_view(&c->window, offset, (size_t)len);
	if (!p)
		return false;
	return c->arch->machine == EM_X86_64 ? x86_is_padding(p, (size_t)len)
					     : arm64_is_padding(p, (size_t)len);
}

/* The trampoline of which `end` is the last byte. */
static const struct pattern *that_ends(uint16_t machine, const uint8_t *p, const uint8_t *end,
				       uint64_t at)
{
	size_t len = (size_t)(end + 1 - p);

	for (size_t i = 0; i < ARRAY_SIZE(trampolines); i++) {
		const struct pattern *t = &trampolines[i];

		if (t->machine == machine && len >= t->len && (at + len - t->len) % t->step == 0 &&
		    !memcmp(end + 1 - t->len, t->bytes, t->len))
			return t;
	}
	return NULL;
}

/*
 * The first trampoline in (p, len); `at` is the file offset of p. Looked for by the last byte, which
 * all of a machine share, and code seldom has.
 */
static const struct pattern *find(uint16_t machine, const uint8_t *p, size_t len, uint64_t at,
				  size_t *ret_at)
{
	const int last = machine == EM_X86_64 ? 0x05 : 0xd4;
	const uint8_t *from = p, *hit;

	while ((hit = memchr(from, last, len - (size_t)(from - p)))) {
		const struct pattern *t = that_ends(machine, p, hit, at);

		if (t) {
			*ret_at = (size_t)(hit + 1 - p) - t->len;
			return t;
		}
		from = hit + 1;
	}
	return NULL;
}

/* What code_rows() has come to: rows were given up to `at`. */
struct scan {
	struct code *code;
	uint64_t from, to, at; /* addresses */
	cfi_row_fn fn;
	void *arg;
};

/* [begin, end) is a trampoline: a row for it, and the one that says that it is over. */
static int give(struct scan *s, uint64_t begin, uint64_t end)
{
	static const struct unwind_rule none;
	struct unwind_rule rule = cfi_rule_signal(s->code->arch);
	int r;

	if (begin < s->at)
		begin = s->at;
	if (begin >= s->to || end <= begin)
		return 0;
	r = s->fn(s->arg, begin, &rule);
	s->at = end;
	return r || end >= s->to ? r : s->fn(s->arg, end, &none);
}

/* All that are in the file's bytes [offset, end), which are loaded at `vaddr`. */
static int scan(struct scan *s, uint64_t offset, uint64_t end, uint64_t vaddr)
{
	while (offset < end) {
		size_t len = end - offset < BLOCK ? (size_t)(end - offset) : BLOCK, hit;
		const uint8_t *p = window_view(&s->code->window, offset, len);
		const struct pattern *t =
			p ? find(s->code->arch->machine, p, len, offset, &hit) : NULL;
		size_t step = t ? hit + t->len : len == BLOCK ? len - OVERLAP : len;
		int r = t ? give(s, vaddr + hit - 1, vaddr + step) : 0;

		if (r)
			return r;
		offset += step;
		vaddr += step;
	}
	return 0;
}

int code_rows(void *data, uint64_t from, uint64_t to, cfi_row_fn fn, void *arg)
{
	static const struct unwind_rule none;
	struct scan s = {.code = data, .from = from, .to = to, .at = from, .fn = fn, .arg = arg};
	const struct elf_file *file = s.code->window.file;
	uint64_t offset, segment_end, end, before;
	int r = fn(arg, from, &none);

	if (r || !elf_file_code_offset(file, from, &offset, &segment_end))
		return r;
	end = segment_end - offset < to - from ? segment_end : offset + (to - from);
	end = segment_end - end < OVERLAP ? segment_end : end + OVERLAP;
	before = offset < OVERLAP ? offset : OVERLAP;
	return scan(&s, offset - before, end, from - before);
}
