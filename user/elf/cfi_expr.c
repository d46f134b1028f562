// SPDX-License-Identifier: Apache-2.0
#include "elf/cfi_expr.h"

#include "elf/dwarf_defs.h"

#define STACK_MAX 8
#define OPS_MAX	  64
#define REGS_MAX  1024 /* more than any machine numbers */

struct machine {
	struct cfi_value stack[STACK_MAX];
	size_t depth;
	uint16_t pc_reg;
};

int64_t cfi_sleb(struct reader *r)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint8_t byte = reader_u8(r);

		if (r->failed)
			return 0;
		if (shift == 63 && byte != 0 && byte != 0x7f)
			break;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		if (shift < 57 && (byte & 0x40))
			v |= UINT64_MAX << (shift + 7);
		return (int64_t)v;
	}
	r->failed = true;
	return 0;
}

static bool push(struct machine *m, struct cfi_value v)
{
	if (v.kind == CFI_VALUE_OTHER || m->depth == STACK_MAX)
		return false;
	m->stack[m->depth++] = v;
	return true;
}

static bool push_const(struct machine *m, int64_t v)
{
	return push(m, (struct cfi_value){.kind = CFI_VALUE_CONST, .off = v});
}

static bool push_reg(struct machine *m, uint64_t reg, int64_t off)
{
	if (reg >= REGS_MAX)
		return false;
	return push(m, (struct cfi_value){.kind = CFI_VALUE_REG, .reg = (uint16_t)reg, .off = off});
}

static struct cfi_value plus_const(struct cfi_value v, int64_t n)
{
	int64_t *sum = v.kind == CFI_VALUE_MEM ? &v.add : &v.off;

	if (v.kind != CFI_VALUE_CONST && v.kind != CFI_VALUE_REG && v.kind != CFI_VALUE_MEM &&
	    v.kind != CFI_VALUE_PLT)
		v.kind = CFI_VALUE_OTHER;
	if (__builtin_add_overflow(*sum, n, sum))
		v.kind = CFI_VALUE_OTHER;
	return v;
}

static struct cfi_value plus(struct cfi_value a, struct cfi_value b)
{
	if (b.kind == CFI_VALUE_CONST)
		return plus_const(a, b.off);
	if (a.kind == CFI_VALUE_CONST)
		return plus_const(b, a.off);
	if (a.kind == CFI_VALUE_REG && b.kind == CFI_VALUE_PC_STEP) {
		a.kind = CFI_VALUE_PLT;
		a.add = b.add;
		return a;
	}
	return (struct cfi_value){.kind = CFI_VALUE_OTHER};
}

static struct cfi_value combine(const struct machine *m, uint8_t op, struct cfi_value a,
				struct cfi_value b)
{
	struct cfi_value v = {.kind = CFI_VALUE_OTHER};

	if (op == DW_OP_plus)
		return plus(a, b);
	if (b.kind != CFI_VALUE_CONST)
		return v;
	if (op == DW_OP_minus && b.off != INT64_MIN)
		return plus_const(a, -b.off);
	if (op == DW_OP_and && a.kind == CFI_VALUE_REG && a.reg == m->pc_reg && !a.off &&
	    b.off == 15)
		v.kind = CFI_VALUE_PC_LOW;
	if (op == DW_OP_ge && a.kind == CFI_VALUE_PC_LOW) {
		v.kind = CFI_VALUE_PC_PAST;
		v.add = b.off;
	}
	if (op == DW_OP_shl && a.kind == CFI_VALUE_PC_PAST && b.off == 3) {
		v.kind = CFI_VALUE_PC_STEP;
		v.add = a.add;
	}
	return v;
}

static bool binary(struct machine *m, uint8_t op)
{
	if (m->depth < 2)
		return false;
	m->depth -= 2;
	return push(m, combine(m, op, m->stack[m->depth], m->stack[m->depth + 1]));
}

static bool unary(struct machine *m, uint8_t op, struct reader *r)
{
	struct cfi_value v;

	if (!m->depth)
		return false;
	v = m->stack[--m->depth];
	if (op == DW_OP_plus_uconst) {
		uint64_t n = reader_varint(r);

		return n <= INT64_MAX && push(m, plus_const(v, (int64_t)n));
	}
	if (v.kind != CFI_VALUE_REG)
		return false;
	v.kind = CFI_VALUE_MEM;
	v.add = 0;
	return push(m, v);
}

static bool constant(struct machine *m, uint8_t op, struct reader *r)
{
	switch (op) {
	case DW_OP_const1u:
		return push_const(m, reader_u8(r));
	case DW_OP_const1s:
		return push_const(m, (int8_t)reader_u8(r));
	case DW_OP_const2u:
		return push_const(m, reader_u16(r));
	case DW_OP_const2s:
		return push_const(m, (int16_t)reader_u16(r));
	case DW_OP_const4u:
		return push_const(m, reader_u32(r));
	case DW_OP_const4s:
		return push_const(m, (int32_t)reader_u32(r));
	case DW_OP_const8u:
	case DW_OP_const8s:
		return push_const(m, (int64_t)reader_u64(r));
	case DW_OP_constu:
		return push_const(m, (int64_t)reader_varint(r));
	case DW_OP_consts:
		return push_const(m, cfi_sleb(r));
	default:
		return false;
	}
}

static bool step(struct machine *m, struct reader *r)
{
	uint8_t op = reader_u8(r);
	uint64_t reg;

	if (op >= DW_OP_lit0 && op <= DW_OP_lit31)
		return push_const(m, op - DW_OP_lit0);
	if (op >= DW_OP_breg0 && op <= DW_OP_breg31)
		return push_reg(m, (uint64_t)(op - DW_OP_breg0), cfi_sleb(r));
	switch (op) {
	case DW_OP_bregx:
		reg = reader_varint(r);
		return push_reg(m, reg, cfi_sleb(r));
	case DW_OP_deref:
	case DW_OP_plus_uconst:
		return unary(m, op, r);
	case DW_OP_plus:
	case DW_OP_minus:
	case DW_OP_and:
	case DW_OP_ge:
	case DW_OP_shl:
		return binary(m, op);
	case DW_OP_nop:
		return true;
	default:
		return constant(m, op, r);
	}
}

struct cfi_value cfi_expr(const uint8_t *p, size_t len, uint16_t pc_reg)
{
	struct machine m = {.pc_reg = pc_reg};
	struct reader r;

	reader_init(&r, p, len);
	for (unsigned int i = 0; i < OPS_MAX && reader_left(&r); i++)
		if (!step(&m, &r) || r.failed)
			return (struct cfi_value){.kind = CFI_VALUE_OTHER};
	if (reader_left(&r) || !m.depth)
		return (struct cfi_value){.kind = CFI_VALUE_OTHER};
	return m.stack[m.depth - 1];
}
