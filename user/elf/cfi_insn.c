// SPDX-License-Identifier: Apache-2.0
#include "elf/cfi_insn.h"

#include <elf.h>
#include <errno.h>

#include "elf/dwarf_defs.h"

#define STATES_MAX 16 /* of DW_CFA_remember_state; compilers nest two */

struct machine {
	const struct cfi_program *p;
	struct cfi_row *row;
	struct cfi_row saved[STATES_MAX];
	size_t saved_cnt;
	struct reader r;
	uint64_t loc;
	cfi_span_fn fn;
	void *arg;
	bool stopped; /* by fn */
};

/* System V ABI, AMD64 supplement, figure 3.36; AADWARF64, 4.1. */
static const struct cfi_arch arches[] = {
	{.machine = EM_X86_64, .sp = 7, .regs = {6, 3, 16}, .pc = 16},
	{.machine = EM_AARCH64, .sp = 31, .regs = {29, 30, 30}, .pc = UINT16_MAX},
};

const struct cfi_arch *cfi_arch_find(uint16_t machine)
{
	for (size_t i = 0; i < ARRAY_SIZE(arches); i++)
		if (arches[i].machine == machine)
			return &arches[i];
	return NULL;
}

static uint64_t address_value(struct reader *r, uint8_t format)
{
	switch (format) {
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		return reader_u64(r);
	case DW_EH_PE_udata4:
		return reader_u32(r);
	case DW_EH_PE_sdata4:
		return (uint64_t)(int64_t)(int32_t)reader_u32(r);
	case DW_EH_PE_udata2:
		return reader_u16(r);
	case DW_EH_PE_sdata2:
		return (uint64_t)(int64_t)(int16_t)reader_u16(r);
	case DW_EH_PE_uleb128:
		return reader_varint(r);
	case DW_EH_PE_sleb128:
		return (uint64_t)cfi_sleb(r);
	default:
		r->failed = true;
		return 0;
	}
}

uint64_t cfi_address(struct reader *r, uint8_t encoding, uint64_t vaddr, uint64_t data_base)
{
	uint8_t base = encoding & DW_EH_PE_base_mask;
	uint64_t v = address_value(r, encoding & DW_EH_PE_format_mask);

	if (encoding & DW_EH_PE_indirect)
		r->failed = true;
	if (base == DW_EH_PE_pcrel)
		return v + vaddr;
	if (base == DW_EH_PE_datarel && data_base)
		return v + data_base;
	if (base)
		r->failed = true;
	return v;
}

static struct cfi_place *place_of(struct machine *m, uint64_t reg)
{
	for (size_t i = 0; i < CFI_REG_CNT; i++)
		if (m->p->arch->regs[i] == reg)
			return &m->row->regs[i];
	return NULL;
}

static int set_place(struct machine *m, uint64_t reg, struct cfi_place place)
{
	struct cfi_place *p = place_of(m, reg);

	if (p)
		*p = place;
	return 0;
}

static int set_how(struct machine *m, uint64_t reg, enum cfi_how how)
{
	return set_place(m, reg, (struct cfi_place){.how = how});
}

/* A factored offset, as a number of bytes. */
static int64_t data_offset(const struct machine *m, int64_t n)
{
	int64_t off;

	return __builtin_mul_overflow(n, m->p->data_align, &off) ? INT64_MIN : off;
}

static int set_offset(struct machine *m, uint64_t reg, int64_t n)
{
	return set_place(m, reg, (struct cfi_place){.how = CFI_OFFSET, .off = data_offset(m, n)});
}

static int set_expression(struct machine *m)
{
	uint64_t reg = reader_varint(&m->r);
	uint64_t len = reader_varint(&m->r);
	const uint8_t *p = reader_bytes(&m->r, (size_t)len);
	struct cfi_place place = {.how = CFI_ELSEWHERE};
	struct cfi_value v;

	if (!p || !place_of(m, reg))
		return 0;
	/* The CFA is on the expression's stack already; what uses it leaves our shapes. */
	v = cfi_expr(p, (size_t)len, m->p->arch->pc);
	if (v.kind == CFI_VALUE_REG)
		place = (struct cfi_place){.how = CFI_AT, .reg = v.reg, .off = v.off};
	return set_place(m, reg, place);
}

