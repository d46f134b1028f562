/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery.h - gets the parcels of one window to one backend, however long that takes.
 *
 *	parcels ─► batches ─► post ─► judge (answer.h) ─► done │ again, later │ in halves │ given up │ held
 *
 * Several parcels travel in one request. When it is refused, halves of it are tried, until the one
 * parcel is found that is to blame; the others are taken. A parcel that fails by itself with a
 * plain 500 while others pass would block all that come after it: it is held back
 * (quarantine), and what follows goes on. While nothing passes at all, nothing is blamed: then the
 * backend is ill, and after MAX_SUSPECTS parcels that were put aside one waits.
 *
 * No thread, no socket, no file in here: all of it comes in by functions, so that every case can be
 * tested. A call blocks in `post` and `pause`.
 */
#ifndef SHIP_DELIVERY_H
#define SHIP_DELIVERY_H

#include "ship/answer.h"
#include "ship/backoff.h"
#include "ship/parcels.h"

#define DELIVERY_MAX_SUSPECTS	16
#define DELIVERY_BATCH_PARCELS	64
#define DELIVERY_BATCH_BYTES	PARCEL_MAX_BYTES /* of pprof before gzip: a backend's burst */
#define DELIVERY_TRIES		3 /* of a 500 or a 429 before it is tried in halves or held */
#define DELIVERY_BACKOFF_MIN_NS (NSEC_PER_SEC / 2)
#define DELIVERY_BACKOFF_MAX_NS (300 * NSEC_PER_SEC)
#define DELIVERY_WELL_NS	(60 * (int64_t)NSEC_PER_SEC) /* after a success */
#define DELIVERY_SAY_EVERY_NS	(300 * (int64_t)NSEC_PER_SEC)

struct delivery_stats {
	uint64_t requests[SHIP_REASON_CNT]; /* answered, by what the answer said */
	uint64_t parcels, samples, bytes;   /* taken; bytes of bodies, those not taken too */
	uint64_t given_up[SHIP_REASON_CNT]; /* parcels */
	uint64_t given_up_samples;
	uint64_t held;		 /* parcels that went into quarantine */
	int64_t last_success_ns; /* wall clock; 0: none yet */
	enum ship_reason state;	 /* of the last answer */
};

struct delivery_ops {
	void (*post)(void *arg, struct str body, struct http_answer *answer);
	bool (*pause)(void *arg, uint64_t ns); /* false: it is time to stop */
	int64_t (*wall_ns)(void *arg);
	/* Parcel `index` is given up, or put into quarantine as a suspect; `message`: what was said.
	 * Not 0: hold() cannot, so the parcel is tried on. */
	void (*give_up)(void *arg, const struct parcel *p, uint32_t index,
			const struct ship_verdict *v, const struct http_answer *answer);
	int (*hold)(void *arg, const struct parcel *p, uint32_t index, const struct ship_verdict *v,
		    const struct http_answer *answer);
};

struct delivery {
	const struct delivery_ops *ops;
	void *arg;
	struct backoff backoff;
	struct http_answer answer; /* of the last request */
	struct buf body;
	uint32_t suspects; /* parcels put aside since the last success */
	bool is_loud;	   /* the last trouble was said */
	int64_t said_ns;   /* wall clock, when; 0: never */
	struct delivery_stats stats;
};

void delivery_init(struct delivery *d, const struct delivery_ops *ops, void *arg, uint64_t seed);
void delivery_release(struct delivery *d);

/*
 * Returns when every parcel is taken, given up or held: 0. -EINTR: it was told to stop; what was not
 * taken must be sent again. -ENOMEM.
 */
int must_check delivery_send(struct delivery *d, const struct parcels *parcels);

/*
 * One parcel that was held, once: true when it is settled (taken, or refused for good and given up);
 * false when it is to be held on. *ret_to_blame: the backend answered it with a 500, and nothing
 * else.
 */
bool delivery_retry(struct delivery *d, const struct parcel *p, uint32_t index, bool *ret_to_blame);

#endif
