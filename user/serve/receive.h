/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receive.h - alerts that are posted: from the body to the store's log of incidents, with an answer
 * and counts of everything.
 *
 * 200 {"opened":…} when all of it is noted; 400 with the field that is wrong, and nothing is noted;
 * 503 when the log cannot be written now (a full disk): senders try again. In the thread of the
 * connection, one at a time; the sampling has no part in it.
 */
#ifndef SERVE_RECEIVE_H
#define SERVE_RECEIVE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/compiler.h"

struct receive;
struct server_call;

/* `store`: directory, copied. 0 or -ENOMEM. */
int must_check receive_new(const char *store, const struct clock *clock, struct receive **ret);
void receive_free(struct receive *r); /* NULL is fine */

/* POST /api/v1/alerts */
void receive_alerts(struct receive *r, struct server_call *call);

/* The server answered itself, with this status. */
void receive_refused(struct receive *r, int status);

/* Appends the metrics. Any thread. */
void receive_stats(struct receive *r, struct buf *text);

#endif
