/* SPDX-License-Identifier: Apache-2.0 */
/*
 * perfscript_event.h - which events a text of perf script has samples of, and which one is read:
 * the table in struct perfscript_report, filled by the first pass of perfscript.c.
 */
#ifndef FORMAT_PERFSCRIPT_EVENT_H
#define FORMAT_PERFSCRIPT_EVENT_H

#include "format/perfscript.h"

/* The event's place in the table, a new one if need be; the last one when the table is full. */
uint32_t perfscript_event_find(struct perfscript_report *rep, struct str event);

/*
 * Sets rep->event: `wanted`, or the best one when that is empty. -EINVAL, naming those that there
 * are, when it is not one of them. The table must not be empty.
 */
int must_check perfscript_event_choose(struct perfscript_report *rep, struct str wanted,
				       struct err *err);

/* Its period is a time in nanoseconds. */
bool perfscript_event_is_clock(struct str event);

#endif
