// SPDX-License-Identifier: Apache-2.0
#include "watch.h"

#include <stdlib.h>

#include "base/clock.h"

#define LATELY_NS (60 * NSEC_PER_SEC)

int watch_start(struct watch *w, const char *url, uint64_t every_ns, struct err *err)
{
	w->looked_ns = 0;
	w->stored_ns = clock_mono_ns(&clock_system);
	notify_init(&w->notify, getenv("NOTIFY_SOCKET"), getenv("WATCHDOG_USEC"),
		    getenv("WATCHDOG_PID"));
	notify_send(&w->notify, "READY=1");
	return url ? heartbeat_new(url, every_ns, &w->heartbeat, err) : 0;
}

void watch_stop(struct watch *w)
{
	heartbeat_free(w->heartbeat);
	w->heartbeat = NULL;
	if (w->agent)
		notify_send(&w->notify, "STOPPING=1");
	if (w->agent)
		notify_release(&w->notify);
}

/* Nothing was stored yet counts from the start. */
static bool stores(struct watch *w, uint64_t now_ns, uint64_t lately_ns)
{
	struct keeper_stats stats;

	keeper_stats(w->keeper, &stats);
	if (stats.stored_windows != w->windows) {
		w->windows = stats.stored_windows;
		w->stored_ns = now_ns;
	}
	return w->windows && now_ns - w->stored_ns < lately_ns;
}

/* A time ahead of the clock, which was set back then, is none to go by: the next one comes soon. */
static bool is_fresh(int64_t now_ns, int64_t then_ns, uint64_t lately_ns)
{
	return then_ns <= now_ns && now_ns - then_ns <= (int64_t)lately_ns;
}

/* One of the last three canaries was read back, where there are some. */
static bool is_verified(struct canary *canary, int64_t now_ns)
{
	struct canary_stats stats;

	if (!canary)
		return true;
	canary_stats(canary, &stats);
	return is_fresh(now_ns, stats.last_verified_ns, 3 * canary_every_ns(canary));
}

static bool pushes(const struct watch *w, uint64_t lately_ns)
{
	int64_t now_ns = clock_wall_ns(&clock_system);

	for (size_t i = 0; w->shipper && i < shipper_cnt(w->shipper); i++) {
		struct receiver_stats stats;

		receiver_stats(shipper_receiver(w->shipper, i), &stats);
		if (!is_fresh(now_ns, stats.delivery.last_success_ns, lately_ns) ||
		    !is_verified(shipper_canary(w->shipper, i), now_ns))
			return false;
	}
	return true;
}

void watch_look(struct watch *w)
{
	uint64_t now_ns = clock_mono_ns(&clock_system);
	uint64_t lately_ns = 3 * w->window_ns > LATELY_NS ? 3 * w->window_ns : LATELY_NS;
	bool is_stored;

	notify_beat(&w->notify, now_ns);
	if (w->looked_ns && now_ns - w->looked_ns < NSEC_PER_SEC)
		return;
	w->looked_ns = now_ns;
	is_stored = stores(w, now_ns, lately_ns);
	heartbeat_tell(w->heartbeat,
		       !agent_is_disabled(w->agent) && is_stored && pushes(w, lately_ns));
}
