// SPDX-License-Identifier: Apache-2.0
#include "render/verdict_html.h"
#include "render/verdict_json.h"
#include "render/verdict_markdown.h"
#include "render/verdict_text.h"

#include "base/text.h"
#include "unit/profiles.h"
#include "unit/tap.h"

#define S ((int64_t)NSEC_PER_SEC)

static double levels[3] = {1.4, 1.5, 0.01};
static bool hits[3] = {true, true, false};
static double low[3] = {0.1, 0.1, 0.3};
static char note[] = "nightly\x1b[2J is new";
static char *notes[] = {note};
static struct blame_incident incidents[3] = {
	{1767225600 * S, 1767225604 * S},
	{1767225660 * S, 1767225664 * S},
	{1767225720 * S, 1767225724 * S},
};

static struct verdict_entity suspect(const char *name)
{
	return (struct verdict_entity){
		.name = str_of(name),
		.role = ROLE_SUSPECT,
		.linked = true,
		.flat = true,
		.posterior = 0.9876,
		.log_bf = 12.5,
		.e_false = 0.00042,
		.p_adj = 0.004,
		.f = 0.0125,
		.delta = 1.42,
		.delta_low = 1.3,
		.delta_high = 1.51,
		.incident = 1.44,
		.baseline = 0.02,
		.baseline_p90 = 0.05,
		.hits = 2,
		.runs = 2,
		.levels = levels,
		.hit = hits,
	};
}

static struct verdict verdict_of(enum verdict_kind kind, struct verdict_entity *e, size_t cnt)
{
	return (struct verdict){
		.kind = kind,
		.measure = MEASURE_CORES,
		.recurrences = 3,
		.needed = -1,
		.suspects = e,
		.suspect_cnt = cnt,
		.entity_cnt = 60,
		.linked_cnt = 1,
		.block_cnt = 40,
		.block_ns = 4 * NSEC_PER_SEC,
		.baseline_s = 160,
		.guard_ns = 8 * NSEC_PER_SEC,
		.guard_min_ns = 4 * NSEC_PER_SEC,
		.capacity = 2,
		.node_incident = 1.9,
		.node_baseline = 0.7,
		.rise = 1.5,
		.noise = 0.3,
		.lost = 0.01,
		.history_from_ns = 1767225540 * S,
		.history_until_ns = 1767225800 * S,
		.incidents = incidents,
		.windows = incidents,
	};
}

static char *head(const struct verdict *v, const char *name)
{
	struct verdict_view view = {.incident = str_of(name)};
	struct buf b;

	buf_init(&b, 1 << 16);
	verdict_headline(v, &view, &b);
	return buf_detach(&b, NULL);
}

static void is_head(const struct verdict *v, const char *want, const char *what)
{
	char *got = head(v, "slow-checkout");

	is_str(got, want, "%s", what);
	free(got);
}

static void test_headlines(void)
{
	struct verdict_entity e[2] = {suspect("nightly-report"), suspect("indexer")};
	struct verdict_entity victim = {.name = STR_LIT("postgres"), .role = ROLE_VICTIM};
	struct verdict v = verdict_of(VERDICT_NAMED, e, 1);

	is_head(&v,
		"nightly-report is behind 'slow-checkout': +1.42 cores (0.020 → 1.44) in 2 of 3 "
		"recurrences",
		"named");
	v.victims = &victim;
	v.victim_cnt = 1;
	is_head(&v,
		"nightly-report is behind 'slow-checkout': +1.42 cores (0.020 → 1.44) in 2 of 3 "
		"recurrences; postgres lost CPU",
		"…with a victim");
	v = verdict_of(VERDICT_SHORTLIST, e, 2);
	is_head(&v, "one of 2 processes is behind 'slow-checkout': nightly-report, indexer",
		"short list");
	v.suspect_cnt = 1;
	is_head(&v,
		"nightly-report is tied to 'slow-checkout', but not surely its cause: +1.42 cores "
		"(0.020 → 1.44) in 2 of 3 recurrences",
		"…of one");
	v = verdict_of(VERDICT_SCHEDULE_CONFOUNDED, e, 1);
	v.period_ns = 3600 * NSEC_PER_SEC;
	is_head(&v,
		"'slow-checkout' keeps a clock (every 1h) and so does nightly-report: that it is "
		"busy then does not show that it is the cause",
		"schedule");
	v = verdict_of(VERDICT_CPU_DID_NOT_RISE, e, 0);
	is_head(&v,
		"no process took more CPU than usual during 'slow-checkout': its cause is probably "
		"not CPU on this machine",
		"no rise");
	v = verdict_of(VERDICT_NEED_MORE, e, 1);
	v.needed = 5;
	is_head(&v,
		"2 more recurrences of 'slow-checkout' are needed to name a process (5 in all); so "
		"far nightly-report leads",
		"need more");
	v.needed = 4;
	v.suspect_cnt = 0;
	is_head(&v, "1 more recurrence of 'slow-checkout' is needed to name a process (4 in all)",
		"…one, nobody leads");
	v.needed = -1;
	is_head(&v,
		"nothing is tied to 'slow-checkout', and more recurrences alone would not change "
		"that",
		"…never");
	v.block_cnt = 0;
	is_head(&v,
		"nothing to compare 'slow-checkout' with: the history holds too little time "
		"outside of it",
		"…no baseline");
}

