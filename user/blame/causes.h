/* SPDX-License-Identifier: Apache-2.0 */
/*
 * causes.h - several causes of one incident, by iterative removal.
 *
 *	blame all ─► A, tied to some of them ─► set those aside, blame the rest ─► B ─► …
 *
 * The incidents that a cause explains (its hits) are set aside: neither incident nor baseline. What is
 * left is judged as if it were all there is, but for three things that keep a further round from naming
 * the innocent:
 *
 *	- evidence and E_false are charged for all sets of that many incidents that could have been
 *	  left (causes_choices()); p takes, at each other time, those incidents that fit a process best (shift.h);
 *	- each further round has half of the error that the one before it was allowed;
 *	- who is as busy in the incidents that were set aside rises with the incident, whoever causes it,
 *	  and ranks lower by as many nats as tie it to those (decide.h, `elsewhere`).
 *
 * When nobody is named because two causes stand in each other's way, each suspect that is tied to a part
 * of the incidents is set aside by way of trial, unless somebody alone explains nearly all of them. What
 * is found counts when each cause is named by the incidents that the others leave; or when one is, and the
 * other leads where that one leaves, tied by more than luck.
 *
 * After Liblit, Naik, Zheng, Aiken, Jordan: Scalable Statistical Bug Isolation (PLDI 2005), who remove
 * the runs that a predicate explains and rank again.
 */
#ifndef BLAME_CAUSES_H
#define BLAME_CAUSES_H

#include "blame/blame.h"

#define CAUSES_MAX 4

/* blame_run(), then further rounds: fills `causes`, open_cnt and open_leader of the verdict, too. */
int must_check causes_run(const struct timeline *t, const struct blame_incident *inc, size_t cnt,
			  const struct blame_opts *o, struct verdict **ret, struct err *err);

/*
 * What evidence and E_false of `judged` incidents out of `all` are charged for: the sets of so many that
 * there are (binomial coefficient), and as many numbers of allowed misses as for all of them. E_false is
 * then no smaller than for the same hits among all incidents.
 */
double causes_choices(uint32_t all, uint32_t judged);

#endif
