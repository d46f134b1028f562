// SPDX-License-Identifier: Apache-2.0
#include "format/alerts.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/times.h"

#define MAX_URL		2048
#define MAX_FINGERPRINT 64
#define MAX_FOR_NS	(7 * 86400 * NSEC_PER_SEC)

struct reading {
	enum alerts_problem problem;
	struct err *err;
	char where[64]; /* "alerts[3]." */
};

const char *alerts_problem_name(enum alerts_problem problem)
{
	static const char *const names[] = {
		[ALERTS_FINE] = "fine",	      [ALERTS_NO_JSON] = "not_json",
		[ALERTS_TOO_MUCH] = "limits", [ALERTS_VERSION] = "version",
		[ALERTS_FIELD] = "field",     [ALERTS_TIME] = "time",
	};

	return names[problem];
}

/* ---- before anything is built ---- */

/* Brackets and commas outside of strings tell how much a parser would build. */
static int check_size(struct reading *r, struct str json)
{
	size_t values = 1, depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < json.len; i++) {
		char c = json.p[i];

		if (in_string) {
			i += c == '\\';
			in_string = c != '"';
			continue;
		}
		in_string = c == '"';
		values += c == ',' || c == '[' || c == '{';
		if (c == '[' || c == '{')
			depth++;
		else if ((c == ']' || c == '}') && depth)
			depth--;
		if (values <= ALERTS_MAX_VALUES && depth <= ALERTS_MAX_DEPTH)
			continue;
		r->problem = ALERTS_TOO_MUCH;
		return err_set(r->err, EINVAL,
			       "byte %zu: more than %d values, or %d inside each other", i + 1,
			       ALERTS_MAX_VALUES, ALERTS_MAX_DEPTH);
	}
	return 0;
}

/* ---- fields ---- */

static struct str text_of(const json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

static int bad_field(struct reading *r, const char *field, const char *want)
{
	r->problem = ALERTS_FIELD;
	return err_set(r->err, EINVAL, "%s%s: want %s", r->where, field, want);
}

/* A string, or empty when it is missing or null. */
static int get_text(struct reading *r, const json_t *object, const char *field, struct str *ret)
{
	const json_t *v = json_object_get(object, field);

	*ret = (struct str){"", 0};
	if (!v || json_is_null(v))
		return 0;
	if (!json_is_string(v))
		return bad_field(r, field, "a string");
	*ret = text_of(v);
	return 0;
}

/* The zero time of Go, in any zone, is none. */
static bool is_zero(struct str text)
{
	return !text.len || (text.len >= 11 && !memcmp(text.p, "0001-01-01T", 11));
}

static int get_time(struct reading *r, const json_t *alert, const char *field, int64_t *ret_ns)
{
	struct str text;
	int result = get_text(r, alert, field, &text);

	if (result)
		return result;
	if (is_zero(text)) {
		*ret_ns = INT64_MAX;
		return 0;
	}
	if (time_parse_rfc3339(text, ret_ns) && *ret_ns > 0)
		return 0;
	r->problem = ALERTS_TIME;
	return err_set(r->err, EINVAL,
		       "%s%s: '%.*s' is no time after 1970 such as 2026-08-20T12:01:30Z", r->where,
		       field, (int)(text.len < 80 ? text.len : 80), text.p);
}

static int by_name(const void *va, const void *vb)
{
	const struct alert_label *a = va, *b = vb;

	return str_cmp(a->name, b->name);
}

static int get_labels(struct reading *r, json_t *labels, const char *field,
		      struct alert_label **ret, size_t *ret_cnt)
{
	struct alert_label *items;
	const char *name;
	json_t *value;
	size_t cnt = 0;

	if (labels && !json_is_null(labels) && !json_is_object(labels))
		return bad_field(r, field, "an object of strings");
	if (json_object_size(labels) > ALERTS_MAX_LABELS) {
		r->problem = ALERTS_TOO_MUCH;
		return err_set(r->err, EINVAL, "%s%s: %zu labels, at most %d", r->where, field,
			       json_object_size(labels), ALERTS_MAX_LABELS);
	}
	items = calloc(json_object_size(labels) + 1, sizeof(*items));
	if (!items)
		return err_set(r->err, ENOMEM, "out of memory");
	json_object_foreach(labels, name, value)
	{
		if (!json_is_string(value)) {
			free(items);
			return bad_field(r, field, "an object of strings");
		}
		items[cnt++] = (struct alert_label){str_of(name), text_of(value)};
	}
	qsort(items, cnt, sizeof(*items), by_name);
	*ret = items;
	*ret_cnt = cnt;
	return 0;
}

/* ---- one alert ---- */

static struct str label_of(const struct alert *a, struct str name)
{
	for (size_t i = 0; i < a->label_cnt; i++)
		if (str_eq(a->labels[i].name, name))
			return a->labels[i].value;
	return STR_LIT("");
}

static bool is_alphanumeric(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!strchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
			    s.p[i]))
			return false;
	return true;
}

