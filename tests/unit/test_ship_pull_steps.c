// SPDX-License-Identifier: Apache-2.0
/* How long the windows of a backend are, from the times at which it knows of any. */
#include "base/times.h"
#include "ship/pull_steps.h"
#include "unit/tap.h"

#define MS INT64_C(1000000)

static void test_regular(void)
{
	int64_t at[] = {1790000053000, 1790000013000, 1790000003000,
			1790000023000, 1790000043000, 1790000033000};
	struct pull_steps s;

	pull_steps_from(at, ARRAY_SIZE(at), &s);
	ok(s.is_known && s.step_ns == 10 * NSEC_PER_SEC, "windows of ten seconds, in any order");
	is_i64(s.phase_ns, 3000 * MS, "that begin at the third");
	is_i64(pull_steps_align(&s, 1790000100000 * MS), 1790000103000 * MS,
	       "the next step behind a time");
	is_i64(pull_steps_align(&s, 1790000103000 * MS), 1790000103000 * MS, "or at it");
	is_i64(pull_steps_align(&s, -1 * MS), 3000 * MS, "before the epoch, too");
	is_i64(pull_steps_start(&s, 1790000103000), 1790000102500 * MS,
	       "a window begins within the second before its point");
	is_u64(pull_steps_longest(&s) % s.step_ns, 0, "what is asked for at once is whole steps");
}

static void test_gaps(void)
{
	int64_t at[] = {1000000, 1015000, 1030000, 1090000, 1105000, 1106000, 1121000};
	struct pull_steps s;

	pull_steps_from(at, ARRAY_SIZE(at), &s);
	ok(s.is_known && s.step_ns == 15 * NSEC_PER_SEC,
	   "a gap and a restart do not change what is usual");
}

/* A canary, or an agent that was restarted at another moment, comes first. */
static void test_stranger(void)
{
	int64_t at[] = {1000000, 1003000, 1013000, 1023000, 1033000, 1040000, 1043000};
	struct pull_steps s;

	pull_steps_from(at, ARRAY_SIZE(at), &s);
	ok(s.is_known && s.step_ns == 10 * NSEC_PER_SEC, "somebody else's windows among them");
	is_i64(s.phase_ns, 3000 * MS, "do not tell where they begin");
}

static void test_few(void)
{
	int64_t at[] = {1000000, 1010000, 1020000};
	struct pull_steps s;

	pull_steps_from(at, ARRAY_SIZE(at), &s);
	ok(!s.is_known && s.step_ns == 15 * NSEC_PER_SEC, "three windows tell nothing");
	pull_steps_from(NULL, 0, &s);
	ok(!s.is_known, "nor does none");
	is_i64(pull_steps_start(&s, 30000), 22500 * MS,
	       "a point is then the middle of what it may be");
	int64_t far[] = {0, 100000000, 200000000, 300000000, 400000000};
	pull_steps_from(far, ARRAY_SIZE(far), &s);
	ok(!s.is_known, "nor do windows that are hours apart");
	ok(pull_steps_longest(&s) <= QUERIER_MAX_RANGE_NS, "a day at most is asked for");
}

int main(void)
{
	test_regular();
	test_gaps();
	test_stranger();
	test_few();
	return tap_done();
}
