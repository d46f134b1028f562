/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cfi_oracle.h - unwind rules held against libdw's opinion of the same file.
 *
 * Both are turned into numbers on a made-up machine (each register and each word of memory has a
 * value that follows from its number or address), so that no shape of a rule is recognised by the
 * same reasoning twice: the CFA, the place of the frame pointer, of rbx or x30, and of the return
 * address must come out equal wherever either side begins a row.
 */
#ifndef TESTS_CFI_ORACLE_H
#define TESTS_CFI_ORACLE_H

#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#include "elf/cfi.h"
#include "unit/tap.h"

struct oracle_row {
	uint64_t vaddr;
	struct unwind_rule rule;
};

struct oracle_rows {
	struct oracle_row *rows;
	size_t cnt, cap, bad;
	uint64_t from, to;
};

struct oracle_result {
	uint64_t compared; /* rows of either side */
	uint64_t differ;
	uint64_t no_rule; /* libdw has a row, we have none */
	uint64_t kinds[UNWIND_CFA_MASK + 1];
};

struct oracle {
	const struct cfi_arch *arch;
	Dwarf_CFI *cfi;
	const char *name;
};

static int oracle_take(void *arg, uint64_t vaddr, const struct unwind_rule *rule)
{
	struct oracle_rows *a = arg;

	if (a->cnt == a->cap) {
		a->cap = a->cap ? 2 * a->cap : 4096;
		a->rows = realloc(a->rows, a->cap * sizeof(*a->rows));
	}
	if (a->cnt ? vaddr <= a->rows[a->cnt - 1].vaddr : vaddr != a->from)
		a->bad++;
	if (vaddr >= a->to)
		a->bad++;
	a->rows[a->cnt++] = (struct oracle_row){vaddr, *rule};
	return 0;
}

static uint64_t oracle_mix(uint64_t v)
{
	v = (v ^ (v >> 31)) * UINT64_C(0x9e3779b97f4a7c15);
	return v ^ (v >> 29);
}

static uint64_t oracle_reg(const struct oracle *o, uint64_t reg, uint64_t pc)
{
	if (o->arch->machine == EM_X86_64 && reg == 16)
		return pc;
	return oracle_mix(reg + 1000) & ~UINT64_C(7);
}

static uint64_t oracle_mem(uint64_t addr)
{
	return oracle_mix(addr) & ~UINT64_C(7);
}

/* What a DWARF expression comes to; *ret_is_value: it is a value, not the place of one. */
static bool oracle_eval(const struct oracle *o, const Dwarf_Op *ops, size_t cnt, uint64_t pc,
			uint64_t cfa, uint64_t *ret, bool *ret_is_value)
{
	uint64_t stack[64];
	size_t n = 0;

	*ret_is_value = false;
	for (size_t i = 0; i < cnt && n < 60; i++) {
		uint8_t op = ops[i].atom;
		uint64_t a = n > 1 ? stack[n - 2] : 0, b = n ? stack[n - 1] : 0;

		if (op >= DW_OP_lit0 && op <= DW_OP_lit31)
			stack[n++] = op - DW_OP_lit0;
		else if (op >= DW_OP_breg0 && op <= DW_OP_breg31)
			stack[n++] = oracle_reg(o, op - DW_OP_breg0, pc) + ops[i].number;
		else if (op == DW_OP_bregx)
			stack[n++] = oracle_reg(o, ops[i].number, pc) + ops[i].number2;
		else if (op >= DW_OP_const1u && op <= DW_OP_consts)
			stack[n++] = ops[i].number;
		else if (op == DW_OP_call_frame_cfa)
			stack[n++] = cfa;
		else if (op == DW_OP_deref && n)
			stack[n - 1] = oracle_mem(b);
		else if (op == DW_OP_plus_uconst && n)
			stack[n - 1] = b + ops[i].number;
		else if (op == DW_OP_plus && n > 1)
			stack[--n - 1] = a + b;
		else if (op == DW_OP_minus && n > 1)
			stack[--n - 1] = a - b;
		else if (op == DW_OP_mul && n > 1)
			stack[--n - 1] = a * b;
		else if (op == DW_OP_and && n > 1)
			stack[--n - 1] = a & b;
		else if (op == DW_OP_shl && n > 1)
			stack[--n - 1] = a << (b & 63);
		else if (op == DW_OP_ge && n > 1)
			stack[--n - 1] = (int64_t)a >= (int64_t)b;
		else if (op == DW_OP_stack_value)
			*ret_is_value = true;
		else if (op != DW_OP_nop)
			return false;
	}
	*ret = n ? stack[n - 1] : 0;
	return n > 0;
}

