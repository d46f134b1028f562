/* SPDX-License-Identifier: Apache-2.0 */
/*
 * readtime.h - how much time parsing may take: a share of all time, and a burst ahead of it at the
 * beginning or after a rest. See struct image_limits.
 *
 *	if (!readtime_may(&t))
 *		come again later;
 *	before = readtime_begin(&t);
 *	… ask, parse …
 *	readtime_end(&t, before);
 *
 * What our own process spends on a stranger's bytes is charged with the question; what a child
 * spends, when it has ended and that was reported, which for a session is some time after it.
 */
#ifndef ELF_READTIME_H
#define ELF_READTIME_H

#include "base/clock.h"
#include "base/compiler.h"

struct sandbox;

struct readtime {
	const struct clock *clock; /* these four are set by the owner; borrowed */
	struct sandbox *sandbox;   /* whose children are charged; NULL: there are none */
	uint32_t share;		   /* parsing may take 1/share of the time, */
	uint64_t burst_ns;	   /* and so much on top */

	uint64_t paid_until_ns; /* when the time that parsing took will have been made up for */
	uint64_t children_ns;	/* CPU time of children, as far as it was charged */
	uint64_t spent_ns;	/* ever */
};

bool readtime_may(const struct readtime *t);
uint64_t readtime_begin(const struct readtime *t);
void readtime_end(struct readtime *t, uint64_t before_ns);

/* What children have spent that ended since the last time. */
void readtime_charge_children(struct readtime *t);

#endif