static int restore(struct machine *m, uint64_t reg)
{
	struct cfi_place *p = place_of(m, reg);

	if (!m->p->initial)
		return -EBADMSG;
	if (p)
		*p = m->p->initial->regs[p - m->row->regs];
	return 0;
}

static int span(struct machine *m, uint64_t from, uint64_t to)
{
	int r = from < to ? m->fn(m->arg, from, to, m->row) : 0;

	m->stopped = r != 0;
	return r;
}

static int move_to(struct machine *m, uint64_t loc)
{
	int r;

	if (loc < m->loc || m->r.failed)
		return -EBADMSG;
	if (loc > m->p->end)
		loc = m->p->end;
	r = span(m, m->loc, loc);
	m->loc = loc;
	return r;
}

static int advance(struct machine *m, uint64_t n)
{
	uint64_t bytes, loc;

	if (__builtin_mul_overflow(n, m->p->code_align, &bytes) ||
	    __builtin_add_overflow(m->loc, bytes, &loc))
		return -EBADMSG;
	return move_to(m, loc);
}

static int set_loc(struct machine *m)
{
	uint64_t at = m->p->insns_vaddr + (uint64_t)(m->r.p - m->p->insns);

	return move_to(m, cfi_address(&m->r, m->p->addr_encoding, at, 0));
}

static int remember(struct machine *m)
{
	if (m->saved_cnt == STATES_MAX)
		return -EBADMSG;
	m->saved[m->saved_cnt++] = *m->row;
	return 0;
}

static int recall(struct machine *m)
{
	if (!m->saved_cnt)
		return -EBADMSG;
	*m->row = m->saved[--m->saved_cnt];
	return 0;
}

static int set_cfa(struct machine *m, uint64_t reg, int64_t off)
{
	m->row->cfa = (struct cfi_value){.kind = CFI_VALUE_REG, .off = off};
	if (reg > UINT16_MAX || off == INT64_MIN)
		m->row->cfa.kind = CFI_VALUE_OTHER;
	else
		m->row->cfa.reg = (uint16_t)reg;
	return 0;
}

static int set_cfa_register(struct machine *m, uint64_t reg)
{
	return m->row->cfa.kind == CFI_VALUE_REG ? set_cfa(m, reg, m->row->cfa.off) : -EBADMSG;
}

static int set_cfa_offset(struct machine *m, int64_t off)
{
	return m->row->cfa.kind == CFI_VALUE_REG ? set_cfa(m, m->row->cfa.reg, off) : -EBADMSG;
}

static int set_cfa_expression(struct machine *m)
{
	uint64_t len = reader_varint(&m->r);
	const uint8_t *p = reader_bytes(&m->r, (size_t)len);

	if (p)
		m->row->cfa = cfi_expr(p, (size_t)len, m->p->arch->pc);
	return 0;
}

static int cfa_insn(struct machine *m, uint8_t op)
{
	uint64_t a = op == DW_CFA_def_cfa_expression || op == DW_CFA_def_cfa_offset_sf
			     ? 0
			     : reader_varint(&m->r);

	switch (op) {
	case DW_CFA_def_cfa:
		return set_cfa(m, a, (int64_t)reader_varint(&m->r));
	case DW_CFA_def_cfa_sf:
		return set_cfa(m, a, data_offset(m, cfi_sleb(&m->r)));
	case DW_CFA_def_cfa_register:
		return set_cfa_register(m, a);
	case DW_CFA_def_cfa_offset:
		return set_cfa_offset(m, (int64_t)a);
	case DW_CFA_def_cfa_offset_sf:
		return set_cfa_offset(m, data_offset(m, cfi_sleb(&m->r)));
	default:
		return set_cfa_expression(m);
	}
}

