// SPDX-License-Identifier: Apache-2.0
/*
 * This process's own stack, copied as the sampler would, and walked by the rules of the files that
 * are mapped here. The oracle is backtrace(3), the C++ runtime's unwinder.
 */
#include "unwind/unwinder.h"

#include <execinfo.h>
#include <fcntl.h>
#include <ucontext.h>
#include <unistd.h>

#include "elf/image.h"
#include "elf/leaf.h"
#include "proc/procmaps.h"
#include "unit/tap.h"

#define MAX_RANGES 64
#define ARENA	   (4u << 20)

static struct image_cache *images;
static struct unwind_range ranges[MAX_RANGES];
static struct unwind_maps maps = {.version = 1};
static uint64_t stack_end;

static union {
	struct wire_sample sample;
	uint8_t bytes[sizeof(struct wire_sample) + 8 + sizeof(struct wire_stack) + WIRE_MAX_STACK];
} rec;

static struct {
	uint32_t calls, forgotten, last_pid;
	struct unwind_space last;
	bool refuse;
} told;

static int set_space(void *arg, uint32_t pid, const struct unwind_space *space)
{
	(void)arg;
	told.last_pid = pid;
	if (!space) {
		told.forgotten++;
		return 0;
	}
	if (told.refuse)
		return -28;
	told.calls++;
	told.last = *space;
	return 0;
}

static void get_range(const void *arg, size_t i, struct unwind_range *ret)
{
	*ret = ((const struct unwind_range *)arg)[i];
}

static void add_range(const struct procmaps_line *line)
{
	struct unwind_range *range = &ranges[maps.cnt];
	char path[4096];
	int fd;

	if (line->path.len == 7 && !memcmp(line->path.p, "[stack]", 7))
		stack_end = line->end;
	if (!line->is_exec || maps.cnt == MAX_RANGES)
		return;
	*range =
		(struct unwind_range){.start = line->start, .end = line->end, .pgoff = line->pgoff};
	if (line->path.len && line->path.p[0] == '/') {
		snprintf(path, sizeof(path), "%.*s", (int)line->path.len, line->path.p);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && image_cache_open(images, fd, path, &range->image))
			range->image = NULL;
	}
	maps.cnt++;
}

static void read_own_maps(void)
{
	struct procmaps_line line;
	char text[4096];
	FILE *f = fopen("/proc/self/maps", "r");

	maps.get = get_range;
	maps.arg = ranges;
	while (f && fgets(text, sizeof(text), f))
		if (procmaps_parse((struct str){text, strcspn(text, "\n")}, &line))
			add_range(&line);
	if (f)
		fclose(f);
	ok(maps.cnt > 2, "%zu executable mappings here", maps.cnt);
}

/* A sample of the caller's caller, as BPF would send it when it knows nothing. */
static void take_sample(const ucontext_t *uc)
{
	static const uint8_t order[16] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
					  REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
					  REG_R12, REG_R13, REG_R14, REG_R15};
	const greg_t *regs = uc->uc_mcontext.gregs;
	struct wire_stack *stack = (struct wire_stack *)&rec.sample.pcs[1];

	memset(&rec, 0, sizeof(rec));
	rec.sample.h.type = WIRE_SAMPLE;
	rec.sample.h.flags = WIRE_F_STACK | WIRE_F_USER_NO_RULES;
	rec.sample.h.time_ns = 5;
	rec.sample.pid = 4711;
	rec.sample.user_cnt = 1;
	rec.sample.pcs[0] = (uint64_t)regs[REG_RIP];
	stack->space_id = 99;
	stack->sp = (uint64_t)regs[REG_RSP];
	stack->fp = (uint64_t)regs[REG_RBP];
	stack->other = (uint64_t)regs[REG_RBX];
	stack->addr = stack->sp & ~7ul;
	stack->len = stack_end - stack->addr < WIRE_MAX_STACK ? (uint32_t)(stack_end - stack->addr)
							      : WIRE_MAX_STACK;
	rec.sample.h.size = (uint32_t)(sizeof(rec.sample) + 8 + sizeof(*stack)) + stack->len;
	stack->is_interrupted = 1;
	for (int i = 0; i < 16; i++)
		stack->regs[i] = (uint64_t)regs[order[i]];
}

