/* SPDX-License-Identifier: Apache-2.0 */
/* mem.h - growing arrays with a ceiling. Everything that grows names its ceiling; hitting it is an
 * error, not growth. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/compiler.h"

/*
 * Makes room for at least `need` elements of `size` bytes in the malloc'ed array *array, of which
 * *cap elements are there now. Grows by half, never over `max`. 0; -ENOSPC when need > max;
 * -ENOMEM. On failure nothing has changed.
 */
int must_check mem_grow(void *array /* T ** */, size_t *cap, size_t need, size_t size, size_t max);

/*
 * malloc() and calloc() of an array that may be large, to be freed with free(). Of a large one the
 * kernel is asked for huge pages, as it is by mem_grow(): to touch fresh memory for the first time,
 * a small page each, costs more than most of what is done with it.
 */
void *mem_array(size_t cnt, size_t size);
void *mem_zarray(size_t cnt, size_t size);

/*
 * Gives free pages back to the kernel. jemalloc does so by itself, but only as it is called: who has
 * much to do once and then little keeps what the much has taken. Does nothing with another allocator.
 * jemalloc(3), arena.<i>.purge.
 */
void mem_give_back(void);

/* Copies (p, len) into a NUL-terminated string; returns owned (free()), NULL when out of memory. */
char *mem_strndup(const char *p, size_t len);

#endif
