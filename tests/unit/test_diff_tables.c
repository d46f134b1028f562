// SPDX-License-Identifier: Apache-2.0
#include "diff/diff_tables.h"

#include "unit/profiles.h"
#include "unit/tap.h"

static const struct diff_row *row_of(const struct diff_table *t, const char *name)
{
	static const struct diff_row none;

	for (size_t i = 0; i < t->cnt; i++)
		if (str_eq(t->rows[i].name, str_of(name)))
			return &t->rows[i];
	return &none;
}

static struct diff *diff_of(const char *a, const char *b)
{
	struct profile *pa = profile_of(PROFILE_SAMPLES, 0, a);
	struct profile *pb = profile_of(PROFILE_SAMPLES, 0, b);
	struct diff *d;

	must(diff_new(pa, pb, NULL, &d), "diff");
	profile_free(pa);
	profile_free(pb);
	return d;
}

static void test_processes(void)
{
	struct diff *d = diff_of("web;f 100\ncron;f 5\ndb;f 40\ndb2;f 40",
				 "web;f 90\nbackup;f 60\ndb;f 50\ndb2;f 30\nweb;g 5");
	struct diff_table t;

	must(diff_processes(d, &t), "processes");
	is_u64(t.cnt, 5, "one row for each process of either side");
	ok(str_eq(t.rows[0].name, str_of("backup")), "the largest change first");
	ok(str_eq(t.rows[1].name, str_of("db")) && str_eq(t.rows[2].name, str_of("db2")),
	   "equal changes by name, whatever their sign");
	is_near(diff_row_delta(row_of(&t, "web"), DIFF_BY_TOTAL), -5, 0, "delta is B - A");
	is_near(row_of(&t, "backup")->share[DIFF_B], 60 / 235.0, 1e-12, "share of the side");
	ok(diff_change(0, 60) == DIFF_NEW && diff_change(5, 0) == DIFF_GONE &&
		   diff_change(1, 1) == DIFF_BOTH && diff_change(0, 0) == DIFF_NEITHER,
	   "new and gone");
	diff_table_release(&t);
	diff_free(d);
}

static void test_recursion(void)
{
	struct diff *d = diff_of("p;r;r;r 5\np;r;x 1\nq;x;r;x;r 2", "p;r 1\nr;r 3");
	struct diff_table t;

	must(diff_functions(d, DIFF_BY_TOTAL, &t), "functions");
	is_near(row_of(&t, "r")->total[DIFF_A], 8, 0, "recursion counts once per stack");
	is_near(row_of(&t, "x")->total[DIFF_A], 3, 0, "mutual recursion too");
	is_near(row_of(&t, "r")->self[DIFF_A], 7, 0, "own time of all levels");
	is_near(row_of(&t, "r")->total[DIFF_B], 4, 0, "a process of the function's name is none");
	is_u64(row_of(&t, "r")->cnt[DIFF_A], 8, "samples, once per stack");
	is_u64(t.cnt, 2, "one row for each function");
	diff_table_release(&t);
	diff_free(d);
}

static void test_order(void)
{
	struct diff *d = diff_of("p;caller;leaf 10\np;other 5", "p;caller;leaf 30\np;other 50");
	struct diff_table t;

	must(diff_functions(d, DIFF_BY_SELF, &t), "functions");
	ok(str_eq(t.rows[0].name, str_of("other")) && str_eq(t.rows[1].name, str_of("leaf")) &&
		   str_eq(t.rows[2].name, str_of("caller")),
	   "by own time");
	diff_table_release(&t);
	must(diff_functions(d, DIFF_BY_TOTAL, &t), "functions");
	ok(str_eq(t.rows[1].name, str_of("leaf")) && str_eq(t.rows[2].name, str_of("caller")),
	   "by inclusive time; what is equal there, by own time");
	diff_table_release(&t);
	diff_free(d);
}

/* By the definition: does the name stand anywhere on the way from the node to the root? */
static void slow_total(const struct diff *d, uint32_t name, double *ret)
{
	ret[0] = ret[1] = 0;
	for (uint32_t n = 1; n < d->node_cnt; n++) {
		for (uint32_t up = n; d->nodes[up].depth > d->group_cnt; up = d->nodes[up].parent) {
			if (d->nodes[up].name != name)
				continue;
			ret[DIFF_A] += diff_self(d, n, DIFF_A);
			ret[DIFF_B] += diff_self(d, n, DIFF_B);
			break;
		}
	}
}

static void test_properties(void)
{
	uint32_t wrong = 0, unsorted = 0, asymmetric = 0;

	for (uint32_t seed = 1; seed <= 30; seed++) {
		struct profile *a = random_profile(seed, 80, PROFILE_SAMPLES, 0);
		struct profile *b = random_profile(seed + 500, 60, PROFILE_SAMPLES, 0);
		struct diff_table t, u;
		struct diff *d, *e;

		must(diff_new(a, b, NULL, &d), "diff");
		must(diff_new(b, a, NULL, &e), "diff");
		must(diff_functions(d, DIFF_BY_TOTAL, &t), "functions");
		must(diff_functions(e, DIFF_BY_TOTAL, &u), "functions");
		for (size_t i = 0; i < t.cnt; i++) {
			double want[2], delta = diff_row_delta(&t.rows[i], DIFF_BY_TOTAL);

			slow_total(d, d->nodes[t.rows[i].node].name, want);
			wrong += t.rows[i].total[0] != want[0] || t.rows[i].total[1] != want[1];
			asymmetric += !str_eq(t.rows[i].name, u.rows[i].name) ||
				      diff_row_delta(&u.rows[i], DIFF_BY_TOTAL) != -delta;
			if (i) {
				double last = diff_row_delta(&t.rows[i - 1], DIFF_BY_TOTAL);

				unsorted +=
					(last < 0 ? -last : last) < (delta < 0 ? -delta : delta);
			}
		}
		diff_table_release(&t);
		diff_table_release(&u);
		diff_free(d);
		diff_free(e);
		profile_free(a);
		profile_free(b);
	}
	is_u64(wrong, 0, "30 random pairs: inclusive values are what the definition says");
	is_u64(unsorted, 0, "30 random pairs: sorted");
	is_u64(asymmetric, 0, "30 random pairs: swapped sides, same order, opposite changes");
}

int main(void)
{
	test_processes();
	test_recursion();
	test_order();
	test_properties();
	return tap_done();
}
