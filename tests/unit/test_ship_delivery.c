// SPDX-License-Identifier: Apache-2.0
/* A backend of a few lines: it judges by the labels of what it gets, and time passes only in pauses. */
#include "base/text.h"
#include "ship/delivery.h"
#include "unit/profiles.h"
#include "unit/tap.h"

struct world {
	int64_t now_ns;
	int status;	    /* of everything, unless 0 */
	unsigned int first; /* only for so many requests */
	const char *body;
	const char *poison, *reject; /* processes */
	size_t max_body;
	unsigned int requests, pauses, stop_after; /* pauses; 0: never */
	uint64_t paused_ns;
	int64_t jump_ns;		  /* of the wall clock, in each pause */
	struct buf taken, given_up, held; /* names of processes, a blank behind each */
	bool cannot_hold;
};

/* The names of the processes in a request: what follows the label's name. */
static void processes(struct str body, struct buf *out)
{
	static const char mark[] = "\x0a\x07process\x12";
	const char *at = body.p, *end = body.p + body.len;

	while ((at = memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1))) {
		at += sizeof(mark) - 1;
		buf_add(out, at + 1, (size_t)*at);
		buf_addch(out, ' ');
	}
}

static bool has(struct buf *list, const char *name)
{
	return list->len && name && strstr(list->data, name);
}

static int status_of(struct world *w, struct str body, struct buf *names)
{
	if (w->status && w->first && !--w->first) {
		int status = w->status;

		w->status = 0;
		return status;
	}
	if (w->status)
		return w->status;
	if (w->max_body && body.len > w->max_body)
		return 413;
	if (has(names, w->poison))
		return 500;
	return has(names, w->reject) ? 400 : 200;
}

static void post(void *arg, struct str body, struct http_answer *answer)
{
	struct world *w = arg;
	struct buf names;

	buf_init(&names, 1 << 20);
	processes(body, &names);
	w->requests++;
	answer->status = status_of(w, body, &names);
	answer->failure = answer->status ? HTTP_FAIL_NONE : HTTP_FAIL_CONNECT;
	buf_clear(&answer->body);
	buf_addstr(&answer->body, w->body ? w->body : "");
	if (answer->status == 200)
		buf_add(&w->taken, names.data, names.len);
	buf_release(&names);
}

static bool pause_for(void *arg, uint64_t ns)
{
	struct world *w = arg;

	w->now_ns += (int64_t)ns + w->jump_ns;
	w->paused_ns += ns;
	return ++w->pauses != w->stop_after;
}

static int64_t wall_ns(void *arg)
{
	return ((struct world *)arg)->now_ns;
}

static void add_name(struct buf *out, const struct parcel *p)
{
	for (size_t i = 0; i < p->label_cnt; i++)
		if (str_eq(p->labels[i].name, STR_LIT("process")))
			buf_add(out, p->labels[i].value.p, p->labels[i].value.len);
	buf_addch(out, ' ');
}

static void give_up(void *arg, const struct parcel *p, uint32_t index, const struct ship_verdict *v,
		    const struct http_answer *answer)
{
	add_name(&((struct world *)arg)->given_up, p);
}

static int hold(void *arg, const struct parcel *p, uint32_t index, const struct ship_verdict *v,
		const struct http_answer *answer)
{
	struct world *w = arg;

	if (w->cannot_hold)
		return -ENOSPC;
	add_name(&w->held, p);
	return 0;
}

static const struct delivery_ops ops = {post, pause_for, wall_ns, give_up, hold};

/* Sends processes p1 … pN of one window; what came of it is in the world. */
static int send(struct world *w, struct delivery *d, unsigned int cnt)
{
	static const struct parcel_policy policy = {.max_processes = 1000};
	struct parcels parcels;
	struct profile *p;
	struct buf lines;
	int r;

	buf_init(&lines, 1 << 20);
	for (unsigned int i = 1; i <= cnt; i++)
		buf_addf(&lines, "p%u;main 3\n", i);
	p = profile_of(PROFILE_NANOSECONDS, 10, cnt ? lines.data : "");
	must(parcels_make(p, &policy, &parcels, NULL), "parcels");
	r = delivery_send(d, &parcels);
	parcels_release(&parcels);
	profile_free(p);
	buf_release(&lines);
	return r;
}

static void begin(struct world *w, struct delivery *d)
{
	w->now_ns = (int64_t)1800000000 * (int64_t)NSEC_PER_SEC;
	buf_init(&w->taken, 1 << 20);
	buf_init(&w->given_up, 1 << 20);
	buf_init(&w->held, 1 << 20);
	delivery_init(d, &ops, w, 1);
}

static void end(struct world *w, struct delivery *d)
{
	delivery_release(d);
	buf_release(&w->taken);
	buf_release(&w->given_up);
	buf_release(&w->held);
}

static size_t count(const struct buf *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->len; i++)
		n += list->data[i] == ' ';
	return n;
}

static void test_plain(void)
{
	struct world w = {0};
	struct delivery d;

	begin(&w, &d);
	ok(!send(&w, &d, 130) && count(&w.taken) == 130, "all of a window arrives");
	is_u64(w.requests, 3, "64 profiles travel together");
	ok(d.stats.parcels == 130 && d.stats.samples == 390 &&
		   d.stats.last_success_ns == w.now_ns && d.stats.requests[SHIP_OK] == 3,
	   "and are counted");
	ok(!send(&w, &d, 0) && w.requests == 3, "an empty window is no request");
	end(&w, &d);
}

