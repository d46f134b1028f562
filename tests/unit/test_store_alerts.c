// SPDX-License-Identifier: Apache-2.0
#include "unit/store_data.h"
#include "unit/tap.h"

#include <sqlite3.h>
#include <time.h>

#include "store/store.h"

#define OPEN INT64_MAX

static struct store *s;

struct told {
	const char *fingerprint;
	int64_t starts, until, now;
};

/* What was told, all at once; the name is "api". */
static int tell(const struct told *t, size_t cnt, struct store_alert_counts *counts,
		struct err *err)
{
	struct store_alert alerts[8];
	struct store_mark marks[8];

	for (size_t i = 0; i < cnt; i++) {
		alerts[i] = (struct store_alert){.fingerprint = (char *)t[i].fingerprint,
						 .starts_ns = t[i].starts,
						 .early_ns = 7,
						 .seen_ns = t[i].now,
						 .labels = (char *)"{\"alertname\":\"api\"}",
						 .url = (char *)"http://prom/graph"};
		marks[i] = (struct store_mark){.name = (char *)"api",
					       .source = (char *)"alertmanager",
					       .from_ns = t[i].starts - 5,
					       .until_ns = t[i].until,
					       .noted_ns = t[i].now,
					       .alert = &alerts[i]};
	}
	return store_mark_alerts(s, marks, cnt, counts, err);
}

/* "from-until …" of all that is known, and the counts of the last telling. */
static const char *told(struct told t)
{
	static char text[512];
	struct store_alert_counts c = {0};
	struct store_mark *marks = NULL;
	struct err err = {""};
	size_t cnt = 0, len = 0;

	if (tell(&t, 1, &c, &err) || store_marks(s, "api", &marks, &cnt, &err))
		(void)snprintf(text, sizeof(text), "%s", err.text);
	for (size_t i = 0; i < cnt && len < 400; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%lld-",
					(long long)marks[i].from_ns);
		len += marks[i].until_ns == OPEN
			       ? (size_t)snprintf(text + len, sizeof(text) - len, "open ")
			       : (size_t)snprintf(text + len, sizeof(text) - len, "%lld ",
						  (long long)marks[i].until_ns);
	}
	(void)snprintf(text + len, sizeof(text) - len, "| %d opened %d ended %d repeated",
		       (int)c.opened, (int)c.ended, (int)c.repeated);
	store_marks_free(marks, cnt);
	return text;
}

static void test_story(void)
{
	struct store_mark *marks = NULL;
	size_t cnt = 0;
	struct err err;

	is_str(told((struct told){"f1", 100, OPEN, 101}), "95-open | 1 opened 0 ended 0 repeated",
	       "one fires");
	is_str(told((struct told){"f1", 100, OPEN, 150}), "95-open | 0 opened 0 ended 1 repeated",
	       "and is told of again");
	if (ok(!store_marks(s, "api", &marks, &cnt, &err) && cnt == 1 && marks[0].alert, "read")) {
		const struct store_alert *a = marks[0].alert;

		ok(a->starts_ns == 100 && a->early_ns == 7 && a->seen_ns == 150 &&
			   marks[0].noted_ns == 101,
		   "when");
		is_str(a->fingerprint, "f1", "fingerprint");
		is_str(a->labels, "{\"alertname\":\"api\"}", "labels");
		is_str(a->url, "http://prom/graph", "whence");
	}
	store_marks_free(marks, cnt);
	is_str(told((struct told){"f1", 100, 160, 165}), "95-160 | 0 opened 1 ended 0 repeated",
	       "it is resolved");
	is_str(told((struct told){"f1", 100, 160, 166}), "95-160 | 0 opened 0 ended 1 repeated",
	       "the other one of a pair says so, too");
	is_str(told((struct told){"f1", 100, OPEN, 167}), "95-160 | 0 opened 0 ended 1 repeated",
	       "a late firing one does not open it again");
	is_str(told((struct told){"f1", 100, 170, 171}), "95-170 | 0 opened 0 ended 1 repeated",
	       "the latest end counts");
	is_str(told((struct told){"f1", 100, 165, 172}), "95-170 | 0 opened 0 ended 1 repeated",
	       "an earlier one does not");
	is_str(told((struct told){"f2", 130, 140, 172}),
	       "95-170 125-140 | 0 opened 1 ended 0 repeated", "one that is over when it is told");
	is_str(told((struct told){"f2", 200, OPEN, 201}),
	       "95-170 125-140 195-open | 1 opened 0 ended 0 repeated", "it fires again");
	is_str(told((struct told){"f2", 300, OPEN, 301}),
	       "95-170 125-140 195-201 295-open | 1 opened 0 ended 0 repeated",
	       "and once more: the end that was never told");
	is_str(told((struct told){"f2", 200, 250, 302}),
	       "95-170 125-140 195-250 295-open | 0 opened 0 ended 1 repeated", "…is told late");
	is_str(told((struct told){"f1", 300, OPEN, 303}),
	       "95-170 125-140 195-250 295-open 295-open | 1 opened 0 ended 0 repeated",
	       "two at the same time are two");
}

