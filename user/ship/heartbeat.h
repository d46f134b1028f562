/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heartbeat.h - a dead man's switch: an URL that is asked now and then, only while all is well.
 *
 * Whoever answers there (healthchecks.io, Grafana OnCall, …) raises the alarm when nobody asks any
 * more: when the agent is dead, stuck, or alive and useless. So the owner says every second or so
 * whether samples, windows and pushes are fresh, and the thread asks only if it was told so lately.
 */
#ifndef SHIP_HEARTBEAT_H
#define SHIP_HEARTBEAT_H

#include "base/err.h"

struct heartbeat;

struct heartbeat_stats {
	uint64_t asked, failed, withheld; /* times */
	int64_t last_success_ns;	  /* wall clock; 0: never */
};

/* `target` as of target.h. Begins. 0 or -errno with a line in err. */
int must_check heartbeat_new(const char *target, uint64_t every_ns, struct heartbeat **ret,
			     struct err *err);
void heartbeat_free(struct heartbeat *h); /* NULL is fine */

/* From any thread: is all well, as of now? NULL is fine. */
void heartbeat_tell(struct heartbeat *h, bool is_well);

void heartbeat_stats(struct heartbeat *h, struct heartbeat_stats *ret);

#endif
