/* SPDX-License-Identifier: Apache-2.0 */
/*
 * where.h - where a process ran: the container, pod, unit or control group that the labels of its
 * series name.
 *
 * A place is named by the first of these that a series has:
 *
 *	namespace, pod, container	"shop/cart-7d9f/app", those of them that there are
 *	container_id, pod_uid		"container 0123456789ab", "… of pod 4a3b…"
 *	unit				"nginx.service"
 *	cgroup				"/user.slice/session-2.scope"
 */
#ifndef BLAME_WHERE_H
#define BLAME_WHERE_H

#include "base/buf.h"
#include "base/compiler.h"
#include "model/profile.h"

#define WHERE_MAX 3

struct where_place {
	struct str name; /* owned, raw bytes; empty: no label says where */
	double share;	 /* of what the process took, 0..1 */
};

struct where {
	struct where_place items[WHERE_MAX]; /* the largest share first */
	size_t cnt;
	size_t more; /* places that found no room */
};

/*
 * Of the series whose label `key` is `value`. Nothing is found (cnt 0) when no such series names
 * a place. 0 or -ENOMEM.
 */
int must_check where_find(const struct profile *p, struct str key, struct str value,
			  struct where *ret);
void where_release(struct where *w); /* zeroed is fine */

/* Appends the name of the place of one series; nothing when its labels say nothing. */
void where_add_place(struct buf *b, const struct profile *p, uint32_t series);

#endif
