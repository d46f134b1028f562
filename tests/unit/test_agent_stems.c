// SPDX-License-Identifier: Apache-2.0
#include "agent/stems.h"

#include <stdlib.h>

#include "tap.h"

static struct stems *stems;

/* Follows a stack as far as it is known, and puts the rest: nodes are 100 * base + depth. */
static uint32_t take(struct stem *s, const uint64_t *addrs, uint32_t cnt, uint32_t base)
{
	uint32_t followed = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		if (stem_follow(s, i, addrs[i])) {
			followed++;
			continue;
		}
		stem_put(s, i, &(struct stem_step){addrs[i], 100 * base + i, 0});
	}
	return followed;
}

static void test_sharing(void)
{
	const uint64_t first[] = {10, 20, 30, 40}, second[] = {10, 20, 31, 40}, prefix[] = {10, 20};
	struct stem *s = stems_get(stems, 7, 1, 5);
	const struct stem_step *step;

	is_u64(take(s, first, 4, 1), 0, "nothing is known of the first stack");
	is_u64(take(s, first, 4, 2), 4, "all of it the second time");
	is_u64(take(s, second, 4, 3), 2, "what has the same root is shared");
	step = stem_follow(s, 1, 20);
	is_u64(step ? step->node : 0, 101, "…with its node");
	step = stem_follow(s, 3, 40);
	is_u64(step ? step->node : 0, 303, "one behind another address is another one");
	is_u64(take(s, prefix, 2, 4), 2, "a shorter stack");
	is_u64(take(s, second, 4, 5), 4, "leaves the longer one known");
	is_u64(take(s, first, 4, 6), 2, "the first one has been replaced above its second frame");
}

static void test_gaps(void)
{
	struct stem *s = stems_get(stems, 8, 1, 5);
	const uint64_t stack[] = {1, 2, 3};

	stem_put(s, 0, &(struct stem_step){1, 11, 0});
	ok(!stem_follow(s, 1, 2), "a frame that is not put");
	stem_put(s, 2, &(struct stem_step){3, 33, 0});
	ok(!stem_follow(s, 2, 3), "…ends the stem: nothing is put above it");
	is_u64(take(s, stack, 3, 1), 1, "what is below stays");
}

static void test_validity(void)
{
	const uint64_t stack[] = {1, 2, 3};
	struct stem *s = stems_get(stems, 9, 1, 5);

	take(s, stack, 3, 1);
	is_u64(stems_get(stems, 9, 1, 5)->cnt, 3, "the same thread again");
	is_u64(stems_get(stems, 9 + STEMS_CNT, 1, 5)->cnt, 3,
	       "another thread with the same mappings");
	is_u64(stems_get(stems, 9, 1, 6)->cnt, 0, "a mapping has come or gone");
	take(s, stack, 3, 1);
	is_u64(stems_get(stems, 9, 2, 6)->cnt, 0, "the window is another one");
}

static void test_depth(void)
{
	struct stem *s = stems_get(stems, 10, 1, 5);
	uint32_t i;

	for (i = 0; i < WIRE_MAX_USER_FRAMES + 3; i++)
		stem_put(s, i, &(struct stem_step){i, i, 0});
	is_u64(s->cnt, WIRE_MAX_USER_FRAMES, "never more steps than a stack has frames");
	ok(!stem_follow(s, WIRE_MAX_USER_FRAMES, WIRE_MAX_USER_FRAMES), "none behind the last");
}

int main(void)
{
	stems = calloc(1, sizeof(*stems));
	if (!stems)
		return 99;
	test_sharing();
	test_gaps();
	test_validity();
	test_depth();
	free(stems);
	return tap_done();
}
