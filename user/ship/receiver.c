// SPDX-License-Identifier: Apache-2.0
#include "ship/receiver.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

#define RETRY_EVERY_NS (30 * NSEC_PER_SEC) /* how soon `spool retry` is noticed */
#define MAX_RETRIES    64		   /* parcels in a row */
#define PACED_SHARE    10		   /* of a CPU, what catching up may take: one in so many */

struct receiver {
	struct http *http;
	struct outbox *outbox; /* the thread's, as are the next ones */
	struct delivery delivery;
	const struct parcel_policy *policy;
	uint64_t max_age_ns, bytes_per_s;
	const struct store_place *place; /* of what is under way; NULL: not stored */
	int64_t start_ns;		 /* of that window */
	bool is_paced, has_suspects, said_outbox;
	uint64_t retried_ns;
	uint64_t paced_cpu_ns; /* the thread's CPU time when it last paused for pacing */

	pthread_t thread;
	bool is_running;
	atomic_bool stop;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t change;
	struct shipment *ring[RECEIVER_RING]; /* oldest first */
	size_t ring_cnt;
	bool is_missing; /* the outbox holds what the ring does not */
	bool is_finishing;
	struct receiver_stats stats;
};

static struct timespec in(uint64_t ns)
{
	uint64_t at = clock_mono_ns(&clock_system) + ns;

	return (struct timespec){.tv_sec = (time_t)(at / NSEC_PER_SEC),
				 .tv_nsec = (long)(at % NSEC_PER_SEC)};
}

/* ---- what a delivery needs ---- */

static void publish(struct receiver *r)
{
	uint64_t known = outbox_depth(r->outbox);

	(void)pthread_mutex_lock(&r->lock);
	r->stats.delivery = r->delivery.stats;
	memcpy(r->stats.lost, outbox_lost(r->outbox), sizeof(r->stats.lost));
	r->stats.cpu_ns = clock_cpu_ns(&clock_system);
	r->stats.waiting = known > r->ring_cnt ? known : r->ring_cnt;
	r->stats.oldest_ns = r->start_ns   ? r->start_ns
			     : r->ring_cnt ? shipment_start_ns(r->ring[0])
					   : 0;
	(void)pthread_mutex_unlock(&r->lock);
}

static bool pause_for(void *arg, uint64_t ns)
{
	struct receiver *r = arg;
	struct timespec until = in(ns);

	publish(r);
	(void)pthread_mutex_lock(&r->lock);
	while (!atomic_load(&r->stop) && !r->is_finishing &&
	       !pthread_cond_timedwait(&r->change, &r->lock, &until))
		;
	(void)pthread_mutex_unlock(&r->lock);
	return !atomic_load(&r->stop) && !r->is_finishing;
}

/* After so many bytes: neither the network nor the node is to notice that somebody catches up. */
static void pace(struct receiver *r, size_t bytes)
{
	uint64_t cpu_ns = clock_cpu_ns(&clock_system) - r->paced_cpu_ns;
	uint64_t wait_ns = bytes * NSEC_PER_SEC / r->bytes_per_s;

	if (wait_ns < cpu_ns * (PACED_SHARE - 1))
		wait_ns = cpu_ns * (PACED_SHARE - 1);
	(void)pause_for(r, wait_ns);
	r->paced_cpu_ns = clock_cpu_ns(&clock_system);
}

static void post(void *arg, struct str body, struct http_answer *answer)
{
	const struct http_request request = {
		.path = "/push.v1.PusherService/Push",
		.body = body,
		.content_type = "application/proto",
	};
	struct receiver *r = arg;

	http_post(r->http, &request, &r->stop, answer);
	if (r->is_paced && r->bytes_per_s)
		pace(r, body.len);
}

static int64_t wall_ns(void *arg)
{
	return clock_wall_ns(&clock_system);
}

/* The outbox cannot be written: what it would have kept is in memory until the end, then repeated. */
static void note_outbox(struct receiver *r, int result, const struct err *err)
{
	if (result && !r->said_outbox)
		log_warn("push: %s; going on, after a restart some is sent again", err->text);
	r->said_outbox = result != 0;
}