static __attribute__((no_sanitize("address"))) void copy_words(void)
{
	struct wire_stack *stack = (struct wire_stack *)&rec.sample.pcs[1];
	const volatile uint64_t *from = (const volatile uint64_t *)stack->addr;

	for (size_t i = 0; i < stack->len / 8; i++)
		stack->words[i] = from[i];
}

static void *oracle[64];
static int oracle_cnt;

/* Takes the sample and asks the oracle, at the bottom of a few calls. */
static __attribute__((noinline)) int dive(int depth)
{
	static ucontext_t uc;

	if (depth)
		return dive(depth - 1) + 1;
	getcontext(&uc);
	take_sample(&uc);
	copy_words();
	oracle_cnt = backtrace(oracle, 64);
	return 0;
}

static struct unwinder *make(size_t arena_bytes, uint32_t max_spaces)
{
	struct unwind_target target = {
		.arena_bytes = arena_bytes, .max_spaces = max_spaces, .set_space = set_space};
	struct unwinder *u = NULL;

	memset(&told, 0, sizeof(told));
	ok(!unwinder_new(&target, &u), "an unwinder");
	return u;
}

/*
 * From the caller of the innermost function on: that one the two have seen at different addresses,
 * and a sanitizer puts a frame of its own below the oracle.
 */
static bool same_as_oracle(const struct unwind_stack *st)
{
	int skip = 0;

	while (skip < oracle_cnt && st->cnt > 1 && st->pcs[1] != (uintptr_t)oracle[skip])
		skip++;
	if (st->cnt < 5 || st->cnt - 1 != (size_t)(oracle_cnt - skip))
		return false;
	for (size_t i = 1; i < st->cnt; i++)
		if (st->pcs[i] != (uintptr_t)oracle[(size_t)skip + i - 1])
			return false;
	return true;
}

static void test_walk(void)
{
	struct unwinder *u = make(ARENA, 8);
	struct unwind_process p = {.pid = 4711, .is_alive = true, .maps = maps};
	struct unwind_stack st;
	struct unwinder_stats stats;

	unwinder_sample(u, &p, &rec.sample, &st);
	ok(st.end == UNWIND_END_WHOLE, "the walk comes to the outermost frame");
	ok(!st.has_fp, "by rules alone");
	ok(same_as_oracle(&st), "%zu frames, the same as the oracle's %d", st.cnt, oracle_cnt);
	is_u64(told.calls, 1, "the sampler was told of the process");
	is_u64(told.last_pid, 4711, "…by its number");
	is_u64(told.last.id, 99, "…and its address space");
	ok(told.last.list >= UNWIND_FIRST, "…and where its spans are");
	unwinder_sample(u, &p, &rec.sample, &st);
	is_u64(told.calls, 1, "once is enough");
	p.maps.version = 2;
	unwinder_sample(u, &p, &rec.sample, &st);
	is_u64(told.calls, 2, "with other mappings it is told again");
	rec.sample.pcs[0] = 0x1000;
	unwinder_sample(u, &p, &rec.sample, &st);
	ok(st.end == UNWIND_END_UNKNOWN && st.cnt == 1, "an address in no mapping");
	rec.sample.pcs[0] = (uintptr_t)oracle[0];
	rec.sample.h.flags = WIRE_F_USER_NO_RULES;
	rec.sample.h.size = sizeof(rec.sample) + 8;
	unwinder_sample(u, &p, &rec.sample, &st);
	ok(st.end == UNWIND_END_UNFINISHED, "without a copy there is no going on");
	unwinder_forget(u, 4711);
	unwinder_forget(u, 4711);
	is_u64(told.forgotten, 1, "a process that has ended is forgotten, once");
	unwinder_stats(u, &stats);
	is_u64(stats.spaces, 0, "no process is known any more");
	is_u64(stats.lists, 0, "…nor its list");
	is_u64(stats.ends[UNWIND_END_WHOLE], 3, "three whole stacks were counted");
	unwinder_free(u);
}

