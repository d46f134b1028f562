// SPDX-License-Identifier: Apache-2.0
/*
 * Whoever is asked about gets its own evidence, whether it is listed or not, and the verdict stays the
 * same.
 */
#include "blame/blame.h"

#include <math.h>

#include "unit/blame_scene.h"
#include "unit/tap.h"

static const struct blame_incident incidents[] = {{START + 310 * S, START + 370 * S},
						  {START + 1150 * S, START + 1210 * S},
						  {START + 2030 * S, START + 2090 * S},
						  {START + 3490 * S, START + 3550 * S}};

static const char *const names[] = {"calm", "culprit", "once", "small", "victim", NULL};

static double level(const char *name, uint32_t window, bool inside)
{
	double wobble = 0.02 * noise(name_id(name), window);

	if (!strcmp(name, "culprit"))
		return (inside ? 1.5 : 0.1) + wobble;
	if (!strcmp(name, "victim"))
		return (inside ? 0.4 : 0.9) + wobble;
	if (!strcmp(name, "small"))
		return inside ? 0.03 : 0.01;
	if (!strcmp(name, "once"))
		return window == 116 ? 0.5 : 0.01 + wobble;
	return 0.3 + wobble;
}

static struct verdict *ask(const char *who, int want)
{
	struct scene s = {
		.names = names, .level = level, .inc = incidents, .inc_cnt = ARRAY_SIZE(incidents)};
	struct blame_opts o = {.explain = str_of(who)};
	struct timeline *t = build(&s);
	struct verdict *v = NULL;
	struct err err = {{0}};

	is_i64(blame_run(t, incidents, ARRAY_SIZE(incidents), &o, &v, &err), want, "asked for '%s'",
	       who);
	timeline_free(t);
	return v;
}

static bool says(const struct verdict_entity *e, const char *part)
{
	const struct verdict_evidence *x = e->evidence;

	for (size_t i = 0; i < x->why_cnt; i++)
		if (strstr(x->why[i], part))
			return true;
	return false;
}

/* What holds of all of them. */
static void check(const struct verdict *v, const char *who)
{
	const struct verdict_entity *e = v->explained;
	const struct verdict_evidence *x = e->evidence;
	uint32_t hits = 0;
	bool sums = true;

	is_str(e->name.p, who, "its own name");
	for (uint32_t k = 0; k < v->recurrences; k++) {
		const struct verdict_recurrence *r = &x->recurrences[k];

		sums &= fabs(r->level - r->usual - r->change) < 1e-9 && r->level == e->levels[k];
		hits += r->hit;
	}
	ok(sums, "levels and changes agree");
	is_u64(hits, e->hits, "so do the hits");
	is_i64(v->kind, VERDICT_NAMED, "the verdict stays");
	is_str(v->suspects[0].name.p, "culprit", "and who is named");
}

int main(void)
{
	struct verdict *v = ask("", 0);

	ok(!v->explained, "nobody is explained unasked");
	verdict_free(v);

	v = ask("culprit", 0);
	check(v, "culprit");
	ok(!v->explained->evidence->why_cnt && v->explained->evidence->rank == 1,
	   "nothing speaks against the named");
	ok(v->explained->role == ROLE_CULPRIT && v->explained->hits == 4, "4 hits");
	for (uint32_t k = 0; k < 4; k++)
		ok(v->explained->evidence->recurrences[k].timed &&
			   fabs(v->explained->evidence->recurrences[k].onset_s) <= 10,
		   "it began at the mark");
	is_near(v->explained->evidence->recurrences[0].usual, 0.11, 0.005, "against what is usual");
	verdict_free(v);

	v = ask("victim", 0);
	check(v, "victim");
	ok(v->explained->role == ROLE_VICTIM && says(v->explained, "a victim"), "a victim");
	ok(v->explained->evidence->recurrences[1].change < -0.45 &&
		   v->explained->evidence->recurrences[1].timed,
	   "its loss has a time, too");
	verdict_free(v);

	v = ask("small", 0);
	check(v, "small");
	ok(says(v->explained, "its rise is small"), "a small rise is said to be");
	verdict_free(v);

	v = ask("once", 0);
	check(v, "once");
	ok(says(v->explained, "luck explains it"), "one busy window is luck");
	verdict_free(v);

	v = ask("calm", 0);
	check(v, "calm");
	ok(v->explained->evidence->why_cnt > 0 && v->explained->evidence->rank > 1,
	   "there is always a reason");
	verdict_free(v);

	ok(!ask("nobody", -ENOENT), "who is not there has no evidence");
	return tap_done();
}