static const char expected[] =
	"nightly-report is behind 'slow-checkout': +1.42 cores (0.020 → 1.44) in 2 of 3 "
	"recurrences\n"
	"\n"
	"  process         incident  baseline  rise [95% interval]     hits   sure  by luck\n"
	"  nightly-report      1.44     0.020  +1.42 [1.30, 1.51]      2/3   98.8%  0.00042\n"
	"  levels in cores; sure: chance that it is the cause; by luck: innocent processes that "
	"would look like this\n"
	"\n"
	"  nightly-report was never that busy in 40 stretches of 4s outside the incidents.\n"
	"  hot path: main > run > build_index\n"
	"\n"
	"  nightly-report, incident by incident on 2026-01-01 (* busy, o not; = its usual range, "
	"| its median):\n"
	"    00:00:00Z     1.40  [=|                                      *   ]\n"
	"    00:01:00Z     1.50  [=|                                         *]\n"
	"    00:02:00Z    0.010  [o|                                          ]\n"
	"\n"
	"  looked at: 3 recurrences, 60 processes, 40 baseline stretches of 4s;\n"
	"  left out beside each incident: 4s to 8s; the node: 0.70 → 1.90 cores of 2\n"
	"\n"
	"  next: look at its flame graph, then stop, delay or limit it once and see whether the "
	"incident stays away\n";

static void test_text(void)
{
	const struct str frames[] = {STR_LIT("main"), STR_LIT("run"), STR_LIT("build_index")};
	const struct descend path = {.frames = frames, .frame_cnt = 3};
	struct verdict_view view = {
		.incident = STR_LIT("slow-checkout"),
		.paths = &path,
		.path_cnt = 1,
	};
	struct verdict_entity e = suspect("nightly-report");
	struct verdict v = verdict_of(VERDICT_NAMED, &e, 1);
	struct buf b;

	e.role = ROLE_CULPRIT;
	buf_init(&b, 1 << 16);
	verdict_text(&v, &view, &b);
	is_str(b.data, expected, "the whole text");
	buf_release(&b);
}

static bool holds(const struct buf *b, const char *part)
{
	if (strstr(b->data, part))
		return true;
	printf("# no %s\n", part);
	return false;
}

static void test_plain_words(void)
{
	static char longest[3001];
	struct verdict_entity e = suspect("nightly-report");
	struct verdict_entity victim = {
		.name = STR_LIT("db"),
		.role = ROLE_VICTIM,
		.delta = -0.2,
		.incident = 0.17,
		.baseline = 0.37,
		.levels = low,
		.hit = hits,
	};
	struct verdict v = verdict_of(VERDICT_NAMED, &e, 1);
	struct buf b;

	e.baseline = 0.0004;
	e.delta_low = -0.0001;
	v.block_ns = 2500 * NSEC_PER_SEC / 1000;
	v.victims = &victim;
	v.victim_cnt = 1;
	buf_init(&b, 1 << 16);
	verdict_text(&v, NULL, &b);
	ok(holds(&b, "(0 → 1.44)") && holds(&b, "[0, 1.51]"), "a level of nothing is 0");
	ok(holds(&b, "stretches of 2.5s"), "no needless zeros in durations");
	ok(holds(&b, "\n  nightly-report      1.44         0  +1.42") &&
		   holds(&b, "\n  db                  0.17      0.37  -0.20"),
	   "the victims' columns stand under the suspects'");
	incidents[2].from_ns += 86400 * S;
	buf_clear(&b);
	verdict_text(&v, NULL, &b);
	ok(holds(&b, "    2026-01-02T00:02:00Z    0.010  ["),
	   "incidents of several days are dated");
	incidents[2].from_ns -= 86400 * S;
	for (size_t i = 0; i + 1 < sizeof(longest); i++)
		longest[i] = (char)('a' + i % 26);
	e.name = str_of(longest);
	buf_clear(&b);
	verdict_text(&v, NULL, &b);
	ok(b.len < 3000 && holds(&b, "  abcdefghijklmnop...bcdefghij      1.44 "),
	   "a name of 3 kB does not push everything else off the screen");
	buf_release(&b);
}

