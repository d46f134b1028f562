// SPDX-License-Identifier: Apache-2.0
/*
 * Several causes of one incident: each explains its part, whether the first is named by all incidents or
 * they stand in each other's way; and nobody becomes a second cause who is none.
 */
#include "blame/causes.h"

#include <math.h>

#include "blame/evidence.h"
#include "unit/blame_scene.h"
#include "unit/blame_world.h"
#include "unit/tap.h"

static const char *const names[] = {"api",  "backup", "cron",	"db",  "indexer", "logger",
				    "mail", "proxy",  "vacuum", "web", NULL};

/* 6,000 windows of 10 s; the incidents are 40 s long and at no period. */
static const struct blame_incident incidents[] = {
	{START + 2300 * S, START + 2340 * S},	{START + 7010 * S, START + 7050 * S},
	{START + 12730 * S, START + 12770 * S}, {START + 17950 * S, START + 17990 * S},
	{START + 24070 * S, START + 24110 * S}, {START + 29390 * S, START + 29430 * S},
	{START + 36110 * S, START + 36150 * S}, {START + 41870 * S, START + 41910 * S},
	{START + 47530 * S, START + 47570 * S}, {START + 54190 * S, START + 54230 * S},
};

static const char *causes; /* one letter for each incident: who causes it, '-': nobody's CPU */
static bool reacts;	   /* the logger, to each of them, less than its cause */

static char cause_at(uint32_t window)
{
	int64_t from = START + (int64_t)window * 10 * S;

	for (size_t k = 0; causes[k]; k++)
		if (incidents[k].from_ns < from + 10 * S && incidents[k].until_ns > from)
			return causes[k];
	return ' ';
}

static double level(const char *name, uint32_t window, bool inside)
{
	double hum = 0.2 + 0.1 * noise(name_id(name), window);
	char cause = cause_at(window);

	if (!strcmp(name, "backup"))
		return cause == 'b' || cause == 'x' ? 1.2 : 0.1 * (hum - 0.2);
	if (!strcmp(name, "vacuum"))
		return cause == 'v' || cause == 'x' ? 0.9 : 0.2 * (hum - 0.2);
	if (!strcmp(name, "indexer"))
		return cause == 'i' ? 1.1 : 0.3 * (hum - 0.2);
	if (!strcmp(name, "logger") && reacts && inside)
		return 0.8;
	return hum;
}

static struct verdict *judge(const char *who, const struct blame_opts *o)
{
	struct scene s = {.names = names, .level = level, .inc = incidents, .windows = 6000};
	struct verdict *v = NULL;
	struct timeline *t;
	struct err err;

	causes = who;
	s.inc_cnt = strlen(who);
	t = build(&s);
	if (!t || causes_run(t, s.inc, s.inc_cnt, o, &v, &err))
		printf("# %s\n", t ? err.text : "no timeline");
	timeline_free(t);
	return v;
}

/* "backup 0123, vacuum 456" */
static void tell(const struct verdict *v, char *ret, size_t size)
{
	size_t n = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < v->cause_cnt && n < size; i++) {
		const struct verdict_cause *c = &v->causes[i];

		n += (size_t)snprintf(ret + n, size - n, "%s%s ", i ? ", " : "",
				      v->suspects[c->suspect].name.p);
		for (uint32_t k = 0; k < c->incident_cnt && n < size; k++)
			n += (size_t)snprintf(ret + n, size - n, "%u", c->incidents[k]);
	}
}

static struct verdict *expect(const char *who, enum verdict_kind kind, const char *want,
			      uint32_t open)
{
	struct verdict *v = judge(who, NULL);
	char told[256];

	if (!ok(v, "%s: a verdict", who))
		exit(1);
	tell(v, told, sizeof(told));
	is_str(verdict_kind_name(v->kind), verdict_kind_name(kind), "%s", who);
	is_str(told, want, "…the causes");
	is_u64(v->open_cnt, open, "…and what is open");
	return v;
}

