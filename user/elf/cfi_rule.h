/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cfi_rule.h - from a row of CFI to the rule that the unwinder follows.
 */
#ifndef ELF_CFI_RULE_H
#define ELF_CFI_RULE_H

#include "culprit/unwind.h"
#include "elf/cfi_insn.h"

/* Why there is no rule. */
enum cfi_reason {
	CFI_OK = 0,
	CFI_NO_ENTRY,  /* no CFI says anything about the address */
	CFI_BAD_ENTRY, /* the entry is damaged, too long, or of a kind not understood */
	CFI_BAD_INSN,  /* the program is */
	CFI_CFA_FORM,  /* the CFA is computed in a way that no rule can hold */
	CFI_CFA_RANGE, /* its offset is out of range */
	CFI_RA_FORM,   /* the return address is not where a rule expects it */
	CFI_WORK,      /* so many entries for so little code that reading was given up */
	CFI_REASON_CNT,
};

const char *cfi_reason_name(enum cfi_reason reason);

/*
 * The rule of a row; `is_signal` is the "S" of its CIE. On anything but CFI_OK, *ret is
 * UNWIND_CFA_NONE.
 */
enum cfi_reason cfi_rule(const struct cfi_arch *arch, const struct cfi_row *row, bool is_signal,
			 struct unwind_rule *ret);

/* A rule from its parts; the offset must be within UNWIND_OFFSET_MAX. */
struct unwind_rule cfi_rule_make(enum unwind_cfa kind, int64_t offset, int64_t fp, int64_t other);

/*
 * The rule at an instruction of a signal trampoline: where the struct ucontext of the kernel's frame
 * is, seen from the stack pointer.
 */
struct unwind_rule cfi_rule_signal(const struct cfi_arch *arch);

#endif
