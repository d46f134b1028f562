// SPDX-License-Identifier: Apache-2.0
#include "proc/rcstr.h"

#include <stdlib.h>
#include <string.h>

struct rcstr *rcstr_new(struct str s)
{
	struct rcstr *r;

	if (s.len > UINT32_MAX)
		return NULL;
	r = malloc(sizeof(*r) + s.len + 1);
	if (!r)
		return NULL;
	r->refs = 1;
	r->len = (uint32_t)s.len;
	if (s.len)
		memcpy(r->text, s.p, s.len);
	r->text[s.len] = '\0';
	return r;
}

struct rcstr *rcstr_ref(struct rcstr *s)
{
	if (s)
		s->refs++;
	return s;
}

void rcstr_unref(struct rcstr *s)
{
	if (s && !--s->refs)
		free(s);
}
