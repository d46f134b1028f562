/* SPDX-License-Identifier: Apache-2.0 */
/*
 * incident.h - incidents known by name, each with its recurrences, made from the marks of a store.
 *
 * A mark is what somebody noted (by hand, by an alert); a recurrence is one time the incident
 * happened: marks of one name that overlap or touch are one recurrence. Pure functions on arrays of
 * marks; nothing here opens a store.
 */
#ifndef INCIDENT_INCIDENT_H
#define INCIDENT_INCIDENT_H

#include "base/compiler.h"
#include "base/err.h"
#include "base/times.h"
#include "store/store.h"

#define INCIDENT_NAME_MAX 200

#define INCIDENT_SILENCE_NS (8 * 3600 * NSEC_PER_SEC) /* twice what senders wait by default */

struct incident_recurrence {
	struct time_range range;
	bool open;	     /* not ended yet: range.until_ns is the `now` that was given */
	bool silent;	     /* it is an alert's that nobody has told of since range.until_ns, for
				INCIDENT_SILENCE_NS or more: its end was never told */
	uint64_t early_ns;   /* it may have begun so much earlier */
	uint32_t mark_cnt;   /* marks that were merged into it */
	const char *source;  /* who noted the earliest of them; lives as long as the list */
	bool sources_differ; /* others noted some of them too */
};

struct incident {
	char *name;				 /* owned */
	struct incident_recurrence *recurrences; /* by time, none overlaps another */
	size_t recurrence_cnt;
	bool open; /* the last one is not ended yet */
};

struct incident_list {
	struct incident *incidents; /* by name, bytewise */
	size_t cnt;
	size_t left_out; /* marks with a bad name or range: damaged or from the future */
	char *sources;	 /* private: bytes that recurrences point into */
};

/* 1-200 bytes of printable UTF-8, no blank at either end; -EINVAL with the reason. */
int must_check incident_check_name(struct str name, struct err *err);

/*
 * A range to be noted: its end after its start, not after `now_ns`, and no longer than 30 days.
 * 0 or -EINVAL with what to do.
 */
int must_check incident_check_range(struct time_range range, int64_t now_ns, struct err *err);

/*
 * Groups marks (any order, borrowed for the call) into incidents. Open marks last until `now_ns`.
 * *ret is written on success only: release with incident_list_release(). 0 or -ENOMEM.
 */
int must_check incident_list_make(struct incident_list *ret, const struct store_mark *marks,
				  size_t cnt, int64_t now_ns);
void incident_list_release(struct incident_list *l); /* NULL and zeroed are fine */

/* The incident of that name, borrowed; NULL if there is none. */
const struct incident *incident_find(const struct incident_list *l, struct str name);

/*
 * The incident of that name; or the only one that is called so with labels behind it,
 * NAME{service="…"}; or -ENOENT with the names that come nearest to it.
 */
int must_check incident_get(const struct incident_list *l, struct str name,
			    const struct incident **ret, struct err *err);

#endif
