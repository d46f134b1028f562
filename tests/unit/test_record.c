// SPDX-License-Identifier: Apache-2.0
#include "model/record.h"

#include "base/compiler.h"
#include "unit/tap.h"

/* A record of every type that is right, in room for mistakes. */
union room {
	struct wire_header h;
	struct wire_sample sample;
	struct wire_mmap mmap;
	struct wire_comm comm;
	struct wire_task task;
	struct wire_proc proc;
	struct wire_loss loss;
	struct wire_pressure pressure;
	uint8_t bytes[65536];
};

static union room rec;

static void make(unsigned int type, size_t size)
{
	memset(&rec, 0, sizeof(rec));
	rec.h.type = (uint16_t)type;
	rec.h.size = (uint32_t)size;
}

static void test_header(void)
{
	make(WIRE_COMM, sizeof(rec.comm));
	ok(wire_check(&rec.h, sizeof(rec.comm)), "a record as long as its bytes");
	ok(wire_check(&rec.h, sizeof(rec)), "…or with others behind it");
	ok(!wire_check(&rec.h, sizeof(rec.comm) - 8), "…but not cut off");
	for (size_t len = 0; len < sizeof(rec.h); len++)
		ok(!wire_check(&rec.h, len), "%zu bytes are no header", len);
	rec.h.size = sizeof(rec.comm) + 4;
	ok(!wire_check(&rec.h, sizeof(rec)), "a size that is no multiple of 8");
	rec.h.size = 8;
	ok(!wire_check(&rec.h, sizeof(rec)), "a size below the header");
	rec.h.size = 0;
	ok(!wire_check(&rec.h, sizeof(rec)), "a size of none");
	rec.h.size = UINT32_MAX - 7;
	ok(!wire_check(&rec.h, sizeof(rec)), "a size beyond everything");
	make(999, sizeof(rec.h));
	ok(wire_check(&rec.h, sizeof(rec.h)), "an unknown type may be skipped");
}

