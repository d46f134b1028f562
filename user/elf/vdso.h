/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vdso.h - the code that the kernel maps into every process, as an image like any other: with names
 * and unwind rules.
 *
 * All 64-bit processes have the same one, so our own is copied. A 32-bit process has another, which
 * nobody reads.
 */
#ifndef ELF_VDSO_H
#define ELF_VDSO_H

#include "base/compiler.h"

struct image;
struct image_cache;

struct vdso {
	struct image *image; /* a reference; NULL: the kernel gave us none, or it cannot be had */
	uint64_t size;	     /* of its mapping, in bytes */
};

/* Copies our own vDSO into the cache, trusted. On failure *ret is one that matches nothing. */
void vdso_open(struct image_cache *images, struct vdso *ret);
void vdso_close(struct vdso *v);

/*
 * The image of a mapping that is called "[vdso]", or NULL when it is not this one: of another size,
 * or below 4 GiB, where a 32-bit process has its own. A new reference.
 */
struct image *vdso_of(const struct vdso *v, uint64_t addr, uint64_t len);

#endif
