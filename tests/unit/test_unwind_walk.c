// SPDX-License-Identifier: Apache-2.0
/* Walks over stacks that are written here, by rules that are given here. */
#include "unwind/walk.h"

#include "unit/tap.h"

#define STACK 0x7ffd00001000u
#define WORDS 128
#define CODE  0x400000u

static union {
	struct wire_stack head;
	uint8_t room[sizeof(struct wire_stack) + WORDS * sizeof(uint64_t)];
} copy;

static struct {
	uint64_t addr;
	struct unwind_rule rule;
} rules[16];

static size_t rule_cnt;
static uint64_t pcs[WIRE_MAX_USER_FRAMES];

static struct unwind_rule make_rule(enum unwind_cfa kind, int offset, int fp, int other)
{
	return (struct unwind_rule){.cfa = (uint32_t)kind | (uint32_t)offset << UNWIND_CFA_BITS,
				    .fp = (int16_t)fp,
				    .other = (int16_t)other};
}

static bool find(void *arg, uint64_t addr, struct unwind_rule *ret)
{
	(void)arg;
	*ret = (struct unwind_rule){0};
	for (size_t i = 0; i < rule_cnt; i++)
		if (rules[i].addr == addr)
			*ret = rules[i].rule;
	return addr >= CODE && addr < CODE + 0x10000;
}

static void start(void)
{
	memset(&copy, 0, sizeof(copy));
	rule_cnt = 0;
	copy.head.addr = STACK;
	copy.head.len = WORDS * sizeof(uint64_t);
	copy.head.sp = STACK;
	copy.head.is_interrupted = 1;
	pcs[0] = CODE;
}

static void add_rule(uint64_t addr, struct unwind_rule rule)
{
	rules[rule_cnt].addr = addr;
	rules[rule_cnt++].rule = rule;
}

static struct walk_result go(size_t max)
{
	struct walk_result r = {.cnt = 1};

	walk_on(&copy.head, pcs, max, find, NULL, &r);
	return r;
}

static void test_by_stack_pointer(void)
{
	struct walk_result r;

	start();
	add_rule(CODE, make_rule(UNWIND_CFA_SP, 24, -2, UNWIND_SAME));
	copy.head.words[1] = 0x1234; /* the saved frame pointer: CFA - 16 */
	copy.head.words[2] = CODE + 0x101;
	add_rule(CODE + 0x100, make_rule(UNWIND_CFA_SP, 8, UNWIND_SAME, UNWIND_SAME));
	copy.head.words[3] = CODE + 0x201;
	add_rule(CODE + 0x200, make_rule(UNWIND_CFA_END, 0, 0, 0));
	r = go(100);
	is_u64(r.cnt, 3, "three frames");
	is_u64(pcs[1], CODE + 0x101, "the caller by CFA - 8, looked up one byte before");
	is_u64(pcs[2], CODE + 0x201, "its caller");
	is_u64(r.flags, WIRE_F_USER_WHOLE, "the end mark makes it whole");
}

/* pop %rbp; pop %rbx; <here> pop %r12; ret: the rule still names the places of rbp and rbx. */
static void test_epilogue(void)
{
	struct walk_result r;

	start();
	add_rule(CODE, make_rule(UNWIND_CFA_SP, 16, -3, -4));
	copy.head.words[1] = CODE + 0x101;
	copy.head.fp = STACK + 4 * 8;
	add_rule(CODE + 0x100, make_rule(UNWIND_CFA_FP, 16, -2, UNWIND_SAME));
	copy.head.words[5] = CODE + 0x201;
	add_rule(CODE + 0x200, make_rule(UNWIND_CFA_END, 0, 0, 0));
	r = go(100);
	is_u64(r.cnt, 3, "a register that was popped already does not end the walk");
	is_u64(pcs[2], CODE + 0x201, "and has its value");
	is_u64(r.flags, WIRE_F_USER_WHOLE, "whole");
	ok(!r.is_short, "not for want of memory");
}

