// SPDX-License-Identifier: Apache-2.0
#include "incident/incident.h"

#include <errno.h>

#include "base/text.h"
#include "unit/tap.h"

#define S ((int64_t)NSEC_PER_SEC)

static struct store_mark mark(const char *name, const char *source, int64_t from, int64_t until)
{
	return (struct store_mark){
		.name = (char *)name,
		.source = (char *)source,
		.from_ns = from * S,
		.until_ns = until == INT64_MAX ? until : until * S,
	};
}

static void test_names(void)
{
	char longest[INCIDENT_NAME_MAX + 2];
	struct err err;

	memset(longest, 'x', sizeof(longest));
	ok(!incident_check_name(STR_LIT("slow-checkout"), NULL), "an ordinary name");
	ok(!incident_check_name(STR_LIT("Zahlung hängt"), NULL), "UTF-8 and inner blanks");
	ok(!incident_check_name((struct str){longest, INCIDENT_NAME_MAX}, NULL), "the longest");
	is_i64(incident_check_name((struct str){longest, INCIDENT_NAME_MAX + 1}, &err), -EINVAL,
	       "one byte more");
	ok(strstr(err.text, "201"), "…and how long it was");
	is_i64(incident_check_name(STR_LIT(""), &err), -EINVAL, "empty");
	is_i64(incident_check_name(STR_LIT(" a"), &err), -EINVAL, "a blank in front");
	is_i64(incident_check_name(STR_LIT("a\n"), &err), -EINVAL, "a newline behind");
	is_i64(incident_check_name(STR_LIT("a\x1b[31m"), &err), -EINVAL, "an escape sequence");
	ok(strstr(err.text, "byte 2"), "…and where it is");
	is_i64(incident_check_name(STR_LIT("a\xc2\x9b"), &err), -EINVAL, "a C1 control");
	is_i64(incident_check_name(STR_LIT("a\xff"), &err), -EINVAL, "not UTF-8");
	is_i64(incident_check_name(STR_LIT("a\0b"), &err), -EINVAL, "a NUL inside");
}

static void test_ranges(void)
{
	struct err err;

	ok(!incident_check_range((struct time_range){10 * S, 20 * S}, 20 * S, NULL), "up to now");
	is_i64(incident_check_range((struct time_range){20 * S, 10 * S}, 30 * S, &err), -EINVAL,
	       "backwards");
	is_i64(incident_check_range((struct time_range){20 * S, 20 * S}, 30 * S, &err), -EINVAL,
	       "empty");
	is_i64(incident_check_range((struct time_range){20 * S, 31 * S}, 30 * S, &err), -EINVAL,
	       "the future");
	ok(strstr(err.text, "--start"), "…and what to do instead");
	is_i64(incident_check_range((struct time_range){0, 31 * 86400 * S}, INT64_MAX, &err),
	       -EINVAL, "a month and a day");
	is_i64(incident_check_range((struct time_range){INT64_MIN, INT64_MAX}, INT64_MAX, &err),
	       -EINVAL, "all of time");
}

static void test_grouping(void)
{
	const struct store_mark marks[] = {
		mark("b", "mark", 300, 310),	   mark("a", "alert", 100, 110),
		mark("b", "mark", 100, 110),	   mark("a", "mark", 105, 120),
		mark("a", "alert", 120, 125),	   mark("a", "alert", 200, 210),
		mark("a", "mark", 202, 203),	   mark("b", "mark", 490, INT64_MAX),
		mark("b\n", "mark", 1, 2),	   mark("b", "mark", 8, 8),
		mark("b", "mark", 900, INT64_MAX), mark("c", NULL, 1, 2),
	};
	struct incident_list l = {0};
	const struct incident *i;

	ok(!incident_list_make(&l, marks, ARRAY_SIZE(marks), 500 * S), "made");
	is_u64(l.cnt, 3, "three names");
	is_u64(l.left_out, 3, "a bad name, an empty range and one from the future are left out");
	i = &l.incidents[0];
	is_str(i->name, "a", "by name");
	is_u64(i->recurrence_cnt, 2, "marks that overlap or touch are one recurrence");
	is_i64(i->recurrences[0].range.from_ns, 100 * S, "…from the first start");
	is_i64(i->recurrences[0].range.until_ns, 125 * S, "…to the last end");
	is_u64(i->recurrences[0].mark_cnt, 3, "…of three marks");
	is_str(i->recurrences[0].source, "alert", "…first noted by the alert");
	ok(i->recurrences[0].sources_differ, "…and by others");
	is_i64(i->recurrences[1].range.until_ns, 210 * S, "one inside another does not shorten it");
	ok(!i->open, "a is over");
	i = incident_find(&l, STR_LIT("b"));
	if (ok(i, "found by name")) {
		is_u64(i->recurrence_cnt, 3, "three recurrences");
		is_i64(i->recurrences[0].range.from_ns, 100 * S, "by time");
		ok(i->open && i->recurrences[2].open, "the last is open");
		is_i64(i->recurrences[2].range.until_ns, 500 * S, "…and lasts until now");
		ok(!i->recurrences[0].open && !i->recurrences[0].sources_differ,
		   "the first is not");
	}
	is_str(l.incidents[2].recurrences[0].source, "unknown", "nobody noted it");
	ok(!incident_find(&l, STR_LIT("bb")) && !incident_find(&l, STR_LIT("")), "no such name");
	incident_list_release(&l);
	incident_list_release(NULL);
}

