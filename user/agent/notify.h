/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.h - tells the service manager how we are (sd_notify(3): datagrams to $NOTIFY_SOCKET).
 *
 * A watchdog (WatchdogSec= in the unit) restarts an agent whose loop has stopped: it must hear
 * WATCHDOG=1 within $WATCHDOG_USEC. Without a service manager all of it does nothing.
 */
#ifndef AGENT_NOTIFY_H
#define AGENT_NOTIFY_H

#include "base/compiler.h"

struct notify {
	int fd;		   /* -1: nobody listens */
	uint64_t every_ns; /* half of what the watchdog allows; 0: no watchdog */
	uint64_t last_ns;  /* CLOCK_MONOTONIC */
};

/* What the environment says under NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; NULL: nothing. */
void notify_init(struct notify *n, const char *socket, const char *usec, const char *pid);
void notify_release(struct notify *n);

/* "READY=1", "STOPPING=1", "STATUS=…"; what goes wrong is nobody's business. */
void notify_send(const struct notify *n, const char *state);

/* From the loop, as often as one likes. */
void notify_beat(struct notify *n, uint64_t mono_ns);

#endif