static void test_by_frame_pointer_rule(void)
{
	struct walk_result r;

	start();
	copy.head.fp = STACK + 16;
	add_rule(CODE, make_rule(UNWIND_CFA_FP, 16, -2, UNWIND_SAME));
	copy.head.words[2] = 0; /* the caller's frame pointer */
	copy.head.words[3] = CODE + 0x101;
	r = go(100); /* no rule there: by frame pointer, which is 0 */
	is_u64(r.cnt, 2, "two frames");
	is_u64(r.flags, WIRE_F_USER_WHOLE | WIRE_F_USER_FP, "the fallback is marked");
}

/* Code without a file keeps anything in the frame pointer: 0 is not its end. */
static void test_frame_pointer_of_jit(void)
{
	struct walk_result r;

	start();
	add_rule(CODE, make_rule(UNWIND_CFA_NONE, 0, 0, 1));
	r = go(100);
	is_u64(r.flags, WIRE_F_USER_BROKEN | WIRE_F_USER_FP, "no end without a file");
}

static void test_broken(void)
{
	struct walk_result r;

	start();
	add_rule(CODE, make_rule(UNWIND_CFA_SP, 8, UNWIND_SAME, UNWIND_SAME));
	copy.head.words[0] = CODE + 0x20000; /* outside of all code */
	r = go(100);
	is_u64(r.cnt, 2, "a frame outside of all code is the last");
	is_u64(r.flags, WIRE_F_USER_BROKEN, "…and the stack broken");
	ok(!r.is_short, "…which is not the copy's fault");

	start();
	add_rule(CODE, make_rule(UNWIND_CFA_SP, 8 * (WORDS + 1), UNWIND_SAME, UNWIND_SAME));
	r = go(100);
	is_u64(r.cnt, 1, "a frame that ends behind the copy");
	is_u64(r.flags, WIRE_F_USER_BROKEN, "…is broken");
	ok(r.is_short, "…for want of a longer copy");

	start();
	add_rule(CODE, make_rule(UNWIND_CFA_SP, 0, UNWIND_SAME, UNWIND_SAME));
	r = go(100);
	is_u64(r.flags, WIRE_F_USER_BROKEN, "a frame of no size would be a circle");

	start();
	copy.head.words[0] = 0;
	add_rule(CODE, make_rule(UNWIND_CFA_SP, 8, UNWIND_SAME, UNWIND_SAME));
	r = go(100);
	is_u64(r.flags, WIRE_F_USER_WHOLE, "a return address of 0 is the outermost frame's");
}

static void test_truncated(void)
{
	struct walk_result r;

	start();
	for (size_t i = 0; i < WORDS; i++)
		copy.head.words[i] = CODE + 1;
	add_rule(CODE, make_rule(UNWIND_CFA_SP, 8, UNWIND_SAME, UNWIND_SAME));
	r = go(10);
	is_u64(r.cnt, 10, "as many frames as there is room for");
	is_u64(r.flags, WIRE_F_USER_TRUNCATED, "…then it is truncated");
}

static void test_dereferenced(void)
{
	struct walk_result r;

	start(); /* DRAP: CFA = *(fp - 8), the caller's frame pointer at *fp */
	copy.head.fp = STACK + 32;
	add_rule(CODE, make_rule(UNWIND_CFA_FP_DEREF, -8, 1, 0));
	copy.head.words[3] = STACK + 64;
	copy.head.words[4] = STACK + 800;
	copy.head.words[7] = CODE + 0x101;
	add_rule(CODE + 0x100, make_rule(UNWIND_CFA_FP, 16, -2, UNWIND_SAME));
	copy.head.words[101] = CODE + 0x201;
	add_rule(CODE + 0x200, make_rule(UNWIND_CFA_END, 0, 0, 0));
	r = go(100);
	is_u64(r.cnt, 3, "a realigned frame, and its caller by the restored frame pointer");
	is_u64(r.flags, WIRE_F_USER_WHOLE, "…whole");

	start(); /* CFA = *(sp + 8) + 8 */
	add_rule(CODE, make_rule(UNWIND_CFA_SP_DEREF, 8, UNWIND_SAME, 8));
	copy.head.words[1] = STACK + 64;
	copy.head.words[8] = CODE + 0x201;
	add_rule(CODE + 0x200, make_rule(UNWIND_CFA_END, 0, 0, 0));
	r = go(100);
	is_u64(r.cnt, 2, "a stack pointer that was saved on the stack");
}

