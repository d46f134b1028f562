// SPDX-License-Identifier: Apache-2.0
#include "evidence_log.h"

#include <stdlib.h>

#include "base/text.h"
#include "format/incidents.h"
#include "incident/incident.h"
#include "remote.h"
#include "store/store.h"
#include "tool.h"

/* The latest recurrences, as many as can be looked at. */
static int add_recurrences(struct evidence *e, const struct incident_time *times, size_t cnt)
{
	size_t first = cnt > BLAME_MAX_INCIDENTS ? cnt - BLAME_MAX_INCIDENTS : 0;
	int r = 0;

	e->log.skipped = first;
	for (size_t i = first; !r && i < cnt; i++) {
		if (times[i].early_ns > e->log.early_ns)
			e->log.early_ns = times[i].early_ns;
		if (times[i].open) {
			e->log.open_from_ns = times[i].range.from_ns;
			e->log.silent = times[i].silent;
		}
		r = evidence_add(e, times[i].range);
	}
	return r;
}

static int add_incident_of_log(struct evidence *e, const struct incident *incident)
{
	struct incident_time *times = calloc(incident->recurrence_cnt + 1, sizeof(*times));
	int r;

	if (!times)
		return -ENOMEM;
	for (size_t i = 0; i < incident->recurrence_cnt; i++) {
		const struct incident_recurrence *k = &incident->recurrences[i];

		times[i] = (struct incident_time){k->range, k->open, k->silent, k->early_ns};
	}
	r = add_recurrences(e, times, incident->recurrence_cnt);
	free(times);
	return r;
}

int log_from_store(struct evidence *e, const struct evidence_query *q, struct err *err)
{
	struct incident_list list = {0};
	const struct incident *incident;
	struct store_mark *marks;
	size_t cnt;
	int r;

	r = store_marks(e->store, NULL, &marks, &cnt, err);
	if (r)
		return r;
	if (incident_list_make(&list, marks, cnt, q->now_ns))
		r = err_set(err, ENOMEM, "out of memory");
	else
		r = incident_get(&list, str_of(q->name), &incident, err);
	if (!r && add_incident_of_log(e, incident))
		r = err_set(err, ENOMEM, "out of memory");
	incident_list_release(&list);
	store_marks_free(marks, cnt);
	return r;
}

int log_from_agent(struct evidence *e, const struct evidence_query *q, struct err *err)
{
	struct incident_time *times = NULL;
	struct buf json;
	size_t cnt = 0;
	int r;

	buf_init(&json, TOOL_MAX_OUTPUT);
	r = remote_incidents(q->dir, q->name, TIME_RANGE_ALL, "json", &json, err);
	if (!r) {
		r = incidents_read(buf_str(&json), &times, &cnt, err);
		if (r)
			r = err_prefix(err, r, "%s", q->dir);
	}
	if (!r && add_recurrences(e, times, cnt))
		r = err_set(err, ENOMEM, "out of memory");
	free(times);
	buf_release(&json);
	return r;
}