static void test_later(void)
{
	struct world w = {.status = 503, .first = 4};
	struct delivery d;

	begin(&w, &d);
	ok(!send(&w, &d, 5) && count(&w.taken) == 5 && w.requests == 5,
	   "four times 503, then taken");
	ok(w.pauses == 4 && w.paused_ns >= 7 * NSEC_PER_SEC / 4 + 2 * NSEC_PER_SEC &&
		   w.paused_ns <= 15 * NSEC_PER_SEC / 2,
	   "with waits that double");
	w.status = 429;
	w.first = 1;
	w.body = "limit reached, next reset at 2027-01-15T10:00:00Z";
	w.paused_ns = 0;
	ok(!send(&w, &d, 1) && w.paused_ns > 7100 * NSEC_PER_SEC, "a quota is waited for");
	w.status = 401;
	w.first = 2;
	w.paused_ns = 0;
	ok(!send(&w, &d, 1) && w.paused_ns >= 20 * NSEC_PER_SEC && !w.given_up.len,
	   "wrong credentials lose nothing, and are not tried twice a second");
	w.status = 503;
	w.first = 0;
	w.pauses = 0;
	w.stop_after = 3;
	ok(send(&w, &d, 1) == -EINTR, "it stops when it is told to");
	end(&w, &d);
}

/* Somebody sets the clock, back or ahead, while a backend is down. */
static void test_clock(void)
{
	static const int64_t jumps[] = {-30 * 86400LL, -3600, 3600, 30 * 86400LL};

	for (size_t i = 0; i < ARRAY_SIZE(jumps); i++) {
		struct world w = {.jump_ns = jumps[i] * (int64_t)NSEC_PER_SEC};
		struct delivery d;

		begin(&w, &d);
		must(send(&w, &d, 3), "send");
		w.status = 500;
		w.first = 2;
		ok(!send(&w, &d, 1) && !w.given_up.len && w.paused_ns <= NSEC_PER_SEC * 3,
		   "a clock that jumps by %lld s: nothing is given up, nobody waits for it",
		   (long long)jumps[i]);
		w.status = 429;
		w.first = 2;
		w.body = "limit reached, next reset at 2027-01-15T08:00:10Z";
		ok(!send(&w, &d, 1) && w.paused_ns <= 2 * 86400 * NSEC_PER_SEC,
		   "nor longer than a day for a quota");
		is_u64(count(&w.taken) + count(&w.held), 5, "all arrives, or is put aside");
		end(&w, &d);
	}
}

static void test_refused(void)
{
	struct world w = {.reject = "p7 "};
	struct delivery d;

	begin(&w, &d);
	ok(!send(&w, &d, 64) && count(&w.taken) == 63 && !has(&w.taken, "p7 "),
	   "one is invalid: the other 63 are taken");
	is_str(w.given_up.data, "p7 ", "that one is given up");
	ok(d.stats.given_up[SHIP_INVALID] == 1 && d.stats.given_up_samples == 3 && w.requests <= 13,
	   "found in 13 requests, and counted");
	ok(!w.pauses, "without waiting");
	end(&w, &d);

	w = (struct world){.max_body = 1500};
	begin(&w, &d);
	ok(!send(&w, &d, 64) && count(&w.taken) == 64 && !w.given_up.len, "413: in smaller pieces");
	w.max_body = 10;
	ok(!send(&w, &d, 1) && d.stats.given_up[SHIP_TOO_LARGE] == 1,
	   "one that cannot be smaller is given up");
	end(&w, &d);

	w = (struct world){.status = 429, .first = 3, .body = "push rate limit exceeded"};
	begin(&w, &d);
	ok(!send(&w, &d, 8) && count(&w.taken) == 8 && w.requests == 5,
	   "429 again and again: in halves");
	end(&w, &d);
}

static void test_poison(void)
{
	struct world w = {.poison = "p3 "};
	struct delivery d;

	begin(&w, &d);
	ok(!send(&w, &d, 1) && !send(&w, &d, 16) && count(&w.taken) == 16 && !has(&w.taken, "p3 "),
	   "a poisoned profile does not hold up the others");
	is_str(w.held.data, "p3 ", "it is put aside, not given up");
	ok(!w.given_up.len && d.stats.held == 1 && !w.pauses, "without waiting");
	end(&w, &d);

	w = (struct world){.status = 500};
	begin(&w, &d);
	w.stop_after = 200;
	ok(send(&w, &d, 64) == -EINTR && count(&w.held) == DELIVERY_MAX_SUSPECTS && !w.given_up.len,
	   "a backend that is ill: sixteen are suspected, then it waits");
	w.status = 0;
	w.stop_after = 0;
	ok(!send(&w, &d, 4) && !d.suspects, "and is well again");
	end(&w, &d);

	w = (struct world){.status = 500, .first = 9, .cannot_hold = true};
	begin(&w, &d);
	ok(!send(&w, &d, 1) && count(&w.taken) == 1 && w.requests == 10,
	   "where nothing can be put aside it is tried on");
	end(&w, &d);
}

int main(void)
{
	test_plain();
	test_later();
	test_clock();
	test_refused();
	test_poison();
	return tap_done();
}
