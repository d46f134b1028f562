// SPDX-License-Identifier: Apache-2.0
#include "incident/alerts.h"

#include "base/text.h"
#include "base/times.h"
#include "incident/incident.h"
#include "unit/tap.h"

#define S   ((int64_t)NSEC_PER_SEC)
#define NOW (INT64_C(1800000000) * S)

static struct alert_label labels[3];

static struct alert alert(const char *name, int64_t starts_s, int64_t ends_s)
{
	labels[0] = (struct alert_label){STR_LIT("alertname"), str_of(name)};
	return (struct alert){
		.name = str_of(name),
		.fingerprint = STR_LIT("ab12"),
		.firing = ends_s == INT64_MAX,
		.starts_ns = NOW + starts_s * S,
		.ends_ns =
			ends_s == INT64_MAX || ends_s == INT64_MIN ? INT64_MAX : NOW + ends_s * S,
		.labels = labels,
		.label_cnt = 1,
		.url = STR_LIT("http://prom/"),
	};
}

static int make(struct alert a, const struct alert_label *group, size_t group_cnt,
		struct alert_marks *ret, enum alerts_problem *problem, struct err *err)
{
	const struct alerts_message m = {.source = "alertmanager",
					 .alerts = &a,
					 .cnt = 1,
					 .group = (struct alert_label *)group,
					 .group_cnt = group_cnt};

	*problem = ALERTS_FINE;
	return alert_marks_make(&m, NOW, ret, problem, err);
}

static void test_mark(void)
{
	struct alert a = alert("Slow", -100, INT64_MAX);
	struct alert_marks made;
	enum alerts_problem problem;
	struct err err = {""};

	if (!ok(!make(a, NULL, 0, &made, &problem, &err) && made.cnt == 1, "made: %s", err.text))
		return;
	is_str(made.marks[0].name, "Slow", "name");
	is_str(made.marks[0].source, "alertmanager", "whence");
	ok(made.marks[0].from_ns == NOW - 100 * S && made.marks[0].until_ns == INT64_MAX &&
		   made.marks[0].noted_ns == NOW,
	   "open since it fired");
	is_str(made.marks[0].alert->fingerprint, "ab12", "fingerprint");
	is_str(made.marks[0].alert->labels, "{\"alertname\":\"Slow\"}", "labels");
	is_str(made.marks[0].alert->url, "http://prom/", "URL");
	is_u64(made.marks[0].alert->early_ns, ALERTS_EARLY_UNTOLD_NS, "it began earlier");
	alert_marks_release(&made);

	a.has_for = true;
	a.for_ns = 60 * NSEC_PER_SEC;
	ok(!make(a, NULL, 0, &made, &problem, &err) && made.marks[0].from_ns == NOW - 160 * S &&
		   made.marks[0].alert->starts_ns == NOW - 100 * S &&
		   made.marks[0].alert->early_ns == ALERTS_EARLY_NS,
	   "by as much as the rule waits");
	alert_marks_release(&made);

	a.for_ns = 0;
	a.bad_for = true;
	ok(!make(a, NULL, 0, &made, &problem, &err) && made.bad_for == 1 &&
		   made.marks[0].alert->early_ns == ALERTS_EARLY_UNTOLD_NS,
	   "one that does not say how long");
	alert_marks_release(&made);
	ok(!make(alert("Slow", -100, INT64_MIN), NULL, 0, &made, &problem, &err) &&
		   made.marks[0].until_ns == NOW,
	   "over, nobody knows since when: now");
	alert_marks_release(&made);
}

static void is_named(const char *name, const struct alert_label *group, size_t cnt,
		     const char *want)
{
	struct alert_marks made;
	enum alerts_problem problem;
	struct err err = {""};

	if (!ok(!make(alert(name, -10, -5), group, cnt, &made, &problem, &err), "%s", err.text))
		return;
	ok(!incident_check_name(str_of(made.marks[0].name), &err), "a name: %s", err.text);
	is_str(made.marks[0].name, want, "of %zu labels", cnt);
	alert_marks_release(&made);
}

