/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper.h - puts sealed windows into the store, and does not give up at the first "disk full".
 *
 * A window that the store refuses waits, up to KEEPER_MAX_WAITING of them, and is tried again with
 * each window that follows. What has to be given up (the oldest) is counted: its samples appear as
 * LOSS_STORE_WRITE in the next window that is stored. Retention runs now and then. No two windows
 * begin at the same time, whatever is done to the clock (stamps.h). Not thread-safe.
 */
#ifndef AGENT_KEEPER_H
#define AGENT_KEEPER_H

#include "base/clock.h"
#include "base/err.h"
#include "model/profile.h"

struct keeper;
struct store;
struct store_place;

#define KEEPER_MAX_WAITING  32
#define KEEPER_RETAIN_EVERY (600 * NSEC_PER_SEC)
/* A clock that was set forth, or that is a day ahead of all there is, must have run for so long
 * before anything is old by it: one that is wrong would cost the whole history. */
#define KEEPER_TRUST_AFTER  (3600 * NSEC_PER_SEC)
#define KEEPER_AHEAD_NS	    (86400 * NSEC_PER_SEC)

/* Borrows the store and the clock, which must outlive it. */
int must_check keeper_new(struct store *store, const struct clock *clock,
			  struct keeper **ret_keeper);

/* What still waits is given up. NULL is fine. */
void keeper_free(struct keeper *k);

/*
 * Who gets each window after it was stored, or, with no place, when the store has refused it for
 * good. It takes the window.
 */
typedef void (*keeper_next_fn)(void *arg, const struct store_place *place, struct profile *window);
void keeper_set_next(struct keeper *k, keeper_next_fn next, void *arg);

/*
 * Windows that wait take so many bytes at most; the oldest are given up before. The newest one is
 * tried whatever its size. UINT64_MAX at first.
 */
void keeper_set_max_bytes(struct keeper *k, uint64_t max_bytes);

/*
 * An agg_sink_fn: takes the window. Always 0, but for -ENOMEM: a store that fails must not stop the
 * sampling.
 */
int must_check keeper_sink(void *keeper, struct profile *window);

struct keeper_stats {
	uint64_t stored_windows, stored_samples;
	uint64_t lost
		[LOSS_CNT];    /* as the windows tell that were taken; store_write: given up here */
	uint64_t lost_samples; /* as the windows tell that were taken, whether stored or not */
	uint64_t failed_puts;  /* tries that the store refused */
	uint64_t given_up_windows, given_up_samples;
	uint64_t waiting_bytes;		  /* memory of the windows that wait */
	size_t waiting;			  /* windows that wait to be tried again */
	uint64_t waiting_samples;	  /* in those */
	uint64_t clock_forth, clock_back; /* times that the wall clock was set */
	struct err last_error;		  /* of the last refusal; empty text: none yet */
};

void keeper_stats(const struct keeper *k, struct keeper_stats *ret_stats);

#endif
