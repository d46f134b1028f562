// SPDX-License-Identifier: Apache-2.0
#include "unwind/units.h"

#include <errno.h>

#include "unit/tap.h"

#define PAGES 64

static _Alignas(UNWIND_PAGE) uint8_t memory[PAGES * UNWIND_PAGE];

static struct units *make(size_t pages)
{
	struct units *a = NULL;

	ok(!units_new(memory, pages * UNWIND_PAGE, NULL, NULL, &a), "an arena of %zu pages", pages);
	return a;
}

/* A small generator: the same numbers in every run. */
static uint32_t next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void test_bounds(void)
{
	struct units *a = make(2);

	is_u64(units_alloc(a, 0), 0, "nothing takes nothing");
	is_u64(units_alloc(a, UNWIND_PAGE + 1), 0, "more than a page is not to be had");
	is_u64(units_alloc(a, UNWIND_PAGE), UNWIND_PAGE / UNWIND_UNIT,
	       "a whole page is the second one");
	is_u64(units_alloc(a, 1), 0, "then it is full");
	units_release(a, 0);
	ok(1, "releasing nothing is fine");
	units_free(a);
	units_free(NULL);
	a = make(1);
	is_u64(units_alloc(a, 1), 0, "the first page is never given out");
	units_free(a);
}

static void test_grace(void)
{
	struct units *a = make(2);
	uint32_t unit = units_alloc(a, UNWIND_PAGE);

	units_release(a, unit);
	is_u64(units_waiting(a), UNWIND_PAGE, "what was freed waits");
	is_u64(units_alloc(a, UNWIND_PAGE), 0, "…and is not given out");
	units_tick(a);
	is_u64(units_alloc(a, UNWIND_PAGE), 0, "…nor after one tick");
	units_tick(a);
	is_u64(units_waiting(a), 0, "after two it is free");
	is_u64(units_used(a), 0, "…and its page with it");
	is_u64(units_alloc(a, 64), unit, "another size may have the page");
	units_free(a);
}

struct object {
	uint32_t unit;
	size_t bytes;
	uint8_t mark;
};

static bool is_marked(const struct units *a, const struct object *o)
{
	const uint8_t *p = units_at(a, o->unit);

	for (size_t i = 0; i < o->bytes; i++)
		if (p[i] != o->mark)
			return false;
	return true;
}

/* Objects of all sizes come and go; none overlaps another, crosses a page or is forgotten. */
static void test_churn(void)
{
	static struct object objects[2000];
	struct units *a = make(PAGES);
	uint32_t state = 7, failures = 0, crossings = 0, damaged = 0, made = 0;
	size_t cnt = 0;

	for (uint32_t round = 0; round < 20000; round++) {
		if (cnt < ARRAY_SIZE(objects) && next(&state) % 3) {
			struct object o = {.bytes = 1 + next(&state) % 900, .mark = (uint8_t)round};

			o.unit = units_alloc(a, o.bytes);
			if (!o.unit) {
				failures++;
			} else {
				made++;
				memset(units_at(a, o.unit), o.mark, o.bytes);
				crossings +=
					(o.unit * (size_t)UNWIND_UNIT) / UNWIND_PAGE !=
					(o.unit * (size_t)UNWIND_UNIT + o.bytes - 1) / UNWIND_PAGE;
				objects[cnt++] = o;
			}
		} else if (cnt) {
			size_t i = next(&state) % cnt;

			damaged += !is_marked(a, &objects[i]);
			units_release(a, objects[i].unit);
			objects[i] = objects[--cnt];
		}
		if (round % 50 == 0)
			units_tick(a);
	}
	ok(made > 5000 && failures > 0, "%u objects made, %u found no room", made, failures);
	is_u64(crossings, 0, "none crosses a page");
	is_u64(damaged, 0, "none was written over");
	while (cnt)
		units_release(a, objects[--cnt].unit);
	units_tick(a);
	units_tick(a);
	is_u64(units_used(a), 0, "all pages are free in the end");
	is_u64(units_waiting(a), 0, "nothing waits");
	units_free(a);
}

struct limit {
	size_t bytes, reached;
};

static int reach(void *arg, size_t bytes)
{
	struct limit *l = arg;

	if (bytes > l->bytes)
		return -ENOMEM;
	if (bytes > l->reached)
		l->reached = bytes;
	return 0;
}

/* Memory is asked for page by page as it is needed, and only once. */
static void test_reach(void)
{
	struct limit l = {.bytes = (size_t)4 * UNWIND_PAGE};
	struct units *a = NULL;
	uint32_t unit;

	ok(!units_new(memory, sizeof(memory), reach, &l, &a), "memory that has to be reached");
	is_u64(l.reached, 0, "none is at first");
	unit = units_alloc(a, UNWIND_PAGE);
	is_u64(l.reached, (uint64_t)unit * UNWIND_UNIT + UNWIND_PAGE, "the page that is given out");
	ok(units_alloc(a, 64) && units_alloc(a, 64), "two that share one");
	is_u64(l.reached, (uint64_t)3 * UNWIND_PAGE, "…take one more");
	ok(units_alloc(a, UNWIND_PAGE), "the last");
	is_u64(units_alloc(a, UNWIND_PAGE), 0, "no room where it cannot be reached");
	units_release(a, unit);
	units_tick(a);
	units_tick(a);
	l.bytes = 0;
	is_u64(units_alloc(a, UNWIND_PAGE), unit, "what was reached once can be used again");
	units_free(a);
}

int main(void)
{
	test_bounds();
	test_reach();
	test_grace();
	test_churn();
	return tap_done();
}
