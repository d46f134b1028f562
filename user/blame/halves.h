/* SPDX-License-Identifier: Apache-2.0 */
/* halves.h - the evidence of all entities, in two threads where there are many. Private to blame. */
#ifndef BLAME_HALVES_H
#define BLAME_HALVES_H

#include "base/compiler.h"
#include "blame/decide.h"
#include "blame/score.h"
#include "blame/shift.h"

/* What else is to be done to the rank of the entity that `s` has scored last; in any thread. */
typedef void (*halves_fn)(const void *arg, const struct scorer *s, struct rank *rank);

/*
 * Scores each entity of s->t that has cells and takes it into account in `shifts`. `ranks` has room
 * for all entities; *ret_cnt of them are written, in order of the entities: entity, score, stand_out
 * and p_adj. The sums in `s` are over all. What comes out does not depend on how many CPUs there are: where
 * there are many entities, halves of them are always added up apart. 0 or -ENOMEM.
 */
int must_check halves_score(struct scorer *s, struct shifts *shifts, halves_fn fn, const void *arg,
			    struct rank *ranks, size_t *ret_cnt);

#endif
