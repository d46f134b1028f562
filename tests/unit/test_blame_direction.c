// SPDX-License-Identifier: Apache-2.0
/* Who rose first: the formulas by worked numbers, then worlds in which only the order differs. */
#include "blame/direction.h"

#include <math.h>

#include "unit/blame_scene.h"
#include "unit/tap.h"

static void test_step(void)
{
	/* README: a rise from 1 to 3 that begins a quarter into slot 4 fills it by three quarters */
	const double up[] = {1, 1, 1, 1, 2.5, 3, 3, 3}, down[] = {3, 3, 3, 2, 1, 1, 1, 1};
	const double flat[] = {1, 1, 1, 1, 1, 1}, noisy[] = {0, 2, 0, 2, 1, 2, 0, 2, 1, 2};
	const double unsure[] = {1, 2, 1, 2, 1, 3, 2, 3};
	struct step s = {0};

	ok(direction_step(up, 8, 1, &s), "a step up");
	is_near(s.at, 4.25, 1e-9, "…a quarter into its slot");
	is_near(s.size, 2, 1e-9, "…of its size");
	is_near(s.error, 0.2, 1e-9, "…known to a fifth of a slot at best");
	ok(direction_step(down, 8, -1, &s), "a step down");
	is_near(s.at, 3.5, 1e-9, "…half way through its slot");
	/* README: sd 0.612 of a step of 1; slots from 1 to 6.75 fit with 0.06 to 0.37 */
	ok(direction_step(unsure, 8, 1, &s), "a step in noise");
	is_near(s.at, 5, 1e-9, "…where it fits best");
	is_near(s.error, 1.549099, 1e-6, "…but known only as well as other places fit");
	ok(!direction_step(up, 8, -1, &s) && !direction_step(flat, 6, 1, &s),
	   "no step where nothing goes that way");
	ok(!direction_step(noisy, 10, 1, &s), "…nor where noise is as large");
	ok(!direction_step(up, 3, 1, &s), "…nor in three slots");
}

static void test_behind(void)
{
	const double late[] = {2, 2, 5}, even[] = {1, -1, 0.5}, early[] = {-3, -3, -3};

	is_near(direction_pool(late, 3), 6 / sqrt(3), 1e-9, "pooled; no incident counts above two");
	is_near(direction_behind(direction_pool(late, 3), 3), 3, 1e-9, "…is three nats at most");
	is_near(direction_behind(4, 5), 4.5, 1e-9, "4 standard errors: (4 - 1)^2 / 2");
	ok(direction_behind(direction_pool(even, 3), 3) == 0, "neither first: nothing");
	ok(direction_behind(direction_pool(early, 3), 3) == 0, "first itself: nothing");
	ok(direction_behind(direction_pool(late, 0), 0) == 0, "no incident: nothing");
}

static void test_spearman(void)
{
	const double a[] = {1, 2, 3, 4, 5}, b[] = {10, 20, 40, 30, 50}, c[] = {7, 7, 7, 7, 7};
	double scratch[10];

	is_near(direction_spearman(a, b, 5, scratch), 0.9, 1e-9, "rank correlation");
	is_near(direction_spearman(a, a, 5, scratch), 1, 1e-9, "…of the same");
	ok(direction_spearman(a, c, 5, scratch) == 0, "…of a constant is none");
}

static const char *const names[] = {"api", "batch", "db", "indexer", "mail", "web", NULL};
static int shift; /* windows by which the indexer comes later */

static bool runs(uint32_t window, int late)
{
	static const uint32_t starts[] = {30, 101, 173, 295};

	for (size_t i = 0; i < 4; i++)
		if (window >= starts[i] + (uint32_t)late && window < starts[i] + 9 + (uint32_t)late)
			return true;
	return false;
}

static double race(const char *name, uint32_t window, bool inside)
{
	double hum = 0.3 + 0.02 * noise(name_id(name), window);

	(void)inside;
	if (!strcmp(name, "batch"))
		return runs(window, 0) ? 1.1 : 0;
	if (!strcmp(name, "indexer"))
		return runs(window, shift) ? 1.2 : 0;
	if (!strcmp(name, "web") && runs(window, 1))
		return hum / 3;
	return hum;
}