static void test_by_hand(void)
{
	struct store_mark m = {
		.name = (char *)"api", .source = (char *)"mark", .from_ns = 1000, .until_ns = 1100};
	struct store_mark *marks = NULL;
	struct err err = {""};
	size_t cnt = 0, open = 0;

	ok(!store_mark_add(s, &m, NULL, &err), "somebody notes one, too: %s", err.text);
	is_i64(store_mark_close(s, "api", 290, &err), -EINVAL, "before they began");
	ok(!store_mark_close(s, "api", 400, &err), "somebody ends what nobody resolves");
	if (!store_marks(s, "api", &marks, &cnt, &err))
		for (size_t i = 0; i < cnt; i++)
			open += marks[i].until_ns == OPEN;
	is_u64(open, 0, "all of them");
	ok(cnt && !marks[cnt - 1].alert, "what somebody noted is no alert");
	store_marks_free(marks, cnt);
	is_i64(store_mark_close(s, "api", 500, &err), -ENOENT, "nothing is open any more");
}

static void test_all_or_nothing(void)
{
	const struct told bad[] = {{"g1", 100, OPEN, 101}, {"g2", 100, 90, 101}};
	const struct told nobody[] = {{"", 100, OPEN, 101}};
	const struct told latin[] = {{"\xff", 100, OPEN, 101}};
	struct store_alert_counts c = {.opened = 3};
	struct store_mark *marks = NULL;
	size_t before = 0, cnt = 0;
	struct err err = {""};

	ok(!store_marks(s, NULL, &marks, &before, &err), "read");
	store_marks_free(marks, before);
	is_i64(tell(bad, 2, &c, &err), -EINVAL, "one that ends before it starts: %s", err.text);
	is_i64(tell(nobody, 1, &c, &err), -EINVAL, "no fingerprint: %s", err.text);
	is_i64(tell(latin, 1, &c, &err), -EINVAL, "no UTF-8: %s", err.text);
	ok(!store_marks(s, NULL, &marks, &cnt, &err) && cnt == before, "nothing was noted");
	store_marks_free(marks, cnt);
	is_u64(c.opened, 3, "nor counted");
}

