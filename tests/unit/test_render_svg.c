// SPDX-License-Identifier: Apache-2.0
#include "render/flame_svg.h"

#include <errno.h>
#include <math.h>

#include "render/colors.h"
#include "render/flame_frames.h"
#include "unit/profiles.h"
#include "unit/syntax.h"
#include "unit/tap.h"

static struct buf out;

static struct diff *diff_of(struct profile *a, struct profile *b)
{
	struct diff_options opt = {.label_a = STR_LIT("<before>"), .label_b = STR_LIT("after")};
	struct diff *d;

	must(diff_new(a, b, &opt, &d), "diff");
	profile_free(a);
	profile_free(b);
	return d;
}

static const char *draw(const struct diff *d, const struct flame_options *opt)
{
	buf_release(&out);
	buf_init(&out, (size_t)1 << 30);
	must(flame_svg(d, opt, &out), "svg");
	return out.data;
}

static void check_sound(const char *svg, const char *what)
{
	const char *why = xml_broken(str_of(svg)), *script = strstr(svg, "<script>");
	size_t before = script ? (size_t)(script - svg) : strlen(svg);

	if (!ok(!why, "%s: well-formed", what))
		printf("# %s\n", why);
	ok(!memmem(svg, before, "nan", 3) && !memmem(svg, before, "NaN", 3) &&
		   !memmem(svg, before, "inf\"", 4) && !memmem(svg, before, "-0\"", 3),
	   "%s: no NaN, no infinity", what);
}

static size_t count(const char *in, const char *what)
{
	size_t cnt = 0;

	for (const char *p = in; (p = strstr(p, what)); p += strlen(what))
		cnt++;
	return cnt;
}

static void test_diff(void)
{
	struct diff *d = diff_of(
		profile_of(PROFILE_NANOSECONDS, 10, "web;main;old 100\nweb;main;same 50"),
		profile_of(PROFILE_NANOSECONDS, 10, "web;main;same 52\njob;main;hot_[k] 400"));
	struct flame_options opt = {.title = STR_LIT("a <b> & c"),
				    .verdict = STR_LIT("job & co"),
				    .highlight = STR_LIT("job")};
	const char *svg = draw(d, &opt);

	check_sound(svg, "a diff");
	is_u64(count(svg, "<g") - 1, d->node_cnt + 1, "one group for each frame, and the outline");
	ok(strstr(svg, ">a &lt;b&gt; &amp; c<"), "the title, escaped");
	ok(strstr(svg, ">job &amp; co<"), "the verdict");
	ok(strstr(svg, "&lt;before&gt;"), "the label of a side");
	ok(strstr(svg, "<title>hot\nin [kernel], kernel\n"
		       "A: 0 cores, 0.0%; own 0\n"
		       "B: 0.400 cores, 88.5%; own 0.400; 400 samples\n"
		       "change: +0.400 \xc2\xb1 0.0200 cores, new; own +0.400</title>"),
	   "every number is in the title");
	ok(strstr(svg, "\xe2\x88\x92"
		       "0.100 \xc2\xb1 0.0100 cores, gone"),
	   "gone is a word");
	ok(strstr(svg, "(within the noise)"), "50 against 52 is noise");
	is_u64(count(svg, "fill=\"url(#gone)\""), 2, "gone frames are hatched, and in the legend");
	is_u64(count(svg, "<g class=\"h\""), 2, "the hot path is marked");
	is_u64(count(svg, "<g class=\"o\""), 1, "the process is outlined");
	ok(strstr(svg, ">+ hot<"), "a sign besides the colour");
	ok(!strstr(svg, "href") && !strstr(svg, "url(http"), "nothing is loaded from elsewhere");
	diff_free(d);
}