static uint64_t fnv1a(uint64_t hash, struct str s)
{
	for (size_t i = 0; i <= s.len; i++) /* 0xff ends each text */
		hash = (hash ^ (i < s.len ? (unsigned char)s.p[i] : 0xff)) *
		       UINT64_C(1099511628211);
	return hash;
}

/*
 * As Prometheus makes them (LabelSet.Fingerprint() of its common/model): FNV-1a of 64 bits over the
 * labels by name. For senders that leave it out.
 */
static int make_fingerprint(struct reading *r, json_t *alert, struct alert *a)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	char text[17];
	json_t *v;

	for (size_t i = 0; i < a->label_cnt; i++)
		hash = fnv1a(fnv1a(hash, a->labels[i].name), a->labels[i].value);
	(void)snprintf(text, sizeof(text), "%016" PRIx64, hash);
	v = json_string(text);
	if (!v || json_object_set_new(alert, "fingerprint", v))
		return err_set(r->err, ENOMEM, "out of memory");
	a->fingerprint = text_of(v);
	return 0;
}

static int get_identity(struct reading *r, json_t *alert, struct alert *a)
{
	int result = get_labels(r, json_object_get(alert, "labels"), "labels", &a->labels,
				&a->label_cnt);

	if (result)
		return result;
	a->name = label_of(a, STR_LIT("alertname"));
	if (!a->name.len)
		return bad_field(r, "labels.alertname", "the alert's name");
	result = get_text(r, alert, "fingerprint", &a->fingerprint);
	if (result)
		return result;
	if (a->fingerprint.len > MAX_FINGERPRINT || !is_alphanumeric(a->fingerprint))
		return bad_field(r, "fingerprint", "at most 64 letters and digits");
	return a->fingerprint.len ? 0 : make_fingerprint(r, alert, a);
}

static int get_status(struct reading *r, const json_t *alert, struct alert *a)
{
	struct str status;
	int result = get_text(r, alert, "status", &status);

	if (!result)
		result = get_time(r, alert, "startsAt", &a->starts_ns);
	if (!result)
		result = get_time(r, alert, "endsAt", &a->ends_ns);
	if (result)
		return result;
	if (a->starts_ns == INT64_MAX)
		return bad_field(r, "startsAt", "the time when it began to fire");
	if (!status.len)
		a->firing = a->ends_ns == INT64_MAX;
	else if (str_eq(status, STR_LIT("firing")))
		a->firing = true;
	else if (!str_eq(status, STR_LIT("resolved")))
		return bad_field(r, "status", "firing or resolved");
	if (a->firing)
		a->ends_ns = INT64_MAX;
	return 0;
}

static int get_extras(struct reading *r, const json_t *alert, struct alert *a)
{
	const json_t *annotations = json_object_get(alert, "annotations");
	const json_t *how_long = json_object_get(annotations, "culprit_for");
	struct str url;
	int result = get_text(r, alert, "generatorURL", &url);

	if (result)
		return result;
	if (url.len <= MAX_URL && ((url.len > 7 && !memcmp(url.p, "http://", 7)) ||
				   (url.len > 8 && !memcmp(url.p, "https://", 8))))
		a->url = url;
	a->has_for = how_long != NULL;
	if (how_long &&
	    (!json_is_string(how_long) || duration_parse(text_of(how_long), &a->for_ns, NULL) ||
	     a->for_ns > MAX_FOR_NS)) {
		a->for_ns = 0;
		a->bad_for = true;
	}
	return 0;
}

static int read_alert(struct reading *r, json_t *alert, struct alert *a)
{
	int result = json_is_object(alert) ? 0 : bad_field(r, "", "an object");

	*a = (struct alert){.url = {"", 0}};
	if (!result)
		result = get_identity(r, alert, a);
	if (!result)
		result = get_status(r, alert, a);
	if (!result)
		result = get_extras(r, alert, a);
	return result;
}

/* ---- the message ---- */

