// SPDX-License-Identifier: Apache-2.0
#include "render/text.h"

#include "render/folded2.h"
#include "render/value.h"
#include "unit/profiles.h"
#include "unit/tap.h"

static struct buf out;

static struct diff *diff_of(struct profile *a, struct profile *b, enum diff_normalise normalise)
{
	struct diff_options opt = {.normalise = normalise, .label_b = STR_LIT("after")};
	struct diff *d;

	must(diff_new(a, b, &opt, &d), "diff");
	profile_free(a);
	profile_free(b);
	return d;
}

static const char *print(const struct diff *d, const struct text_options *opt)
{
	buf_release(&out);
	buf_init(&out, (size_t)1 << 24);
	must(text_render(d, opt, &out), "text");
	return out.data;
}

static const char *fold(const struct diff *d)
{
	buf_release(&out);
	buf_init(&out, (size_t)1 << 24);
	must(folded2(d, &out), "folded");
	return buf_str(&out).p;
}

static void test_tables(void)
{
	struct diff *d = diff_of(
		profile_of(PROFILE_NANOSECONDS, 10, "web;main;f 1000\nweb;main;g 26\ncron;x 3"),
		profile_of(PROFILE_NANOSECONDS, 10, "web;main;f 900\nweb;main;g 25\njob;run 4200"),
		DIFF_NORMALISE_AUTO);
	struct text_options opt = {.max_functions = 2};

	is_str(print(d, &opt),
	       "A: 1.03 cores, 1,029 samples, 10s, 2027-01-15T08:00:00Z to 2027-01-15T08:00:10Z, "
	       "100 Hz, 2 CPUs, 0 lost\n"
	       "B: after, 5.12 cores, 5,125 samples, 10s, 2027-01-15T08:00:00Z to "
	       "2027-01-15T08:00:10Z, 100 Hz, 2 CPUs, 0 lost\n"
	       "change: +4.10 cores, x4.98; normalised to time: CPU time per second watched\n"
	       "Noise unknown: one window per side; only counting noise is considered.\n"
	       "\n"
	       "   A      B  change   noise   ratio     A%     B%  process\n"
	       "0     4.20   +4.20   0.0648     new   0.0%  82.0%  job\n"
	       "1.03  0.925  -0.101  0.0442  x0.902  99.7%  18.0%  web\n"
	       "... and 1 within the noise\n"
	       "\n"
	       "self A  self B  change   noise  total A  total B  change   noise  function\n"
	       "  0      4.20   +4.20   0.0648     0       4.20   +4.20   0.0648  run\n"
	       "  1.00   0.900  -0.100  0.0436     1.00    0.900  -0.100  0.0436  f\n"
	       "... and 1 more\n"
	       "... and 2 within the noise\n",
	       "the tables, points lined up");
	diff_free(d);
}

static void test_single(void)
{
	struct diff *d = diff_of(NULL, profile_of(PROFILE_SAMPLES, 0, "p;f 30\np;f;g 10"),
				 DIFF_NORMALISE_AUTO);

	is_str(print(d, NULL),
	       "after, 40 samples, 2 CPUs, 0 lost\n"
	       "\n"
	       "total   share  process\n"
	       "   40  100.0%  p\n"
	       "\n"
	       "self  share  total   share  function\n"
	       "  30  75.0%     40  100.0%  f\n"
	       "  10  25.0%     10   25.0%  g\n",
	       "one profile");
	diff_free(d);
}

static void test_notes(void)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	struct diff *d;
	const char *text;

	put_stack(b, STR_LIT("p;f"), 100, 100);
	builder_lost(b, LOSS_RING_FULL, 1234);
	d = diff_of(profile_of(PROFILE_SAMPLES, 0, ""), seal(b), DIFF_NORMALISE_AUTO);
	text = print(d, NULL);
	ok(strstr(text, "\nnote: A has no samples: everything is new.\n"), "notes");
	ok(strstr(text, "\nlost in B: 1,234 ring_full (samples dropped because the ring buffer "
			"was full)\n"),
	   "losses in words");
	diff_free(d);
}

static void test_hostile(void)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	struct text_options opt = {.width = 60};
	static char name[5000];
	struct str rest, line;
	size_t widest = 0;
	struct diff *d;

	memset(name, 'x', sizeof(name) - 1);
	memcpy(name, "p;begin_", 8);
	memcpy(name + sizeof(name) - 5, "_end", 5);
	put_stack(b, str_of(name), 5, 5);
	put_stack(b, STR_LIT("\x1b[2J\xff;\xf0\x9f\x94\xa5\r\nx"), 7, 7);
	put_stack(b, STR_LIT(";"), 7, 7);
	d = diff_of(NULL, seal(b), DIFF_NORMALISE_AUTO);
	(void)print(d, &opt);
	ok(!strchr(out.data, '\x1b') && !strchr(out.data, '\r') && utf8_valid(buf_str(&out)),
	   "control characters do not reach the terminal");
	rest = buf_str(&out);
	while (str_split(&rest, '\n', &line))
		if (text_width(line) > widest)
			widest = text_width(line);
	is_u64(widest, 60, "no line is longer than the page");
	ok(strstr(out.data, "begin_") && strstr(out.data, "..."), "long names are cut");
	ok(strstr(out.data, "xx_end\n"), "…in the middle");
	ok(strstr(out.data, "[no name]"), "an empty name is shown as one");
	diff_free(d);
}

