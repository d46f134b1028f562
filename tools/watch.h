/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.h - who watches the watcher: tells the service manager and a dead man's switch that the agent
 * does its work, and nothing when it does not.
 *
 * All is well while it samples (or was told not to), a window was stored lately, and every backend
 * has taken something lately: within three windows, and at least a minute. With canaries, one of the
 * last three must have been read back from each backend.
 */
#ifndef TOOLS_WATCH_H
#define TOOLS_WATCH_H

#include "agent/agent.h"
#include "agent/keeper.h"
#include "agent/notify.h"
#include "ship/heartbeat.h"
#include "ship/shipper.h"

struct watch {
	const struct agent *agent; /* borrowed, as are the next ones */
	const struct keeper *keeper;
	const struct shipper *shipper; /* NULL: nothing is pushed */
	uint64_t window_ns;
	struct notify notify;
	struct heartbeat *heartbeat; /* NULL: nobody is told */
	uint64_t looked_ns, stored_ns, windows;
};

/* `url` NULL: no heartbeat. The borrowed members must be set. 0 or -errno with a line in err. */
int must_check watch_start(struct watch *w, const char *url, uint64_t every_ns, struct err *err);
void watch_stop(struct watch *w);

/* From the loop. */
void watch_look(struct watch *w);

#endif