static int find_source(struct reading *r, const json_t *root, const char **ret)
{
	struct str version;
	int result = get_text(r, root, "version", &version);

	if (result)
		return result;
	if (str_eq(version, STR_LIT("4"))) {
		*ret = "alertmanager";
	} else if (str_eq(version, STR_LIT("1")) ||
		   (!version.len && json_object_get(root, "orgId"))) {
		*ret = "grafana";
	} else {
		r->problem = ALERTS_VERSION;
		return err_set(r->err, EINVAL,
			       "version: '%.*s'; want \"4\" (Alertmanager) or \"1\" (Grafana)",
			       (int)(version.len < 80 ? version.len : 80), version.p);
	}
	return 0;
}

static int get_truncated(struct reading *r, const json_t *root, uint64_t *ret)
{
	const json_t *v = json_object_get(root, "truncatedAlerts");

	if (!v || json_is_null(v))
		return 0;
	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > INT32_MAX)
		return bad_field(r, "truncatedAlerts", "a count");
	*ret = (uint64_t)json_integer_value(v);
	return 0;
}

static int read_alerts(struct reading *r, const json_t *root, struct alerts_message *m)
{
	const json_t *alerts = json_object_get(root, "alerts");
	size_t cnt = json_array_size(alerts);
	int result = 0;

	if (!json_is_array(alerts))
		return bad_field(r, "alerts", "a list");
	if (cnt > ALERTS_MAX) {
		r->problem = ALERTS_TOO_MUCH;
		return err_set(r->err, EINVAL, "alerts: %zu, at most %d (max_alerts of the sender)",
			       cnt, ALERTS_MAX);
	}
	m->alerts = calloc(cnt + 1, sizeof(*m->alerts));
	if (!m->alerts)
		return err_set(r->err, ENOMEM, "out of memory");
	for (size_t i = 0; !result && i < cnt; i++) {
		(void)snprintf(r->where, sizeof(r->where), "alerts[%zu].", i);
		result = read_alert(r, json_array_get(alerts, i), &m->alerts[m->cnt++]);
	}
	return result;
}

int alerts_read(struct str json, struct alerts_message *ret, enum alerts_problem *ret_problem,
		struct err *err)
{
	struct alerts_message m = {0};
	struct reading r = {.err = err};
	json_error_t where;
	int result = check_size(&r, json);

	if (!result && json.len > ALERTS_MAX_BYTES) {
		r.problem = ALERTS_TOO_MUCH;
		result = err_set(err, EINVAL, "%zu bytes, at most %zu", json.len, ALERTS_MAX_BYTES);
	}
	if (!result) {
		m.root = json_loadb(json.p, json.len, JSON_REJECT_DUPLICATES, &where);
		r.problem = m.root ? ALERTS_FINE : ALERTS_NO_JSON;
		if (!m.root)
			result = err_set(err, EINVAL, "not JSON: line %d, column %d: %s",
					 where.line, where.column, where.text);
		else if (!json_is_object((json_t *)m.root))
			result = bad_field(&r, "the body", "an object");
	}
	if (!result)
		result = find_source(&r, m.root, &m.source);
	if (!result)
		result = get_truncated(&r, m.root, &m.truncated);
	if (!result)
		result = get_labels(&r, json_object_get(m.root, "groupLabels"), "groupLabels",
				    &m.group, &m.group_cnt);
	if (!result)
		result = read_alerts(&r, m.root, &m);
	if (result) {
		alerts_release(&m);
		*ret_problem = r.problem;
	} else {
		*ret = m;
	}
	return result;
}

int alerts_read_labels(struct str json, struct alerts_message *ret)
{
	struct alerts_message m = {0};
	struct reading r = {.err = NULL};
	int result = check_size(&r, json);

	if (!result && json.len > ALERTS_MAX_BYTES)
		result = -EINVAL;
	if (!result)
		m.root = json_loadb(json.p, json.len, JSON_REJECT_DUPLICATES, NULL);
	if (!result)
		result =
			m.root ? get_labels(&r, m.root, "labels", &m.group, &m.group_cnt) : -EINVAL;
	if (result)
		alerts_release(&m);
	else
		*ret = m;
	return result;
}

void alerts_release(struct alerts_message *m)
{
	for (size_t i = 0; i < m->cnt; i++)
		free(m->alerts[i].labels);
	free(m->alerts);
	free(m->group);
	json_decref(m->root);
	*m = (struct alerts_message){0};
}
