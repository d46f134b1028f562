// SPDX-License-Identifier: Apache-2.0
#include "base/intern.h"

#include <errno.h>

#include "base/text.h"
#include "unit/tap.h"

static void test_basics(void)
{
	struct intern in;
	uint32_t id = 77;

	intern_init(&in, 4, 1000);
	ok(!intern_find(&in, "a", 1, &id) && id == 77, "nothing is known at first");
	ok(!intern_add(&in, "a", 1, &id) && id == 0, "the first is number 0");
	ok(!intern_add(&in, "", 0, &id) && id == 1, "the empty string is one, too");
	ok(!intern_add(&in, NULL, 0, &id) && id == 1, "…also from nowhere");
	ok(!intern_add(&in, "a\0b", 3, &id) && id == 2, "a NUL is a byte like others");
	ok(!intern_add(&in, "a", 1, &id) && id == 0, "what is known keeps its number");
	ok(intern_find(&in, "a\0b", 3, &id) && id == 2, "…and is found");
	is_u64(intern_get(&in, 2).len, 3, "the bytes come back");
	ok(!memcmp(intern_get(&in, 2).p, "a\0b", 4), "…with a NUL behind them");
	ok(!intern_add(&in, "d", 1, &id) && id == 3, "one more is the last");
	id = 77;
	is_i64(intern_add(&in, "e", 1, &id), -ENOSPC, "then the table is full");
	is_u64(id, 77, "…and no number is given");
	ok(!intern_add(&in, "d", 1, &id) && id == 3, "…but what is known is still found");
	is_u64(intern_cnt(&in), 4, "four there are");
	intern_release(&in);
	is_u64(intern_cnt(&in), 0, "release empties");
}

static void test_bytes_ceiling(void)
{
	struct intern in;
	uint32_t id;

	intern_init(&in, 100, 10);
	is_i64(intern_add(&in, "0123456789", 10, &id), -ENOSPC, "the NUL counts, too");
	is_i64(intern_add(&in, "012345678", 9, &id), 0, "nine and a NUL are ten");
	is_u64(intern_bytes(&in), 10, "…as is counted");
	is_i64(intern_add(&in, "", 0, &id), -ENOSPC, "then not even the empty string");
	intern_release(&in);
}

/* Long strings and short ones in turn: nothing moves, nothing gets mixed up. */
static void test_many(void)
{
	enum { CNT = 5000 };
	static const char *where[CNT];
	static char text[40000];
	bool same = true;
	struct intern in;
	uint32_t id;

	intern_init(&in, CNT, 1 << 28);
	for (uint32_t i = 0; i < CNT; i++) {
		size_t len = i % 50 ? 8 + i % 90 : 20000 + i;

		memset(text, (int)('a' + i % 26), len);
		memcpy(text, &i, sizeof(i));
		same = same && !intern_add(&in, text, len, &id) && id == i;
		where[i] = intern_get(&in, i).p;
	}
	ok(same, "%d strings get the numbers 0, 1, 2, …", CNT);
	for (uint32_t i = 0; i < CNT; i++) {
		struct str s = intern_get(&in, i);
		uint32_t head;

		memcpy(&head, s.p, sizeof(head));
		same = same && s.p == where[i] && head == i &&
		       s.len == (i % 50 ? 8 + i % 90 : 20000 + i) &&
		       s.p[s.len - 1] == (char)('a' + i % 26) && !s.p[s.len] &&
		       intern_find(&in, s.p, s.len, &id) && id == i;
	}
	ok(same, "…stand where they stood, whole, and are found");
	intern_release(&in);
}

int main(void)
{
	test_basics();
	test_bytes_ceiling();
	test_many();
	return tap_done();
}
