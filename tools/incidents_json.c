// SPDX-License-Identifier: Apache-2.0
#include "incidents_json.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "format/alerts.h"

static void add_time(struct json *j, const char *key, int64_t ns)
{
	struct buf text;

	buf_init(&text, 64);
	time_add(&text, ns);
	json_str(j, key, buf_str(&text));
	buf_release(&text);
}

/* Labels that somebody else has damaged are none. */
static void add_labels(struct json *j, const char *text)
{
	struct alerts_message labels = {0};
	int r = alerts_read_labels(str_of(text), &labels);

	json_object(j, "labels");
	for (size_t i = 0; !r && i < labels.group_cnt; i++)
		json_str(j, labels.group[i].name.p, labels.group[i].value);
	json_end(j);
	alerts_release(&labels);
}

static void add_alert(struct json *j, const struct store_mark *m)
{
	const struct store_alert *a = m->alert;

	json_object(j, NULL);
	json_cstr(j, "fingerprint", a->fingerprint);
	add_time(j, "starts", a->starts_ns);
	if (m->until_ns == INT64_MAX)
		json_null(j, "ends");
	else
		add_time(j, "ends", m->until_ns);
	add_labels(j, a->labels);
	if (*a->url)
		json_cstr(j, "url", a->url);
	json_end(j);
}

static bool is_first_of_source(const struct store_mark *marks, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(marks[k].source, marks[i].source))
			return false;
	return true;
}

#define MAX_SOURCES 1000 /* marks that are looked at for them */

static void add_recurrence(struct json *j, const struct incident_recurrence *r,
			   const struct store_mark *marks, size_t cnt)
{
	json_object(j, NULL);
	add_time(j, "from", r->range.from_ns);
	add_time(j, "until", r->range.until_ns);
	json_bool(j, "open", r->open);
	json_bool(j, "silent", r->silent);
	json_double(j, "early_seconds", (double)r->early_ns / NSEC_PER_SEC, 12);
	json_array(j, "sources");
	for (size_t i = 0; i < cnt && i < MAX_SOURCES; i++)
		if (is_first_of_source(marks, i))
			json_cstr(j, NULL, marks[i].source);
	json_end(j);
	json_array(j, "alerts");
	for (size_t i = 0; i < cnt; i++)
		if (marks[i].alert)
			add_alert(j, &marks[i]);
	json_end(j);
	json_end(j);
}

/* Marks and recurrences both come by time. */
static void add_incident(struct json *j, const struct incident *incident,
			 const struct store_mark *marks, size_t cnt, struct time_range range)
{
	size_t at = 0, end;

	json_object(j, NULL);
	json_cstr(j, "name", incident->name);
	json_array(j, "recurrences");
	for (size_t k = 0; k < incident->recurrence_cnt; k++, at = end) {
		const struct incident_recurrence *r = &incident->recurrences[k];

		while (at < cnt && marks[at].from_ns < r->range.from_ns)
			at++; /* one that was left out */
		for (end = at; end < cnt && marks[end].from_ns <= r->range.until_ns;)
			end++;
		if (r->range.until_ns > range.from_ns && r->range.from_ns < range.until_ns)
			add_recurrence(j, r, marks + at, end - at);
	}
	json_end(j);
	json_end(j);
}

static bool is_in(const struct incident *incident, struct time_range range)
{
	for (size_t k = 0; k < incident->recurrence_cnt; k++)
		if (incident->recurrences[k].range.until_ns > range.from_ns &&
		    incident->recurrences[k].range.from_ns < range.until_ns)
			return true;
	return false;
}

void incidents_json(const struct incident_list *list, const struct incident *only,
		    const struct store_mark *marks, size_t mark_cnt, struct time_range range,
		    struct buf *out)
{
	size_t at = 0, end;
	struct json j;

	json_init(&j, out, true);
	json_object(&j, NULL);
	json_u64(&j, "version", 1);
	json_array(&j, "incidents");
	for (size_t i = 0; i < list->cnt; i++, at = end) {
		const struct incident *incident = &list->incidents[i];

		while (at < mark_cnt && strcmp(marks[at].name, incident->name))
			at++;
		for (end = at; end < mark_cnt && !strcmp(marks[end].name, incident->name);)
			end++;
		if ((!only || only == incident) && is_in(incident, range))
			add_incident(&j, incident, marks + at, end - at, range);
	}
	json_end(&j);
	json_end(&j);
}
