// SPDX-License-Identifier: Apache-2.0
#include "diff/descend.h"

#include "unit/profiles.h"
#include "unit/tap.h"

static struct diff *diff;

/* Both watched for 10 s; weights in hundredths of a second, a sample each. */
static struct descend into(const char *a, const char *b, const char *process)
{
	struct profile *pa = profile_of(PROFILE_NANOSECONDS, 10, a);
	struct profile *pb = profile_of(PROFILE_NANOSECONDS, 10, b);
	struct descend x;

	diff_free(diff);
	must(diff_new(pa, pb, NULL, &diff), "diff");
	profile_free(pa);
	profile_free(pb);
	must(descend(diff, str_of(process), &x), "descend");
	return x;
}

static void is_part(const struct descend_part *p, const char *name, double share, const char *what)
{
	is_str(p->name.p, name, "%s", what);
	is_near(p->share, share, 0.005, "…and its share");
}

static void test_split(void)
{
	struct descend x =
		into("x;main;run;a 100\nx;main;run;b 100\ny;f 500",
		     "x;main;run;a 700\nx;main;run;b 400\nx;main;run;c 4\ny;f 5000", "x");

	is_u64(x.frame_cnt, 2, "the path ends where the change splits");
	is_str(x.frames[1].p, "run", "…at the call that does it");
	is_near(x.share, 1, 1e-9, "…and carries all of it");
	is_u64(x.branch_cnt, 2, "what is too small is no branch");
	is_part(&x.branches[0], "a", 600.0 / 904, "the larger branch first");
	is_part(&x.branches[1], "b", 300.0 / 904, "then the other");
	ok(x.branches[0].noise > 0, "with its noise");
	ok(x.leaf_cnt == 2 && !x.move_cnt, "functions, and nothing that moved");
	descend_release(&x);
}

/* A leaf under many callers is on no path. */
static void test_leaf(void)
{
	struct descend x = into(
		"x;main;a;memcpy 20\nx;main;b;memcpy 20\nx;main;c;memcpy 20\nx;main;a 300",
		"x;main;a;memcpy 200\nx;main;b;memcpy 210\nx;main;c;memcpy 220\nx;main;a 310", "x");

	is_u64(x.frame_cnt, 1, "the path has to stop early");
	is_u64(x.branch_cnt, 3, "three branches");
	is_u64(x.leaf_cnt, 1, "but one function");
	is_part(&x.leaves[0], "memcpy", 570.0 / 580, "which has it all");
	descend_release(&x);
}

static void test_move(void)
{
	struct descend x = into("x;main;work;old 400\nx;main;grow 100",
				"x;main;work;new 405\nx;main;grow 900", "x");

	is_u64(x.move_cnt, 1, "work that moved is found");
	is_str(x.moves[0].below.p, "work", "…below the call that stayed");
	is_str(x.moves[0].from.p, "old", "…from the callee that fell");
	is_str(x.moves[0].to.p, "new", "…to the one that rose");
	ok(x.moves[0].amount > 0, "…and how much");
	is_u64(x.leaf_cnt, 3, "all of them are functions that changed");
	is_part(&x.leaves[0], "grow", 800.0 / 805, "the real one first");
	ok(!x.leaves[0].moved && x.leaves[1].moved && x.leaves[2].moved, "the others only moved");
	descend_release(&x);
	x = into("x;main;a 400\nx;main;b 100", "x;main;a 100\nx;main;b 1400", "x");
	is_u64(x.move_cnt, 0, "where the caller changed as well, nothing moved");
	descend_release(&x);
}

static void test_little(void)
{
	struct profile *p;
	struct descend x = into("x;main;a 1", "x;main;a 15", "x");

	ok(!x.frame_cnt && !x.branch_cnt && !x.leaf_cnt, "of fifteen samples nothing is said");
	descend_release(&x);
	x = into("x;main;a 1000", "x;main;a 1000", "x");
	ok(x.delta == 0 && !x.frame_cnt && !x.leaf_cnt, "nor of no change");
	descend_release(&x);
	x = into("x;main;a 1000\nx;main;b 400", "x;main;a 200\nx;main;b 400", "x");
	ok(x.delta < 0 && x.frame_cnt == 2 && x.leaf_cnt == 1, "a victim has a path, too");
	is_part(&x.leaves[0], "a", 1, "which carries its loss");
	descend_release(&x);
	is_i64(descend(diff, STR_LIT("nobody"), &x), -ENOENT, "nobody");
	p = profile_of(PROFILE_SAMPLES, 0, "x;main;a 1000");
	diff_free(diff);
	must(diff_new(p, p, NULL, &diff), "diff");
	profile_free(p);
	must(descend(diff, STR_LIT("x"), &x), "descend");
	descend_release(&x);
}

/* More functions than there is room for. */
static void test_many(void)
{
	char text[4096] = "x;main;run;f0 100";
	struct descend x;

	for (int i = 0; i < 15; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
			       "\nx;main;run;f%d %d", i, 100 + i);
	x = into("x;main 1", text, "x");
	ok(x.leaf_cnt == DESCEND_LEAVES && x.leaf_more == 15 - DESCEND_LEAVES,
	   "what finds no room is counted");
	is_str(x.leaves[0].name.p, "f0", "the largest are kept");
	is_str(x.leaves[1].name.p, "f14", "in order");
	ok(x.branch_cnt == DESCEND_BRANCHES, "so are branches");
	descend_release(&x);
}

int main(void)
{
	test_split();
	test_leaf();
	test_move();
	test_little();
	test_many();
	diff_free(diff);
	return tap_done();
}