static struct verdict *judge(const struct blame_opts *o, struct blame_incident *inc, size_t cnt)
{
	struct scene s = {.names = names, .level = race, .inc = inc, .inc_cnt = cnt};
	struct timeline *t = build(&s);
	struct verdict *v = NULL;
	struct err err;

	if (!t || blame_run(t, inc, cnt, o, &v, &err))
		printf("# %s\n", t ? err.text : "no timeline");
	timeline_free(t);
	return v;
}

static struct blame_incident labels[] = {
	{START + 310 * S, START + 390 * S},
	{START + 1020 * S, START + 1100 * S},
	{START + 1740 * S, START + 1820 * S},
	{START + 2960 * S, START + 3040 * S},
};

static const struct verdict_entity *find(const struct verdict *v, const char *name)
{
	for (size_t i = 0; v && i < v->suspect_cnt; i++)
		if (str_eq(v->suspects[i].name, str_of(name)))
			return &v->suspects[i];
	return NULL;
}

static void test_race(void)
{
	const struct verdict_entity *batch, *indexer;
	struct verdict *v;

	shift = 2;
	v = judge(NULL, labels, 4);
	batch = find(v, "batch");
	indexer = find(v, "indexer");
	if (ok(v && v->kind == VERDICT_NAMED, "two alike, one 20 s ahead: named")) {
		is_str(v->suspects[0].name.p, "batch", "…the first of them");
		ok(batch->role == ROLE_CULPRIT && batch->direction.onset == 0 &&
			   batch->direction.timed == 4,
		   "…whom nobody was ahead of");
		ok(batch->direction.after_loss < -1, "…not even the loss of the victim");
	}
	if (ok(indexer != NULL, "the other is shown")) {
		ok(indexer->role == ROLE_REACTS, "…as reacting");
		is_near(indexer->direction.behind_s, 20, 1, "…20 s after");
		is_str(indexer->after.p, "batch", "…the first");
	}
	verdict_free(v);
	shift = 0;
	v = judge(NULL, labels, 4);
	ok(v && v->kind == VERDICT_SHORTLIST && v->suspect_cnt == 2 &&
		   v->suspects[0].role == ROLE_SUSPECT && v->suspects[1].role == ROLE_SUSPECT,
	   "at the same time: a short list, neither reacts");
	verdict_free(v);
}

/* Twice, and one in two hundred allowed: nobody is linked, but the order is known. */
static void test_race_of_the_unlinked(void)
{
	struct blame_opts o = {.allowed_error = 0.005};
	const struct verdict_entity *indexer;
	struct verdict *v;

	shift = 2;
	v = judge(&o, labels, 2);
	indexer = find(v, "indexer");
	if (ok(v && v->suspect_cnt >= 2 && indexer, "two recurrences: both are told")) {
		ok(!v->suspects[0].linked && !indexer->linked, "…not linked");
		is_str(v->suspects[0].name.p, "batch", "…the first of them leads");
		ok(indexer->direction.onset < 0, "…since the other rose after it");
	}
	verdict_free(v);
}

static void test_signature(void)
{
	const struct str reacting = STR_LIT("indexer");
	struct blame_opts o = {.reacting = &reacting, .reacting_cnt = 1};
	struct verdict *plain, *told;
	const struct verdict_entity *e;

	shift = 0;
	plain = judge(NULL, labels, 4);
	told = judge(&o, labels, 4);
	e = find(told, "indexer");
	ok(e && e->direction.signature == -M_LN2, "waiting frames count against it");
	ok(e && find(plain, "indexer") && e->posterior < find(plain, "indexer")->posterior,
	   "…and lower what is sure of it");
	verdict_free(plain);
	verdict_free(told);
}

int main(void)
{
	test_step();
	test_behind();
	test_spearman();
	test_race();
	test_race_of_the_unlinked();
	test_signature();
	return tap_done();
}
