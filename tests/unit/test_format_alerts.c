// SPDX-License-Identifier: Apache-2.0
#include "format/alerts.h"

#include "base/buf.h"
#include "base/text.h"
#include "base/times.h"
#include "unit/tap.h"

/* As Alertmanager 0.25 sends it, but for the order of fields. */
static const char alertmanager[] =
	"{\"receiver\":\"culprit\",\"status\":\"firing\",\"alerts\":[{\"status\":\"resolved\","
	"\"labels\":{"
	"\"severity\":\"page\",\"alertname\":\"HighLatency\",\"service\":\"checkout\"},"
	"\"annotations\":{"
	"\"summary\":\"slow\",\"culprit_for\":\"2m\"},\"startsAt\":\"2026-08-20T12:01:30.5Z\","
	"\"endsAt\":"
	"\"2026-08-20T12:06:30Z\",\"generatorURL\":\"http://prom:9090/"
	"graph?g0.expr=up\\u0026g0.tab=1\","
	"\"fingerprint\":\"c6eadffa33fcdf37\"},{\"status\":\"firing\",\"labels\":{\"alertname\":"
	"\"HighLatency\",\"service\":\"search\"},\"annotations\":{},\"startsAt\":"
	"\"2026-08-20T14:05:00+02:00\",\"endsAt\":\"0001-01-01T00:00:00Z\",\"generatorURL\":\"\","
	"\"fingerprint\":\"00000000000000ab\"}],\"groupLabels\":{\"service\":\"checkout\","
	"\"alertname\":"
	"\"HighLatency\"},\"commonLabels\":{\"alertname\":\"HighLatency\"},\"commonAnnotations\":{}"
	","
	"\"routeLabels\":{},\"notification_reason\":\"first notification\",\"externalURL\":"
	"\"http://am:9093\",\"version\":\"4\",\"groupKey\":\"{}:{alertname=\\\"HighLatency\\\"}\","
	"\"truncatedAlerts\":3}";

static const char grafana[] =
	"{\"receiver\":\"culprit\",\"status\":\"firing\",\"orgId\":1,\"alerts\":[{\"status\":"
	"\"firing\","
	"\"labels\":{\"alertname\":\"Langsam\",\"grafana_folder\":\"Shop\",\"__alert_rule_uid__\":"
	"\"a1\"},"
	"\"annotations\":{\"summary\":\"häufig\"},\"startsAt\":\"2026-08-20T14:01:30.123456789+02:"
	"00\","
	"\"endsAt\":\"0001-01-01T00:00:00Z\",\"generatorURL\":\"https://g/alerting/a1/"
	"view?orgId=1\","
	"\"fingerprint\":\"57c6d9296de2ad39\",\"silenceURL\":\"https://g/x\",\"dashboardURL\":\"\","
	"\"panelURL\":\"\",\"values\":{\"A\":1.5,\"B\":null},\"valueString\":\"[ var='A' ]\","
	"\"ruleUID\":\"a1\",\"enrichments\":[{\"x\":[]}]}],\"groupLabels\":{\"alertname\":"
	"\"Langsam\","
	"\"grafana_folder\":\"Shop\"},\"commonLabels\":{},\"commonAnnotations\":{},\"externalURL\":"
	"\"https://g/\",\"version\":\"1\",\"groupKey\":\"k\",\"truncatedAlerts\":0,\"title\":"
	"\"[FIRING:1]\",\"state\":\"alerting\",\"message\":\"…\"}";

static int64_t at(const char *text)
{
	int64_t ns = 0;

	ok(time_parse_rfc3339(str_of(text), &ns), "%s", text);
	return ns;
}

static bool is(struct str s, const char *want)
{
	return str_eq(s, str_of(want));
}

static void test_alertmanager(void)
{
	struct alerts_message m;
	enum alerts_problem problem;
	struct err err = {""};

	if (!ok(!alerts_read(str_of(alertmanager), &m, &problem, &err), "read: %s", err.text))
		return;
	is_str(m.source, "alertmanager", "whose it is");
	is_u64(m.cnt, 2, "two alerts");
	is_u64(m.truncated, 3, "three were left out");
	ok(m.group_cnt == 2 && is(m.group[1].name, "service") && is(m.group[1].value, "checkout"),
	   "the group, by name");
	ok(is(m.alerts[0].name, "HighLatency") && !m.alerts[0].firing, "one is over");
	is_i64(m.alerts[0].starts_ns, at("2026-08-20T12:01:30.5Z"), "its start");
	is_i64(m.alerts[0].ends_ns, at("2026-08-20T12:06:30Z"), "its end");
	ok(m.alerts[0].has_for && !m.alerts[0].bad_for && m.alerts[0].for_ns == 120 * NSEC_PER_SEC,
	   "how long it waited");
	ok(is(m.alerts[0].fingerprint, "c6eadffa33fcdf37"), "fingerprint");
	ok(is(m.alerts[0].url, "http://prom:9090/graph?g0.expr=up&g0.tab=1"), "whence");
	ok(m.alerts[0].label_cnt == 3 && is(m.alerts[0].labels[0].name, "alertname") &&
		   is(m.alerts[0].labels[1].name, "service") &&
		   is(m.alerts[0].labels[2].value, "page"),
	   "labels, by name");
	ok(m.alerts[1].firing && m.alerts[1].ends_ns == INT64_MAX && !m.alerts[1].has_for &&
		   !m.alerts[1].url.len,
	   "the other one fires");
	is_i64(m.alerts[1].starts_ns, at("2026-08-20T12:05:00Z"), "a time with a zone");
	alerts_release(&m);
}

