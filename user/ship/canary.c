// SPDX-License-Identifier: Apache-2.0
#include "ship/canary.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "format/push.h"
#include "model/builder.h"
#include "ship/answer.h"
#include "ship/querier.h"

#define MAX_PATIENCE_NS \
	(30 * NSEC_PER_SEC)		 /* until it must be found: what is stored is shown late */
#define LOOK_NS	      (NSEC_PER_SEC / 2) /* the first time; then twice as long, and so on */
#define MAX_WEIGHT_NS (1 << 20)

struct canary {
	struct http *http;
	struct querier *querier;
	struct matcher *matcher; /* its labels, from the first one on */
	const struct parcel_policy *policy;
	uint64_t every_ns, window_ns;
	struct http_answer answer;
	struct buf body;
	bool is_loud;
	pthread_t thread;
	bool is_running;
	atomic_bool stop;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t change;
	struct canary_stats stats;
};

/* One of them. */
struct egg {
	int64_t time_ns;
	uint64_t weight;
};

const char *canary_fate_name(enum canary_fate fate)
{
	static const char *const names[CANARY_FATE_CNT] = {"verified", "missing", "refused",
							   "unreadable"};

	return names[fate];
}

/* False: it is time to stop. */
static bool pause_for(struct canary *c, uint64_t ns)
{
	uint64_t at_ns = clock_mono_ns(&clock_system) + ns;
	struct timespec until = {.tv_sec = (time_t)(at_ns / NSEC_PER_SEC),
				 .tv_nsec = (long)(at_ns % NSEC_PER_SEC)};

	(void)pthread_mutex_lock(&c->lock);
	while (!atomic_load(&c->stop) && !pthread_cond_timedwait(&c->change, &c->lock, &until))
		;
	(void)pthread_mutex_unlock(&c->lock);
	return !atomic_load(&c->stop);
}

/* ---- one of them as a request ---- */

static void lay(struct canary *c, struct egg *egg)
{
	int64_t now_ns = clock_wall_ns(&clock_system);
	uint64_t lot;

	if (getrandom(&lot, sizeof(lot), GRND_NONBLOCK) != sizeof(lot))
		lot = clock_mono_ns(&clock_system);
	/* one of an agent that was here just now must not be taken for a duplicate */
	egg->time_ns = now_ns - now_ns % (int64_t)c->window_ns + (int64_t)(lot >> 32) % 1000;
	egg->weight = 1 + lot % MAX_WEIGHT_NS;
}

static int make_window(const struct canary *c, const struct egg *egg, struct profile **ret)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	uint32_t series, frame, node;
	int r = b ? builder_process(b, STR_LIT(CANARY_PROCESS), &series) : -ENOMEM;

	if (!r)
		r = builder_frame(b, STR_LIT("canary"), STR_LIT(""), FRAME_USER, &frame);
	if (!r)
		r = builder_stack(b, 0, frame, &node);
	if (!r)
		r = builder_sample(b, series, node, egg->weight, 1);
	if (!r) {
		builder_window(b, egg->time_ns, c->window_ns, 1, 0);
		r = builder_seal(b, ret);
	}
	builder_free(b);
	return r;
}

/* The labels that it is pushed with are those that it is looked for by. */
static int fill_matcher(struct canary *c, const struct parcel *p)
{
	struct buf term;
	int r = 0;

	if (!matcher_is_empty(c->matcher))
		return 0;
	buf_init(&term, 1 << 16);
	for (size_t i = 0; !r && i < p->label_cnt; i++) {
		if (str_eq(p->labels[i].name, STR_LIT("__name__")))
			continue;
		buf_clear(&term);
		buf_add(&term, p->labels[i].name.p, p->labels[i].name.len);
		buf_addch(&term, '=');
		buf_add(&term, p->labels[i].value.p, p->labels[i].value.len);
		r = buf_error(&term) ? -ENOMEM : matcher_add(c->matcher, buf_str(&term), NULL);
	}
	buf_release(&term);
	return r;
}

static int encode(struct canary *c, const struct egg *egg)
{
	struct parcels parcels = {.cnt = 0};
	struct profile *window = NULL;
	int r = make_window(c, egg, &window);

	if (!r)
		r = parcels_make(window, c->policy, &parcels, NULL);
	if (!r && parcels.cnt != 1)
		r = -EINVAL;
	if (!r)
		r = fill_matcher(c, &parcels.items[0]);
	if (!r) {
		const struct parcel *p = &parcels.items[0];
		struct push_series series = {p->labels, p->label_cnt, buf_str(&p->profile)};

		buf_clear(&c->body);
		r = push_encode(&series, 1, &c->body);
	}
	parcels_release(&parcels);
	profile_free(window);
	return r;
}

/* ---- what becomes of it ---- */

static bool push(struct canary *c, struct err *why)
{
	const struct http_request request = {
		.path = "/push.v1.PusherService/Push",
		.body = buf_str(&c->body),
		.content_type = "application/proto",
	};
	struct ship_verdict verdict;

	http_post(c->http, &request, &c->stop, &c->answer);
	ship_judge(&c->answer, clock_wall_ns(&clock_system), &verdict);
	if (verdict.action != SHIP_DONE)
		(void)err_set(why, EIO, "not taken: %s (%d)", ship_reason_name(verdict.reason),
			      c->answer.status);
	return verdict.action == SHIP_DONE;
}

