/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alerts.h - what a webhook tells of alerts, as marks of a store.
 *
 * An incident is what its sender groups: its name is the alert's, with the labels that the group was
 * made by, HighLatency{service="checkout"}, without those that begin with __ and Grafana's folder. So
 * who runs the alerts says in one place (group_by) what is one incident, and pods that come and go
 * do not make new ones of it.
 *
 * An alert fires late: the rule waits (`for:`), what it looks at is an average over some minutes
 * (rate()), and it is looked at now and then. Only `for:` can be told, in an annotation culprit_for:
 * then the mark begins so much earlier, and what is not known is ALERTS_EARLY_NS; otherwise
 * ALERTS_EARLY_UNTOLD_NS.
 */
#ifndef INCIDENT_ALERTS_H
#define INCIDENT_ALERTS_H

#include "base/compiler.h"
#include "base/err.h"
#include "format/alerts.h"
#include "store/store.h"

#define ALERTS_EARLY_NS	       (300 * NSEC_PER_SEC)
#define ALERTS_EARLY_UNTOLD_NS (600 * NSEC_PER_SEC)
#define ALERTS_SKEW_NS	       (300 * NSEC_PER_SEC) /* clocks may differ by so much */

struct alert_marks {
	struct store_mark *marks; /* each with its alert; owned */
	size_t cnt;
	size_t heartbeats; /* alerts that always fire (Watchdog): no incidents */
	size_t no_data;	   /* Grafana's about its own queries: no incidents */
	size_t empty;	   /* that ended when they began */
	size_t bad_for;	   /* with an annotation culprit_for that is no duration */
};

/*
 * `now_ns`: wall clock, when it was told; the end of what is over since nobody knows when. *ret is
 * written on success: alert_marks_release(). -EINVAL with *ret_problem for times that cannot be and
 * for labels that are too long; -ENOMEM.
 */
int must_check alert_marks_make(const struct alerts_message *m, int64_t now_ns,
				struct alert_marks *ret, enum alerts_problem *ret_problem,
				struct err *err);
void alert_marks_release(struct alert_marks *m); /* zeroed is fine */

#endif
