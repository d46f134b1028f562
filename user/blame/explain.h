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
 * Fills v->explained for the entity; `ranks` are sorted, with all terms, and v lists its suspects.
 * One that was in no window with CPU has no rank: -ENOENT. 0 or -ENOMEM.
 */
int must_check explain_entity(struct scorer *s, const struct decision *d, const struct rank *ranks,
			      size_t cnt, uint32_t entity, bool is_victim, struct verdict *v);

#endif
