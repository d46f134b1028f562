/* SPDX-License-Identifier: Apache-2.0 */
/*
 * incidents_json.h - the log of incidents as JSON, for `culprit incidents` and GET /api/v1/incidents.
 *
 *	{"version":1, "incidents":[{"name":…, "recurrences":[{"from":…, "until":…, "open":false,
 *	  "silent":false, "early_seconds":600, "sources":["alertmanager"], "alerts":[{"fingerprint":…,
 *	  "starts":…, "ends":…, "labels":{…}, "url":…}]}]}]}
 *
 * Times are RFC 3339. While it is open, `until` is when it was asked for, or when it was last told of
 * (silent); `ends` of an alert that fires is null.
 */
#ifndef TOOLS_INCIDENTS_JSON_H
#define TOOLS_INCIDENTS_JSON_H

#include "base/buf.h"
#include "incident/incident.h"

/* `list` was made of `marks`, which are by name and start. `only`: NULL for all. */
void incidents_json(const struct incident_list *list, const struct incident *only,
		    const struct store_mark *marks, size_t mark_cnt, struct time_range range,
		    struct buf *out);

#endif
