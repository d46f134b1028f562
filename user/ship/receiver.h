/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receiver.h - one backend, with a thread of its own: what is new is sent at once, what was missed
 * is fetched from the store, oldest first.
 *
 *	keeper ─► store ─► ring of the last few windows ─► delivery ─► backend
 *	             └────────── outbox (what is missing) ──────┘
 *
 * While the backend keeps up, windows come over the ring and the store is not read. When the ring
 * overflows, at start, and after a failure, the outbox is drained until nothing is missing. So a
 * backend that is down for a day costs neither memory nor anybody else's time, and after kill -9 all
 * goes on where it was.
 *
 * Every receiver has its own outbox, connection, backoff and quarantine. All functions may be called
 * from any thread.
 */
#ifndef SHIP_RECEIVER_H
#define SHIP_RECEIVER_H

#include "ship/delivery.h"
#include "ship/shipment.h"
#include "store/outbox.h"

#define RECEIVER_RING 4 /* windows */

struct receiver_opts {
	const char *dir; /* the store's */
	struct http_opts http;
	const struct parcel_policy *policy; /* borrowed, outlives it */
	bool from_start;		    /* a new backend gets all of the store */
	uint64_t max_age_ns;		    /* of what is missing; 0: no limit */
	uint64_t
		bytes_per_s; /* of bodies while it drains, and then a tenth of a CPU; 0: no limits */
	uint64_t seed;	     /* of the backoff */
};

struct receiver;

/* Opens the outbox and begins. Copies what it needs, but for the policy. 0 or -errno with a line in
 * err. */
int must_check receiver_new(const struct receiver_opts *opts, struct receiver **ret,
			    struct err *err);

/* A new window, after it was stored. Takes a reference; never waits. NULL: there is one, but it must
 * be fetched from the store. */
void receiver_offer(struct receiver *r, struct shipment *s);

/* Ends the thread: what is under way may take `grace_ns`, what is not done stays in the outbox. */
void receiver_free(struct receiver *r, uint64_t grace_ns); /* NULL is fine */

struct receiver_stats {
	struct delivery_stats delivery;
	uint64_t windows;		/* settled */
	uint64_t waiting;		/* windows that are known of and not settled */
	int64_t oldest_ns;		/* wall clock, start of the oldest of them; 0: none */
	uint64_t cpu_ns;		/* of its thread */
	uint64_t unfit;			/* windows that could not be prepared */
	uint64_t lost[OUTBOX_LOSS_CNT]; /* windows that the outbox gave up */
	bool is_draining;
	bool is_idle; /* nothing is under way, nothing waits, but for the quarantine */
};

void receiver_stats(struct receiver *r, struct receiver_stats *ret);
const char *receiver_name(const struct receiver *r); /* its URL without secrets; borrowed */

#endif
