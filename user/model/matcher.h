/* SPDX-License-Identifier: Apache-2.0 */
/* matcher.h - which series are meant: --match process=nginx --match cgroup!=/system.slice (all must
 * hold). */
#ifndef MODEL_MATCHER_H
#define MODEL_MATCHER_H

#include "base/err.h"
#include "model/profile.h"

struct matcher;

struct matcher *matcher_new(void); /* accepts everything; NULL when out of memory */
void matcher_free(struct matcher *m);

/* Adds "key=value" or "key!=value"; -EINVAL with the reason for anything else. A missing label is
 * the empty value. */
int must_check matcher_add(struct matcher *m, struct str term, struct err *err);

/* Nothing was added, or m is NULL: it accepts everything. */
bool matcher_is_empty(const struct matcher *m);

/* What was added, one after the other, for who asks somebody else; false behind the last. Borrows. */
struct matcher_term {
	struct str key, value;
	bool negated; /* key!=value */
};

bool matcher_term(const struct matcher *m, size_t i, struct matcher_term *ret);

/* NULL accepts everything. */
bool matcher_accepts(const struct matcher *m, const struct profile *p, uint32_t series);

/* The same for labels that are not in a profile: n pairs of key and value. */
bool matcher_accepts_labels(const struct matcher *m, const struct str (*labels)[2], size_t n);

#endif
