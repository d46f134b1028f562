// SPDX-License-Identifier: Apache-2.0
/*
 * How often blame is right and, above all, how seldom wrong, over fixed seeds. The bounds leave
 * room for another compiler's rounding; the grid in tests/bench prints the figures themselves.
 */
#include "unit/blame_world.h"
#include "unit/tap.h"

struct tally {
	unsigned int worlds, right, wrong, first, kinds[6], sure, sure_right;
};

/* Sixteen hours of minutes, sixteen CPUs. */
static const struct world_opts day = {
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
};

/* What the demonstration of the program looks like. */
static const struct world_opts demo = {
	.services = 50,
	.rare = 10,
	.windows = 120,
	.window_s = 1,
	.cpus = 2,
	.hz = 97,
	.incident_s = 3,
	.incident_max_s = 5,
	.label_error_s = 0.7,
	.symptom_s = 0.4,
	.victims = 3,
};

static void play(struct tally *t, struct world_opts o, unsigned int worlds)
{
	for (unsigned int s = 0; s < worlds; s++) {
		struct world w;
		struct verdict *v;
		int place;

		o.seed = 1 + s;
		if (!world_make(&w, &o))
			exit(2);
		v = world_blame(&w);
		world_release(&w);
		if (!v)
			exit(2);
		place = world_place(v);
		t->worlds++;
		t->kinds[v->kind]++;
		t->right += v->kind == VERDICT_NAMED && !place;
		t->wrong += v->kind == VERDICT_NAMED && place;
		t->first += !place;
		for (size_t i = 0; i < v->suspect_cnt; i++) {
			if (v->suspects[i].posterior < 0.9)
				continue;
			t->sure++;
			t->sure_right += (int)i == place;
		}
		verdict_free(v);
	}
	printf("# %u worlds: named right %u, wrong %u, first %u; short list %u, schedule %u, no "
	       "rise %u, need more %u\n",
	       t->worlds, t->right, t->wrong, t->first, t->kinds[VERDICT_SHORTLIST],
	       t->kinds[VERDICT_SCHEDULE_CONFOUNDED], t->kinds[VERDICT_CPU_DID_NOT_RISE],
	       t->kinds[VERDICT_NEED_MORE]);
}

static void test_null(void)
{
	struct tally random = {0}, hourly = {0};

	for (uint32_t k = 2; k <= 5; k++) {
		struct world_opts o = day;

		o.k = k;
		play(&random, o, 30);
		o.clock = WORLD_HOURLY;
		play(&hourly, o, 30);
	}
	ok(random.wrong * 20 <= random.worlds, "no culprit, any time: named in at most 5%%");
	ok(hourly.wrong * 20 <= hourly.worlds, "no culprit, on the hour: named in at most 5%%");
	ok(random.kinds[VERDICT_SHORTLIST] * 10 <= random.worlds &&
		   hourly.kinds[VERDICT_SHORTLIST] * 10 <= hourly.worlds,
	   "…and a short list in at most 10%%");
}

static void test_hits(void)
{
	struct tally alone = {0}, reacting = {0}, hourly = {0};
	struct world_opts o = day;

	o.k = 4;
	o.culprit = 1.5;
	play(&alone, o, 30);
	ok(alone.first * 10 >= alone.worlds * 9, "+1.5 of 16 cores, four times: first in 90%%");
	ok(alone.right * 10 >= alone.worlds * 8 && !alone.wrong, "…named in 80%%, nobody else");
	o.reacting = 6;
	o.victims = 8;
	o.helpers = 3;
	play(&reacting, o, 30);
	ok(reacting.first * 10 >= reacting.worlds * 8, "others react to it: first in 80%%");
	ok(reacting.wrong * 20 <= reacting.worlds, "…another one named in at most 5%%");
	o.clock = WORLD_HOURLY;
	play(&hourly, o, 30);
	ok(hourly.first * 10 >= hourly.worlds * 8, "on the hour: first in 80%%");
	ok(hourly.wrong * 20 <= hourly.worlds, "…another one named in at most 5%%");
	ok((alone.sure_right + reacting.sure_right + hourly.sure_right) * 10 >=
		   (alone.sure + reacting.sure + hourly.sure) * 9,
	   "of those that are 90%% sure, 90%% are right");
}

static void test_wrong_labels(void)
{
	struct tally t = {0};
	struct world_opts o = day;

	o.k = 4;
	o.culprit = 1.5;
	o.wrong = 1;
	o.reacting = 6;
	o.victims = 8;
	o.helpers = 3;
	play(&t, o, 30);
	ok(t.first * 10 >= t.worlds * 9, "one label in four is wrong: first in 90%%");
	ok(t.wrong * 20 <= t.worlds, "…another one named in at most 5%%");
}

static void test_quiet_culprit(void)
{
	struct tally t = {0};
	struct world_opts o = day;

	o.k = 4;
	o.reacting = 4;
	o.victims = 8;
	o.helpers = 3;
	play(&t, o, 30);
	ok(t.wrong * 10 <= t.worlds, "the culprit takes no CPU, others react: seldom named");
}

static void test_one_incident(void)
{
	struct tally t = {0};
	struct world_opts o = day;

	o.k = 1;
	o.culprit = 5;
	play(&t, o, 20);
	ok(!t.right && !t.wrong && !t.kinds[VERDICT_SHORTLIST], "one incident names nobody");
}

static void test_demo(void)
{
	struct tally t = {0}, null = {0};
	struct world_opts o = demo;

	o.k = 5;
	o.culprit = 0.9;
	play(&t, o, 60);
	ok(t.right * 10 >= t.worlds * 8, "two minutes of seconds, five times: named in 80%%");
	ok(t.wrong * 20 <= t.worlds, "…another one in at most 5%%");
	o.culprit = 0;
	o.victims = 0;
	play(&null, o, 60);
	ok(null.wrong * 20 <= null.worlds, "the same without a culprit: named in at most 5%%");
	ok(null.kinds[VERDICT_SHORTLIST] * 10 <= null.worlds, "…a short list in at most 10%%");
}

int main(void)
{
	test_null();
	test_hits();
	test_wrong_labels();
	test_quiet_culprit();
	test_one_incident();
	test_demo();
	return tap_done();
}
