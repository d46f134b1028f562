/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outbox.h - what of a store has been sent to whom: the spool.
 *
 * A window is in the store, synced, before anybody is told of it; so the store is the spool, and
 * what is kept here is how far each receiver has got. That survives kill -9, a full disk costs
 * nothing but repetition, and nothing is written twice.
 *
 *	DIR/outbox.db	for each receiver: the last window of each block that it has settled,
 *			what it holds back (quarantine), what was given up and why
 *
 * Windows are settled in the order in which they were stored, block by block, whatever the clock
 * did. Receivers know nothing of each other. Progress is not synced: after a loss of power some
 * windows are sent again, which a receiver must bear anyway.
 *
 * Each object belongs to one thread and reads the store beside its writer. Several objects, also in
 * several processes, may be open on one directory. Functions return 0 or -errno with a line in err.
 */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "base/err.h"
#include "model/profile.h"
#include "store/store.h"

struct outbox;

enum outbox_begin {
	OUTBOX_KNOWN,	   /* the receiver must be known: -ENOENT */
	OUTBOX_FROM_NOW,   /* a new one begins with the windows that come after this call */
	OUTBOX_FROM_START, /* a new one begins with all that is there */
};

/*
 * Opens the outbox of one receiver, whose name stays the same from start to start (its URL without
 * secrets).
 */
int must_check outbox_open(const char *dir, const char *receiver, enum outbox_begin begin,
			   struct outbox **ret, struct err *err);
void outbox_close(struct outbox *o); /* NULL is fine */

/* ---- windows ---- */

/* Takes one window that is not settled yet (profile_free()). 0: settled; else outbox_drain() stops and
 * returns it. */
typedef int (*outbox_window_fn)(void *arg, const struct store_place *place, struct profile *window);

/* Why a window is given up by the outbox itself. */
enum outbox_loss {
	OUTBOX_DAMAGED, /* "damaged": it, or its block; one that was never readable counts as one */
	OUTBOX_EXPIRED, /* "expired": its block was deleted before */
	OUTBOX_TOO_OLD, /* "too_old": it ended before not_before_ns */
	OUTBOX_LOSS_CNT
};

const char *outbox_loss_name(enum outbox_loss why);

/* Windows given up so since the outbox was opened, by enum outbox_loss; borrowed. */
const uint64_t *outbox_lost(const struct outbox *o);

/*
 * Hands out all windows that are not settled, oldest block first; gives up those that are damaged,
 * expired or too old (`not_before_ns`: wall clock). A block that cannot be read for another reason
 * than damage is left for the next time.
 */
int must_check outbox_drain(struct outbox *o, int64_t not_before_ns, outbox_window_fn fn, void *arg,
			    struct err *err);

/* A window that came another way is settled. Those stored before it in its block must be, too. */
int must_check outbox_settle(struct outbox *o, const struct store_place *place, struct err *err);
bool outbox_is_settled(const struct outbox *o, const struct store_place *place);

/* Looks for windows that came meanwhile, so that outbox_depth() knows of them. outbox_drain() does. */
int must_check outbox_look(struct outbox *o, struct err *err);

/* How many windows are known of and not settled. */
uint64_t outbox_depth(const struct outbox *o);

/* ---- parcels: what a window is sent as ---- */

enum outbox_state { /* persisted: append-only */
		    OUTBOX_SUSPECT =
			    1, /* failed some times; to be tried once more when others pass */
		    OUTBOX_POISON = 2, /* failed while others passed: waits for a person */
		    OUTBOX_RETRY = 3,  /* a person wants it tried again */
};

/* Why a part of a window was not taken. */
struct outbox_parcel {
	int64_t id; /* its number in the quarantine */
	struct store_place place;
	uint32_t parcel;  /* its number in the window */
	int64_t start_ns; /* of the window */
	uint64_t samples;
	int status; /* HTTP; 0: no answer */
	char reason[32];
	char message[256]; /* the first bytes of what was said, cleaned */
	int64_t since_ns;  /* wall clock, when it was put there */
	enum outbox_state state;
};

/* Counts something as given up, for ever: `samples` of one window or parcel. */
int must_check outbox_give_up(struct outbox *o, const char *reason, uint64_t samples,
			      struct err *err);

/* Puts a parcel into quarantine. Its id is ignored. At most OUTBOX_MAX_HELD; the oldest go. */
#define OUTBOX_MAX_HELD 10000
int must_check outbox_hold(struct outbox *o, const struct outbox_parcel *parcel, struct err *err);

/* Changes the state of what is held; of all of it with id 0. -ENOENT when nothing is there. */
int must_check outbox_set_state(struct outbox *o, int64_t id, enum outbox_state state,
				struct err *err);

/* Takes it out again. -ENOENT when it is not there. */
int must_check outbox_release(struct outbox *o, int64_t id, struct err *err);

typedef int (*outbox_parcel_fn)(void *arg, const struct outbox_parcel *parcel);

/* All of it, oldest first. */
int must_check outbox_held(struct outbox *o, outbox_parcel_fn fn, void *arg, struct err *err);

/* The window of a place, owned; -ENODATA when it is gone. */
int must_check outbox_window(struct outbox *o, const struct store_place *place,
			     struct profile **ret, struct err *err);

typedef int (*outbox_count_fn)(void *arg, const char *reason, uint64_t cnt, uint64_t samples);

/* What was given up, by reason. */
int must_check outbox_given_up(struct outbox *o, outbox_count_fn fn, void *arg, struct err *err);

/* The receivers that a store knows. */
typedef int (*outbox_receiver_fn)(void *arg, const char *receiver);
int must_check outbox_receivers(const char *dir, outbox_receiver_fn fn, void *arg, struct err *err);

#endif
