// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	grown = realloc(old, want * size);
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
