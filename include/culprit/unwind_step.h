/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * unwind_step.h - from a frame to its caller, for the BPF programs and for user space alike: one
 * piece of code, so that a walk that one of them begins can be ended by the other.
 *
 * Whoever walks has a struct unwind_state inside of its own state, and a function that reads a word
 * of the stack; it is a constant at each call, so that it is compiled into the step.
 *
 * Sources: System V ABI for x86-64, 3.7 (stack unwinding) and figure 3.36 (DWARF's numbers); AAPCS64;
 * the layout of signal frames is the kernel's ABI (arch/x86/include/uapi/asm/sigcontext.h,
 * arch/arm64/include/uapi/asm/sigcontext.h, include/uapi/asm-generic/ucontext.h).
 */
#ifndef CULPRIT_UNWIND_STEP_H
#define CULPRIT_UNWIND_STEP_H

#include <culprit/unwind.h>
#include <culprit/wire.h>

/* One frame. */
struct unwind_state {
	__u64 ip;
	__u64 sp;
	__u64 fp;
	__u64 other;	      /* rbx; x30 on arm64 */
	__u32 is_interrupted; /* the frame was not left by a call: ip is exact */
	__u16 flags;	      /* WIRE_F_USER_FP is added */
	__u16 reserved;
	/* Of the last interrupted code, in DWARF's numbering; whoever begins a walk may fill them in late. */
	__u64 regs[WIRE_REGS];
};

/* Reads an 8-byte word of the stack into *ret. False: it cannot be read; *ret is as it was. */
typedef bool (*unwind_read_fn)(struct unwind_state *u, __u64 addr, __u64 *ret);

/*
 * Return addresses of arm64 may be signed (pointer authentication): the signature sits above the
 * address bits.
 */
static __always_inline __u64 code_address(__u64 addr)
{
	return UNWIND_X86 ? addr : addr & (USER_END - 1);
}

/* A return address points behind the call, which may be the last instruction of its function. */
static __always_inline __u64 unwind_lookup_address(const struct unwind_state *u)
{
	return u->is_interrupted ? u->ip : u->ip - 1;
}

/*
 * How a frame's address is written down. Of all but the leaf one less is where the frame is: return
 * addresses are so by nature, and an address at which a signal came is made so.
 */
static __always_inline __u64 unwind_recorded(const struct unwind_state *u, bool is_leaf)
{
	return u->ip + (u->is_interrupted && !is_leaf);
}

/*
 * x86-64 and arm64 alike: the frame pointer points to the caller's frame pointer, above it is the
 * return address. Start-up code of programs begins with a frame pointer of 0; what a JIT compiler
 * writes may have any number there, and 0 is no end.
 */
static __always_inline enum unwind_result
unwind_by_frame_pointer(struct unwind_state *u, bool has_file, unwind_read_fn read)
{
	__u64 fp, ip;

	u->flags |= WIRE_F_USER_FP;
	if (!u->fp)
		return has_file ? UNWIND_END : UNWIND_BROKEN;
	/* Stacks grow downwards: a frame that is not higher up is none, and would make a circle. */
	if (u->fp < u->sp || !is_user_address(u->fp) || !read(u, u->fp, &fp) ||
	    !read(u, u->fp + 8, &ip))
		return UNWIND_BROKEN;
	if (!ip)
		return UNWIND_END;
	ip = code_address(ip);
	if (!is_user_address(ip))
		return UNWIND_BROKEN;
	u->sp = u->fp + 16;
	u->fp = fp;
	u->ip = ip;
	u->is_interrupted = 0;
	return UNWIND_MORE;
}

/*
 * The DWARF number of the ith general register in a signal frame. x86-64's gregs are r8 to r15, then
 * di si bp bx dx ax cx sp, here as hexadecimal digits from the right (a table would become a data
 * section of its own, which kernels refuse).
 */
static __always_inline unsigned int signal_register(unsigned int i)
{
	if (!UNWIND_X86)
		return i & (WIRE_REGS - 1);
	return i < 8 ? i + 8 : 0x72013645u >> (4 * (i & 7)) & 7;
}

/* `context` is where struct ucontext begins. */
static __always_inline enum unwind_result unwind_signal_frame(struct unwind_state *u, __u64 context,
							      unwind_read_fn read)
{
	/* x86-64: behind flags, link and stack; arm64: behind signal mask and fault_address */
	const __u64 registers = context + (UNWIND_X86 ? 40 : 184);
	const unsigned int cnt = UNWIND_X86 ? 16 : WIRE_REGS;
	__u64 ip;

	for (unsigned int i = 0; i < cnt; i++)
		if (!read(u, registers + 8 * i, &u->regs[signal_register(i)]))
			return UNWIND_BROKEN;
	if (!read(u, registers + 8 * cnt, &ip))
		return UNWIND_BROKEN;
	if (!is_user_address(ip))
		return UNWIND_BROKEN;
	u->ip = ip;
	u->sp = u->regs[DWARF_SP];
	u->fp = u->regs[DWARF_FP];
	u->other = u->regs[DWARF_OTHER];
	u->is_interrupted = 1;
	return UNWIND_MORE;
}

/*
 * A register by DWARF's number. In a frame that made a call one that is not followed is taken to be
 * what it was in the code that was interrupted: compilers do not count on such a register, but
 * assembly does whose helpers leave it alone (OpenSSL's aesni_gcm_encrypt: rax + 8).
 */
static __always_inline __u64 unwind_register(const struct unwind_state *u, __s16 number)
{
	if (UNWIND_X86 && number == DWARF_OTHER && !u->is_interrupted)
		return u->other;
	return u->regs[number & (WIRE_REGS - 1)];
}