static void test_smallest(void)
{
	static const struct {
		unsigned int type;
		size_t size;
	} types[] = {
		{WIRE_SAMPLE, sizeof(rec.sample)},     {WIRE_COMM, sizeof(rec.comm)},
		{WIRE_FORK, sizeof(rec.task)},	       {WIRE_EXIT, sizeof(rec.task)},
		{WIRE_PROC, sizeof(rec.proc)},	       {WIRE_LOSS, sizeof(rec.loss)},
		{WIRE_PRESSURE, sizeof(rec.pressure)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		make(types[i].type, types[i].size);
		ok(wire_check(&rec.h, sizeof(rec)), "type %u as small as can be", types[i].type);
		rec.h.size -= 8;
		ok(!wire_check(&rec.h, sizeof(rec)), "…and 8 bytes less");
	}
}

static void test_sample(void)
{
	make(WIRE_SAMPLE, sizeof(rec.sample) + 5 * 8);
	rec.sample.kernel_cnt = 2;
	rec.sample.user_cnt = 3;
	ok(wire_check(&rec.h, sizeof(rec)), "five frames in room for five");
	rec.sample.user_cnt = 4;
	ok(!wire_check(&rec.h, sizeof(rec)), "…not six");
	rec.sample.user_cnt = 2;
	ok(!wire_check(&rec.h, sizeof(rec)), "…nor four");
	make(WIRE_SAMPLE, sizeof(rec.sample) + 8 * (size_t)(WIRE_MAX_KERNEL_FRAMES + 1));
	rec.sample.kernel_cnt = WIRE_MAX_KERNEL_FRAMES + 1;
	ok(!wire_check(&rec.h, sizeof(rec)), "more frames than there can be");
	rec.sample.kernel_cnt = rec.sample.user_cnt = UINT16_MAX;
	ok(!wire_check(&rec.h, sizeof(rec)), "counts of 65535");
}

static void test_mmap(void)
{
	make(WIRE_MMAP, sizeof(rec.mmap) + 16);
	rec.mmap.addr = 0x1000;
	rec.mmap.len = 0x1000;
	rec.mmap.path_len = 16;
	ok(wire_check(&rec.h, sizeof(rec)), "a path that fills its room");
	rec.mmap.path_len = 17;
	ok(!wire_check(&rec.h, sizeof(rec)), "…and one byte more");
	rec.mmap.path_len = UINT32_MAX;
	ok(!wire_check(&rec.h, sizeof(rec)), "…or four billion");
	rec.mmap.path_len = 0;
	rec.mmap.len = 0;
	ok(!wire_check(&rec.h, sizeof(rec)), "a mapping of nothing");
	rec.mmap.len = UINT64_MAX;
	ok(!wire_check(&rec.h, sizeof(rec)), "a mapping that wraps around");
}

static void test_proc(void)
{
	make(WIRE_PROC, sizeof(rec.proc) + 24);
	rec.proc.exe_len = 8;
	rec.proc.cmdline_len = 8;
	rec.proc.cgroup_len = 8;
	ok(wire_check(&rec.h, sizeof(rec)), "three texts that fill their room");
	rec.proc.cgroup_len = 9;
	ok(!wire_check(&rec.h, sizeof(rec)), "…and one byte more");
	rec.proc.exe_len = UINT32_MAX - 7;
	ok(!wire_check(&rec.h, sizeof(rec)), "lengths whose sum wraps around to what fits");
}

static void test_stack(void)
{
	size_t size = sizeof(rec.sample) + 3 * 8 + sizeof(struct wire_stack);
	struct wire_stack *stack;

	make(WIRE_SAMPLE, size + 64);
	rec.sample.kernel_cnt = 1;
	rec.sample.user_cnt = 2;
	ok(!wire_check(&rec.h, sizeof(rec)), "bytes behind the addresses without the flag");
	rec.h.flags = WIRE_F_STACK;
	stack = (struct wire_stack *)&rec.sample.pcs[3];
	stack->len = 64;
	ok(wire_check(&rec.h, sizeof(rec)), "a copied stack");
	ok(wire_sample_stack(&rec.sample) == stack, "…is found behind the addresses");
	stack->len = 72;
	ok(!wire_check(&rec.h, sizeof(rec)), "…with more words than there are");
	stack->len = 60;
	ok(!wire_check(&rec.h, sizeof(rec)), "…with half a word");
	stack->len = 64;
	stack->addr = UINT64_MAX - 63;
	ok(!wire_check(&rec.h, sizeof(rec)), "…that runs over the end of memory");
	stack->addr = 4;
	ok(!wire_check(&rec.h, sizeof(rec)), "…at an odd place");
	stack->addr = 8;
	rec.sample.kernel_cnt = 3;
	rec.sample.user_cnt = 0;
	ok(!wire_check(&rec.h, sizeof(rec)), "…of a walk without a frame");
	make(WIRE_SAMPLE, size + WIRE_MAX_STACK + 8);
	rec.sample.user_cnt = 3;
	rec.h.flags = WIRE_F_STACK;
	stack->len = WIRE_MAX_STACK + 8;
	ok(!wire_check(&rec.h, sizeof(rec)), "…longer than is copied");
	make(WIRE_SAMPLE, sizeof(rec.sample) + 3 * 8);
	rec.sample.user_cnt = 3;
	ok(wire_check(&rec.h, sizeof(rec)) && !wire_sample_stack(&rec.sample), "none");
}

/* Noise: whatever is accepted has lengths inside its size. */
static void test_noise(void)
{
	uint64_t random = 17;
	unsigned int accepted = 0;
	bool inside = true;

	for (int i = 0; i < 200000; i++) {
		for (size_t k = 0; k < 128; k += 8) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			memcpy(rec.bytes + k, &random, 8);
		}
		rec.h.type %= 9;
		rec.h.size = (uint32_t)(random >> 40) % 64 * 8;
		if (random & 1) /* small counts, so that some are right */
			rec.sample.kernel_cnt = rec.sample.user_cnt = (uint16_t)((random >> 8) % 4);
		if (random & 2)
			rec.mmap.path_len %= 64;
		if (!wire_check(&rec.h, 400))
			continue;
		accepted++;
		inside = inside && rec.h.size <= 400 && rec.h.size >= sizeof(rec.h);
		if (rec.h.type == WIRE_SAMPLE && !(rec.h.flags & WIRE_F_STACK))
			inside = inside && sizeof(rec.sample) + 8u * rec.sample.kernel_cnt +
							   8u * rec.sample.user_cnt ==
						   rec.h.size;
		if (rec.h.type == WIRE_MMAP)
			inside = inside && sizeof(rec.mmap) + rec.mmap.path_len <= rec.h.size;
	}
	ok(inside && accepted > 1000, "200000 records of noise, %u accepted, none lies", accepted);
}

int main(void)
{
	test_header();
	test_smallest();
	test_sample();
	test_mmap();
	test_proc();
	test_stack();
	test_noise();
	return tap_done();
}
