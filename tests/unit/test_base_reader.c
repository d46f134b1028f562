// SPDX-License-Identifier: Apache-2.0
#include "base/reader.h"

#include <sys/mman.h>
#include <unistd.h>

#include "unit/tap.h"

/* The bytes end at a page that cannot be read: one byte too far ends the program. */
static uint8_t *at_the_edge(const void *bytes, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED || mprotect(map + page, page, PROT_NONE))
		exit(1);
	if (len)
		memcpy(map + page - len, bytes, len);
	return map + page - len;
}

static void test_fixed(void)
{
	static const uint8_t bytes[] = {1, 2, 1, 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1};
	struct reader r;

	reader_init(&r, at_the_edge(bytes, sizeof(bytes)), sizeof(bytes));
	is_u64(reader_u8(&r), 1, "one byte");
	is_u64(reader_u16(&r), 0x0102, "two, little endian");
	is_u64(reader_u32(&r), 0x01020304, "four");
	is_u64(reader_u64(&r), UINT64_C(0x0102030405060708), "eight");
	ok(!reader_left(&r) && !r.failed, "all used up without a failure");
	is_u64(reader_u8(&r), 0, "past the end: zero");
	ok(r.failed, "…and failed");
}

static void test_short(void)
{
	static const uint8_t bytes[8] = {9, 9, 9, 9, 9, 9, 9, 9};

	for (size_t len = 0; len < 8; len++) {
		struct reader r;
		uint8_t *p = at_the_edge(bytes, len);

		reader_init(&r, p, len);
		ok(!reader_u64(&r) && r.failed, "eight bytes out of %zu fail", len);
		is_u64(reader_u8(&r), 0, "…and the failure sticks");
		reader_init(&r, p, len);
		ok(!reader_bytes(&r, len + 1) && r.failed, "%zu bytes out of %zu fail", len + 1,
		   len);
		reader_init(&r, p, len);
		ok(reader_bytes(&r, len) == p && !r.failed, "all %zu do not", len);
		reader_init(&r, p, len);
		ok(!reader_bytes(&r, SIZE_MAX) && r.failed, "a length that wraps fails");
	}
}

static void test_varint(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		uint64_t want;
		bool fails;
	} cases[] = {
		{"\x00", 1, 0, false},
		{"\x7f", 1, 127, false},
		{"\x80\x01", 2, 128, false},
		{"\x80\x00", 2, 0, false}, /* longer than needed, as protobuf allows */
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, UINT64_MAX, false},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, 0, true}, /* bit 64 */
		{"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11, 0, true},
		{"\x80", 1, 0, true},
		{"\xff\xff\xff", 3, 0, true},
		{"", 0, 0, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reader r;

		reader_init(&r, at_the_edge(cases[i].bytes, cases[i].len), cases[i].len);
		is_u64(reader_varint(&r), cases[i].want, "varint case %zu: value", i);
		ok(r.failed == cases[i].fails, "varint case %zu: %s", i,
		   cases[i].fails ? "fails" : "is fine");
	}
}

int main(void)
{
	test_fixed();
	test_short();
	test_varint();
	return tap_done();
}