enum oracle_how { ORACLE_UNDEFINED, ORACLE_SAME, ORACLE_AT, ORACLE_STRANGE };

static enum oracle_how oracle_place(const struct oracle *o, Dwarf_Frame *frame, int reg,
				    uint64_t pc, uint64_t cfa, uint64_t *ret_at)
{
	Dwarf_Op mem[3], *ops;
	size_t cnt;
	bool is_value;

	if (dwarf_frame_register(frame, reg, mem, &ops, &cnt))
		return ORACLE_STRANGE;
	if (!cnt)
		return ops == mem ? ORACLE_UNDEFINED : ORACLE_SAME;
	return oracle_eval(o, ops, cnt, pc, cfa, ret_at, &is_value) && !is_value ? ORACLE_AT
										 : ORACLE_STRANGE;
}

/* The same numbers out of our rule. */
static uint64_t oracle_rule_cfa(const struct oracle *o, const struct unwind_rule *rule, uint64_t pc)
{
	uint64_t sp = oracle_reg(o, o->arch->sp, pc);
	uint64_t fp = oracle_reg(o, o->arch->regs[CFI_REG_FP], pc);
	uint64_t off = (uint64_t)(int64_t)unwind_rule_offset(rule);

	switch (unwind_rule_kind(rule)) {
	case UNWIND_CFA_SP:
		return sp + off;
	case UNWIND_CFA_FP:
		return fp + off;
	case UNWIND_CFA_REG:
		return oracle_reg(o, (uint64_t)rule->other, pc) + off;
	case UNWIND_CFA_PLT:
		return sp + off + ((int)(pc & 15) >= rule->other ? 8 : 0);
	case UNWIND_CFA_SP_DEREF:
		return oracle_mem(sp + off) + (uint64_t)(int64_t)rule->other;
	case UNWIND_CFA_FP_DEREF:
		return oracle_mem(fp + off) + (uint64_t)(int64_t)rule->other;
	case UNWIND_CFA_SIGNAL: /* uc_mcontext.gregs[REG_RSP] */
		return oracle_mem(sp + off + 160);
	default:
		return 0;
	}
}

static bool oracle_same_place(int16_t value, uint64_t base, enum oracle_how how, uint64_t at)
{
	if (value == UNWIND_LOST)
		return how != ORACLE_SAME;
	if (value == UNWIND_SAME)
		return how == ORACLE_SAME;
	return how == ORACLE_AT && at == base + 8 * (uint64_t)(int64_t)value;
}