static void test_two(void)
{
	struct verdict *v = expect("bvbvbvb", VERDICT_NAMED, "backup 0246, vacuum 135", 0);
	const struct verdict_entity *e;

	is_u64(v->recurrences, 7, "all incidents are in it");
	for (size_t i = 0; i < v->cause_cnt; i++) {
		e = &v->suspects[v->causes[i].suspect];
		ok(e->role == ROLE_CULPRIT && e->linked && e->posterior > 0.9 && !e->tie_group,
		   "%s is a culprit", e->name.p);
		is_u64(e->hits, v->causes[i].incident_cnt, "…which hits what it explains");
		is_u64(v->causes[i].judged, v->causes[i].incident_cnt,
		       "…judged by what the other leaves");
		ok(e->evidence && !e->evidence->why_cnt, "…with its evidence, and nothing against");
		for (uint32_t k = 0; k < 7; k++)
			if (e->hit[k] != (e->levels[k] > 0.5) ||
			    e->evidence->recurrences[k].hit != e->hit[k])
				ok(false, "incident %u", k);
	}
	is_near(v->suspects[0].delta, 1.19, 0.01, "its rise is that of its own incidents");
	is_near(v->suspects[1].delta, 0.88, 0.01, "so is the other one's");
	verdict_free(v);
}

static void test_three(void)
{
	verdict_free(
		expect("bvibvibvib", VERDICT_NAMED, "backup 0369, indexer 258, vacuum 147", 0));
}

static void test_open(void)
{
	struct verdict *v = expect("bbbb---", VERDICT_NAMED, "backup 0123", 3);

	ok(!v->open_leader.p, "nobody leads in what is open");
	verdict_free(v);
	v = expect("bbbbvv", VERDICT_NAMED, "backup 0123", 2);
	is_str(v->open_leader.p, "vacuum", "two are too few to name, but it leads there");
	verdict_free(v);
	v = expect("bbbbbbb", VERDICT_NAMED, "backup 0123456", 0);
	is_u64(v->causes[0].judged, 7, "one cause of all: judged by all");
	is_near(v->causes[0].choices, 1, 0, "…without a choice");
	verdict_free(v);
}

/* The one that both hit is explained once. */
static void test_both_at_once(void)
{
	struct verdict *v = judge("xvbvbvb", NULL);
	uint32_t sum = 0;
	char told[256] = "";

	if (v)
		tell(v, told, sizeof(told));
	for (size_t i = 0; v && i < v->cause_cnt; i++)
		sum += v->causes[i].incident_cnt;
	ok(v && v->cause_cnt && sum + v->open_cnt == 7, "both in one: it is explained once (%s)",
	   told);
	verdict_free(v);
}

/* Who rises in the others' incidents, too, is no cause of the rest. */
static void test_reacting(void)
{
	struct verdict *v;

	reacts = true;
	v = judge("bbbb---", NULL);
	ok(v && v->cause_cnt < 2, "it reacts to what nobody's CPU caused: no second cause");
	for (size_t i = 0; v && i < v->cause_cnt; i++)
		is_str(v->suspects[v->causes[i].suspect].name.p, "backup", "…but for the true one");
	verdict_free(v);
	reacts = false;
}

static void test_asked(void)
{
	struct blame_opts o = {.explain = STR_LIT("vacuum")};
	struct verdict *v = judge("bvbvbvb", &o);

	ok(v && v->explained && v->explained->role == ROLE_CULPRIT && v->explained->hits == 3 &&
		   !v->explained->evidence->why_cnt,
	   "who is asked about is told of as the cause that it is");
	verdict_free(v);
}

