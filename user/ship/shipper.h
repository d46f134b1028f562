/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shipper.h - sends windows to all backends, none of which waits for another.
 *
 *	shipper_offer() ─┬─► receiver ─► backend A
 *	                 └─► receiver ─► backend B
 */
#ifndef SHIP_SHIPPER_H
#define SHIP_SHIPPER_H

#include "ship/canary.h"
#include "ship/receiver.h"

#define SHIPPER_MAX_TARGETS 8

struct shipper_opts {
	const char *dir;	    /* the store's */
	const char *const *targets; /* as of target.h */
	size_t target_cnt;
	struct str node;		 /* name of the machine */
	const struct push_label *labels; /* of every series; copied */
	size_t label_cnt;
	bool from_start;     /* a backend that is new gets all of the store, not what is new only */
	uint64_t max_age_ns; /* of what is missing */
	uint64_t bytes_per_s; /* to each backend while it drains; 0: no limit */
	uint64_t verify_ns;   /* each gets a canary so often; 0: none does */
	uint64_t window_ns;   /* for it */
};

struct shipper;

/* Copies what it needs. 0 or -errno with a line in err. */
int must_check shipper_new(const struct shipper_opts *opts, struct shipper **ret, struct err *err);

/* Each may take so long to end what it does. NULL is fine. */
void shipper_free(struct shipper *s, uint64_t grace_ns);

/* Takes the window. `place` NULL: the store has given it up. Never waits. */
void shipper_offer(struct shipper *s, const struct store_place *place, struct profile *window);

/* Nothing is under way to any backend, and nothing waits, but for what is in quarantine. */
bool shipper_is_idle(const struct shipper *s);

/* CPU time of all threads. */
uint64_t shipper_cpu_ns(const struct shipper *s);

size_t shipper_cnt(const struct shipper *s);
struct receiver *shipper_receiver(const struct shipper *s, size_t i); /* borrowed */
struct canary *shipper_canary(const struct shipper *s, size_t i); /* borrowed; NULL: it has none */

/* "name=value" as a label, borrowed; -EINVAL with the reason, also for a name that a backend keeps for
 * itself (__type__, …; but for __delta__). */
int must_check shipper_parse_label(const char *text, struct push_label *ret, struct err *err);

#endif
