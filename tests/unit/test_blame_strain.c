// SPDX-License-Identifier: Apache-2.0
#include "blame/strain.h"

#include "unit/blame_scene.h"
#include "unit/tap.h"

static const char *const names[] = {"web", "cron", NULL};
static struct blame_incident incidents[] = {{0, 0}, {0, 0}, {0, 0}, {0, 0}};

/* Nobody takes more CPU in the incidents. */
static double level(const char *name, uint32_t window, bool in_incident)
{
	(void)in_incident;
	return 0.5 + 0.1 * noise(name_id(name), window);
}

static double calm(uint32_t window)
{
	return 0.01 + 0.02 * noise(7, window);
}

static double always(const char *name, uint32_t window, bool in_incident)
{
	(void)name;
	return in_incident ? 0.6 : calm(window);
}

static double only_once(const char *name, uint32_t window, bool in_incident)
{
	(void)name;
	return in_incident && window < 80 ? 0.6 : calm(window);
}

static double a_little(const char *name, uint32_t window, bool in_incident)
{
	(void)name;
	return calm(window) + (in_incident ? 0.03 : 0);
}

/* As high in every fifth window, incident or not. */
static double often(const char *name, uint32_t window, bool in_incident)
{
	(void)name;
	return in_incident || window / 6 % 5 == 0 ? 0.6 : calm(window);
}

static struct verdict *judge(level_fn io, size_t cnt)
{
	static const int64_t at_s[][2] = {{500, 560}, {1200, 1260}, {2210, 2270}, {3300, 3360}};
	struct scene s = {.names = names,
			  .level = level,
			  .inc = incidents,
			  .inc_cnt = ARRAY_SIZE(incidents),
			  .io_pressure = io};
	struct verdict *v = NULL;
	struct timeline *t;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(incidents); i++)
		incidents[i] = at(at_s[i][0], at_s[i][1]);
	t = build(&s);
	if (blame_run(t, incidents, cnt, NULL, &v, &err))
		printf("# %s\n", err.text);
	timeline_free(t);
	return v;
}

static void test_risen(void)
{
	struct verdict *v = judge(always, 4);
	const struct verdict_pressure *p = &v->pressure[PRESSURE_IO];

	ok(v->kind == VERDICT_CPU_DID_NOT_RISE, "the CPU did not rise");
	ok(p->has_risen && p->rose == 4 && p->of == 4, "what did is in all incidents");
	is_near(p->incident, 0.6, 1e-6, "…as high as it was");
	is_near(p->baseline, 0.02, 0.005, "…above what is usual");
	ok(!v->pressure[PRESSURE_CPU].of && !v->pressure[PRESSURE_CPU].has_risen,
	   "of what is not known nothing is said");
	verdict_free(v);
	v = judge(always, 1);
	ok(v->pressure[PRESSURE_IO].has_risen && v->pressure[PRESSURE_IO].of == 1,
	   "one of one is enough");
	verdict_free(v);
	v = judge(NULL, 4);
	ok(!v->pressure[PRESSURE_IO].of, "a kernel that tells nothing");
	verdict_free(v);
}

static void test_not_risen(void)
{
	struct verdict *v = judge(only_once, 4);

	ok(v->pressure[PRESSURE_IO].rose == 1 && !v->pressure[PRESSURE_IO].has_risen,
	   "one of four is luck");
	verdict_free(v);
	v = judge(a_little, 4);
	ok(!v->pressure[PRESSURE_IO].rose, "three points more are nothing");
	verdict_free(v);
	v = judge(often, 4);
	ok(v->pressure[PRESSURE_IO].incident > 0.5 && !v->pressure[PRESSURE_IO].has_risen,
	   "what is as high at other times is no rise");
	verdict_free(v);
}

int main(void)
{
	test_risen();
	test_not_risen();
	return tap_done();
}
