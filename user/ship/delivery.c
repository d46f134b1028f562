// SPDX-License-Identifier: Apache-2.0
#include "ship/delivery.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

#define MAX_BODY   ((size_t)64 << 20)
#define MAX_ANSWER ((size_t)1 << 20)

/* The parcels [from, until) of a window, on their way in one request. */
struct batch {
	const struct parcels *parcels;
	size_t from, until;
};

void delivery_init(struct delivery *d, const struct delivery_ops *ops, void *arg, uint64_t seed)
{
	*d = (struct delivery){
		.ops = ops,
		.arg = arg,
		.backoff = {.min_ns = DELIVERY_BACKOFF_MIN_NS,
			    .max_ns = DELIVERY_BACKOFF_MAX_NS,
			    .seed = seed},
	};
	buf_init(&d->answer.body, MAX_ANSWER);
	buf_init(&d->body, MAX_BODY);
}

void delivery_release(struct delivery *d)
{
	buf_release(&d->answer.body);
	buf_release(&d->body);
}

static size_t batch_cnt(const struct batch *b)
{
	return b->until - b->from;
}

/* The first parcels from `from` on that fit into one request; at least one. */
static struct batch next_batch(const struct parcels *parcels, size_t from)
{
	struct batch b = {parcels, from, from};
	size_t bytes = 0;

	while (b.until < parcels->cnt && batch_cnt(&b) < DELIVERY_BATCH_PARCELS) {
		bytes += parcels->items[b.until].plain_bytes;
		if (bytes > DELIVERY_BATCH_BYTES && batch_cnt(&b))
			break;
		b.until++;
	}
	return b;
}

static int encode(struct delivery *d, const struct batch *b)
{
	struct push_series series[DELIVERY_BATCH_PARCELS];

	for (size_t i = 0; i < batch_cnt(b); i++) {
		const struct parcel *p = &b->parcels->items[b->from + i];

		series[i] = (struct push_series){p->labels, p->label_cnt, buf_str(&p->profile)};
	}
	buf_clear(&d->body);
	return push_encode(series, batch_cnt(b), &d->body);
}

/* ---- one request ---- */

#define MAX_SAID 200

/* The beginning of what was said, for a log line: one line of clean text, whoever wrote it. */
static void add_said(const struct http_answer *answer, struct buf *out)
{
	struct str rest = str_trim(buf_str(&answer->body)), line;

	if (!answer->status)
		rest = (struct str){answer->why.text, strlen(answer->why.text)};
	if (rest.len > MAX_SAID)
		rest.len = MAX_SAID;
	while (str_split(&rest, '\n', &line)) {
		text_add_clean(out, str_trim(line));
		if (rest.len)
			buf_addch(out, ' ');
	}
}

/* Once in a while: a backend that fails on every other request must not fill the log. */
static void note_trouble(struct delivery *d, const struct ship_verdict *v)
{
	int64_t now_ns = d->ops->wall_ns(d->arg);
	struct buf text;

	if (d->said_ns && now_ns - d->said_ns < DELIVERY_SAY_EVERY_NS && now_ns >= d->said_ns)
		return;
	d->said_ns = now_ns;
	d->is_loud = true;
	buf_init(&text, 8 * MAX_SAID);
	add_said(&d->answer, &text);
	log_warn("push: %s (%d): %.*s; trying on%s", ship_reason_name(v->reason), d->answer.status,
		 (int)text.len, text.data ? text.data : "",
		 v->action == SHIP_MISCONFIGURED ? ": look at URL and credentials" : "");
	buf_release(&text);
}

static void note_success(struct delivery *d)
{
	if (d->is_loud)
		log_warn("push: works again");
	d->is_loud = false;
	d->suspects = 0;
	backoff_reset(&d->backoff);
	d->stats.last_success_ns = d->ops->wall_ns(d->arg);
}

/*
 * How often a request is tried that meets a 500. A backend that has just taken others is well, so
 * it is this one: what is wrongly suspected is tried again soon, and nothing is lost by it.
 */
static unsigned int patience(const struct delivery *d)
{
	int64_t ago_ns = d->ops->wall_ns(d->arg) - d->stats.last_success_ns;

	return ago_ns >= 0 && ago_ns < DELIVERY_WELL_NS ? 1 : DELIVERY_TRIES;
}

static void post(struct delivery *d, struct ship_verdict *ret)
{
	d->ops->post(d->arg, buf_str(&d->body), &d->answer);
	ship_judge(&d->answer, d->ops->wall_ns(d->arg), ret);
	d->stats.requests[ret->reason]++;
	d->stats.bytes += d->body.len;
	d->stats.state = ret->reason;
}

static void count_taken(struct delivery *d, const struct batch *b)
{
	for (size_t i = b->from; i < b->until; i++) {
		d->stats.parcels++;
		d->stats.samples += b->parcels->items[i].sample_cnt;
	}
	note_success(d);
}

