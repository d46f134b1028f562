// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <errno.h>

#include "base/reader.h"
#include "unit/tap.h"

static void test_add(void)
{
	struct buf b;

	buf_init(&b, 1000);
	is_u64(buf_str(&b).len, 0, "a new buffer is empty");
	ok(buf_str(&b).p && !b.data, "…it has allocated nothing, and still shows a string");
	buf_addstr(&b, "ab");
	buf_addch(&b, 'c');
	buf_addf(&b, "-%d-%s", 42, "x");
	buf_add(&b, "\0y", 2);
	is_u64(b.len, 10, "text, a character, a format and bytes with a NUL");
	ok(!memcmp(b.data, "abc-42-x\0y", 11), "…are there, followed by a NUL");
	is_i64(buf_error(&b), 0, "…without an error");
	buf_clear(&b);
	ok(!b.len && !b.data[0], "clear empties and keeps the memory");
	buf_add(&b, NULL, 0);
	is_u64(b.len, 0, "nothing from nowhere is nothing");
	buf_release(&b);
	ok(!b.data && b.max == 1000, "release frees and keeps the ceiling");
}

/* Every way to write, at every distance from the ceiling. */
static void test_ceiling(void)
{
	for (size_t max = 0; max < 6; max++) {
		struct buf b;

		buf_init(&b, max);
		buf_addstr(&b, "abc");
		ok(buf_error(&b) == (max < 3 ? -ENOSPC : 0), "three bytes under a ceiling of %zu",
		   max);
		is_u64(b.len, max < 3 ? 0 : 3, "…are there whole or not at all");
		buf_addf(&b, "%s", "de");
		is_i64(buf_error(&b), max < 5 ? -ENOSPC : 0, "…and two more");
		is_u64(b.len, max < 3 ? 0 : max < 5 ? 3 : 5, "…the same");
		if (max < 5) {
			buf_clear(&b);
			buf_add(&b, "xxxxx", max);
			is_i64(buf_error(&b), 0, "clear forgets the error; up to the ceiling fits");
		}
		buf_release(&b);
	}
}

static void test_error_sticks(void)
{
	struct buf b;
	char *out = (char *)&b;
	size_t len = 77;

	buf_init(&b, 4);
	buf_addstr(&b, "abcde");
	buf_addch(&b, 'x');
	is_u64(b.len, 0, "after the first failure nothing is written");
	ok(!buf_reserve(&b, 1), "…nor reserved");
	out = buf_detach(&b, &len);
	ok(!out && len == 77, "…nor handed out, and the length is untouched");
	buf_release(&b);
	buf_init(&b, SIZE_MAX);
	buf_addch(&b, 'x');
	ok(!buf_reserve(&b, SIZE_MAX) && buf_error(&b) == -ENOSPC,
	   "lengths that would wrap around are refused");
	buf_release(&b);
}

static void test_reserve(void)
{
	struct buf b;
	char *room;

	buf_init(&b, 100);
	room = buf_reserve(&b, 50);
	memset(room, 'z', 50);
	buf_commit(&b, 20);
	is_u64(b.len, 20, "only what was committed counts");
	is_i64(b.data[20], 0, "…and a NUL follows it");
	ok(!buf_reserve(&b, 81), "over the ceiling there is no room");
	buf_release(&b);
}

static void test_detach(void)
{
	struct buf b;
	size_t len;
	char *s;

	buf_init(&b, 100);
	s = buf_detach(&b, NULL);
	is_str(s, "", "an empty buffer hands out an empty string");
	free(s);
	buf_addstr(&b, "abc");
	s = buf_detach(&b, &len);
	ok(len == 3 && !strcmp(s, "abc"), "the contents are handed out");
	ok(!b.data && !b.len, "…and the buffer is empty");
	buf_addstr(&b, "next");
	is_str(b.data, "next", "…and may be used again");
	free(s);
	buf_release(&b);
}

static void test_grow(void)
{
	struct buf b;
	bool same = true;

	buf_init(&b, 1 << 20);
	for (unsigned int i = 0; i < 1 << 20; i++)
		buf_addch(&b, (char)(i * 7));
	for (unsigned int i = 0; i < 1 << 20; i++)
		same = same && b.data[i] == (char)(i * 7);
	ok(same && !buf_error(&b), "a million bytes, one by one, up to the ceiling");
	buf_addch(&b, 'x');
	is_i64(buf_error(&b), -ENOSPC, "…and not one more");
	buf_release(&b);
}

static void test_varint(void)
{
	static const uint64_t values[] = {
		0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_C(1) << 63, UINT64_MAX};
	uint64_t random = 1;
	struct reader r;
	struct buf b;
	bool same = true;

	buf_init(&b, 1 << 16);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		buf_addvarint(&b, values[i]);
	is_u64(b.len, 1 + 1 + 1 + 2 + 2 + 3 + 5 + 10 + 10, "varints are as short as they can be");
	for (int i = 0; i < 2000;
	     i++, random = random * 6364136223846793005u + 1442695040888963407u)
		buf_addvarint(&b, random >> (random & 63));
	reader_init(&r, b.data, b.len);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		is_u64(reader_varint(&r), values[i], "varint %zu comes back", i);
	random = 1;
	for (int i = 0; i < 2000;
	     i++, random = random * 6364136223846793005u + 1442695040888963407u)
		same = same && reader_varint(&r) == random >> (random & 63);
	ok(same && !reader_left(&r) && !r.failed, "so do 2000 others of all lengths");
	buf_release(&b);
}

int main(void)
{
	test_add();
	test_ceiling();
	test_error_sticks();
	test_reserve();
	test_detach();
	test_grow();
	test_varint();
	return tap_done();
}