/* Every fill that the file has, behind the text that stands on it (WCAG 2.1, 1.4.3). */
static void test_contrast(void)
{
	struct builder *x = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	struct builder *y = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	double worst = 21;
	size_t fills = 0;
	struct diff *d;
	const char *p;

	for (int i = 0; i <= 40; i++) {
		char stack[32];

		(void)snprintf(stack, sizeof(stack), "p;f%d", i);
		put_stack(x, str_of(stack), 1000000 + (uint64_t)i * 100000, 0);
		put_stack(y, str_of(stack), 1000000 + (uint64_t)(40 - i) * 100000, 0);
	}
	put_stack(x, STR_LIT("p;gone"), 500000, 0);
	put_stack(y, STR_LIT("p;new"), 500000, 0);
	d = diff_of(seal(x), seal(y));
	p = strstr(draw(d, NULL), "class=\"frames\"");
	for (; p && (p = strstr(p, "fill=\"#")); p += 7) {
		uint64_t rgb;

		must(num_parse_hex((struct str){p + 7, 6}, &rgb), "fill");
		worst = fmin(worst, colors_contrast((uint32_t)rgb, COLORS_TEXT));
		fills++;
	}
	ok(fills > 40, "%zu fills are looked at", fills);
	ok(worst >= 4.5, "text on each of them has a contrast of at least 4.5 (%.2f)", worst);
	/* the words around the frames, and the letters in the sides' badges */
	worst = fmin(colors_contrast(0x565a63, 0xffffff), colors_contrast(0x1d1f23, 0xfbeee9));
	worst = fmin(worst, colors_contrast(0xffffff, 0x1c5d99));
	worst = fmin(worst, colors_contrast(0xffffff, 0xb3261e));
	ok(worst >= 4.5, "and so has the rest (%.2f)", worst);
	ok(strstr(out.data, "fill:#565a63") && strstr(out.data, "fill=\"#1c5d99\"") &&
		   strstr(out.data, "fill=\"#b3261e\""),
	   "these are the colours in use");
	diff_free(d);
}

/* Without a script, as in an <img>: words, signs and numbers are there. */
static void test_static(void)
{
	struct diff *d = diff_of(profile_of(PROFILE_NANOSECONDS, 10, "p;f 100\np;g 50\nq;h 60"),
				 profile_of(PROFILE_NANOSECONDS, 20, "p;f 600\np;g 100"));
	struct flame_options opt = {.no_script = true};
	const char *svg = draw(d, &opt);

	check_sound(svg, "static");
	is_u64(count(svg, "<title>"), d->node_cnt, "each frame has its title");
	ok(strstr(svg, ">new<") && strstr(svg, "50%<") && strstr(svg, ">noise<"),
	   "the legend has numbers, and names the dead band");
	ok(strstr(svg, ">+ f<"), "more has a plus");
	ok(strstr(svg, ">\xe2\x88\x92 h<"), "less has a minus");
	ok(strstr(svg, ">g<"), "and what did not change neither");
	ok(strstr(svg, "Values are normalised to time"), "normalisation in words");
	ok(strstr(svg, "only counting noise is"), "what the noise is");
	ok(strstr(svg, "Lost samples: A: nothing; B: nothing."), "losses");
	ok(strstr(svg, "100 Hz"), "the rate");
	diff_free(d);
}

static void test_options(void)
{
	struct diff *d = diff_of(profile_of(PROFILE_SAMPLES, 0, "p;f 1\np;g;h 5000"),
				 profile_of(PROFILE_SAMPLES, 0, "p;f 2\np;g;h 6000"));
	struct flame_options opt = {.id_prefix = STR_LIT("x1"), .no_script = true};
	const char *svg = draw(d, &opt);

	check_sound(svg, "with a prefix");
	ok(strstr(svg, "id=\"x1flame\"") && strstr(svg, "#x1flame .frames{") &&
		   !strstr(svg, "\"gone\"") && !strstr(svg, "(#gone"),
	   "ids and style rules carry the prefix");
	ok(!strstr(svg, "<script>"), "without the script");
	opt.id_prefix = STR_LIT("a\"b");
	buf_clear(&out);
	is_i64(flame_svg(d, &opt, &out), -EINVAL, "a prefix that is no name is refused");
	opt = (struct flame_options){.min_px = 5};
	svg = draw(d, &opt);
	ok(strstr(svg, "Not drawn: 1 frames narrower than 5 px, together A 1, B 2 samples."),
	   "what is too narrow is in the footer");
	opt = (struct flame_options){.icicle = true, .width = FLAME_WIDTH_B, .width_px = 10};
	check_sound(draw(d, &opt), "icicle, B's widths, too small a page");
	diff_free(d);
}

