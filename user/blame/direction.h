/* SPDX-License-Identifier: Apache-2.0 */
/*
 * direction.h - who started it (step E). Private to blame.
 *
 * What only reacts to an incident is as tied to it as its cause. What tells them apart is the order in
 * which they rose: the cause before or with the loss of CPU that others suffer, what reacts after.
 * All terms are weak, bounded and shown; they are added to the rank of a process:
 *
 *	onset		 0 .. -K	another suspect, or the victims' loss, came first
 *	dose		-1 .. +1	its level follows (precedes) what the victims lose
 *	displacement	-1 ..  0	the node was full, and it took less than others lost
 *	signature	-ln 2 or 0	what rose in it is waiting, retrying, logging
 *
 * The onset of a rise is found by a change point of least squares between the time before the label
 * and the incident, then placed inside its slot by how full that slot is; its error says how well
 * other places would fit. Only differences of
 * onsets count, since labels are late by an unknown time.
 */
#ifndef BLAME_DIRECTION_H
#define BLAME_DIRECTION_H

#include "base/compiler.h"
#include "blame/blame.h"
#include "blame/decide.h"
#include "blame/score.h"

/* Of so many processes, from the first, those that are linked or half way to it are compared. */
#define DIRECTION_MAX 24

/*
 * Fills dir of the ranks (sorted, best first) that are compared. `victims` holds victim_cnt
 * entities. 0 or -ENOMEM.
 */
int must_check direction_measure(struct scorer *s, struct rank *ranks, size_t cnt,
				 const uint32_t *victims, size_t victim_cnt,
				 const struct blame_opts *o);

/* A step in v[0 … n-1], of equal slots, up (sign 1) or down (-1). */
struct step {
	double at;    /* in slots from the start of v */
	double error; /* standard error of it */
	double size;  /* > 0 */
};

/* False when there is no clear one. */
bool direction_step(const double *v, size_t n, double sign, struct step *ret);

/*
 * When the change of the entity that was scored last began in incident k, up (sign 1) or down (-1):
 * seconds after the marked start and the standard error. False when that is not clear.
 */
bool direction_onset(const struct scorer *s, uint32_t k, double sign, double *ret_at_s,
		     double *ret_error_s);

/* Differences of onsets (own - other) in units of their standard error, one for each incident, as
 * one standard normal number: Stouffer's, with each held within two. */
double direction_pool(const double *z, size_t cnt);

/* Nats for "the other came first" from that. 0 .. cnt. */
double direction_behind(double pooled, size_t cnt);

/* Spearman's rank correlation of a and b; 0 when one of them is constant. Reorders nothing. */
double direction_spearman(const double *a, const double *b, size_t n, double *scratch /* 2n */);

#endif