static void give_up(void *arg, const struct parcel *p, uint32_t index, const struct ship_verdict *v,
		    const struct http_answer *answer)
{
	struct receiver *r = arg;
	struct err err = {{0}};

	note_outbox(r, outbox_give_up(r->outbox, ship_reason_name(v->reason), p->sample_cnt, &err),
		    &err);
}

static int hold(void *arg, const struct parcel *p, uint32_t index, const struct ship_verdict *v,
		const struct http_answer *answer)
{
	struct receiver *r = arg;
	struct outbox_parcel held = {
		.parcel = index,
		.start_ns = r->start_ns,
		.samples = p->sample_cnt,
		.status = answer->status,
		.since_ns = clock_wall_ns(&clock_system),
		.state = OUTBOX_SUSPECT,
	};
	struct err err = {{0}};
	int result;

	if (!r->place) { /* nowhere to fetch it from later */
		give_up(arg, p, index, v, answer);
		return 0;
	}
	held.place = *r->place;
	strncpy(held.reason, ship_reason_name(v->reason), sizeof(held.reason) - 1);
	ship_quote(answer, held.message, sizeof(held.message));
	result = outbox_hold(r->outbox, &held, &err);
	note_outbox(r, result, &err);
	r->has_suspects |= !result;
	return result;
}

static const struct delivery_ops ops = {
	.post = post, .pause = pause_for, .wall_ns = wall_ns, .give_up = give_up, .hold = hold};

/* ---- windows ---- */

/* 0 when it is settled; -EINTR when it is time to stop. */
static int send_shipment(struct receiver *r, struct shipment *s)
{
	const struct parcels *parcels;
	struct err err = {{0}};
	int result;

	r->place = shipment_place(s);
	r->start_ns = shipment_start_ns(s);
	result = shipment_parcels(s, &parcels, &err);
	if (result == -EINVAL) {
		note_outbox(r, outbox_give_up(r->outbox, "unfit", 0, &err), &err);
		(void)pthread_mutex_lock(&r->lock);
		r->stats.unfit++;
		(void)pthread_mutex_unlock(&r->lock);
		result = 0;
	} else if (result) {
		log_warn("push: %s; trying again", err.text);
	} else {
		result = delivery_send(&r->delivery, parcels);
	}
	r->place = NULL;
	r->start_ns = 0;
	if (!result) {
		(void)pthread_mutex_lock(&r->lock);
		r->stats.windows++;
		(void)pthread_mutex_unlock(&r->lock);
	}
	publish(r);
	return result;
}

/* Of the outbox: the window is borrowed, a shipment wants one of its own. */
static int send_missing(void *arg, const struct store_place *place, struct profile *window)
{
	struct receiver *r = arg;
	struct shipment *s;
	int result = shipment_new(place, window, r->policy, &s);

	if (result) {
		profile_free(window);
		return result;
	}
	result = send_shipment(r, s);
	shipment_unref(s);
	return result;
}

static int64_t oldest_wanted(const struct receiver *r)
{
	int64_t now_ns = clock_wall_ns(&clock_system);

	return r->max_age_ns && r->max_age_ns < (uint64_t)now_ns ? now_ns - (int64_t)r->max_age_ns
								 : INT64_MIN;
}

static void set_draining(struct receiver *r, bool is_draining)
{
	r->is_paced = is_draining;
	r->paced_cpu_ns = clock_cpu_ns(&clock_system);
	(void)pthread_mutex_lock(&r->lock);
	r->stats.is_draining = is_draining;
	(void)pthread_mutex_unlock(&r->lock);
}

/* All that is missing. After a failure of the store it is tried again a little later. */
static void drain(struct receiver *r)
{
	struct err err = {{0}};
	int result;

	set_draining(r, true);
	result = outbox_drain(r->outbox, oldest_wanted(r), send_missing, r, &err);
	set_draining(r, false);
	publish(r);
	if (!result || result == -EINTR)
		return;
	if (*err.text)
		note_outbox(r, result, &err);
	(void)pthread_mutex_lock(&r->lock);
	r->is_missing = true;
	(void)pthread_mutex_unlock(&r->lock);
	(void)pause_for(r, NSEC_PER_SEC);
}

