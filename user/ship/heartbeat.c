// SPDX-License-Identifier: Apache-2.0
#include "ship/heartbeat.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "ship/target.h"

#define FRESH_NS (30 * NSEC_PER_SEC) /* what was told counts so long */

struct heartbeat {
	struct http *http;
	const char *path; /* "/" where the URL ended in one: some want it */
	uint64_t every_ns;
	pthread_t thread;
	bool is_running, is_loud;
	atomic_bool stop;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t change;
	uint64_t well_ns; /* CLOCK_MONOTONIC, when all was well; 0: not yet */
	bool is_well;
	struct heartbeat_stats stats;
};

/* Time for another beat? False: it is time to stop. */
static bool wait_turn(struct heartbeat *h, bool *ret_well)
{
	uint64_t at_ns = clock_mono_ns(&clock_system) + h->every_ns;
	struct timespec until = {.tv_sec = (time_t)(at_ns / NSEC_PER_SEC),
				 .tv_nsec = (long)(at_ns % NSEC_PER_SEC)};

	(void)pthread_mutex_lock(&h->lock);
	/* the first beat does not wait for its turn, only for good news */
	while (!atomic_load(&h->stop) && (h->stats.asked || !h->well_ns) &&
	       !pthread_cond_timedwait(&h->change, &h->lock, &until))
		;
	*ret_well = h->is_well && clock_mono_ns(&clock_system) - h->well_ns < FRESH_NS;
	if (!*ret_well)
		h->stats.withheld++;
	(void)pthread_mutex_unlock(&h->lock);
	return !atomic_load(&h->stop);
}

static void beat(struct heartbeat *h)
{
	const struct http_request request = {.path = h->path};
	struct http_answer answer;
	bool is_taken;

	buf_init(&answer.body, 1 << 20);
	http_post(h->http, &request, &h->stop, &answer);
	is_taken = answer.status >= 200 && answer.status < 300;
	if (!is_taken && !h->is_loud && !atomic_load(&h->stop))
		log_warn("heartbeat: %s: %s (%d)", http_name(h->http),
			 *answer.why.text ? answer.why.text : "not taken", answer.status);
	h->is_loud = !is_taken;
	(void)pthread_mutex_lock(&h->lock);
	h->stats.asked++;
	h->stats.failed += !is_taken;
	if (is_taken)
		h->stats.last_success_ns = clock_wall_ns(&clock_system);
	(void)pthread_mutex_unlock(&h->lock);
	buf_release(&answer.body);
}

static void *run(void *arg)
{
	struct heartbeat *h = arg;
	bool is_well;

	while (wait_turn(h, &is_well))
		if (is_well)
			beat(h);
	return NULL;
}

static int start(struct heartbeat *h, struct err *err)
{
	pthread_condattr_t attr;
	int r;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&h->change, &attr);
	(void)pthread_condattr_destroy(&attr);
	(void)pthread_mutex_init(&h->lock, NULL);
	r = pthread_create(&h->thread, NULL, run, h);
	h->is_running = !r;
	return r ? err_set(err, r, "no thread for the heartbeat: %s", strerror(r)) : 0;
}

int heartbeat_new(const char *text, uint64_t every_ns, struct heartbeat **ret, struct err *err)
{
	struct heartbeat *h = calloc(1, sizeof(*h));
	struct target target;
	int r;

	if (!h)
		return err_set(err, ENOMEM, "out of memory");
	h->every_ns = every_ns;
	r = target_parse(text, &target, err);
	if (!r) {
		size_t len = strlen(target.http.url);

		h->path = len && target.http.url[len - 1] == '/' ? "/" : "";
		r = http_new(&target.http, &h->http, err);
	}
	target_release(&target);
	if (!r)
		r = start(h, err);
	if (r)
		heartbeat_free(h);
	else
		*ret = h;
	return r ? err_prefix(err, r, "--heartbeat") : 0;
}

void heartbeat_free(struct heartbeat *h)
{
	if (!h)
		return;
	if (h->is_running) {
		(void)pthread_mutex_lock(&h->lock);
		atomic_store(&h->stop, true);
		(void)pthread_cond_signal(&h->change);
		(void)pthread_mutex_unlock(&h->lock);
		(void)pthread_join(h->thread, NULL);
	}
	http_free(h->http);
	free(h);
}

void heartbeat_tell(struct heartbeat *h, bool is_well)
{
	if (!h)
		return;
	(void)pthread_mutex_lock(&h->lock);
	h->is_well = is_well;
	if (is_well) {
		if (!h->well_ns)
			(void)pthread_cond_signal(&h->change);
		h->well_ns = clock_mono_ns(&clock_system);
	}
	(void)pthread_mutex_unlock(&h->lock);
}

void heartbeat_stats(struct heartbeat *h, struct heartbeat_stats *ret)
{
	(void)pthread_mutex_lock(&h->lock);
	*ret = h->stats;
	(void)pthread_mutex_unlock(&h->lock);
}