/* All that is there around its time, where no other one of ours is but after a restart. */
static int look(struct canary *c, const struct egg *egg, bool *ret_found, struct err *why)
{
	const int64_t about_ns = 2 * (int64_t)NSEC_PER_SEC;
	struct time_range range = {egg->time_ns - about_ns, egg->time_ns + about_ns};
	struct query_series series;
	uint64_t sum = 0;
	int r = querier_series(c->querier, STR_LIT(""), range, NSEC_PER_SEC, &series, why);

	for (size_t i = 0; !r && i < series.cnt; i++)
		for (size_t k = 0; k < series.curves[i].point_cnt; k++)
			sum += series.curves[i].points[k].value;
	query_series_release(&series);
	*ret_found = sum >= egg->weight;
	return r;
}

static enum canary_fate fly(struct canary *c, struct err *why)
{
	uint64_t patience_ns = c->every_ns - NSEC_PER_SEC, wait_ns = LOOK_NS, waited_ns = 0;
	struct egg egg;
	bool is_found = false;
	int r;

	if (patience_ns > MAX_PATIENCE_NS)
		patience_ns = MAX_PATIENCE_NS;
	lay(c, &egg);
	if (encode(c, &egg)) {
		(void)err_set(why, ENOMEM, "cannot be made");
		return CANARY_REFUSED;
	}
	if (!push(c, why))
		return CANARY_REFUSED;
	do {
		if (!pause_for(c, wait_ns))
			return CANARY_FATE_CNT;
		waited_ns += wait_ns;
		/* the last look when the patience ends */
		wait_ns = 3 * wait_ns > patience_ns - waited_ns ? patience_ns - waited_ns
								: 2 * wait_ns;
		r = look(c, &egg, &is_found, why);
	} while ((r || !is_found) && wait_ns);
	if (!r && !is_found)
		(void)err_set(why, ENOENT, "taken, but cannot be read back: is anything stored?");
	return r ? CANARY_UNREADABLE : is_found ? CANARY_VERIFIED : CANARY_MISSING;
}

static void note(struct canary *c, enum canary_fate fate, const struct err *why)
{
	bool is_well = fate == CANARY_VERIFIED;

	if (!is_well && !c->is_loud)
		log_warn("canary: %s: %s", http_name(c->http), why->text);
	if (is_well && c->is_loud)
		log_warn("canary: %s: can be read back again", http_name(c->http));
	c->is_loud = !is_well;
	(void)pthread_mutex_lock(&c->lock);
	c->stats.fates[fate]++;
	if (is_well)
		c->stats.last_verified_ns = clock_wall_ns(&clock_system);
	c->stats.cpu_ns = clock_cpu_ns(&clock_system);
	(void)pthread_mutex_unlock(&c->lock);
}

static void *run(void *arg)
{
	struct canary *c = arg;
	uint64_t begun_ns, now_ns;

	do {
		struct err why = {{0}};
		enum canary_fate fate;

		begun_ns = clock_mono_ns(&clock_system);
		fate = fly(c, &why);
		if (atomic_load(&c->stop))
			break;
		note(c, fate, &why);
		now_ns = clock_mono_ns(&clock_system);
	} while (pause_for(c, begun_ns + c->every_ns > now_ns ? begun_ns + c->every_ns - now_ns
							      : NSEC_PER_SEC));
	return NULL;
}

/* ---- the thread ---- */

static int start(struct canary *c, struct err *err)
{
	pthread_condattr_t attr;
	int r;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&c->change, &attr);
	(void)pthread_condattr_destroy(&attr);
	(void)pthread_mutex_init(&c->lock, NULL);
	r = pthread_create(&c->thread, NULL, run, c);
	c->is_running = !r;
	return r ? err_set(err, r, "no thread for a canary: %s", strerror(r)) : 0;
}

int canary_new(const struct canary_opts *opts, struct canary **ret, struct err *err)
{
	struct canary *c = calloc(1, sizeof(*c));
	struct querier_opts asking = {.http = &opts->target->http, .tries = 1};
	int r;

	if (!c)
		return err_set(err, ENOMEM, "out of memory");
	c->policy = opts->policy;
	c->every_ns = opts->every_ns < CANARY_MIN_EVERY_NS ? CANARY_MIN_EVERY_NS : opts->every_ns;
	if (c->every_ns < opts->window_ns) /* each has a window of its own */
		c->every_ns = opts->window_ns;
	c->window_ns = opts->window_ns;
	buf_init(&c->answer.body, 1 << 20);
	buf_init(&c->body, 1 << 20);
	c->matcher = matcher_new();
	asking.matcher = c->matcher;
	asking.stop = &c->stop;
	r = c->matcher ? http_new(&opts->target->http, &c->http, err)
		       : err_set(err, ENOMEM, "out of memory");
	if (!r)
		r = querier_new(&asking, &c->querier, err);
	if (!r)
		r = start(c, err);
	if (r)
		canary_free(c);
	else
		*ret = c;
	return r;
}

void canary_free(struct canary *c)
{
	if (!c)
		return;
	if (c->is_running) {
		(void)pthread_mutex_lock(&c->lock);
		atomic_store(&c->stop, true); /* ends a request, too */
		(void)pthread_cond_signal(&c->change);
		(void)pthread_mutex_unlock(&c->lock);
		(void)pthread_join(c->thread, NULL);
	}
	querier_free(c->querier);
	http_free(c->http);
	matcher_free(c->matcher);
	buf_release(&c->answer.body);
	buf_release(&c->body);
	free(c);
}

void canary_stats(struct canary *c, struct canary_stats *ret)
{
	(void)pthread_mutex_lock(&c->lock);
	*ret = c->stats;
	(void)pthread_mutex_unlock(&c->lock);
}

uint64_t canary_every_ns(const struct canary *c)
{
	return c->every_ns;
}
