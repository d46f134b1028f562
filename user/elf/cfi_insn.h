/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cfi_insn.h - the programs of CFI: from instructions to rows.
 *
 * A function's rows are written as a program that changes one row into the next. Of the row only
 * what a rule can hold is kept: the CFA, and where three registers are. Facts: DWARF 5, 6.4.2.
 */
#ifndef ELF_CFI_INSN_H
#define ELF_CFI_INSN_H

#include "elf/cfi_expr.h"

/* Registers that are followed, of the machine that the code is for. */
enum cfi_reg {
	CFI_REG_FP = 0, /* rbp, x29 */
	CFI_REG_OTHER,	/* rbx; x30, which is also the return address */
	CFI_REG_RA,	/* the return address, where it is a column of its own */
	CFI_REG_CNT,
};

struct cfi_arch {
	uint16_t machine; /* EM_… */
	uint16_t sp;	  /* DWARF's numbers, as are the next two */
	uint16_t regs[CFI_REG_CNT];
	uint16_t pc; /* in expressions */
};

/* NULL for a machine that we cannot unwind. */
const struct cfi_arch *cfi_arch_find(uint16_t machine);

enum cfi_how {
	CFI_UNSPECIFIED = 0, /* nobody said anything */
	CFI_UNDEFINED,
	CFI_SAME,
	CFI_OFFSET, /* at CFA + off */
	CFI_AT,	    /* at reg + off */
	CFI_ELSEWHERE,
};

struct cfi_place {
	enum cfi_how how;
	uint16_t reg;
	int64_t off;
};

struct cfi_row {
	struct cfi_value cfa;
	struct cfi_place regs[CFI_REG_CNT];
};

struct cfi_program {
	const struct cfi_arch *arch;
	const struct cfi_row *initial; /* what "restore" goes back to; NULL in a CIE */
	const uint8_t *insns;	       /* borrowed */
	size_t len;
	uint64_t code_align;
	int64_t data_align;
	uint64_t begin, end;   /* the function's addresses */
	uint64_t insns_vaddr;  /* where the instructions are loaded, for encoded addresses */
	uint8_t addr_encoding; /* DW_EH_PE_… */
};

/* The row of [from, to), which is not empty. What is not 0 ends the program. */
typedef int (*cfi_span_fn)(void *arg, uint64_t from, uint64_t to, const struct cfi_row *row);

/*
 * Runs a program. *row is the row at its beginning, and is the last row afterwards. Spans follow each
 * other from p->begin on; rows that begin at `until` or above are not worked out. 0; what `fn`
 * returned. *ret_end is the address up to which the program makes sense: p->end, or less when it
 * has an instruction that is unknown or impossible.
 */
int must_check cfi_run(const struct cfi_program *p, struct cfi_row *row, uint64_t until,
		       cfi_span_fn fn, void *arg, uint64_t *ret_end);

/*
 * An encoded address at the reader's place, which is loaded at `vaddr`; `data_base` is what
 * DW_EH_PE_datarel counts from, 0 = refuse it. Fails the reader for what is not understood:
 * indirect ones, textrel, funcrel, aligned.
 */
uint64_t cfi_address(struct reader *r, uint8_t encoding, uint64_t vaddr, uint64_t data_base);

#endif