/* A rule of the two kinds that nearly all are of: the CFA is a register that is followed + offset. */
static __always_inline bool unwind_is_plain(const struct unwind_rule *rule)
{
	__u32 kind = rule->cfa & UNWIND_CFA_MASK;

	return kind == UNWIND_CFA_SP || kind == UNWIND_CFA_FP;
}

/* The frame's CFA by a rule of another kind. False when it cannot be computed. */
static __always_inline bool unwind_rare_cfa(struct unwind_state *u, const struct unwind_rule *rule,
					    unwind_read_fn read, __u64 *ret)
{
	__s64 offset = (__s32)rule->cfa >> UNWIND_CFA_BITS;
	__u64 cfa;

	switch (rule->cfa & UNWIND_CFA_MASK) {
	case UNWIND_CFA_REG:
		*ret = unwind_register(u, rule->other) + offset;
		return true;
	case UNWIND_CFA_PLT:
		*ret = u->sp + offset + ((u->ip & 15) >= (__u64)rule->other ? 8 : 0);
		return true;
	case UNWIND_CFA_SP_DEREF:
		cfa = u->sp + offset;
		break;
	case UNWIND_CFA_FP_DEREF:
		cfa = u->fp + offset;
		break;
	default:
		return false;
	}
	if (!is_user_address(cfa) || !read(u, cfa, &cfa))
		return false;
	*ret = cfa + rule->other;
	return true;
}

/* The caller's value of a register that was saved at base + 8 * where. */
static __always_inline bool unwind_saved(struct unwind_state *u, __u64 base, __s16 where,
					 unwind_read_fn read, __u64 *value)
{
	__u64 addr;

	if (where == UNWIND_SAME)
		return true;
	if (where == UNWIND_LOST) {
		*value = 0;
		return true;
	}
	addr = base + 8 * (__s64)where;
	/*
	 * Below the stack pointer lies what an epilogue has popped already: the rule still names the
	 * place, a copy of the stack does not have it, and the value is in the register again.
	 */
	return read(u, addr, value) || addr < u->sp;
}

/*
 * The return address, and what becomes of `other`. On arm64 a function that made a call has lost its
 * return address from x30, so "still in the register" holds for interrupted code alone.
 */
static __always_inline bool unwind_return_address(struct unwind_state *u, __u64 cfa,
						  const struct unwind_rule *rule, bool is_plain,
						  unwind_read_fn read, __u64 *ret_ip)
{
	if (UNWIND_X86) {
		if (!is_plain)
			u->other = 0;
		else if (!unwind_saved(u, cfa, rule->other, read, &u->other))
			return false;
		return read(u, cfa - 8, ret_ip);
	}
	if (!is_plain)
		return read(u, cfa - 8, ret_ip);
	if (rule->other == UNWIND_LOST)
		return false;
	*ret_ip = u->other;
	return rule->other == UNWIND_SAME ? u->is_interrupted
					  : unwind_saved(u, cfa, rule->other, read, ret_ip);
}

/* The step itself, when the CFA is known; `fp_base` is what the place of fp is relative to. */
static __always_inline enum unwind_result unwind_to_caller(struct unwind_state *u,
							   const struct unwind_rule *rule,
							   __u64 cfa, __u64 fp_base, bool is_plain,
							   unwind_read_fn read)
{
	__u64 ip;

	/* The caller's frame is higher up; on arm64 a leaf function need not have one of its own. */
	if (!is_user_address(cfa) || cfa < u->sp || (UNWIND_X86 && cfa == u->sp))
		return UNWIND_BROKEN;
	if (!unwind_return_address(u, cfa, rule, is_plain, read, &ip) ||
	    !unwind_saved(u, fp_base, rule->fp, read, &u->fp))
		return UNWIND_BROKEN;
	if (!ip)
		return UNWIND_END;
	ip = code_address(ip);
	if (!is_user_address(ip))
		return UNWIND_BROKEN;
	u->sp = cfa;
	u->ip = ip;
	u->is_interrupted = 0;
	return UNWIND_MORE;
}

/*
 * One step by a rule that is not UNWIND_CFA_NONE. In two parts, since BPF has the first one at hand
 * and the second one out of the way.
 */
static __always_inline enum unwind_result
unwind_by_plain_rule(struct unwind_state *u, const struct unwind_rule *rule, unwind_read_fn read)
{
	bool by_sp = (rule->cfa & UNWIND_CFA_MASK) == UNWIND_CFA_SP;
	__u64 cfa = (by_sp ? u->sp : u->fp) + ((__s32)rule->cfa >> UNWIND_CFA_BITS);

	return unwind_to_caller(u, rule, cfa, cfa, true, read);
}

static __always_inline enum unwind_result
unwind_by_rare_rule(struct unwind_state *u, const struct unwind_rule *rule, unwind_read_fn read)
{
	__u32 kind = rule->cfa & UNWIND_CFA_MASK;
	__u64 cfa;

	if (kind == UNWIND_CFA_END)
		return UNWIND_END;
	if (kind == UNWIND_CFA_SIGNAL)
		return unwind_signal_frame(u, u->sp + ((__s32)rule->cfa >> UNWIND_CFA_BITS), read);
	if (!unwind_rare_cfa(u, rule, read, &cfa))
		return UNWIND_BROKEN;
	return unwind_to_caller(u, rule, cfa, kind == UNWIND_CFA_FP_DEREF ? u->fp - 8 : cfa, false,
				read);
}

#endif
