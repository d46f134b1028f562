/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kallsyms.h - names of kernel functions, of modules and of BPF programs, from /proc/kallsyms.
 *
 * A line is "ADDRESS TYPE NAME[\t[MODULE]]" (proc(5), kernel/kallsyms.c s_show()). With
 * kptr_restrict the kernel writes zeros for addresses: that is an answer of its own, since the user
 * can change it. Not thread-safe while it is read, constant afterwards.
 */
#ifndef SYM_KALLSYMS_H
#define SYM_KALLSYMS_H

#include "base/compiler.h"
#include "sym/irqentry.h"

#define KALLSYMS_MAX_BYTES   (32u << 20) /* of text; a kernel with all modules has some 12 MiB */
#define KALLSYMS_MAX_SYMBOLS (1u << 20)

struct kallsyms;

/*
 * Reads the text symbols of `path`. 0; -EACCES when all addresses are hidden (kptr_restrict);
 * -ENODATA when there is no text symbol in it; -EFBIG, -ENOMEM or -errno.
 */
int must_check kallsyms_read(const char *path, struct kallsyms **ret);
void kallsyms_free(struct kallsyms *k); /* NULL is fine */

/*
 * The function at a kernel address: names are borrowed, valid as long as k. *ret_module is
 * "[kernel]", or the module in brackets ("[nf_tables]", "[bpf]"). False when nothing is known
 * there.
 */
bool kallsyms_find(const struct kallsyms *k, uint64_t address, struct str *ret_name,
		   struct str *ret_module);

/*
 * Is the function at this address one where an interrupt begins or ends? By any of the names that
 * the address has. Much cheaper than kallsyms_find(): for every frame of every sample.
 */
enum irq_role kallsyms_irq_role(const struct kallsyms *k, uint64_t address);

size_t kallsyms_cnt(const struct kallsyms *k);	 /* functions */
size_t kallsyms_bytes(const struct kallsyms *k); /* memory */

#endif