static void test_color(void)
{
	struct diff *d = diff_of(profile_of(PROFILE_SAMPLES, 0, "p;f 30\nq;f 10\nr;g 20"),
				 profile_of(PROFILE_SAMPLES, 0, "p;f 10\nq;f 30\nr;g 21"),
				 DIFF_NORMALISE_AUTO);
	struct text_options opt = {.color = true}, all = {.color = true, .all = true};

	ok(!strchr(print(d, NULL), '\x1b'), "no escape sequences unless asked for");
	ok(strstr(print(d, &opt), "\x1b[31m") && strstr(out.data, "\x1b[34m"), "red and blue");
	ok(strstr(out.data, "... and 1 within the noise\n") && !strstr(out.data, "  r\n"),
	   "what is within the noise is counted, not shown");
	ok(strstr(print(d, &all), "\n20  21") && !strstr(out.data, "within the noise\n"),
	   "unless all is wanted; it has no colour");
	diff_free(d);
}

static void test_folded(void)
{
	struct diff *d = diff_of(profile_of(PROFILE_SAMPLES, 0, "p;a 5\np;a;b 4"),
				 profile_of(PROFILE_SAMPLES, 0, "p;a;b 9\np;a-x 3\nq 1"),
				 DIFF_NORMALISE_AUTO);
	struct builder *b = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	uint32_t series, frame, node;

	is_str(fold(d), "p;a 5 0\np;a;b 4 9\np;a-x 0 3\nq 0 1\n", "two columns");
	diff_free(d);
	d = diff_of(profile_of(PROFILE_SAMPLES, 0, "p;a 1\np;b 2"),
		    profile_of(PROFILE_SAMPLES, 0, "p;a 1"), DIFF_NORMALISE_TOTAL);
	is_str(fold(d), "p;a 1 3\np;b 2 0\n", "the smaller side is scaled up");
	diff_free(d);
	d = diff_of(profile_of(PROFILE_SAMPLES, 0, "p;a 1\np;b 1\np;c 1"),
		    profile_of(PROFILE_SAMPLES, 0, "p;a 5"), DIFF_NORMALISE_TOTAL);
	is_str(fold(d), "p;a 2 5\np;b 2 0\np;c 1 0\n",
	       "three times 5/3: rounded by largest remainders, the sum is 5");
	diff_free(d);
	d = diff_of(profile_of(PROFILE_SAMPLES, 0, "p;big 1000000\np;small 1"),
		    profile_of(PROFILE_SAMPLES, 0, "p;big 1000"), DIFF_NORMALISE_TOTAL);
	is_str(fold(d), "p;big 1000000 1000001\np;small 1 0\n",
	       "totals 1000:1: what is small is not lost");
	diff_free(d);
	d = diff_of(profile_of(PROFILE_SAMPLES, 0, "p;a 9223372036854775808\np;b 1"),
		    profile_of(PROFILE_SAMPLES, 0, "p;a 1\np;b 1"), DIFF_NORMALISE_AUTO);
	is_str(fold(d), "p;a 9223372036854775808 1\np;b 1 1\n", "2^63 as it is");
	diff_free(d);
	must(builder_process(b, STR_LIT("a;b"), &series), "process");
	must(builder_frame(b, STR_LIT("x\ny;"), STR_LIT(""), FRAME_USER, &frame), "frame");
	must(builder_stack(b, 0, frame, &node), "stack");
	must(builder_sample(b, series, node, 7, 7), "sample");
	d = diff_of(NULL, seal(b), DIFF_NORMALISE_AUTO);
	is_str(fold(d), "a:b;x\xef\xbf\xbdy: 7\n", "separators in names do not tear them apart");
	diff_free(d);
	d = diff_of(NULL, profile_of(PROFILE_SAMPLES, 0, ""), DIFF_NORMALISE_AUTO);
	is_str(fold(d), "", "of nothing, nothing");
	diff_free(d);
}

static const char *value(enum diff_unit unit, double v)
{
	struct diff d = {.unit = unit};

	buf_release(&out);
	buf_init(&out, 100);
	value_add(&out, &d, v);
	return out.data;
}

static const char *ratio(double a, double b)
{
	buf_release(&out);
	buf_init(&out, 100);
	value_add_ratio(&out, a, b, "x");
	return out.data;
}

static void test_values(void)
{
	is_str(value(DIFF_CORES, 1.4), "1.40", "three digits");
	is_str(value(DIFF_CORES, 0.9996), "1.00", "rounded up to the next power");
	is_str(value(DIFF_CORES, 99.96), "100", "and again");
	is_str(value(DIFF_CORES, 1234.5), "1234", "larger ones keep their digits");
	is_str(value(DIFF_CORES, 0.00001), "0.0000100", "small");
	is_str(value(DIFF_CORES, 1e-9), "<0.000001", "too small");
	is_str(value(DIFF_CORES, 0.0 / 0.0), "0", "not a number");
	is_str(value(DIFF_CORES, 1.0 / 0.0), "0", "infinite");
	is_str(value(DIFF_SAMPLES, 123456), "123456", "samples are whole");
	is_str(value(DIFF_SAMPLES, 0.25), "0.250", "unless scaled");
	is_str(ratio(2, 3), "x1.50", "ratio");
	is_str(ratio(0, 3), "new", "new");
	is_str(ratio(2, 0), "gone", "gone");
	is_str(ratio(0, 0), "-", "neither");
	is_str(ratio(1e-9, 1e9), "x>1000000", "absurd");
}

int main(void)
{
	test_tables();
	test_single();
	test_notes();
	test_hostile();
	test_color();
	test_folded();
	test_values();
	buf_release(&out);
	return tap_done();
}