static void test_grafana(void)
{
	struct alerts_message m;
	enum alerts_problem problem;
	struct err err = {""};

	if (!ok(!alerts_read(str_of(grafana), &m, &problem, &err), "read: %s", err.text))
		return;
	is_str(m.source, "grafana", "whose it is");
	ok(m.cnt == 1 && is(m.alerts[0].name, "Langsam") && m.alerts[0].firing, "it fires");
	is_i64(m.alerts[0].starts_ns, at("2026-08-20T12:01:30.123456789Z"), "to the nanosecond");
	ok(is(m.alerts[0].url, "https://g/alerting/a1/view?orgId=1"), "whence");
	alerts_release(&m);
}

/* A message of one alert, with `from` in it replaced. */
static const char one[] = "{\"version\":\"4\",\"truncatedAlerts\":0,\"groupLabels\":{\"alertname\":"
			  "\"A\"},\"alerts\":[{"
			  "\"status\":\"resolved\",\"labels\":{\"alertname\":\"A\"},\"startsAt\":"
			  "\"2026-08-20T12:00:00Z\","
			  "\"endsAt\":\"2026-08-20T12:01:00Z\",\"fingerprint\":\"ab\","
			  "\"annotations\":{\"culprit_for\":\"1m\"}}]}";

static int read_with(const char *from, const char *to, struct alerts_message *m,
		     enum alerts_problem *problem, struct err *err)
{
	const char *at = strstr(one, from);
	struct buf b;
	int r;

	buf_init(&b, 1 << 20);
	buf_add(&b, one, (size_t)(at - one));
	buf_addstr(&b, to);
	buf_addstr(&b, at + strlen(from));
	*problem = ALERTS_FINE;
	r = alerts_read(buf_str(&b), m, problem, err);
	buf_release(&b);
	return r;
}

static void refuses(const char *from, const char *to, const char *problem_name, const char *words)
{
	struct alerts_message m;
	enum alerts_problem problem;
	struct err err = {""};
	int r = read_with(from, to, &m, &problem, &err);

	if (!r)
		alerts_release(&m);
	ok(r == -EINVAL && !strcmp(alerts_problem_name(problem), problem_name) &&
		   strstr(err.text, words),
	   "%s: %s", alerts_problem_name(problem), err.text);
}

static void test_refused(void)
{
	refuses("{", "", "not_json", "line 1, column");
	refuses("\"ab\"", "\"ab", "not_json", "line 1");
	refuses("\"ab\"", "\"a\\u0000b\"", "not_json", "u0000");
	refuses("\"ab\"", "\"a\xff\"", "not_json", "0xff");
	refuses("\"4\"", "\"4\",\"version\":\"4\"", "not_json", "duplicate");
	refuses("\"4\"", "\"5\"", "version", "'5'; want \"4\" (Alertmanager) or \"1\"");
	refuses("\"version\":\"4\",", "", "version", "version: ''");
	refuses("\"4\"", "4", "field", "version: want a string");
	refuses("Alerts\":0", "Alerts\":-1", "field", "truncatedAlerts: want a count");
	refuses("{\"alertname\":\"A\"},\"alerts", "7,\"alerts", "field",
		"groupLabels: want an object");
	refuses("\"alerts\":", "\"alarms\":", "field", "alerts: want a list");
	refuses("\"labels\":{\"alertname\":\"A\"}", "\"labels\":{}", "field",
		"alerts[0].labels.alertname");
	refuses("\"labels\":{\"alertname\":\"A\"}", "\"labels\":{\"alertname\":\"A\",\"x\":1}",
		"field", "alerts[0].labels: want an object of strings");
	refuses("resolved", "burning", "field", "alerts[0].status: want firing or resolved");
	refuses("\"ab\"", "\"../etc\"", "field", "alerts[0].fingerprint");
	refuses("\"startsAt\"", "\"startedAt\"", "field", "alerts[0].startsAt: want the time");
	refuses("2026-08-20T12:00:00Z", "yesterday", "time",
		"alerts[0].startsAt: 'yesterday' is no time");
	refuses("2026-08-20T12:00:00Z", "now-90m", "time", "is no time");
	refuses("2026-08-20T12:00:00Z", "1969-12-31T23:59:59Z", "time", "after 1970");
	refuses("2026-08-20T12:00:00Z", "9999-08-20T12:00:00Z", "time", "is no time");
	refuses("2026-08-20T12:01:00Z", "2026-13-20T12:01:00Z", "time", "alerts[0].endsAt");
}

