/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vdso.h - names of the functions that the kernel maps into every process.
 *
 * All 64-bit processes have the same vDSO, so our own is read. Not thread-safe.
 */
#ifndef SYM_VDSO_H
#define SYM_VDSO_H

#include "base/compiler.h"

struct vdso;

/* Copies our own vDSO. 0; -ENOENT when the kernel gave us none; -ENOMEM or -errno. */
int must_check vdso_new(struct vdso **ret);
void vdso_free(struct vdso *v); /* NULL is fine */

/* The function at an offset from the vDSO's start; borrowed, valid until the next call. */
bool vdso_find(struct vdso *v, uint64_t offset, struct str *ret_name);

#endif