static void test_single(void)
{
	struct diff *d =
		diff_of(NULL, profile_of(PROFILE_NANOSECONDS, 10, "p;f 500\np;f;g_[k] 500"));
	const char *svg = draw(d, NULL);

	check_sound(svg, "one profile");
	ok(strstr(svg, "<title>g\nin [kernel], kernel\n0.500 cores, 50.0%; own 0.500; "
		       "500 samples</title>"),
	   "its title has one side");
	ok(!strstr(svg, "change:</") && !strstr(svg, "data-a="), "and no other");
	diff_free(d);
}

static void test_hostile(void)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	static char huge[10001];
	struct diff *d;
	const char *svg;

	memset(huge, 'x', sizeof(huge) - 1);
	memcpy(huge, "p;<", 3);
	put_stack(b, STR_LIT("p;</title><script>alert(1)</script>"), 100, 100);
	put_stack(b, STR_LIT("p;]]>&amp;\"'"), 100, 100);
	put_stack(b, STR_LIT("p;\xff\xfe\x1b[31m\n\r\t;"), 100, 100);
	put_stack(b, STR_LIT("\xc3(;\xe2\x82;\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5"), 100, 100);
	put_stack(b, STR_LIT(";"), 100, 100);
	put_stack(b, str_of(huge), 100, 100);
	d = diff_of(profile_of(PROFILE_SAMPLES, 0, "p;f 3"), seal(b));
	svg = draw(d, NULL);
	check_sound(svg, "hostile names");
	is_u64(count(svg, "<script>"), 1, "no script but ours");
	ok(strlen(svg) < 60000, "a name of 10,000 bytes is cut");
	diff_free(d);
}

static void test_extremes(void)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	uint32_t series, frame, node = 0;
	struct diff *d =
		diff_of(profile_of(PROFILE_SAMPLES, 0, ""), profile_of(PROFILE_SAMPLES, 0, ""));

	check_sound(draw(d, NULL), "nothing at all");
	diff_free(d);
	d = diff_of(profile_of(PROFILE_NANOSECONDS, 1, ""),
		    profile_of(PROFILE_NANOSECONDS, 1e9, "p;f 18446744073709"));
	check_sound(draw(d, NULL), "one side empty, a huge weight");
	diff_free(d);
	must(builder_process(b, STR_LIT("p"), &series), "process");
	must(builder_frame(b, STR_LIT("r"), STR_LIT(""), FRAME_USER, &frame), "frame");
	for (int i = 0; i < 5000; i++)
		must(builder_stack(b, node, frame, &node), "stack");
	must(builder_sample(b, series, node, 1, 1), "sample");
	d = diff_of(profile_of(PROFILE_SAMPLES, 0, "p;r 3"), seal(b));
	check_sound(draw(d, NULL), "5,000 frames deep");
	ok(strstr(out.data, "deeper frames are not drawn"), "the bar that stands for the rest");
	ok(strlen(out.data) < 400000, "and a file of bounded size");
	diff_free(d);
}

/* The processes' bars and what was left out add up to the root, as printed. */
static void test_sums(void)
{
	uint32_t wrong = 0;

	for (uint32_t seed = 1; seed <= 20; seed++) {
		struct diff *d = diff_of(random_profile(seed, 50, PROFILE_SAMPLES, 0),
					 random_profile(seed + 7, 50, PROFILE_SAMPLES, 0));
		struct flame_options opt = {.min_px = -1};
		const char *p = draw(d, &opt);
		double sum = 0, root = -1;

		if (xml_broken(str_of(p)))
			wrong++;
		for (; (p = strstr(p, "<g")); p++) {
			const char *b = strstr(p, "data-b=\""), *end = strchr(p, '>');
			double v = 0;

			if (b && b < end)
				must(num_parse_double((struct str){b + 8, strcspn(b + 8, "\"")},
						      &v),
				     "data-b");
			if (root < 0 && b && b < end)
				root = v;
			else if (!strncmp(p, "<g class=\"p\"", 12))
				sum += v;
		}
		wrong += root <= 0 || sum < root * 0.9999 || sum > root * 1.0001;
		diff_free(d);
	}
	is_u64(wrong, 0, "20 random pairs: the bars of the processes add up to the root's");
}

int main(void)
{
	test_diff();
	test_contrast();
	test_static();
	test_options();
	test_single();
	test_hostile();
	test_extremes();
	test_sums();
	buf_release(&out);
	return tap_done();
}