/* As BPF goes from an address to its leaf. */
static bool reaches(const uint8_t *arena, uint32_t list_unit, uint64_t addr)
{
	const struct unwind_list *list = (const void *)(arena + (size_t)list_unit * UNWIND_UNIT);
	size_t i = 0;

	while (i + 1 < list->cnt && list->spans[i + 1].start <= addr)
		i++;
	if (list->levels)
		return list->spans[i].dir >= UNWIND_FIRST &&
		       reaches(arena, list->spans[i].dir, addr);
	if (list->spans[i].dir >= UNWIND_FIRST) {
		const struct unwind_dir *dir =
			(const void *)(arena + (size_t)list->spans[i].dir * UNWIND_UNIT);
		uint64_t chunk =
			(addr - list->spans[i].start + list->spans[i].skew) >> UNWIND_CHUNK_SHIFT;

		return chunk < dir->cnt;
	}
	return list->spans[i].dir == UNWIND_NO_RULE;
}

/* Lists of more spans than a page holds have two levels. */
static void test_many_mappings(void)
{
	enum { CNT = 2000 };
	static _Alignas(UNWIND_PAGE) uint8_t arena[ARENA];
	struct unwind_range *many = calloc(CNT, sizeof(*many));
	struct unwind_target target = {.arena = arena,
				       .arena_bytes = sizeof(arena),
				       .max_spaces = 4,
				       .set_space = set_space};
	struct unwind_process p = {.pid = 1, .is_alive = true};
	struct image *image = NULL;
	struct unwind_stack st;
	struct unwinder *u = NULL;
	size_t wrong = 0;

	memset(&told, 0, sizeof(told));

	for (size_t i = 0; i < maps.cnt; i++)
		image = ranges[i].image ? ranges[i].image : image;
	for (size_t i = 0; i < CNT; i++)
		many[i] = (struct unwind_range){.start = 0x10000000 + i * 0x10000,
						.end = 0x10000000 + i * 0x10000 + 0x8000,
						.pgoff = (i % 7) * 0x3000,
						.image = i % 5 ? image : NULL};
	p.maps = (struct unwind_maps){.version = 5, .cnt = CNT, .get = get_range, .arg = many};
	ok(many && !unwinder_new(&target, &u), "an unwinder over memory of the sampler");
	unwinder_sample(u, &p, &rec.sample, &st);
	for (size_t i = 0; i < CNT; i++)
		for (uint64_t at = 0; at < 0x8000; at += 0xfff)
			wrong += !reaches(arena, told.last.list, many[i].start + at);
	is_u64(wrong, 0, "each address of %d mappings leads to its directory", CNT);
	wrong = 0;
	for (size_t i = 0; i + 1 < CNT; i++)
		wrong += many[i].image && reaches(arena, told.last.list, many[i].end + 0x100);
	is_u64(wrong, 0, "…and none between them");
	told.refuse = true;
	p.maps.version = 6;
	unwinder_sample(u, &p, &rec.sample, &st);
	is_u64(told.calls, 1, "a sampler that has no room is not told again and again");
	unwinder_free(u);
	free(many);
}

/* Seven processes, of which three fit; how many of 600 stacks are whole. */
static uint32_t press(struct unwinder *u)
{
	struct unwind_process p = {.is_alive = true, .maps = maps};
	struct unwind_stack st;
	uint32_t whole = 0;

	for (uint32_t i = 0; i < 600; i++) {
		p.pid = 100 + i % 7;
		p.maps.version = 10 + i;
		unwinder_sample(u, &p, &rec.sample, &st);
		whole += st.end == UNWIND_END_WHOLE;
		if (i % 10 == 0)
			unwinder_tick(u, (uint64_t)(i + 1) * NSEC_PER_SEC);
	}
	return whole;
}

/*
 * Fewer processes and less memory than are wanted: the oldest go, nothing breaks. How much the list
 * of our own mappings takes grows with each library, so all sizes from too little for it to enough
 * for all are tried.
 */