/* What came over the ring. One that the outbox has seen already was sent from there. */
static void send_live(struct receiver *r, struct shipment *s)
{
	const struct store_place *place = shipment_place(s);
	struct err err = {{0}};
	int result;

	if (place && outbox_is_settled(r->outbox, place))
		return;
	result = send_shipment(r, s);
	if (result == -EINTR)
		return;
	if (result) { /* no memory: the outbox has it still */
		(void)pthread_mutex_lock(&r->lock);
		r->is_missing = true;
		(void)pthread_mutex_unlock(&r->lock);
		(void)pause_for(r, NSEC_PER_SEC);
	} else if (place) {
		note_outbox(r, outbox_settle(r->outbox, place, &err), &err);
	}
}

/* ---- quarantine ---- */

struct retries {
	struct outbox_parcel items[MAX_RETRIES];
	size_t cnt;
};

static int collect(void *arg, const struct outbox_parcel *p)
{
	struct retries *retries = arg;

	if (p->state != OUTBOX_POISON && retries->cnt < MAX_RETRIES)
		retries->items[retries->cnt++] = *p;
	return 0;
}

/* The parcel anew, from the store. True when it is settled. */
static bool retry(struct receiver *r, const struct outbox_parcel *held, bool *ret_to_blame)
{
	struct profile *window;
	struct parcels parcels;
	struct err err = {{0}};
	bool is_settled = false;
	int result = outbox_window(r->outbox, &held->place, &window, &err);

	*ret_to_blame = false;
	if (result == -ENODATA) {
		note_outbox(r, outbox_give_up(r->outbox, "expired", held->samples, &err), &err);
		return true;
	}
	if (result)
		return false;
	r->place = &held->place;
	if (!parcels_make(window, r->policy, &parcels, &err)) {
		if (held->parcel < parcels.cnt)
			is_settled = delivery_retry(&r->delivery, &parcels.items[held->parcel],
						    held->parcel, ret_to_blame);
		else
			is_settled = true; /* prepared otherwise today, and then sent as such */
	}
	parcels_release(&parcels);
	profile_free(window);
	r->place = NULL;
	return is_settled;
}

/* Suspects once more, now that others pass, and what a person wants tried again. */
static void retry_held(struct receiver *r)
{
	struct retries *retries = calloc(1, sizeof(*retries));
	struct err err = {{0}};

	r->retried_ns = clock_mono_ns(&clock_system);
	if (!retries || outbox_held(r->outbox, collect, retries, &err)) {
		free(retries);
		return;
	}
	r->has_suspects = false;
	for (size_t i = 0; i < retries->cnt && !atomic_load(&r->stop); i++) {
		const struct outbox_parcel *held = &retries->items[i];
		bool is_ahead = held->since_ns > wall_ns(r); /* the clock was set back */
		bool to_blame;

		if (retry(r, held, &to_blame))
			note_outbox(r, outbox_release(r->outbox, held->id, &err), &err);
		else if (held->state == OUTBOX_RETRY ||
			 (to_blame &&
			  r->delivery.stats.last_success_ns > (is_ahead ? 0 : held->since_ns)))
			note_outbox(r, outbox_set_state(r->outbox, held->id, OUTBOX_POISON, &err),
				    &err);
		else
			r->has_suspects = true;
	}
	free(retries);
	publish(r);
}

/* ---- the thread ---- */

/* The next thing to do: a shipment (owned), or NULL with *ret_drain, or NULL to look again. */
static struct shipment *next(struct receiver *r, bool *ret_drain)
{
	struct timespec until = in(NSEC_PER_SEC);
	struct shipment *s = NULL;

	*ret_drain = false;
	(void)pthread_mutex_lock(&r->lock);
	r->stats.is_idle = !r->is_missing && !r->ring_cnt;
	if (!r->is_missing && !r->ring_cnt && !r->is_finishing)
		(void)pthread_cond_timedwait(&r->change, &r->lock, &until);
	r->stats.is_idle &= !r->is_missing && !r->ring_cnt;
	if (r->is_missing) {
		r->is_missing = false;
		*ret_drain = true;
	} else if (r->ring_cnt) {
		s = r->ring[0];
		memmove(r->ring, r->ring + 1, --r->ring_cnt * sizeof(r->ring[0]));
	} else if (r->is_finishing) {
		atomic_store(&r->stop, true);
	}
	(void)pthread_mutex_unlock(&r->lock);
	return s;
}

