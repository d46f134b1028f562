/* SPDX-License-Identifier: Apache-2.0 */
/* incidents.h - when an incident recurred, from the JSON that an agent answers to GET /api/v1/incidents. */
#ifndef FORMAT_INCIDENTS_H
#define FORMAT_INCIDENTS_H

#include "base/compiler.h"
#include "base/err.h"
#include "base/times.h"

struct incident_time {
	struct time_range range; /* not empty */
	bool open, silent;	 /* not over, as far as is known; and nobody tells of it any more */
	uint64_t early_ns;	 /* it may have begun so much earlier */
};

/*
 * Of the only incident that is in it. *ret is owned (free()). -ENOENT: there is none; -EINVAL: several,
 * or not what an agent answers; -ENOMEM.
 */
int must_check incidents_read(struct str json, struct incident_time **ret, size_t *ret_cnt,
			      struct err *err);

#endif
