/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pclntab.h - the names and the unwind rules that every Go program carries for its own runtime.
 *
 * Go's linker writes a table of all functions into each program, library and plugin, which `strip`
 * and -ldflags='-s -w' leave in, since tracebacks and the garbage collector live on it. So Go code
 * always has names, and exact rules for how large the frame is at each instruction (pcsp).
 *
 * Read: Go 1.2 to 1.27, x86-64 and arm64, stripped or not, at any place (pclnfind.h). The file is
 * hostile: reads are bounded, and nothing is kept of the table but a few pages, whatever its size.
 *
 * Facts: runtime/symtab.go (step(), pcvalue()) and cmd/internal/obj/{x86,arm64} of Go 1.15 to 1.27.
 * Single thread.
 */
#ifndef ELF_PCLNTAB_H
#define ELF_PCLNTAB_H

#include "elf/elf_file.h"
#include "elf/rows.h"

struct pclntab;

/*
 * Finds the table. Borrows file->fd for as long as it lives. 0; -ENOENT when the file has none that
 * can be read, which is true of all that is not Go; -ENOMEM, -errno.
 */
int must_check pclntab_open(const struct elf_file *file, struct pclntab **ret);
void pclntab_free(struct pclntab *t); /* NULL is fine */

uint32_t pclntab_cnt(const struct pclntab *t); /* functions */

/*
 * Calls fn for each function, in the order of addresses: [start, end), to the beginning of the next
 * one, with the padding between them; `name` is borrowed for the call, never empty, of at most
 * SYMTAB_MAX_NAME - 1 bytes, as Go's tracebacks print it: type arguments are `[...]`. What makes no
 * sense is left out. 0, or what fn returned when that was not 0.
 */
typedef int (*pclntab_function_fn)(void *arg, uint64_t start, uint64_t end, struct str name);
int must_check pclntab_functions(struct pclntab *t, pclntab_function_fn fn, void *arg);

/*
 * The rules of the addresses [from, to), as rows.h says. UNWIND_CFA_NONE also in functions that move the stack pointer elsewhere, UNWIND_CFA_END in those that nothing calls
 * (runtime.goexit, …). Costs what the functions in the range cost, whatever the size of the table.
 * 0, or what fn returned when that was not 0.
 */
int must_check pclntab_rows(struct pclntab *t, uint64_t from, uint64_t to, cfi_row_fn fn,
			    void *arg);

/* The addresses that the table is about: nobody else knows more about the code there. */
void pclntab_range(struct pclntab *t, uint64_t *ret_from, uint64_t *ret_to);

#endif