static void *run(void *arg)
{
	struct receiver *r = arg;

	while (!atomic_load(&r->stop)) {
		bool is_missing;
		struct shipment *s = next(r, &is_missing);

		if (is_missing)
			drain(r);
		else if (s)
			send_live(r, s);
		shipment_unref(s);
		if (!atomic_load(&r->stop) &&
		    ((r->has_suspects && !r->delivery.suspects) ||
		     clock_mono_ns(&clock_system) - r->retried_ns >= RETRY_EVERY_NS))
			retry_held(r);
	}
	return NULL;
}

static int start(struct receiver *r, struct err *err)
{
	pthread_condattr_t attr;
	int result;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&r->change, &attr);
	(void)pthread_condattr_destroy(&attr);
	(void)pthread_mutex_init(&r->lock, NULL);
	result = pthread_create(&r->thread, NULL, run, r);
	r->is_running = !result;
	return result ? err_set(err, result, "no thread for a backend: %s", strerror(result)) : 0;
}

int receiver_new(const struct receiver_opts *opts, struct receiver **ret, struct err *err)
{
	struct receiver *r = calloc(1, sizeof(*r));
	int result;

	if (!r)
		return err_set(err, ENOMEM, "out of memory");
	r->policy = opts->policy;
	r->max_age_ns = opts->max_age_ns;
	r->bytes_per_s = opts->bytes_per_s;
	r->is_missing = r->has_suspects = true; /* what was left by the last start */
	delivery_init(&r->delivery, &ops, r, opts->seed);
	result = http_new(&opts->http, &r->http, err);
	if (!result)
		result = outbox_open(opts->dir, http_name(r->http),
				     opts->from_start ? OUTBOX_FROM_START : OUTBOX_FROM_NOW,
				     &r->outbox, err);
	if (!result)
		result = start(r, err);
	if (result)
		receiver_free(r, 0);
	else
		*ret = r;
	return result;
}

void receiver_offer(struct receiver *r, struct shipment *s)
{
	struct shipment *oldest = NULL;

	(void)pthread_mutex_lock(&r->lock);
	if (!s || r->ring_cnt == RECEIVER_RING)
		r->is_missing = true;
	if (s && r->ring_cnt == RECEIVER_RING) {
		oldest = r->ring[0];
		memmove(r->ring, r->ring + 1, --r->ring_cnt * sizeof(r->ring[0]));
	}
	if (s)
		r->ring[r->ring_cnt++] = shipment_ref(s);
	(void)pthread_cond_signal(&r->change);
	(void)pthread_mutex_unlock(&r->lock);
	shipment_unref(oldest);
}

static void join(struct receiver *r, uint64_t grace_ns)
{
	uint64_t end_ns = clock_mono_ns(&clock_system) + grace_ns;
	struct timespec until;

	(void)pthread_mutex_lock(&r->lock);
	r->is_finishing = true;
	(void)pthread_cond_signal(&r->change);
	(void)pthread_mutex_unlock(&r->lock);
	until = (struct timespec){.tv_sec = (time_t)(end_ns / NSEC_PER_SEC),
				  .tv_nsec = (long)(end_ns % NSEC_PER_SEC)};
	if (!pthread_clockjoin_np(r->thread, NULL, CLOCK_MONOTONIC, &until))
		return;
	(void)pthread_mutex_lock(&r->lock);
	atomic_store(&r->stop, true); /* ends a request, too */
	(void)pthread_cond_signal(&r->change);
	(void)pthread_mutex_unlock(&r->lock);
	(void)pthread_join(r->thread, NULL);
}

void receiver_free(struct receiver *r, uint64_t grace_ns)
{
	if (!r)
		return;
	if (r->is_running)
		join(r, grace_ns);
	for (size_t i = 0; i < r->ring_cnt; i++)
		shipment_unref(r->ring[i]);
	delivery_release(&r->delivery);
	http_free(r->http);
	outbox_close(r->outbox);
	free(r);
}

void receiver_stats(struct receiver *r, struct receiver_stats *ret)
{
	(void)pthread_mutex_lock(&r->lock);
	*ret = r->stats;
	(void)pthread_mutex_unlock(&r->lock);
}

const char *receiver_name(const struct receiver *r)
{
	return http_name(r->http);
}