static int register_insn(struct machine *m, uint8_t op)
{
	uint64_t reg = reader_varint(&m->r);

	switch (op) {
	case DW_CFA_offset_extended:
		return set_offset(m, reg, (int64_t)reader_varint(&m->r));
	case DW_CFA_offset_extended_sf:
		return set_offset(m, reg, cfi_sleb(&m->r));
	case DW_CFA_GNU_negative_offset_extended:
		return set_offset(m, reg, (int64_t)-reader_varint(&m->r));
	case DW_CFA_restore_extended:
		return restore(m, reg);
	case DW_CFA_undefined:
		return set_how(m, reg, CFI_UNDEFINED);
	case DW_CFA_same_value:
		return set_how(m, reg, CFI_SAME);
	default: /* DW_CFA_register, _val_offset, _val_offset_sf: one operand of any sign */
		(void)cfi_sleb(&m->r);
		return set_how(m, reg, CFI_ELSEWHERE);
	}
}

static int extended(struct machine *m, uint8_t op)
{
	switch (op) {
	case DW_CFA_nop:
	case DW_CFA_AARCH64_negate_ra_state:
	case DW_CFA_AARCH64_negate_ra_state_with_pc:
		return 0;
	case DW_CFA_GNU_args_size:
		(void)reader_varint(&m->r);
		return 0;
	case DW_CFA_set_loc:
		return set_loc(m);
	case DW_CFA_advance_loc1:
		return advance(m, reader_u8(&m->r));
	case DW_CFA_advance_loc2:
		return advance(m, reader_u16(&m->r));
	case DW_CFA_advance_loc4:
		return advance(m, reader_u32(&m->r));
	case DW_CFA_MIPS_advance_loc8:
		return advance(m, reader_u64(&m->r));
	case DW_CFA_remember_state:
		return remember(m);
	case DW_CFA_restore_state:
		return recall(m);
	case DW_CFA_def_cfa:
	case DW_CFA_def_cfa_sf:
	case DW_CFA_def_cfa_register:
	case DW_CFA_def_cfa_offset:
	case DW_CFA_def_cfa_offset_sf:
	case DW_CFA_def_cfa_expression:
		return cfa_insn(m, op);
	case DW_CFA_expression:
		return set_expression(m);
	case DW_CFA_val_expression: {
		uint64_t reg = reader_varint(&m->r);

		(void)reader_bytes(&m->r, (size_t)reader_varint(&m->r));
		return set_how(m, reg, CFI_ELSEWHERE);
	}
	case DW_CFA_offset_extended:
	case DW_CFA_offset_extended_sf:
	case DW_CFA_GNU_negative_offset_extended:
	case DW_CFA_restore_extended:
	case DW_CFA_undefined:
	case DW_CFA_same_value:
	case DW_CFA_register:
	case DW_CFA_val_offset:
	case DW_CFA_val_offset_sf:
		return register_insn(m, op);
	default:
		return -EBADMSG;
	}
}

static int step(struct machine *m)
{
	uint8_t op = reader_u8(&m->r), low = op & 0x3f;

	switch (op & 0xc0) {
	case DW_CFA_advance_loc:
		return advance(m, low);
	case DW_CFA_offset:
		return set_offset(m, low, (int64_t)reader_varint(&m->r));
	case DW_CFA_restore:
		return restore(m, low);
	default:
		return extended(m, op);
	}
}

int cfi_run(const struct cfi_program *p, struct cfi_row *row, uint64_t until, cfi_span_fn fn,
	    void *arg, uint64_t *ret_end)
{
	struct machine m; /* not cleared: `saved` is large, and seldom used */
	int r = 0;

	m.p = p;
	m.row = row;
	m.saved_cnt = 0;
	m.loc = p->begin;
	m.fn = fn;
	m.arg = arg;
	m.stopped = false;
	reader_init(&m.r, p->insns, p->len);
	while (!r && reader_left(&m.r) && m.loc < until) {
		r = step(&m);
		if (!r && m.r.failed)
			r = -EBADMSG;
	}
	if (!r && m.loc < until)
		r = span(&m, m.loc, p->end);
	if (m.stopped)
		return r;
	*ret_end = r ? m.loc : p->end;
	return 0;
}