static void test_hostile_names(void)
{
	struct verdict_entity e = suspect("a\x1b[31mb\nc");
	struct verdict v = verdict_of(VERDICT_SHORTLIST, &e, 1);
	struct verdict_view view = {.incident = STR_LIT("x\ry")};
	struct buf b;

	v.notes = notes;
	v.note_cnt = 1;
	buf_init(&b, 1 << 16);
	verdict_text(&v, &view, &b);
	ok(!strchr(b.data, '\x1b') && !strchr(b.data, '\r') && !strstr(b.data, "b\nc"),
	   "nothing from outside moves the cursor");
	buf_clear(&b);
	verdict_json(&v, &view, &b);
	ok(!strchr(b.data, '\x1b') && !strchr(b.data, '\r'), "…nor in JSON");
	buf_release(&b);
	buf_init(&b, 16);
	verdict_text(&v, &view, &b);
	ok(buf_error(&b), "a ceiling is an error of the buf");
	buf_release(&b);
}

static void test_json(void)
{
	const struct str frames[] = {STR_LIT("main"), STR_LIT("say \"hi\"")};
	const struct descend path = {.frames = frames, .frame_cnt = 2};
	struct verdict_view view = {.paths = &path, .path_cnt = 1, .key = STR_LIT("cgroup")};
	struct verdict_entity e = suspect("nightly-report");
	struct verdict_entity victim = {
		.name = STR_LIT("db"),
		.role = ROLE_VICTIM,
		.delta = -0.2,
		.incident = 0.17,
		.baseline = 0.37,
		.hits = 3,
		.levels = low,
		.hit = hits,
	};
	struct verdict v = verdict_of(VERDICT_NEED_MORE, &e, 1);
	struct buf b;

	v.needed = 5;
	v.victims = &victim;
	v.victim_cnt = 1;
	buf_init(&b, 1 << 16);
	verdict_json(&v, &view, &b);
	ok(holds(&b, "{\n  \"version\": 1,\n  \"verdict\": \"need-more\",\n  \"incident\": null,\n"
		     "  \"recurrences\": 3,\n  \"needed\": 5,\n  \"missing\": 2,\n"),
	   "begins with the verdict");
	ok(holds(&b, "\"labels\": {\n        \"cgroup\": \"nightly-report\"\n      }"), "labels");
	ok(holds(&b, "\"posterior\": 0.9876") && holds(&b, "\"e_false\": 0.00042") &&
		   holds(&b, "\"p_adj\": 0.004") && holds(&b, "\"delta_cores\": 1.42") &&
		   holds(&b, "\"cores_incident\": 1.44") && holds(&b, "\"cores_baseline\": 0.02") &&
		   holds(&b, "\"hits\": 2") && holds(&b, "\"role\": \"suspect\""),
	   "the fields of a suspect");
	ok(holds(&b, "\"say \\\"hi\\\"\""), "its path");
	ok(holds(&b, "\"role\": \"victim\"") && holds(&b, "\"delta_cores\": -0.2") &&
		   holds(&b, "\"posterior\": null"),
	   "those of a victim");
	ok(holds(&b, "\"from\": 1767225600,") && holds(&b, "\"lost\": 0.01"), "times and losses");
	ok(b.len && b.data[b.len - 1] == '\n', "ends with a newline");
	buf_clear(&b);
	v.measure = MEASURE_SAMPLES;
	v.needed = -1;
	verdict_json(&v, NULL, &b);
	ok(holds(&b, "\"unit\": \"samples/s\"") && holds(&b, "\"delta_cores\": null") &&
		   holds(&b, "\"delta\": 1.42") && holds(&b, "\"needed\": null"),
	   "in another unit nothing claims to be cores");
	buf_release(&b);
}

