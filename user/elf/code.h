/* SPDX-License-Identifier: Apache-2.0 */
/*
 * code.h - the little that unwinding has to know from the instructions themselves.
 *
 * Signal trampolines: the code that a signal handler returns to makes the system call rt_sigreturn
 * and nothing else, and debuggers know it by its bytes, since much of it has no CFI (musl, Go), or
 * CFI that loses a frame (the vDSO of arm64 before Linux 5.8, commit 87676cfca141 took it out).
 * Padding: what compilers fill the space between functions with is never executed, so it needs no
 * rule of its own.
 */
#ifndef ELF_CODE_H
#define ELF_CODE_H

#include "elf/cfi_insn.h"
#include "elf/rows.h"
#include "elf/window.h"

#define CODE_MAX_PADDING 64 /* bytes that are looked at; functions are aligned to at most that */

struct code {
	const struct cfi_arch *arch;
	struct window window; /* of the whole file */
};

/* Borrows file and arch. Large: not for the stack. */
void code_init(struct code *c, const struct elf_file *file, const struct cfi_arch *arch);

/* Do these bytes of the file, at most CODE_MAX_PADDING, look like padding, and nothing else? */
bool code_is_padding(struct code *c, uint64_t offset, uint64_t len);

/*
 * A source as rows.h says: UNWIND_CFA_SIGNAL for the trampolines in [from, to), from the byte before
 * each on, since the address of a caller is looked up by the byte before it. `data` is struct code.
 */
int must_check code_rows(void *data, uint64_t from, uint64_t to, cfi_row_fn fn, void *arg);

#endif
