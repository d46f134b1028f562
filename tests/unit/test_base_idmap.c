// SPDX-License-Identifier: Apache-2.0
#include "base/idmap.h"

#include <errno.h>

#include "unit/tap.h"

static void test_basics(void)
{
	struct idmap m;
	uint64_t v = 9;

	idmap_init(&m, 3);
	ok(!idmap_get(&m, 1, &v) && !idmap_remove(&m, 1, &v) && v == 9, "an empty map has nothing");
	is_i64(idmap_put(&m, 0, 10), 0, "key 0 is a key");
	is_i64(idmap_put(&m, UINT64_MAX, 20), 0, "so is the largest");
	is_i64(idmap_put(&m, 5, 0), 0, "and 0 a value");
	ok(idmap_get(&m, 0, &v) && v == 10, "…which come back");
	ok(idmap_get(&m, UINT64_MAX, NULL) && idmap_get(&m, 5, &v) && !v, "…all of them");
	is_i64(idmap_put(&m, 6, 1), -ENOSPC, "at the ceiling a new key is refused");
	is_i64(idmap_put(&m, 5, 7), 0, "…an old one is not");
	ok(idmap_get(&m, 5, &v) && v == 7 && idmap_cnt(&m) == 3, "…it has its new value");
	ok(idmap_remove(&m, 5, &v) && v == 7 && !idmap_get(&m, 5, NULL), "removed is gone");
	is_i64(idmap_put(&m, 6, 1), 0, "…and makes room");
	idmap_clear(&m);
	ok(!idmap_cnt(&m) && !idmap_get(&m, 6, NULL), "clear empties");
	is_i64(idmap_put(&m, 6, 2), 0, "…and the map goes on");
	idmap_release(&m);
	is_u64(idmap_cnt(&m), 0, "release empties, too");
	idmap_init(&m, 0);
	is_i64(idmap_put(&m, 1, 1), -ENOSPC, "a ceiling of none");
	idmap_release(&m);
}

/*
 * A million steps beside an array that does the same; keys are few, so that they collide and leave.
 */
static void test_against_array(void)
{
	enum { KEYS = 700 };
	static bool there[KEYS];
	static uint64_t values[KEYS];
	uint64_t random = 7, v, key;
	size_t cnt = 0, pos = 0, seen = 0;
	bool same = true;
	struct idmap m;

	idmap_init(&m, KEYS);
	for (int i = 0; i < 300000 && same; i++) {
		unsigned int k;

		random = random * 6364136223846793005u + 1442695040888963407u;
		k = (unsigned int)(random >> 33) % KEYS;
		switch (random >> 60) {
		case 0 ... 5:
			same = !idmap_put(&m, k * UINT64_C(0x100000000), random);
			cnt += !there[k];
			there[k] = true;
			values[k] = random;
			break;
		case 6 ... 11:
			same = idmap_remove(&m, k * UINT64_C(0x100000000), &v) == there[k] &&
			       (!there[k] || v == values[k]);
			cnt -= there[k];
			there[k] = false;
			break;
		default:
			same = idmap_get(&m, k * UINT64_C(0x100000000), &v) == there[k] &&
			       (!there[k] || v == values[k]);
		}
		same = same && idmap_cnt(&m) == cnt;
	}
	ok(same, "300000 random steps do what an array does");
	while (idmap_next(&m, &pos, &key, &v)) {
		key /= UINT64_C(0x100000000);
		same = same && key < KEYS && there[key] && values[key] == v;
		there[key] = false;
		seen++;
	}
	ok(same && seen == cnt, "a walk meets every entry once");
	idmap_release(&m);
}

int main(void)
{
	test_basics();
	test_against_array();
	return tap_done();
}
