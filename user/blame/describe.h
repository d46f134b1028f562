/* SPDX-License-Identifier: Apache-2.0 */
/* describe.h - one process's evidence for the verdict: levels, band, interval. Private to blame. */
#ifndef BLAME_DESCRIBE_H
#define BLAME_DESCRIBE_H

#include "base/compiler.h"
#include "blame/decide.h"
#include "blame/score.h"
#include "blame/verdict.h"

/* Fills e (zeroed before) from its rank; scores the entity once more for its series. On failure
 * what was filled is for verdict_free(). 0 or -ENOMEM. */
int must_check describe_entity(struct scorer *s, const struct rank *r, enum verdict_role role,
			       struct verdict_entity *e);

#endif