static void is_luck(double e_false, const char *want)
{
	struct verdict_entity e = suspect("x");
	struct verdict v = verdict_of(VERDICT_NAMED, &e, 1);
	struct buf b;

	e.e_false = e_false;
	buf_init(&b, 1 << 16);
	verdict_add_luck_words(&b, &v, &e);
	ok(holds(&b, want), "E_false %g: %s", e_false, want);
	buf_release(&b);
}

static void test_sentences(void)
{
	const struct where at = {.items = {{STR_LIT("nightly.service"), 1}}, .cnt = 1};
	struct verdict_view view = {.places = &at, .place_cnt = 1};
	struct verdict_entity e = suspect("x");
	struct verdict v = verdict_of(VERDICT_NAMED, &e, 1);
	struct where odd = at;
	struct buf b;

	is_luck(0.00001, "less than once in 10,000 cases");
	is_luck(0.00061, "at most once in 1,600 cases");
	is_luck(0.02, "at most once in 50 cases");
	is_luck(0.4, "at most once in 2 cases");
	is_luck(3.21, "3.2 innocent ones");
	buf_init(&b, 1 << 16);
	verdict_add_command(&b, &v, &view);
	is_str(b.data, "systemctl set-property --runtime nightly.service CPUQuota=20%",
	       "a unit can be slowed down");
	buf_clear(&b);
	odd.items[0].name = STR_LIT("x;reboot;.service");
	view.places = &odd;
	verdict_add_command(&b, &v, &view);
	odd.items[0].name = STR_LIT("-H.service");
	verdict_add_command(&b, &v, &view);
	odd.items[0].name = STR_LIT("container 0123");
	verdict_add_command(&b, &v, &view);
	v.kind = VERDICT_NEED_MORE;
	view.places = &at;
	verdict_add_command(&b, &v, &view);
	ok(!b.len, "no command of names that a shell would read, nor without a verdict");
	v.entity_cnt = 1;
	verdict_add_luck_words(&b, &v, &e);
	ok(holds(&b, "no other process"), "alone on the machine");
	buf_clear(&b);
	verdict_add_rest(&b, &v);
	ok(holds(&b, "Nothing else is tied") && holds(&b, "1.2% is left"), "what is left");
	buf_release(&b);
}

static void test_recursion(void)
{
	const struct str frames[] = {STR_LIT("main"), STR_LIT("[lib]"), STR_LIT("[lib]"),
				     STR_LIT("[lib]"), STR_LIT("main")};
	const struct descend path = {.frames = frames, .frame_cnt = 5, .share = 0.9};
	struct verdict_view view = {.paths = &path, .path_cnt = 1};
	struct verdict_entity e = suspect("x");
	struct verdict v = verdict_of(VERDICT_NAMED, &e, 1);
	struct buf b;

	buf_init(&b, 1 << 16);
	verdict_text(&v, &view, &b);
	ok(holds(&b, "hot path: main > [lib] x3 > main (90% of its rise)\n"),
	   "frames of one name in a row are one");
	buf_release(&b);
}

static void test_work(void)
{
	struct descend x = {
		.work = {[WORK_LOCKS] = 0.3, [WORK_LOGGING] = 0.55, [WORK_RECLAIM] = 0.04}};
	struct verdict_view view = {.paths = &x, .path_cnt = 1};
	struct verdict_entity e = suspect("x");
	struct verdict v = verdict_of(VERDICT_NAMED, &e, 1);
	struct buf b;

	buf_init(&b, 1 << 16);
	verdict_text(&v, &view, &b);
	ok(holds(&b, "work: logging 55%, waiting for locks 30%; that is mostly done because of "
		     "others\n"),
	   "what sort of work rose, the most first, and what it means");
	buf_clear(&b);
	verdict_markdown(&v, &view, &b);
	ok(holds(&b, "Work: logging 55%, waiting for locks 30%;"), "in Markdown, too");
	buf_clear(&b);
	x.work[WORK_LOGGING] = 0.1;
	verdict_text(&v, &view, &b);
	ok(holds(&b, "work: waiting for locks 30%, logging 10%\n"), "of less nothing is concluded");
	buf_release(&b);
}