static void test_names(void)
{
	static const struct alert_label group[] = {
		{STR_LIT("__alert_rule_uid__"), STR_LIT("x")},
		{STR_LIT("alertname"), STR_LIT("Slow")},
		{STR_LIT("grafana_folder"), STR_LIT("Shop")},
		{STR_LIT("namespace"), STR_LIT("")},
		{STR_LIT("node"), STR_LIT("n1")},
		{STR_LIT("service"), STR_LIT("check\nout")},
	};
	char longest[INCIDENT_NAME_MAX + 50], want[INCIDENT_NAME_MAX + 50];
	const struct alert_label lengthy[] = {{STR_LIT("x"), {longest, sizeof(longest) - 1}}};

	is_named("Slow", group, 3, "Slow");
	is_named("Slow", group, 6, "Slow{node=\"n1\",service=\"check\xef\xbf\xbdout\"}");
	is_named("  Slow ", NULL, 0, "Slow");
	is_named(" ", NULL, 0, "[blank]");
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	(void)snprintf(want, sizeof(want), "S{x=\"%.175s~b0f6a8ee6e3a31d7", longest);
	{
		struct alert_marks made;
		enum alerts_problem problem;
		struct err err = {""};

		ok(!make(alert("S", -10, -5), lengthy, 1, &made, &problem, &err), "a long one");
		ok(strlen(made.marks[0].name) == 197 && !strncmp(made.marks[0].name, want, 181),
		   "is cut, and told apart by what follows: %s", made.marks[0].name);
		alert_marks_release(&made);
	}
}

static void refuses(struct alert a, enum alerts_problem want, const char *words)
{
	struct alert_marks made;
	enum alerts_problem problem;
	struct err err = {""};
	int r = make(a, NULL, 0, &made, &problem, &err);

	if (!r)
		alert_marks_release(&made);
	ok(r == -EINVAL && problem == want && strstr(err.text, words), "%s", err.text);
}

static void test_refused(void)
{
	static char text[STORE_MAX_ALERT_LABELS + 1];
	struct alert a = alert("Slow", -10, INT64_MAX);

	refuses(alert("Slow", 301, INT64_MAX), ALERTS_TIME, "alerts[0].startsAt: in the future");
	refuses(alert("Slow", 0, 301), ALERTS_TIME, "alerts[0].endsAt: in the future");
	refuses(alert("Slow", -10, -11), ALERTS_TIME, "alerts[0].endsAt: before startsAt");
	memset(text, 'x', sizeof(text) - 1);
	labels[1] = (struct alert_label){STR_LIT("b"), str_of(text)};
	a.label_cnt = 2;
	refuses(a, ALERTS_TOO_MUCH, "alerts[0].labels: more than 8192");
}

static void test_ignored(void)
{
	struct alert_marks made;
	enum alerts_problem problem;
	struct err err = {""};

	ok(!make(alert("Watchdog", -10, INT64_MAX), NULL, 0, &made, &problem, &err) && !made.cnt &&
		   made.heartbeats == 1,
	   "a heartbeat");
	alert_marks_release(&made);
	ok(!make(alert("DatasourceNoData", -10, -5), NULL, 0, &made, &problem, &err) && !made.cnt &&
		   made.no_data == 1,
	   "no data");
	alert_marks_release(&made);
	ok(!make(alert("Slow", -10, -10), NULL, 0, &made, &problem, &err) && !made.cnt &&
		   made.empty == 1,
	   "one without a length");
	alert_marks_release(&made);
	ok(!make(alert("Slow", 200, INT64_MIN), NULL, 0, &made, &problem, &err) && !made.cnt &&
		   made.empty == 1,
	   "over before our clock says that it began");
	alert_marks_release(&made);
	ok(!make(alert("Slow", 200, INT64_MAX), NULL, 0, &made, &problem, &err) && made.cnt == 1,
	   "clocks may differ a little");
	alert_marks_release(&made);
}

int main(void)
{
	test_mark();
	test_names();
	test_refused();
	test_ignored();
	return tap_done();
}
