// SPDX-License-Identifier: Apache-2.0
#include "unit/tap.h"

#include "store/retain.h"

static void decide(const char *what, uint64_t max_age_ns, uint64_t max_bytes, const char *want)
{
	/* ends at 10, 20, 30, 40, 50; the time is 60 */
	struct retain_block b[] = {{10, 100, false, false},
				   {20, 50, false, false},
				   {30, 10, false, false},
				   {40, 10, false, false},
				   {50, 500, false, false}};
	const struct retain_limits limits = {max_age_ns, max_bytes};
	size_t cnt = retain_choose(b, 5, 60, &limits), dropped = 0;
	char got[6] = "";

	for (size_t i = 0; i < 5; i++) {
		got[i] = b[i].drop ? 'x' : '-';
		dropped += b[i].drop;
	}
	is_str(got, want, "%s", what);
	is_u64(cnt, dropped, "…and that many are said");
}

/* Marked ones do not age; the bytes limit takes the others first, then the oldest marked one. */
static void test_marked(void)
{
	struct retain_block b[] = {{10, 100, true, false},
				   {20, 100, false, false},
				   {30, 100, true, false},
				   {40, 100, false, false},
				   {50, 100, false, false}};

	is_u64(retain_choose(b, 5, 60, &(struct retain_limits){5, 0}), 2, "age takes two of four");
	ok(!b[0].drop && b[1].drop && !b[2].drop && b[3].drop, "…those that are not marked");
	is_u64(retain_choose(b, 5, 60, &(struct retain_limits){0, 300}), 2, "bytes take two");
	ok(!b[0].drop && b[1].drop && !b[2].drop && b[3].drop, "…not marked, although younger");
	is_u64(retain_choose(b, 5, 60, &(struct retain_limits){0, 200}), 3, "still too many bytes");
	ok(b[0].drop && b[1].drop && !b[2].drop && b[3].drop, "…the oldest marked one goes, too");
}

int main(void)
{
	struct retain_block huge[] = {
		{1, UINT64_MAX, false, false}, {2, UINT64_MAX, false, false}, {3, 1, false, false}};
	const struct retain_limits tight = {1, 1};

	decide("no limits", 0, 0, "-----");
	decide("exactly as old as allowed stays", 50, 0, "-----");
	decide("older goes", 49, 0, "x----");
	decide("much older goes", 25, 0, "xxx--");
	decide("the newest stays at any age", 1, 0, "xxxx-");
	decide("just fits", 0, 670, "-----");
	decide("one byte over: the oldest goes", 0, 669, "x----");
	decide("and so on", 0, 569, "xx---");
	decide("the newest stays at any size", 0, 1, "xxxx-");
	decide("age first, then bytes of what is left", 45, 560, "xx---");
	test_marked();
	is_u64(retain_choose(huge, 3, INT64_MAX, &tight), 2, "sizes and ages beyond counting");
	is_u64(retain_choose(huge, 3, INT64_MIN, &(struct retain_limits){1, 0}), 0,
	       "a clock before all blocks drops nothing");
	is_u64(retain_choose(huge, 1, 100, &tight), 0, "one block");
	is_u64(retain_choose(NULL, 0, 100, &tight), 0, "no block");
	return tap_done();
}