#if UNWIND_X86
static void test_registers(void)
{
	struct walk_result r;

	start(); /* a CFA in any register, of the interrupted code */
	copy.head.regs[10] = STACK + 40;
	add_rule(CODE, make_rule(UNWIND_CFA_REG, 0, UNWIND_SAME, 10));
	copy.head.words[4] = CODE + 0x101;
	add_rule(CODE + 0x100, make_rule(UNWIND_CFA_REG, 40, UNWIND_SAME, 10));
	copy.head.words[9] = CODE + 0x201;
	add_rule(CODE + 0x200, make_rule(UNWIND_CFA_REG, 0, UNWIND_SAME, 10));
	r = go(100);
	is_u64(r.cnt, 3, "r10 of the interrupted code, and of its caller, if it left it alone");
	is_u64(r.flags, WIRE_F_USER_BROKEN, "…if not, that is not above the frame");

	start(); /* rbx is followed through calls */
	copy.head.other = STACK + 400;
	add_rule(CODE, make_rule(UNWIND_CFA_SP, 24, UNWIND_SAME, -2));
	copy.head.words[1] = STACK + 80;
	copy.head.words[2] = CODE + 0x101;
	add_rule(CODE + 0x100, make_rule(UNWIND_CFA_REG, 0, UNWIND_SAME, DWARF_BX));
	copy.head.words[9] = CODE + 0x201;
	add_rule(CODE + 0x200, make_rule(UNWIND_CFA_END, 0, 0, 0));
	r = go(100);
	is_u64(r.cnt, 3, "rbx as its callee saved it");
	is_u64(r.flags, WIRE_F_USER_WHOLE, "…whole");
}

static void test_plt(void)
{
	struct walk_result r;

	for (unsigned int byte = 0; byte < 16; byte += 6) {
		start();
		pcs[0] = CODE + byte;
		add_rule(CODE + byte, make_rule(UNWIND_CFA_PLT, 8, UNWIND_SAME, 11));
		copy.head.words[0] = byte >= 11 ? 5 : CODE + 0x201;
		copy.head.words[1] = CODE + 0x201;
		add_rule(CODE + 0x200, make_rule(UNWIND_CFA_END, 0, 0, 0));
		r = go(100);
		is_u64(r.cnt, 2, "byte %u of a PLT entry", byte);
	}
}

static void test_signal(void)
{
	struct walk_result r;

	start(); /* struct ucontext at sp: gregs from byte 40 on, rsp and rip at its words 15 and 16 */
	add_rule(CODE, make_rule(UNWIND_CFA_SIGNAL, 0, 0, 0));
	copy.head.words[5 + 0] = STACK + 960; /* r8 */
	copy.head.words[5 + 10] = 0x77;	      /* rbp */
	copy.head.words[5 + 15] = STACK + 900;
	copy.head.words[5 + 16] = CODE + 0x300;
	add_rule(CODE + 0x300, make_rule(UNWIND_CFA_REG, 0, UNWIND_SAME, 8));
	copy.head.words[119] = CODE + 0x201;
	add_rule(CODE + 0x200, make_rule(UNWIND_CFA_END, 0, 0, 0));
	r = go(100);
	is_u64(r.cnt, 3, "through a signal frame, and on by a register that it saved");
	is_u64(pcs[1], CODE + 0x301,
	       "the interrupted address is looked up as it is, and written down so that one less "
	       "is it");
	is_u64(r.flags, WIRE_F_USER_WHOLE, "…whole");
}
#endif

int main(void)
{
	test_by_stack_pointer();
	test_epilogue();
	test_by_frame_pointer_rule();
	test_frame_pointer_of_jit();
	test_broken();
	test_truncated();
	test_dereferenced();
#if UNWIND_X86
	test_registers();
	test_plt();
	test_signal();
#endif
	return tap_done();
}
