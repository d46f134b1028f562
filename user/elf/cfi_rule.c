// SPDX-License-Identifier: Apache-2.0
#include "elf/cfi_rule.h"

#include <elf.h>

/*
 * struct rt_sigframe: on x86-64 (arch/x86/include/asm/sigframe.h) the return address, which is popped
 * by then, and struct ucontext, whose saved rsp is 160 bytes in and rip 168; on arm64
 * (arch/arm64/kernel/signal.c) struct siginfo and struct ucontext.
 */
#define ARM64_UCONTEXT	 128
#define X86_UCONTEXT_RSP 160
#define X86_UCONTEXT_RIP 168

const char *cfi_reason_name(enum cfi_reason reason)
{
	static const char *const names[CFI_REASON_CNT] = {
		[CFI_OK] = "ok",
		[CFI_NO_ENTRY] = "no entry",
		[CFI_BAD_ENTRY] = "bad entry",
		[CFI_BAD_INSN] = "bad instruction",
		[CFI_CFA_FORM] = "form of the CFA",
		[CFI_CFA_RANGE] = "range of the CFA",
		[CFI_RA_FORM] = "form of the return address",
		[CFI_WORK] = "too much work",
	};

	return reason < CFI_REASON_CNT ? names[reason] : "?";
}

struct unwind_rule cfi_rule_make(enum unwind_cfa kind, int64_t offset, int64_t fp, int64_t other)
{
	return (struct unwind_rule){
		.cfa = (uint32_t)kind | (uint32_t)offset << UNWIND_CFA_BITS,
		.fp = (int16_t)fp,
		.other = (int16_t)other,
	};
}

struct unwind_rule cfi_rule_signal(const struct cfi_arch *arch)
{
	return cfi_rule_make(UNWIND_CFA_SIGNAL, arch->machine == EM_X86_64 ? 0 : ARM64_UCONTEXT,
			     UNWIND_SAME, UNWIND_SAME);
}

/* A register that is saved at CFA + *ret_off. */
static bool is_at_cfa(const struct cfi_row *row, const struct cfi_place *place, int64_t *ret_off)
{
	if (place->how == CFI_OFFSET) {
		*ret_off = place->off;
		return true;
	}
	return place->how == CFI_AT && row->cfa.kind == CFI_VALUE_REG &&
	       place->reg == row->cfa.reg &&
	       !__builtin_sub_overflow(place->off, row->cfa.off, ret_off);
}

static int64_t slot(int64_t off)
{
	int64_t n = off / 8;

	return off % 8 || !n || n > INT16_MAX || n <= UNWIND_LOST ? UNWIND_LOST : n;
}

/* Where a register is, in units of a rule. */
static int64_t saved_at(const struct cfi_row *row, const struct cfi_place *place)
{
	int64_t off;

	if (place->how == CFI_UNSPECIFIED || place->how == CFI_SAME)
		return UNWIND_SAME;
	return is_at_cfa(row, place, &off) ? slot(off) : UNWIND_LOST;
}

/* With a CFA that was read from the frame: the frame pointer is found by the old one. */
static int64_t saved_at_fp(const struct cfi_arch *arch, const struct cfi_place *place)
{
	int64_t off;

	if (place->how == CFI_UNSPECIFIED || place->how == CFI_SAME)
		return UNWIND_SAME;
	if (place->how != CFI_AT || place->reg != arch->regs[CFI_REG_FP] ||
	    __builtin_add_overflow(place->off, 8, &off))
		return UNWIND_LOST;
	return slot(off);
}

/* The kind of CFA, and the operand that goes into `other`. */
static enum unwind_cfa cfa_kind(const struct cfi_arch *arch, const struct cfi_value *cfa,
				int64_t *ret_operand)
{
	bool is_sp = cfa->reg == arch->sp, is_fp = cfa->reg == arch->regs[CFI_REG_FP];

	*ret_operand = cfa->add;
	switch (cfa->kind) {
	case CFI_VALUE_REG:
		*ret_operand = cfa->reg;
		if (is_sp)
			return UNWIND_CFA_SP;
		if (is_fp)
			return UNWIND_CFA_FP;
		return cfa->reg < (arch->machine == EM_X86_64 ? 16 : 31) ? UNWIND_CFA_REG
									 : UNWIND_CFA_NONE;
	case CFI_VALUE_MEM:
		if (cfa->add < INT16_MIN || cfa->add > INT16_MAX)
			return UNWIND_CFA_NONE;
		return is_sp ? UNWIND_CFA_SP_DEREF : is_fp ? UNWIND_CFA_FP_DEREF : UNWIND_CFA_NONE;
	case CFI_VALUE_PLT:
		return is_sp && arch->machine == EM_X86_64 && cfa->add >= 0 && cfa->add <= 15
			       ? UNWIND_CFA_PLT
			       : UNWIND_CFA_NONE;
	default:
		return UNWIND_CFA_NONE;
	}
}

/* sysdeps/unix/sysv/linux/x86_64/libc_sigaction.c of glibc describes the frame that way. */
static bool is_signal_frame(const struct cfi_arch *arch, const struct cfi_row *row)
{
	const struct cfi_place *ra = &row->regs[CFI_REG_RA];

	return arch->machine == EM_X86_64 && row->cfa.kind == CFI_VALUE_MEM &&
	       row->cfa.reg == arch->sp && !row->cfa.add && row->cfa.off == X86_UCONTEXT_RSP &&
	       ra->how == CFI_AT && ra->reg == arch->sp && ra->off == X86_UCONTEXT_RIP;
}

static const struct cfi_place *return_address(const struct cfi_arch *arch,
					      const struct cfi_row *row)
{
	return &row->regs[arch->machine == EM_X86_64 ? CFI_REG_RA : CFI_REG_OTHER];
}

enum cfi_reason cfi_rule(const struct cfi_arch *arch, const struct cfi_row *row, bool is_signal,
			 struct unwind_rule *ret)
{
	const struct cfi_place *ra = return_address(arch, row);
	int64_t operand, fp, ra_off;
	enum unwind_cfa kind;
	bool plain;

	*ret = (struct unwind_rule){0};
	if (ra->how == CFI_UNDEFINED) {
		*ret = cfi_rule_make(UNWIND_CFA_END, 0, 0, 0);
		return CFI_OK;
	}
	if (is_signal && is_signal_frame(arch, row)) {
		*ret = cfi_rule_signal(arch);
		return CFI_OK;
	}
	kind = cfa_kind(arch, &row->cfa, &operand);
	if (kind == UNWIND_CFA_NONE)
		return CFI_CFA_FORM;
	if (row->cfa.off < -UNWIND_OFFSET_MAX || row->cfa.off > UNWIND_OFFSET_MAX)
		return CFI_CFA_RANGE;
	plain = kind == UNWIND_CFA_SP || kind == UNWIND_CFA_FP;
	if (plain)
		operand = saved_at(row, &row->regs[CFI_REG_OTHER]);
	if (plain && arch->machine != EM_X86_64) {
		if (operand == UNWIND_LOST)
			return CFI_RA_FORM;
	} else if (!is_at_cfa(row, ra, &ra_off) || ra_off != -8) {
		return CFI_RA_FORM;
	}
	fp = kind == UNWIND_CFA_FP_DEREF ? saved_at_fp(arch, &row->regs[CFI_REG_FP])
					 : saved_at(row, &row->regs[CFI_REG_FP]);
	*ret = cfi_rule_make(kind, row->cfa.off, fp, operand);
	return CFI_OK;
}
