// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <math.h>

#include "unit/tap.h"

static void write_all(struct json *j)
{
	json_object(j, NULL);
	json_cstr(j, "name", "x");
	json_cstr(j, "none", NULL);
	json_u64(j, "u", UINT64_MAX);
	json_i64(j, "i", INT64_MIN);
	json_double(j, "d", 1.5, 6);
	json_double(j, "nan", NAN, 6);
	json_bool(j, "yes", true);
	json_array(j, "list");
	json_u64(j, NULL, 1);
	json_object(j, NULL);
	json_end(j);
	json_array(j, NULL);
	json_end(j);
	json_end(j);
	json_null(j, "null");
	json_end(j);
}

static void test_forms(void)
{
	struct json j;
	struct buf b;

	buf_init(&b, 10000);
	json_init(&j, &b, false);
	write_all(&j);
	is_str(b.data,
	       "{\"name\":\"x\",\"none\":null,\"u\":18446744073709551615,"
	       "\"i\":-9223372036854775808,\"d\":1.5,\"nan\":null,\"yes\":true,"
	       "\"list\":[1,{},[]],\"null\":null}",
	       "compact");
	buf_clear(&b);
	json_init(&j, &b, true);
	write_all(&j);
	is_str(b.data,
	       "{\n  \"name\": \"x\",\n  \"none\": null,\n  \"u\": 18446744073709551615,\n"
	       "  \"i\": -9223372036854775808,\n  \"d\": 1.5,\n  \"nan\": null,\n"
	       "  \"yes\": true,\n  \"list\": [\n    1,\n    {},\n    []\n  ],\n"
	       "  \"null\": null\n}\n",
	       "pretty");
	buf_release(&b);
}

static void test_strings(void)
{
	static const struct {
		const char *in;
		size_t len;
		const char *want;
	} cases[] = {
		{"", 0, "\"\""},
		{"a\"b\\c/", 6, "\"a\\\"b\\\\c/\""},
		{"\n\t\x01\x7f", 4, "\"\\u000a\\u0009\\u0001\\u007f\""},
		{"\0", 1, "\"\\u0000\""},
		{"caf\xc3\xa9", 5, "\"caf\xc3\xa9\""},
		{"\xff\xc3", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	};
	struct json j;
	struct buf b;

	buf_init(&b, 10000);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		buf_clear(&b);
		json_init(&j, &b, false);
		json_str(&j, NULL, (struct str){cases[i].in, cases[i].len});
		is_str(b.data, cases[i].want, "string %zu", i);
	}
	buf_release(&b);
}

/* Mistakes of the caller end in an error of the buffer, never outside of the array. */
static void test_misuse(void)
{
	struct json j;
	struct buf b;

	buf_init(&b, 100000);
	json_init(&j, &b, true);
	for (int i = 0; i < 3 * JSON_MAX_DEPTH; i++)
		json_array(&j, NULL);
	for (int i = 0; i < 3 * JSON_MAX_DEPTH; i++)
		json_end(&j);
	ok(buf_error(&b) < 0, "too deep is an error");
	buf_clear(&b);
	json_init(&j, &b, false);
	json_array(&j, NULL);
	for (int i = 0; i < 5; i++)
		json_end(&j);
	ok(buf_error(&b) < 0, "an end too many is an error");
	buf_clear(&b);
	json_init(&j, &b, false);
	for (int i = 0; i < JSON_MAX_DEPTH - 1; i++)
		json_array(&j, NULL);
	for (int i = 0; i < JSON_MAX_DEPTH - 1; i++)
		json_end(&j);
	is_i64(buf_error(&b), 0, "as deep as is allowed is none");
	buf_release(&b);
}

int main(void)
{
	test_forms();
	test_strings();
	test_misuse();
	return tap_done();
}
