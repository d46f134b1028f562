// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE  ((size_t)2 << 20)
#define LARGE_FROM HUGE_PAGE /* the agent's own tables are smaller */

/* Only large ones are worth a place of their own, at a multiple of the huge page. */
static void *alloc_large(size_t len)
{
	size_t rounded = (len + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	void *p = rounded < len ? NULL : aligned_alloc(HUGE_PAGE, rounded);

	if (p)
		(void)madvise(p, rounded, MADV_HUGEPAGE); /* a wish only */
	return p;
}

void *mem_array(size_t cnt, size_t size)
{
	size_t len;

	if (__builtin_mul_overflow(cnt, size, &len))
		return NULL;
	return len < LARGE_FROM ? malloc(len) : alloc_large(len);
}

void *mem_zarray(size_t cnt, size_t size)
{
	size_t len;
	void *p;

	if (__builtin_mul_overflow(cnt, size, &len))
		return NULL;
	if (len < LARGE_FROM)
		return calloc(cnt, size);
	p = alloc_large(len);
	return p ? memset(p, 0, len) : NULL;
}

static void *resize(void *old, size_t old_len, size_t len)
{
	void *grown;

	if (len < LARGE_FROM)
		return realloc(old, len);
	grown = alloc_large(len);
	if (grown && old_len)
		memcpy(grown, old, old_len);
	if (grown)
		free(old);
	return grown;
}

int mem_grow(void *array, size_t *cap, size_t need, size_t size, size_t max)
{
	void *old, *grown;
	size_t want;

	if (need <= *cap)
		return 0;
	if (need > max || max > SIZE_MAX / size)
		return -ENOSPC;
	want = *cap + *cap / 2;
	if (want < need)
		want = need < 16 ? 16 : need;
	if (want > max)
		want = max;
	memcpy(&old, array, sizeof(old)); /* *array has any pointer type: no cast may alias it */
	grown = resize(old, *cap * size, want * size);
	if (!grown)
		return -ENOMEM;
	memcpy(array, &grown, sizeof(grown));
	*cap = want;
	return 0;
}

char *mem_strndup(const char *p, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return NULL;
	if (len)
		memcpy(copy, p, len);
	copy[len] = '\0';
	return copy;
}

/* Of jemalloc, which is linked into the program only. */
extern int mallctl(const char *name, void *old, size_t *old_len, void *new, size_t new_len)
	__attribute__((weak));

void mem_give_back(void)
{
	if (mallctl)
		(void)mallctl("arena.4096.purge", NULL, NULL, NULL, 0); /* MALLCTL_ARENAS_ALL */
}
