/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.h - the evidence of one process, recurrence by recurrence, and what keeps it from being
 * named. For the process that a person asks about, listed or not. Private to blame.
 */
#ifndef BLAME_EXPLAIN_H
#define BLAME_EXPLAIN_H

#include "base/compiler.h"
#include "blame/decide.h"
#include "blame/score.h"
#include "blame/verdict.h"

/*
 * Fills e->evidence. `e` describes number `at` of the ranks (describe.h), which are sorted, with all
 * terms; v has its kind. On failure what was filled is for verdict_free(). 0 or -ENOMEM.
 */
int must_check explain_entity(struct scorer *s, const struct decision *d, const struct rank *ranks,
			      size_t at, const struct verdict *v, struct verdict_entity *e);

#endif
