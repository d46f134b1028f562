// SPDX-License-Identifier: Apache-2.0
#include "format/sniff.h"

#include "base/text.h"
#include "format/gzip.h"
#include "format/pprof.h"
#include "format/raw.h"
#include "model/builder.h"
#include "unit/tap.h"

static void is_kind(struct str bytes, enum sniff want, const char *what)
{
	enum sniff got = sniff(bytes);

	if (!ok(got == want, "%s: %s", what, sniff_name(want)))
		printf("# got %s\n", sniff_name(got));
}

static struct profile *tiny(void)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	uint32_t series = 0, frame = 0, node = 0;
	struct profile *p = NULL;
	int r;

	r = builder_process(b, STR_LIT("app 3"), &series);
	r |= builder_frame(b, STR_LIT("operator new 3"), STR_LIT("app"), FRAME_USER, &frame);
	r |= builder_stack(b, 0, frame, &node);
	r |= builder_sample(b, series, node, 1000000, 1);
	r |= builder_seal(b, &p);
	builder_free(b);
	return r ? NULL : p;
}

int main(void)
{
	struct pprof_write_opts plain = {.plain = true};
	struct profile *p = tiny();
	struct buf b;
	uint64_t rnd = 9;
	char noise[512];

	is_kind(STR_LIT(""), SNIFF_EMPTY, "nothing");
	is_kind(STR_LIT("\r\n \n\n"), SNIFF_EMPTY, "blanks");
	is_kind(STR_LIT("a;b 5\n"), SNIFF_FOLDED, "a stack");
	is_kind(STR_LIT("\xef\xbb\xbf# x 1\r\n\r\na 5"), SNIFF_FOLDED, "mark, comment, stack");
	is_kind(STR_LIT("rubbish\na;b 5\n"), SNIFF_FOLDED, "a bad line first");
	is_kind((struct str){"\xff\xfe"
			     "a\0 \0"
			     "5\0",
			     8},
		SNIFF_FOLDED, "UTF-16");
	is_kind(STR_LIT("# made by\n# window start=1 length=2\na;b 5\n"), SNIFF_WINDOWED,
		"a window");
	is_kind(STR_LIT("a;b 5\n# window start=1 length=2\n"), SNIFF_FOLDED, "a window too late");
	is_kind(STR_LIT("hello\nworld\n"), SNIFF_TEXT, "prose");
	is_kind(STR_LIT("# only a comment 5\n"), SNIFF_TEXT, "a comment");
	is_kind(STR_LIT("<html><body>404</body></html>"), SNIFF_TEXT, "a page");
	is_kind(STR_LIT("{\"error\": \"no such app\"}"), SNIFF_JSON, "an answer");
	is_kind(STR_LIT("{\"version\":1,\n \"flamebearer\": {"), SNIFF_FLAMEBEARER,
		"its beginning");
	is_kind(STR_LIT("{a};b 5\n"), SNIFF_FOLDED, "a brace in a stack");
	is_kind(STR_LIT("bash 1234 \n\tffffffff81000000 f ([k])\n"), SNIFF_PERFSCRIPT,
		"perf script, few fields");
	is_kind(STR_LIT("bash 1234\n\tadd 5\n"), SNIFF_FOLDED, "stacks, one with a TAB first");
	is_kind(STR_LIT("SQLite format 3\0\x10"), SNIFF_SQLITE, "a block of a store");
	is_kind(STR_LIT("\x7f"
			"ELF\2\1\1"),
		SNIFF_ELF, "a program");
	is_kind(STR_LIT("PERFILE2\0\0"), SNIFF_PERF, "perf.data");
	is_kind(STR_LIT(RAW_MAGIC "\4\3\2\1"), SNIFF_RAW, "raw records");
	is_kind(STR_LIT("\x1f\x8b\x08"), SNIFF_GZIP, "gzip");
	is_kind(STR_LIT("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"), SNIFF_BINARY, "a picture");

	buf_init(&b, 1 << 20);
	ok(!pprof_write(p, &plain, &b), "a small pprof file");
	is_kind(buf_str(&b), SNIFF_PPROF, "plain");
	is_kind((struct str){b.data, b.len - 5}, SNIFF_PPROF,
		"cut off: its reader shall say where");
	buf_clear(&b);
	ok(!pprof_write(p, NULL, &b), "the same, packed");
	is_kind(buf_str(&b), SNIFF_GZIP, "packed");
	buf_release(&b);
	profile_free(p);

	for (int i = 0; i < 5000; i++) {
		for (size_t k = 0; k < sizeof(noise); k++) {
			rnd = rnd * 6364136223846793005u + 1442695040888963407u;
			noise[k] = (char)(rnd >> 56);
		}
		(void)sniff((struct str){noise, (size_t)i % sizeof(noise)});
	}
	ok(true, "5000 times noise");
	return tap_done();
}