static void test_pressure(void)
{
	bool fits = true;
	uint64_t evicted = 0, no_room = 0;
	uint32_t whole = 0;

	for (uint32_t pages = 8; pages <= 64; pages += 2) {
		struct unwinder_stats stats;
		struct unwinder *u = make(pages * UNWIND_PAGE, 3);

		whole = press(u);
		unwinder_stats(u, &stats);
		unwinder_free(u);
		fits &= stats.spaces <= 3 && stats.arena_used <= stats.arena_bytes;
		evicted += stats.evicted_spaces;
		no_room += stats.leaves.no_room;
	}
	ok(fits, "never more processes and memory than there may be");
	ok(evicted > 0, "processes were given up: %u", (unsigned int)evicted);
	ok(no_room > 0, "memory was too small: %u times", (unsigned int)no_room);
	ok(whole >= 300, "with enough of it %u of 600 stacks are whole", whole);
}

/* Rules switched off: what the sampler has found by frame pointer is all there is. */
static void test_no_rules(void)
{
	static const struct {
		uint16_t flags;
		uint64_t last; /* address of the outermost frame; 0: one in a file */
		enum unwind_end end;
	} rows[] = {
		{WIRE_F_USER_WHOLE, 0, UNWIND_END_WHOLE},
		{WIRE_F_USER_BROKEN, 0, UNWIND_END_NO_RULE},
		{WIRE_F_USER_TRUNCATED, 0, UNWIND_END_TRUNCATED},
		{WIRE_F_USER_BROKEN, 0x7fffffff0000, UNWIND_END_UNKNOWN},
		{WIRE_F_USER_WHOLE, 1, UNWIND_END_JIT},
		{WIRE_F_USER_BROKEN, 1, UNWIND_END_JIT},
	};
	static const struct unwind_range code[2] = {{.start = 0, .end = 4096}};
	struct unwind_target target = {.no_rules = true, .max_spaces = 8, .set_space = set_space};
	struct unwind_process p = {.pid = 4711, .is_alive = true, .maps = maps};
	struct unwinder_stats stats;
	struct unwinder *u = NULL;
	struct unwind_stack st;

	memset(&told, 0, sizeof(told));
	ok(!unwinder_new(&target, &u), "an unwinder without rules");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wire_sample *s = &rec.sample;
		uint64_t leaf = ranges[0].start + 100;

		s->h.flags = rows[i].flags | WIRE_F_USER_FP;
		s->user_cnt = 2;
		s->pcs[0] = leaf;
		s->pcs[1] = rows[i].last == 1 ? 512 : rows[i].last ? rows[i].last : leaf;
		if (rows[i].last == 1)
			p.maps = (struct unwind_maps){
				.version = 1, .cnt = 1, .get = get_range, .arg = code};
		unwinder_sample(u, &p, s, &st);
		ok(st.end == rows[i].end && st.has_fp && st.cnt == 2 &&
			   st.pcs == (const uint64_t *)s->pcs,
		   "row %zu: end %d", i, (int)st.end);
	}
	rec.sample.user_cnt = 0;
	unwinder_sample(u, &p, &rec.sample, &st);
	ok(st.end == UNWIND_END_NONE && !st.cnt && !st.has_fp, "no stack at all");
	unwinder_tick(u, NSEC_PER_SEC);
	unwinder_forget(u, 4711);
	unwinder_stats(u, &stats);
	ok(stats.by_fp == 6 && stats.ends[UNWIND_END_JIT] == 2 && !stats.arena_bytes,
	   "they are counted");
	is_u64(told.calls, 0, "the sampler is told nothing");
	unwinder_free(u);
}

int main(void)
{
#if !defined(__x86_64__)
	printf("1..0 # SKIP registers of x86-64 are copied here\n");
	return 0;
#endif
	backtrace(oracle, 1); /* loads the oracle's library before the mappings are read */
	if (image_cache_new(&image_limits_default, &images))
		return 1;
	read_own_maps();
	(void)dive(12);
	test_walk();
	(void)dive(12);
	test_many_mappings();
	test_pressure();
	test_no_rules();
	for (size_t i = 0; i < maps.cnt; i++)
		image_unref(ranges[i].image);
	image_cache_free(images);
	return tap_done();
}