/* The figures of README.md. */
static void test_choices(void)
{
	double f = 0.5 / 201, two, three, week;

	is_near(causes_choices(5, 2), 10 * 3 / 2.0, 1e-9, "two of five: ten sets");
	is_near(causes_choices(6, 3), 20 * 4 / 2.0, 1e-9, "three of six: twenty");
	is_near(causes_choices(7, 7), 1, 1e-9, "all: one");
	is_near(causes_choices(3, 4), 0, 0, "more than there are: none");
	ok(isfinite(causes_choices(BLAME_MAX_INCIDENTS, BLAME_MAX_INCIDENTS / 2)),
	   "large ones are numbers");
	two = causes_choices(5, 2) * evidence_false_matches(300, f, 200, 2, 0);
	three = causes_choices(6, 3) * evidence_false_matches(300, f, 200, 3, 0);
	week = causes_choices(5, 2) * evidence_false_matches(300, 0.5 / 1401, 1400, 2, 0);
	is_near(two, 0.166, 0.0005, "a day of history: two of five cannot be named");
	is_near(week, 0.0034, 0.00005, "a week: they can");
	is_near(three, 0.0054, 0.00005, "a day: three of six can");
	is_near(evidence_log_bf(f, 3, 0), 17.5, 0.05,
		"busy in all three that are aside: 17.5 nats");
	is_near(evidence_log_bf(f, 1, 2), 2.0, 0.05, "in one of them: 2");
	for (unsigned int k = 4; k <= 12; k++)
		for (unsigned int h = 2; h <= k - 2; h++)
			if (causes_choices(k, h) * evidence_false_matches(300, f, 200, h, 0) <
			    evidence_false_matches(300, f, 200, h, k - h))
				ok(false, "%u of %u would be named more easily than at first", h,
				   k);
}

/* ---- worlds: the generator's two causes, and worlds that have no second one ---- */

struct tally {
	unsigned int worlds, both, one, several, wrong;
};

static void note(struct tally *t, const struct verdict *v)
{
	bool first = false, second = false, wrong = false;

	for (size_t i = 0; i < v->cause_cnt; i++) {
		struct str name = v->suspects[v->causes[i].suspect].name;

		if (str_eq(name, STR_LIT("culprit")))
			first = true;
		else if (str_eq(name, STR_LIT("second")))
			second = true;
		else
			wrong = true;
	}
	t->worlds++;
	t->both += first && second;
	t->one += first != second;
	t->several += v->cause_cnt > 1;
	t->wrong += wrong;
}

static struct tally play(struct world_opts o, unsigned int worlds)
{
	struct tally t = {0};

	for (unsigned int s = 0; s < worlds; s++) {
		struct verdict *v;
		struct world w;

		o.seed = 1 + s;
		if (!world_make(&w, &o))
			exit(2);
		v = world_blame(&w);
		world_release(&w);
		if (!v)
			exit(2);
		note(&t, v);
		verdict_free(v);
	}
	printf("# %u worlds: both %u, one of them %u, several %u, somebody else %u\n", t.worlds,
	       t.both, t.one, t.several, t.wrong);
	return t;
}

static void test_worlds(void)
{
	struct world_opts o = {
		.services = 60,
		.rare = 40,
		.windows = 960,
		.window_s = 60,
		.cpus = 16,
		.hz = 19,
		.incident_s = 300,
		.label_error_s = 40,
		.symptom_s = 20,
		.react_s = 60,
		.k = 8,
		.culprit = 1.5,
		.second = 1.5,
		.seconds = 4,
	};
	struct tally t = play(o, 20);

	ok(t.both * 10 >= t.worlds * 4 && (t.both + t.one) * 10 >= t.worlds * 8 && !t.wrong,
	   "two causes, four each: both named in 40%%, one at least in 80%%");
	o.reacting = 4;
	o.victims = 8;
	o.helpers = 2;
	t = play(o, 20);
	ok(t.both * 10 >= t.worlds * 2, "others react to both: in 20%%");
	ok(t.wrong * 20 <= t.worlds, "…somebody else in at most 5%%");
	o.second = 0;
	t = play(o, 20);
	ok(t.several * 20 <= t.worlds && t.wrong * 20 <= t.worlds,
	   "the other one takes no CPU: no second cause");
	o.seconds = 0;
	o.wrong = 3;
	t = play(o, 20);
	ok(t.several * 20 <= t.worlds && t.wrong * 20 <= t.worlds,
	   "three labels are wrong: no second cause");
}

int main(void)
{
	test_two();
	test_three();
	test_open();
	test_both_at_once();
	test_reacting();
	test_asked();
	test_choices();
	test_worlds();
	return tap_done();
}