static bool oracle_same_registers(const struct oracle *o, const struct unwind_rule *rule,
				  Dwarf_Frame *frame, uint64_t pc, uint64_t cfa)
{
	enum unwind_cfa kind = unwind_rule_kind(rule);
	uint64_t sp = oracle_reg(o, o->arch->sp, pc), context;
	uint64_t fp_base = kind == UNWIND_CFA_FP_DEREF
				   ? oracle_reg(o, o->arch->regs[CFI_REG_FP], pc) - 8
				   : cfa;
	bool is_x86 = o->arch->machine == EM_X86_64;
	uint64_t fp_at = 0, other_at = 0, ra_at = 0;
	enum oracle_how fp, other, ra;

	fp = oracle_place(o, frame, o->arch->regs[CFI_REG_FP], pc, cfa, &fp_at);
	other = oracle_place(o, frame, o->arch->regs[CFI_REG_OTHER], pc, cfa, &other_at);
	if (is_x86 && other == ORACLE_UNDEFINED)
		other = ORACLE_SAME; /* libdw 0.188 takes rax for rbx in its ABI's defaults */
	ra = oracle_place(o, frame, o->arch->regs[CFI_REG_RA], pc, cfa, &ra_at);
	if (kind == UNWIND_CFA_SIGNAL) {
		context = sp + (uint64_t)(int64_t)unwind_rule_offset(rule);
		return ra == ORACLE_AT && ra_at == context + 168 && fp == ORACLE_AT &&
		       fp_at == context + 120 && other_at == context + 128;
	}
	if (!oracle_same_place(rule->fp, fp_base, fp, fp_at))
		return false;
	if (kind == UNWIND_CFA_SP || kind == UNWIND_CFA_FP) {
		if (!oracle_same_place(rule->other, cfa, other, other_at))
			return false;
		if (!is_x86)
			return true;
	}
	return ra == ORACLE_AT && ra_at == cfa - 8;
}

static bool oracle_row_is_right(const struct oracle *o, const struct unwind_rule *rule,
				Dwarf_Frame *frame, uint64_t pc)
{
	uint64_t cfa = 0, at;
	Dwarf_Op *ops;
	size_t cnt;
	bool unused;

	if (unwind_rule_kind(rule) == UNWIND_CFA_END)
		return oracle_place(o, frame, o->arch->regs[CFI_REG_RA], pc, 0, &at) ==
		       ORACLE_UNDEFINED;
	if (dwarf_frame_cfa(frame, &ops, &cnt) || !oracle_eval(o, ops, cnt, pc, 0, &cfa, &unused) ||
	    cfa != oracle_rule_cfa(o, rule, pc))
		return false;
	return oracle_same_registers(o, rule, frame, pc, cfa);
}

static void oracle_complain(const struct oracle *o, const struct unwind_rule *rule, uint64_t pc)
{
	printf("# %s: %#" PRIx64 ": cfa kind %d offset %d, fp %d, other %d: libdw disagrees\n",
	       o->name, pc, unwind_rule_kind(rule), unwind_rule_offset(rule), rule->fp,
	       rule->other);
}

/* One check; a rule of ours that is missing counts apart. */
static void oracle_check(const struct oracle *o, const struct unwind_rule *rule, Dwarf_Frame *frame,
			 uint64_t pc, struct oracle_result *res)
{
	enum unwind_cfa kind = unwind_rule_kind(rule);
	bool right = frame ? kind != UNWIND_CFA_NONE && oracle_row_is_right(o, rule, frame, pc)
			   : kind == UNWIND_CFA_NONE;

	res->compared++;
	res->kinds[kind]++;
	if (frame && kind == UNWIND_CFA_NONE)
		res->no_rule++;
	else if (!right && res->differ++ < 5)
		oracle_complain(o, rule, pc);
}

/* Every boundary of a row, theirs or ours, in the range of `a`. */
static void oracle_compare(const struct oracle *o, const struct oracle_rows *a,
			   struct oracle_result *res)
{
	uint64_t pc = a->from;
	size_t i = 0;

	while (pc < a->to) {
		Dwarf_Addr start = pc, end = pc + 1;
		Dwarf_Frame *frame = NULL;

		while (i + 1 < a->cnt && a->rows[i + 1].vaddr <= pc)
			i++;
		if (dwarf_cfi_addrframe(o->cfi, pc, &frame))
			frame = NULL;
		else
			dwarf_frame_info(frame, &start, &end, NULL);
		oracle_check(o, &a->rows[i].rule, frame, pc, res);
		if (!frame) { /* libdw does not say where its silence ends */
			pc = i + 1 < a->cnt ? a->rows[i + 1].vaddr : a->to;
			continue;
		}
		for (; i + 1 < a->cnt && a->rows[i + 1].vaddr < end; i++)
			oracle_check(o, &a->rows[i + 1].rule, frame, a->rows[i + 1].vaddr, res);
		free(frame);
		pc = end;
	}
}

#endif