static void give_up(struct delivery *d, const struct parcel *p, uint32_t index,
		    const struct ship_verdict *v)
{
	struct buf text;

	buf_init(&text, 8 * MAX_SAID);
	add_said(&d->answer, &text);
	log_warn("push: a profile is given up: %s (%d): %.*s", ship_reason_name(v->reason),
		 d->answer.status, (int)text.len, text.data ? text.data : "");
	buf_release(&text);
	d->stats.given_up[v->reason]++;
	d->stats.given_up_samples += p->sample_cnt;
	d->ops->give_up(d->arg, p, index, v, &d->answer);
}

/* False: it was told to stop. */
static bool wait_for(struct delivery *d, const struct ship_verdict *v)
{
	uint64_t wait_ns = backoff_next(&d->backoff);
	int64_t now_ns = d->ops->wall_ns(d->arg);

	if (v->action == SHIP_MISCONFIGURED) /* nobody mends that in half a second */
		wait_ns = wait_ns < 10 * NSEC_PER_SEC ? 10 * NSEC_PER_SEC : wait_ns;
	if (v->not_before_ns > now_ns && (uint64_t)(v->not_before_ns - now_ns) > wait_ns)
		wait_ns = (uint64_t)(v->not_before_ns - now_ns);
	note_trouble(d, v);
	return d->ops->pause(d->arg, wait_ns);
}

/* ---- a batch ---- */

static bool is_blamed(const struct delivery *d, const struct ship_verdict *v)
{
	return v->reason == SHIP_SERVER && d->answer.status == 500;
}

/* A single parcel that fails each time is put aside; false: too many were, or it cannot be. */
static bool hold(struct delivery *d, const struct batch *b, const struct ship_verdict *v)
{
	if (d->suspects >= DELIVERY_MAX_SUSPECTS ||
	    d->ops->hold(d->arg, &b->parcels->items[b->from], (uint32_t)b->from, v, &d->answer))
		return false;
	d->suspects++;
	d->stats.held++;
	return true;
}

enum outcome {
	SETTLED,
	HALVES,
	STOP,
};

/* Tries a batch until something is decided about it. */
static enum outcome try_batch(struct delivery *d, const struct batch *b)
{
	struct ship_verdict v;

	for (unsigned int n = 1;; n++) {
		bool is_one = batch_cnt(b) == 1;

		post(d, &v);
		if (v.action == SHIP_DONE) {
			count_taken(d, b);
			return SETTLED;
		}
		if (v.action == SHIP_DROP || v.action == SHIP_SMALLER) {
			if (!is_one)
				return HALVES;
			give_up(d, &b->parcels->items[b->from], (uint32_t)b->from, &v);
			return SETTLED;
		}
		if (v.reason == SHIP_RATE_LIMIT && n >= DELIVERY_TRIES && !is_one)
			return HALVES;
		if (is_blamed(d, &v) && n >= patience(d)) {
			if (!is_one)
				return HALVES;
			if (hold(d, b, &v))
				return SETTLED;
		}
		if (!wait_for(d, &v))
			return STOP;
	}
}

/* Recurses as deep as halves can be halved: log2(DELIVERY_BATCH_PARCELS). */
static int send_batch(struct delivery *d, const struct batch *b)
{
	struct batch left = {b->parcels, b->from, b->from + batch_cnt(b) / 2};
	struct batch right = {b->parcels, left.until, b->until};
	enum outcome outcome;
	int r = encode(d, b);

	if (r)
		return r;
	outcome = try_batch(d, b);
	if (outcome != HALVES)
		return outcome == STOP ? -EINTR : 0;
	r = send_batch(d, &left);
	return r ? r : send_batch(d, &right);
}

int delivery_send(struct delivery *d, const struct parcels *parcels)
{
	int r = 0;

	for (size_t at = 0; !r && at < parcels->cnt;) {
		struct batch b = next_batch(parcels, at);

		r = send_batch(d, &b);
		at = b.until;
	}
	return r;
}

bool delivery_retry(struct delivery *d, const struct parcel *p, uint32_t index, bool *ret_to_blame)
{
	struct push_series series = {p->labels, p->label_cnt, buf_str(&p->profile)};
	struct ship_verdict v;

	*ret_to_blame = false;
	buf_clear(&d->body);
	if (push_encode(&series, 1, &d->body))
		return false;
	post(d, &v);
	if (v.action == SHIP_DONE) {
		d->stats.parcels++;
		d->stats.samples += p->sample_cnt;
		note_success(d);
		return true;
	}
	*ret_to_blame = is_blamed(d, &v);
	if (v.action != SHIP_DROP && v.action != SHIP_SMALLER)
		return false;
	give_up(d, p, index, &v);
	return true;
}