static void test_lookup(void)
{
	const struct store_mark marks[] = {
		mark("slow-checkout", "mark", 1, 2),
		mark("slow-login", "mark", 1, 2),
		mark("disk", "mark", 1, 2),
	};
	struct incident_list l = {0};
	const struct incident *i = NULL;
	struct err err;

	ok(!incident_list_make(&l, NULL, 0, S) && !l.cnt, "no marks, no incidents");
	is_i64(incident_get(&l, STR_LIT("x"), &i, &err), -ENOENT, "nothing known");
	ok(strstr(err.text, "culprit mark"), "…says how to note one");
	incident_list_release(&l);
	ok(!incident_list_make(&l, marks, ARRAY_SIZE(marks), 10 * S), "three");
	ok(!incident_get(&l, STR_LIT("disk"), &i, &err) && !strcmp(i->name, "disk"), "one is got");
	is_i64(incident_get(&l, STR_LIT("slow-chekout"), &i, &err), -ENOENT, "misspelt");
	is_str(err.text, "no incident is called 'slow-chekout'; known: 'slow-checkout'",
	       "…says what comes nearest");
	is_i64(incident_get(&l, STR_LIT("zzz"), &i, &err), -ENOENT, "unlike any");
	is_str(err.text,
	       "no incident is called 'zzz'; known: 'disk', 'slow-checkout', 'slow-login'",
	       "…lists them");
	incident_list_release(&l);
}

static void test_alerts(void)
{
	struct store_alert heard = {.early_ns = 5 * NSEC_PER_SEC, .seen_ns = 60000 * S};
	struct store_alert unheard = {.early_ns = 9 * NSEC_PER_SEC, .seen_ns = 20 * S};
	struct store_mark marks[] = {
		mark("A{x=\"1\"}", "alertmanager", 10, INT64_MAX),
		mark("A{x=\"1\"}", "mark", 5, 12),
		mark("B", "grafana", 15, INT64_MAX),
		mark("C", "grafana", 15, INT64_MAX),
		mark("C", "grafana", 17, INT64_MAX),
	};
	const struct incident *i = NULL;
	struct incident_list l;
	struct err err = {""};

	marks[0].alert = marks[4].alert = &heard;
	marks[2].alert = marks[3].alert = &unheard;
	ok(!incident_list_make(&l, marks, 5, 61000 * S) && l.cnt == 3, "three incidents");
	ok(l.incidents[0].recurrence_cnt == 1 && l.incidents[0].recurrences[0].open &&
		   !l.incidents[0].recurrences[0].silent &&
		   l.incidents[0].recurrences[0].range.until_ns == 61000 * S,
	   "one is open until now");
	is_u64(l.incidents[0].recurrences[0].early_ns, 0,
	       "somebody noted a start before what the alert cannot tell");
	ok(l.incidents[1].recurrences[0].open && l.incidents[1].recurrences[0].silent &&
		   l.incidents[1].recurrences[0].range.until_ns == 20 * S,
	   "nobody has told of it for long: until it was last heard of");
	is_u64(l.incidents[1].recurrences[0].early_ns, 9 * NSEC_PER_SEC,
	       "it may have begun before");
	ok(l.incidents[2].recurrences[0].open && !l.incidents[2].recurrences[0].silent,
	   "one of two was heard of");
	ok(!incident_get(&l, STR_LIT("A"), &i, &err) && i == &l.incidents[0],
	   "labels may be left out");
	is_i64(incident_get(&l, STR_LIT("A{"), &i, &err), -ENOENT, "but not halves of them");
	incident_list_release(&l);

	marks[2].name = (char *)"A{x=\"2\"}";
	ok(!incident_list_make(&l, marks, 5, 61000 * S), "two with the name");
	is_i64(incident_get(&l, STR_LIT("A"), &i, &err), -ENOENT, "then it does not tell");
	ok(strstr(err.text, "'A{x=\"1\"}', 'A{x=\"2\"}'"), "which is said: %s", err.text);
	incident_list_release(&l);
}

int main(void)
{
	test_alerts();
	test_names();
	test_ranges();
	test_grouping();
	test_lookup();
	return tap_done();
}