static void test_tolerated(void)
{
	struct alerts_message m;
	enum alerts_problem problem;
	struct err err = {""};

	ok(!read_with("\"status\":\"resolved\",", "", &m, &problem, &err) && !m.alerts[0].firing,
	   "no status: an end tells %s", err.text);
	alerts_release(&m);
	ok(!read_with("resolved", "firing", &m, &problem, &err) && m.alerts[0].ends_ns == INT64_MAX,
	   "what fires has no end yet");
	alerts_release(&m);
	ok(!read_with("2026-08-20T12:01:00Z", "0001-01-01T00:00:00+00:00", &m, &problem, &err) &&
		   !m.alerts[0].firing && m.alerts[0].ends_ns == INT64_MAX,
	   "over, nobody knows since when");
	alerts_release(&m);
	ok(!read_with("\"1m\"", "\"a minute\"", &m, &problem, &err) && m.alerts[0].has_for &&
		   m.alerts[0].bad_for && !m.alerts[0].for_ns,
	   "a duration that is none costs no alert");
	alerts_release(&m);
	ok(!read_with("\"1m\"", "\"8d\"", &m, &problem, &err) && m.alerts[0].bad_for,
	   "nor does one of more than a week");
	alerts_release(&m);
	ok(!read_with("\"fingerprint\":\"ab\",", "\"generatorURL\":\"javascript:x\",", &m, &problem,
		      &err) &&
		   !m.alerts[0].url.len,
	   "a URL that is none");
	/* prometheus/common: LabelSet{"alertname": "A"}.Fingerprint() */
	is_u64(m.alerts[0].fingerprint.len, 16, "and a fingerprint of our own");
	alerts_release(&m);
	ok(!read_with("\"alerts\":[", "\"alerts\":[],\"x\":[", &m, &problem, &err) && !m.cnt,
	   "no alert at all");
	alerts_release(&m);
}

static void refuses_built(struct buf *b, const char *words)
{
	struct alerts_message m;
	enum alerts_problem problem = ALERTS_FINE;
	struct err err = {""};
	int r = alerts_read(buf_str(b), &m, &problem, &err);

	if (!r)
		alerts_release(&m);
	ok(r == -EINVAL && problem == ALERTS_TOO_MUCH && strstr(err.text, words), "%s", err.text);
	buf_clear(b);
}

static void test_limits(void)
{
	struct buf b;

	buf_init(&b, 16 << 20);
	for (int i = 0; i < 100000; i++)
		buf_addch(&b, '[');
	refuses_built(&b, "32 inside each other");
	buf_addstr(&b, "{\"version\":\"4\",\"alerts\":[");
	for (int i = 0; i < 40000; i++)
		buf_addstr(&b, "{},");
	refuses_built(&b, "more than 32768 values");
	buf_addstr(&b, "{\"version\":\"4\",\"alerts\":[0");
	for (int i = 0; i < ALERTS_MAX; i++)
		buf_addstr(&b, ",0");
	buf_addstr(&b, "]}");
	refuses_built(&b, "alerts: 1001, at most 1000");
	buf_addstr(&b, "{\"version\":\"4\",\"alerts\":[{\"labels\":{\"alertname\":\"A\"");
	for (int i = 0; i < ALERTS_MAX_LABELS; i++)
		buf_addf(&b, ",\"l%d\":\"\"", i);
	buf_addstr(&b, "}}]}");
	refuses_built(&b, "alerts[0].labels: 257 labels, at most 256");
	buf_addstr(&b, "{\"version\":\"4\",\"x\":\"");
	for (size_t i = 0; i < ALERTS_MAX_BYTES; i++)
		buf_addch(&b, '[');
	buf_addstr(&b, "\",\"alerts\":[]}");
	refuses_built(&b, "at most 1048576");
	buf_release(&b);
}

int main(void)
{
	test_alertmanager();
	test_grafana();
	test_refused();
	test_tolerated();
	test_limits();
	return tap_done();
}