static struct diff *make_diff(void)
{
	struct diff *d;
	struct profile *a = profile_of(PROFILE_NANOSECONDS, 10, "x;main;idle 100"),
		       *b = profile_of(PROFILE_NANOSECONDS, 10, "x;main;run 5000\n<b>;f 10");

	must(diff_new(a, b, NULL, &d), "diff");
	profile_free(a);
	profile_free(b);
	return d;
}

static size_t count(const struct buf *b, const char *part)
{
	size_t n = 0;

	for (const char *p = b->data; (p = strstr(p, part)); p++)
		n++;
	return n;
}

/* All that can be many is cut; what is cut is counted. */
static void test_markdown(void)
{
	enum { MANY = 200 };
	static double all_levels[MANY];
	static bool all_hits[MANY];
	static struct blame_incident all[MANY];
	static char *all_notes[64];
	struct verdict_entity e[5], victims[5];
	struct verdict v = verdict_of(VERDICT_SHORTLIST, e, 5);
	struct buf b;

	for (size_t i = 0; i < 5; i++) {
		e[i] = victims[i] = suspect("a|b`c<d>");
		e[i].levels = victims[i].levels = all_levels;
		e[i].hit = victims[i].hit = all_hits;
	}
	for (size_t i = 0; i < 64; i++)
		all_notes[i] = note;
	v.recurrences = MANY;
	v.incidents = v.windows = all;
	v.victims = victims;
	v.victim_cnt = 5;
	v.notes = all_notes;
	v.note_cnt = 64;
	buf_init(&b, 1 << 20);
	verdict_markdown(&v, NULL, &b);
	ok(count(&b, "\n") <= VERDICT_MARKDOWN_MAX_LINES, "it fits a ticket: %zu lines",
	   count(&b, "\n"));
	ok(holds(&b, "… and 190 more\n") && holds(&b, "and 58 more notes"), "the rest is counted");
	ok(count(&b, "| `a\\|b'c<d>` |") == 5, "names in tables");
	ok(!strchr(b.data, '\x1b'), "nothing moves the cursor");
	buf_release(&b);
	buf_init(&b, 100);
	verdict_markdown(&v, NULL, &b);
	ok(buf_error(&b), "a ceiling is an error of the buf");
	buf_release(&b);
}

static void test_html(void)
{
	struct verdict_entity e[2] = {suspect("x"), suspect("<b>\"&")};
	struct verdict_view view = {.incident = STR_LIT("</title><script>")};
	struct verdict v = verdict_of(VERDICT_SHORTLIST, e, 2);
	struct diff *d = make_diff();
	struct buf b;

	e[1].role = ROLE_REACTS;
	v.notes = notes;
	v.note_cnt = 1;
	buf_init(&b, 1 << 20);
	is_i64(verdict_html(&v, &view, d, &b), 0, "a page");
	ok(holds(&b, "Who is behind &#39;&lt;/title&gt;&lt;script&gt;") ||
		   holds(&b, "Who is behind '&lt;/title&gt;&lt;script&gt;'"),
	   "the incident's name is no markup");
	ok(holds(&b, "&lt;b&gt;&quot;&amp;") && !strstr(b.data, "<b>\"&"), "nor a process's");
	ok(count(&b, "<tr class=\"hit\">") == 4 && count(&b, "<tr class=\"miss\">") == 2,
	   "a lane for each recurrence of each suspect");
	ok(holds(&b, "data-focus=\"x\""), "the graph opens at the first");
	ok(holds(&b, "reacts") && holds(&b, "nightly") && !strchr(b.data, '\x1b'),
	   "remarks and notes");
	ok(!strstr(b.data, " style=\""), "nothing that the policy would refuse");
	buf_clear(&b);
	v = verdict_of(VERDICT_CPU_DID_NOT_RISE, NULL, 0);
	is_i64(verdict_html(&v, NULL, d, &b), 0, "without a suspect, too");
	ok(!strstr(b.data, "class=\"tiles\"") && !strstr(b.data, "data-focus"),
	   "there are no tiles");
	buf_release(&b);
	buf_init(&b, 4096);
	ok(verdict_html(&v, NULL, d, &b) < 0, "a ceiling is an error");
	buf_release(&b);
	diff_free(d);
}

int main(void)
{
	test_headlines();
	test_text();
	test_plain_words();
	test_hostile_names();
	test_json();
	test_sentences();
	test_recursion();
	test_work();
	test_markdown();
	test_html();
	return tap_done();
}