/* A log is bounded: what is over goes before what is not. */
static void test_forget(const char *dir)
{
	enum { MORE = 10 };
	struct store_mark *marks = calloc(STORE_MAX_ALERTS, sizeof(*marks));
	struct store_alert *alerts = calloc(STORE_MAX_ALERTS, sizeof(*alerts));
	char(*prints)[16] = calloc(STORE_MAX_ALERTS, sizeof(*prints));
	struct store_alert_counts c = {0};
	struct told one = {"new", 1 << 20, OPEN, 1 << 20};
	struct store_mark *kept = NULL;
	struct err err = {""};
	size_t cnt = 0, open = 0;

	s = NULL;
	if (!marks || !alerts || !prints || store_open(dir, STORE_WRITE, NULL, &s, &err)) {
		ok(false, "%s", err.text);
		return;
	}
	for (int i = 0; i < STORE_MAX_ALERTS; i++) {
		(void)snprintf(prints[i], sizeof(prints[i]), "%d", i);
		alerts[i] = (struct store_alert){.fingerprint = prints[i],
						 .starts_ns = i + 1,
						 .labels = (char *)"{}",
						 .url = (char *)""};
		marks[i] = (struct store_mark){.name = (char *)"storm",
					       .source = (char *)"alertmanager",
					       .from_ns = i + 1,
					       .until_ns = i < MORE ? OPEN : i + 2,
					       .alert = &alerts[i]};
	}
	ok(!store_mark_alerts(s, marks, STORE_MAX_ALERTS, &c, &err), "a storm: %s", err.text);
	ok(c.opened == MORE && c.ended == STORE_MAX_ALERTS - MORE && !c.forgotten, "all are noted");
	ok(!tell(&one, 1, &c, &err) && c.forgotten == 1, "one more makes one go: %s", err.text);
	ok(!store_marks(s, NULL, &kept, &cnt, &err) && cnt == STORE_MAX_ALERTS,
	   "as many as before");
	for (size_t i = 0; i < cnt; i++)
		open += kept[i].until_ns == OPEN;
	is_u64(open, MORE + 1, "and not one that is open");
	store_marks_free(kept, cnt);
	store_close(s);
	free(marks);
	free(alerts);
	free(prints);
}

/* A program that writes marks may have an older log, without a table of alerts. */
static void test_older(const char *dir)
{
	struct store_mark m = {
		.name = (char *)"old", .source = (char *)"mark", .from_ns = 1, .until_ns = 2};
	struct told one = {"f", 10, OPEN, 11};
	struct store_alert_counts c = {0};
	struct store_mark *marks = NULL;
	struct err err = {""};
	size_t cnt = 0;

	if (store_open(dir, STORE_WRITE, NULL, &s, &err)) {
		ok(false, "%s", err.text);
		return;
	}
	ok(!store_mark_add(s, &m, NULL, &err), "a log of marks: %s", err.text);
	ok(!store_marks(s, NULL, &marks, &cnt, &err) && cnt == 1 && !marks[0].alert, "is read");
	store_marks_free(marks, cnt);
	ok(!tell(&one, 1, &c, &err), "an alert comes: %s", err.text);
	ok(!store_marks(s, NULL, &marks, &cnt, &err) && cnt == 2, "both are read");
	store_marks_free(marks, cnt);
	store_close(s);
}

/* The recorder does not wait for who writes marks. */
static void test_busy(const char *dir)
{
	sqlite3 *other = NULL;
	struct err err = {""};
	char path[512];
	struct timespec a, b;

	(void)snprintf(path, sizeof(path), "%s/incidents.db", dir);
	ok(!store_open(dir, STORE_WRITE, NULL, &s, &err), "a store: %s", err.text);
	ok(sqlite3_open(path, &other) == SQLITE_OK &&
		   sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL) == SQLITE_OK,
	   "somebody writes and does not end");
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	ok(!store_retain(s, 1000, &err), "retention is put off: %s", err.text);
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	ok((b.tv_sec - a.tv_sec) < 3, "not waited for");
	(void)sqlite3_close(other);
	store_close(s);
}

int main(void)
{
	char *dir = data_dir(), *other = data_dir(), *third = data_dir();
	struct err err;

	if (store_open(dir, STORE_WRITE, NULL, &s, &err)) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	test_story();
	test_by_hand();
	test_all_or_nothing();
	store_close(s);
	test_forget(other);
	test_older(third);
	test_busy(third);
	data_remove(dir);
	data_remove(other);
	data_remove(third);
	return tap_done();
}
