// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include "unit/tap.h"

static void test_utf8(void)
{
	static const struct {
		const char *bytes;
		size_t want;
	} cases[] = {
		{"a", 1},
		{"\xc3\xa9", 2},
		{"\xe2\x82\xac", 3},
		{"\xf0\x9f\x94\xa5", 4},
		{"\xf4\x8f\xbf\xbf", 4},
		{"\xf4\x90\x80\x80", 0}, /* beyond U+10FFFF */
		{"\xc0\x80", 0},	 /* overlong */
		{"\xc1\xbf", 0},
		{"\xe0\x9f\xbf", 0},
		{"\xf0\x8f\xbf\xbf", 0},
		{"\xed\xa0\x80", 0}, /* surrogate */
		{"\xed\x9f\xbf", 3},
		{"\x80", 0},
		{"\xc3", 0},
		{"\xc3(", 0},
		{"\xe2\x82", 0},
		{"\xf0\x9f\x94", 0},
		{"\xff", 0},
		{"", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		is_u64(utf8_len(str_of(cases[i].bytes)), cases[i].want, "utf8 case %zu", i);
	ok(utf8_valid(str_of("caf\xc3\xa9")) && utf8_valid(STR_LIT("")), "valid text is valid");
	ok(!utf8_valid(str_of("caf\xe9")) && !utf8_valid((struct str){"\xc3\xa9", 1}),
	   "Latin-1 and a cut character are not");
}

static void check_text(void (*add)(struct buf *, struct str), struct str in, const char *want,
		       const char *what)
{
	struct buf b;

	buf_init(&b, 1000);
	add(&b, in);
	is_str(buf_str(&b).p, want, "%s", what);
	buf_release(&b);
}

#define FFFD "\xef\xbf\xbd"

static void test_clean(void)
{
	static const char everything[] = "<a href=\"x\">&'";
	struct buf b;
	char byte;

	check_text(text_add_clean, STR_LIT("plain \xc3\xa9"), "plain \xc3\xa9", "text stays");
	check_text(text_add_clean, STR_LIT("a\x1b[0m\n\x7f\0z"), "a" FFFD "[0m" FFFD FFFD FFFD "z",
		   "control characters go, NUL among them");
	check_text(text_add_clean,
		   STR_LIT("\xc2\x9b"
			   "1m\xc2\xa0"),
		   FFFD "1m\xc2\xa0", "C1 goes, a no-break space stays");
	check_text(text_add_clean,
		   STR_LIT("a\xe2\x80\xae"
			   "b\xe2\x81\xa6"
			   "c\xe2\x80\x8f"
			   "d\xe2\x80\xa8"
			   "e\xd8\x9c"
			   "f"),
		   "a" FFFD "b" FFFD "c" FFFD "d" FFFD "e" FFFD "f",
		   "no name turns the line around");
	check_text(text_add_clean, STR_LIT("\xe2\x80\x90\xe2\x80\xaf\xe2\x81\xa5"),
		   "\xe2\x80\x90\xe2\x80\xaf\xe2\x81\xa5", "their neighbours stay");
	check_text(text_add_clean, STR_LIT("\xe9\xff\xed\xa0\x80"), FFFD FFFD FFFD FFFD FFFD,
		   "each byte that is no UTF-8 becomes one sign");
	check_text(text_add_xml, str_of(everything), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;",
		   "XML's own characters are entities");
	check_text(text_add_xml,
		   STR_LIT("\xef\xbf\xbe\xef\xbf\xbf"
			   "x"),
		   FFFD FFFD "x", "U+FFFE and U+FFFF may not stand in XML");
	buf_init(&b, 1 << 16);
	for (int c = 0; c < 256; c++) {
		byte = (char)c;
		text_add_xml(&b, (struct str){&byte, 1});
	}
	ok(utf8_valid(buf_str(&b)) && !strpbrk(b.data, "<>\"'"), "all 256 bytes come out harmless");
	buf_release(&b);
	is_u64(text_width(STR_LIT("caf\xc3\xa9\xff")), 5, "the width counts characters");
}

static void test_str(void)
{
	struct str rest = STR_LIT("a,,b"), part;
	struct str empty = STR_LIT("");

	ok(str_split(&rest, ',', &part) && str_eq(part, STR_LIT("a")), "first part");
	ok(str_split(&rest, ',', &part) && !part.len && part.p, "an empty part in the middle");
	ok(str_split(&rest, ',', &part) && str_eq(part, STR_LIT("b")), "last part");
	ok(!str_split(&rest, ',', &part), "then the end");
	rest = STR_LIT("x,");
	ok(str_split(&rest, ',', &part) && str_split(&rest, ',', &part) && !part.len &&
		   !str_split(&rest, ',', &part),
	   "a separator at the end has an empty part behind it");
	ok(str_split(&empty, ',', &part) && !part.len && !str_split(&empty, ',', &part),
	   "empty text is one empty part");

	ok(str_cmp(STR_LIT("ab"), STR_LIT("abc")) < 0, "a prefix comes first");
	ok(str_cmp(STR_LIT("b"), STR_LIT("abc")) > 0, "bytes before length");
	ok(str_cmp(STR_LIT("\xff"), STR_LIT("a")) > 0, "bytes are unsigned");
	ok(!str_cmp((struct str){NULL, 0}, STR_LIT("")), "nothing is empty");
	ok(str_eq((struct str){NULL, 0}, STR_LIT("")) && !str_eq(STR_LIT("a"), STR_LIT("b")) &&
		   !str_eq(STR_LIT("a"), STR_LIT("ab")),
	   "equality");
	ok(str_eq(str_trim(STR_LIT(" \t\r\na b\r\n ")), STR_LIT("a b")), "trim takes both ends");
	ok(!str_trim(STR_LIT(" \t")).len && !str_trim((struct str){NULL, 0}).len,
	   "…or all, or nothing");
}

int main(void)
{
	test_utf8();
	test_clean();
	test_str();
	return tap_done();
}
