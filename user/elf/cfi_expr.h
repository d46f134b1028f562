/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cfi_expr.h - what a DWARF expression of CFI computes, in the few shapes that a rule can hold.
 *
 * Expressions are a stack machine, but what compilers and assemblers write with it are a handful of
 * shapes. The machine is run on symbols in place of numbers ("the stack pointer plus 16"), so that
 * it does not matter by which operations a shape is spelled. What leaves those shapes is
 * CFI_VALUE_OTHER. Facts: DWARF 5, section 2.5.
 */
#ifndef ELF_CFI_EXPR_H
#define ELF_CFI_EXPR_H

#include "base/compiler.h"
#include "base/reader.h"

enum cfi_value_kind {
	CFI_VALUE_OTHER = 0,
	CFI_VALUE_CONST,   /* off */
	CFI_VALUE_REG,	   /* reg + off */
	CFI_VALUE_MEM,	   /* *(reg + off) + add */
	CFI_VALUE_PLT,	   /* reg + off, 8 more when (pc & 15) >= add */
	CFI_VALUE_PC_LOW,  /* the parts of the former: pc & 15 */
	CFI_VALUE_PC_PAST, /* (pc & 15) >= add */
	CFI_VALUE_PC_STEP, /* ((pc & 15) >= add) << 3 */
};

struct cfi_value {
	enum cfi_value_kind kind;
	uint16_t reg; /* DWARF's number */
	int64_t off;
	int64_t add;
};

/* A signed LEB128 number; more than 64 bits fail the reader. */
int64_t cfi_sleb(struct reader *r);

/* The value of an expression that starts on an empty stack; `pc_reg` is the number of the program
 * counter. */
struct cfi_value cfi_expr(const uint8_t *p, size_t len, uint16_t pc_reg);

#endif
