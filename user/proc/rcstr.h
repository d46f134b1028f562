/* SPDX-License-Identifier: Apache-2.0 */
/* rcstr.h - immutable text that several owners share: a fork has its parent's label until it
 * changes. Single thread. */
#ifndef PROC_RCSTR_H
#define PROC_RCSTR_H

#include "base/compiler.h"

struct rcstr {
	uint32_t refs; /* private */
	uint32_t len;
	char text[]; /* NUL-terminated */
};

struct rcstr *rcstr_new(struct str s);	  /* a reference; NULL when out of memory */
struct rcstr *rcstr_ref(struct rcstr *s); /* NULL is fine */
void rcstr_unref(struct rcstr *s);	  /* NULL is fine */

static inline struct str rcstr_str(const struct rcstr *s) /* borrows; NULL is the empty text */
{
	return s ? (struct str){s->text, s->len} : (struct str){"", 0};
}

#endif
