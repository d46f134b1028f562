// SPDX-License-Identifier: Apache-2.0
/*
 * The page's data, taken apart again by a reader that is written after the format alone, and the
 * markup around it.
 */
#include "render/html.h"

#include <math.h>

#include "base/compress.h"
#include "diff/replicates.h"
#include "unit/profiles.h"
#include "unit/tap.h"

#define MAX_PAGE ((size_t)1 << 30)

/* The tree as the page will see it. */
struct seen {
	struct buf plain;
	char facts[4096];
	uint32_t string_cnt, frame_cnt, node_cnt, max_depth;
	struct str *strings;
	uint32_t *name, *module, *frame, *parent, *depth, *hidden, *lines;
	unsigned char *kind;
	uint64_t *own[2], *total[2];
	int64_t *cnt[2];
	const unsigned char *spread, *own_spread, *within; /* only of windows */
	uint32_t function_cnt;
	size_t at;
	bool broken;
};

static uint64_t num(struct seen *s)
{
	uint64_t v = 0;

	for (int shift = 0; s->at < s->plain.len; shift += 7) {
		unsigned char c = (unsigned char)s->plain.data[s->at++];

		v |= (uint64_t)(c & 127) << shift;
		if (c < 128)
			return v;
	}
	s->broken = true;
	return 0;
}

static uint32_t *nums(struct seen *s, uint32_t cnt)
{
	uint32_t *v = calloc(cnt + 1, sizeof(*v));

	must(v ? 0 : -ENOMEM, "numbers");
	for (uint32_t i = 0; i < cnt; i++)
		v[i] = (uint32_t)num(s);
	return v;
}

static struct str take(struct seen *s, size_t len)
{
	struct str part = {s->plain.data + s->at, len};

	if (len > s->plain.len - s->at) {
		s->broken = true;
		return (struct str){"", 0};
	}
	s->at += len;
	return part;
}

static int digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

static bool unpack(struct str base64, struct buf *plain)
{
	struct compress_gunzip *g = NULL;
	struct buf packed;
	size_t used, made = 0, cap = (size_t)64 << 20;
	bool sound = base64.len % 4 == 0;
	char *room;
	int r;

	buf_init(&packed, MAX_PAGE);
	for (size_t i = 0; i + 3 < base64.len; i += 4) {
		uint32_t v = 0;

		for (int k = 0; k < 4; k++) {
			int d = digit(base64.p[i + (size_t)k]);

			sound = sound &&
				(d >= 0 || (base64.p[i + (size_t)k] == '=' && i + 4 == base64.len));
			v = v << 6 | (d >= 0 ? (uint32_t)d : 0);
		}
		buf_addch(&packed, (char)(v >> 16));
		buf_addch(&packed, (char)(v >> 8 & 255));
		buf_addch(&packed, (char)(v & 255));
	}
	buf_init(plain, MAX_PAGE);
	room = buf_reserve(plain, cap);
	must(room ? compress_gunzip_new(&g) : -ENOMEM, "gunzip");
	r = compress_gunzip_step(g, buf_str(&packed), room, cap, &used, &made);
	buf_commit(plain, made);
	compress_gunzip_free(g);
	buf_release(&packed);
	return sound && r == 1;
}

static void read_nodes(struct seen *s, bool single, bool has_lines, const bool counted[2])
{
	s->node_cnt = (uint32_t)num(s);
	s->parent = calloc(s->node_cnt + 1, sizeof(uint32_t));
	s->depth = calloc(s->node_cnt + 1, sizeof(uint32_t));
	must(s->parent && s->depth ? 0 : -ENOMEM, "nodes");
	for (uint32_t n = 1; n < s->node_cnt; n++) {
		uint32_t up = (uint32_t)num(s), parent = n - 1;

		for (; up && parent; up--)
			parent = s->parent[parent];
		s->broken = s->broken || up;
		s->parent[n] = parent;
		s->depth[n] = s->depth[parent] + 1;
		s->max_depth = s->depth[n] > s->max_depth ? s->depth[n] : s->max_depth;
	}
	s->frame = nums(s, s->node_cnt);
	for (int side = 0; side < 2; side++) {
		s->own[side] = calloc(s->node_cnt + 1, sizeof(uint64_t));
		s->total[side] = calloc(s->node_cnt + 1, sizeof(uint64_t));
		for (uint32_t n = 0; n < s->node_cnt && (side || !single); n++)
			s->total[side][n] = s->own[side][n] = num(s);
		for (uint32_t n = s->node_cnt; n-- > 1;)
			s->total[side][s->parent[n]] += s->total[side][n];
	}
	for (int side = 0; side < 2; side++) {
		s->cnt[side] = calloc(s->node_cnt + 1, sizeof(int64_t));
		for (uint32_t n = 0; n < s->node_cnt && counted[side]; n++) {
			uint64_t z = num(s);

			s->cnt[side][n] = (int64_t)(z >> 1) ^ -(int64_t)(z & 1);
		}
	}
	s->hidden = nums(s, s->node_cnt);
	s->lines = has_lines ? nums(s, s->node_cnt) : NULL;
}

static void read_noise(struct seen *s)
{
	s->spread = (const unsigned char *)take(s, s->node_cnt).p;
	s->own_spread = (const unsigned char *)take(s, s->node_cnt).p;
	s->within = (const unsigned char *)take(s, s->node_cnt).p;
	s->function_cnt = (uint32_t)num(s);
	for (uint32_t i = 0; i < s->function_cnt; i++) {
		s->broken = s->broken || num(s) >= s->string_cnt;
		(void)take(s, 3);
	}
}

static void see(struct seen *s, const struct diff *d, const struct html_data_options *opt,
		struct html_pruned *pruned)
{
	bool counted[2] = {d->side[0].cnt > 0, d->side[1].cnt > 0};
	struct buf base64;
	struct str facts;

	*s = (struct seen){0};
	buf_init(&base64, MAX_PAGE);
	must(html_data(d, opt, &base64, pruned), "data");
	ok(unpack(buf_str(&base64), &s->plain), "base64 and gzip are sound");
	buf_release(&base64);
	ok(!memcmp(take(s, 4).p, "CPT1", 4), "the mark");
	facts = take(s, (size_t)num(s));
	(void)snprintf(s->facts, sizeof(s->facts), "%.*s", (int)facts.len, facts.p);
	s->string_cnt = (uint32_t)num(s);
	s->strings = calloc(s->string_cnt, sizeof(*s->strings));
	for (uint32_t i = 0; i < s->string_cnt; i++)
		s->strings[i].len = (size_t)num(s);
	for (uint32_t i = 0; i < s->string_cnt; i++)
		s->strings[i] = take(s, s->strings[i].len);
	s->frame_cnt = (uint32_t)num(s);
	s->name = nums(s, s->frame_cnt);
	s->module = nums(s, s->frame_cnt);
	s->kind = (unsigned char *)take(s, s->frame_cnt).p;
	read_nodes(s, d->single, d->lines != NULL, counted);
	if (d->noise_basis == DIFF_NOISE_WINDOWS)
		read_noise(s);
	ok(!s->broken && s->at == s->plain.len, "the data ends where it should");
}

static void forget(struct seen *s)
{
	void *all[] = {s->strings,  s->name,   s->module, s->frame,  s->parent,
		       s->depth,    s->hidden, s->own[0], s->own[1], s->total[0],
		       s->total[1], s->cnt[0], s->cnt[1], s->lines};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		free(all[i]);
	buf_release(&s->plain);
}

static struct diff *diff_of(struct profile *a, struct profile *b)
{
	struct diff_options opt = {.label_a = STR_LIT("<a>"), .label_b = STR_LIT("b & b")};
	struct diff *d;

	must(diff_new(a, b, &opt, &d), "diff");
	profile_free(a);
	profile_free(b);
	return d;
}

static struct str node_name(const struct seen *s, uint32_t n)
{
	return s->strings[s->name[s->frame[n]]];
}

static uint64_t gcd_of(const struct diff *d, int side)
{
	uint64_t g = 0;

	for (uint32_t n = 0; n < d->node_cnt; n++)
		for (uint64_t v = d->nodes[n].side[side].self; v;) {
			uint64_t rest = g % v;

			g = v;
			v = rest;
		}
	return g ? g : 1;
}

/* Unpruned, every node comes back as it was. */
static void test_whole(const char *what, struct diff *d)
{
	struct html_data_options opt = {.min_share = -1};
	struct html_pruned pruned;
	struct seen s;
	uint32_t wrong = 0;

	see(&s, d, &opt, &pruned);
	is_u64(s.node_cnt, d->node_cnt, "%s: every node is there", what);
	is_u64(pruned.cnt, 0, "%s: nothing is pruned", what);
	for (uint32_t n = 0; n < d->node_cnt && s.node_cnt == d->node_cnt; n++) {
		const struct diff_node *node = &d->nodes[n];

		wrong += s.parent[n] != node->parent || s.depth[n] != node->depth;
		wrong += text_width(node_name(&s, n)) != text_width(diff_name(d, n));
		for (int side = 0; side < 2; side++) {
			wrong += s.own[side][n] * gcd_of(d, side) != node->side[side].self;
			wrong += s.total[side][n] * gcd_of(d, side) != node->side[side].total;
		}
	}
	is_u64(wrong, 0, "%s: parents, names, weights are the same", what);
	forget(&s);
	diff_free(d);
}

/* Samples: the differences from the expected add up to the counts again. */
/* Where in its source a frame was, in words. */
static void test_lines(void)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	struct source_line at = {STR_LIT("src/<a>.c"), 7, 5};
	uint32_t series, frame, node = 0;
	struct html_pruned pruned;
	struct diff *d;
	struct seen s;

	must(builder_process(b, STR_LIT("prog"), &series), "process");
	must(builder_frame_at(b, STR_LIT("main"), STR_LIT("prog"), FRAME_USER, &at, &frame),
	     "frame");
	must(builder_stack(b, node, frame, &node), "stack");
	must(builder_frame(b, STR_LIT("leaf"), STR_LIT("prog"), FRAME_USER, &frame), "frame");
	must(builder_stack(b, node, frame, &node), "stack");
	must(builder_sample(b, series, node, 3, 3), "sample");
	d = diff_of(NULL, seal(b));
	see(&s, d, NULL, &pruned);
	ok(strstr(s.facts, "\"lines\":true"), "there are lines");
	ok(s.lines && s.node_cnt == 4 && !s.lines[0] && !s.lines[1] && !s.lines[3] &&
		   str_eq(s.strings[s.lines[2]], STR_LIT("src/<a>.c:7")),
	   "the frame that has one tells it, and no other");
	forget(&s);
	diff_free(d);
}

static void test_samples(void)
{
	struct diff *d = diff_of(random_profile(7, 400, PROFILE_NANOSECONDS, 10),
				 random_profile(8, 500, PROFILE_NANOSECONDS, 20));
	struct html_data_options opt = {.min_share = -1};
	struct html_pruned pruned;
	struct seen s;
	int64_t sum[2] = {0};

	see(&s, d, &opt, &pruned);
	for (int side = 0; side < 2; side++) {
		double rate = (double)d->side[side].cnt / (double)s.total[side][0];

		for (uint32_t n = 0; n < s.node_cnt; n++)
			sum[side] += s.cnt[side][n] +
				     (int64_t)floor((double)s.own[side][n] * rate + 0.5);
	}
	is_u64(sum[0], d->side[0].cnt, "A's samples add up");
	is_u64(sum[1], d->side[1].cnt, "B's samples add up");
	forget(&s);
	diff_free(d);
}

/* What windows say of each node comes through: the verdict exactly, the error a little rounded. */
static void test_windows(void)
{
	struct profile *a = random_profile(1, 200, PROFILE_NANOSECONDS, 10);
	struct profile *b = random_profile(2, 220, PROFILE_NANOSECONDS, 10);
	struct html_data_options opt = {.min_share = -1};
	struct diff_options how = {0};
	struct replicates *windows;
	struct html_pruned pruned;
	uint32_t wrong = 0, noisy = 0;
	struct diff *d;
	struct seen s;

	must(diff_new(a, b, &how, &d), "diff");
	must(replicates_new(d, &how, &windows), "replicates");
	for (uint32_t i = 0; i < 12; i++) {
		struct profile *w = random_profile(i + 1, 30 + i, PROFILE_NANOSECONDS, 2);

		must(replicates_add(windows, (enum diff_which)(i & 1), w), "window");
		replicates_cut(windows, (enum diff_which)(i & 1));
		profile_free(w);
	}
	must(replicates_finish(windows), "finish");
	replicates_free(windows);
	see(&s, d, &opt, &pruned);
	ok(strstr(s.facts, "\"basis\":\"windows\""), "windows are the basis");
	for (uint32_t n = 0; n < d->node_cnt; n++) {
		double whole = fmax(diff_total(d, 0, DIFF_A), diff_total(d, 0, DIFF_B));
		double error = whole * pow(2, (s.spread[n] - 1) / 8.0 - 31);
		double own_error = whole * pow(2, (s.own_spread[n] - 1) / 8.0 - 31);

		wrong += (s.within[n] & 1) != diff_within_noise(d, n);
		wrong += s.within[n] >> 1 != diff_self_within_noise(d, n);
		if (diff_noise(d, n) > 0)
			wrong += fabs(log(error / diff_noise(d, n)) - 0.045) > 0.046;
		if (diff_self_noise(d, n) > 0)
			wrong += fabs(log(own_error / diff_self_noise(d, n)) - 0.045) > 0.046;
		noisy += s.within[n] & 1;
	}
	is_u64(wrong, 0, "each node's noise is there");
	ok(noisy > 0 && noisy < d->node_cnt, "some changes are noise, others not");
	ok(s.function_cnt > 5, "functions are judged, too");
	forget(&s);
	diff_free(d);
	profile_free(a);
	profile_free(b);
}

static void test_pruned(void)
{
	struct diff *d = diff_of(random_profile(3, 4000, PROFILE_SAMPLES, 0),
				 random_profile(4, 4000, PROFILE_SAMPLES, 0));
	struct html_data_options opt = {.min_share = 0.001};
	struct html_pruned pruned;
	uint64_t hidden = 0, markers = 0, light = 0;
	double taken[2] = {0};
	struct seen s;

	see(&s, d, &opt, &pruned);
	for (uint32_t n = 0; n < s.node_cnt; n++) {
		uint64_t larger = s.total[0][n] * gcd_of(d, 0);

		if (s.kind[s.frame[n]] == HTML_KIND_PRUNED) {
			hidden += s.hidden[n];
			markers++;
			taken[0] += (double)(s.total[0][n] * gcd_of(d, 0));
			taken[1] += (double)(s.total[1][n] * gcd_of(d, 1));
			continue;
		}
		if (s.total[1][n] * gcd_of(d, 1) > larger)
			larger = s.total[1][n] * gcd_of(d, 1);
		light += (double)larger < pruned.below;
	}
	ok(markers > 10, "there are markers for what is pruned");
	is_u64(hidden, pruned.cnt, "they stand for all pruned nodes");
	is_u64(s.node_cnt - markers + hidden, d->node_cnt, "no node is forgotten");
	is_u64(light, 0, "what is left is not too light");
	is_near(taken[0], pruned.total[0], 1e-6, "A's pruned weight is the markers'");
	is_near(taken[1], pruned.total[1], 1e-6, "B's too");
	is_u64(s.total[0][0] * gcd_of(d, 0), d->side[0].total, "A's total is whole");
	is_u64(s.total[1][0] * gcd_of(d, 1), d->side[1].total, "B's total is whole");
	forget(&s);

	opt = (struct html_data_options){.min_share = -1, .max_nodes = 500};
	see(&s, d, &opt, &pruned);
	markers = 0;
	for (uint32_t n = 0; n < s.node_cnt; n++)
		markers += s.kind[s.frame[n]] == HTML_KIND_PRUNED;
	ok(s.node_cnt - markers <= 500 && s.node_cnt - markers > 250,
	   "at most as many nodes as wanted, and not far fewer");
	is_u64(s.total[1][0] * gcd_of(d, 1), d->side[1].total, "B's total is whole");
	forget(&s);
	diff_free(d);
}

static void test_extremes(void)
{
	struct buf lines, name;
	struct html_pruned pruned;
	struct seen s;
	struct diff *d;

	buf_init(&lines, MAX_PAGE);
	for (int i = 0; i < 5000; i++)
		buf_addf(&lines, "%sf%d", i ? ";" : "p;", i % 100);
	buf_addstr(&lines, " 9223372036854775808\np;g 1");
	d = diff_of(profile_of(PROFILE_SAMPLES, 0, ""), profile_of(PROFILE_SAMPLES, 0, lines.data));
	see(&s, d, &(struct html_data_options){.min_share = -1}, &pruned);
	is_u64(s.max_depth, 5001, "5,000 frames deep");
	is_u64(s.total[1][0], UINT64_C(9223372036854775809), "2^63 and one more");
	forget(&s);
	diff_free(d);
	buf_init(&name, MAX_PAGE);
	buf_addstr(&name, "p;");
	for (int i = 0; i < 10000; i++)
		buf_addch(&name, 'x');
	buf_addstr(&name, " 5\np;a\xff\xe2\x80\xae\x1b[31m</script> 5");
	d = diff_of(NULL, profile_of(PROFILE_SAMPLES, 0, name.data));
	see(&s, d, NULL, &pruned);
	ok(strstr(s.facts, "\"single\":true"), "one profile says so");
	for (uint32_t i = 0; i < s.string_cnt; i++)
		ok(utf8_valid(s.strings[i]) && s.strings[i].len <= HTML_MAX_NAME &&
			   !memchr(s.strings[i].p, '\x1b', s.strings[i].len) &&
			   !memmem(s.strings[i].p, s.strings[i].len, "\xe2\x80\xae", 3),
		   "string %u is clean and not too long", i);
	forget(&s);
	diff_free(d);
	buf_release(&lines);
	buf_release(&name);
}

static const char *render(const struct diff *d, const struct html_options *opt, struct buf *out)
{
	buf_init(out, MAX_PAGE);
	must(html_render(d, opt, out), "page");
	return out->data;
}

static size_t count(const char *in, const char *what)
{
	size_t cnt = 0;

	for (const char *p = in; (p = strstr(p, what)); p += strlen(what))
		cnt++;
	return cnt;
}

static void test_page(void)
{
	struct diff *d = diff_of(
		profile_of(PROFILE_NANOSECONDS, 10, "<b>&\"'\xff;main;old 100\nweb;main 50"),
		profile_of(PROFILE_NANOSECONDS, 10,
			   "</script><script>alert(1)//;f 400\nweb;main 52"));
	struct html_options opt = {.title = STR_LIT("a </title> & b"),
				   .verdict = STR_LIT("<i>it</i> is job")};
	struct buf out;
	const char *page = render(d, &opt, &out);

	is_u64(count(page, "<script"), 2, "two scripts: the data and the program");
	is_u64(count(page, "</script"), 2, "and no name ends one of them early");
	ok(strstr(page, "<h1>a &lt;/title&gt; &amp; b</h1>"), "the title is escaped");
	ok(strstr(page, "&lt;i&gt;it&lt;/i&gt; is job"), "so is the verdict");
	ok(strstr(page, "&lt;b&gt;&amp;"), "and the names in the static table");
	ok(strstr(page, "script-src 'sha256-") && strstr(page, "default-src 'none'"),
	   "the policy lets only this script run");
	ok(!strstr(page, "http:") && !strstr(page, "https:") && !strstr(page, " src=") &&
		   !strstr(page, "href"),
	   "nothing is loaded from elsewhere");
	ok(!strstr(page, "style=\""), "no style that the policy would refuse");
	ok(strstr(page, "Nothing was pruned") && strstr(page, "normalised to time"),
	   "what a reader has to know");
	buf_release(&out);
	diff_free(d);
	d = diff_of(NULL, profile_of(PROFILE_SAMPLES, 0, ""));
	page = render(d, NULL, &out);
	ok(strstr(page, "There are no samples.") &&
		   !memmem(page, (size_t)(strstr(page, "<script>") - page), "nan", 3),
	   "an empty profile");
	buf_release(&out);
	diff_free(d);
}

static void test_spread(void)
{
	unsigned int bad = 0;

	is_u64(html_spread_code(0, 10), 0, "no spread");
	is_u64(html_spread_code(10, 10) > 0 && html_spread_code(100, 10) <= 255, 1, "large ones");
	for (double v = 1e-6; v < 10; v *= 1.013) {
		double back = 10 * pow(2, (html_spread_code(v, 10) - 1) / 8.0 - 31);

		bad += back < v * 0.999999 || back > v * 1.091;
	}
	is_u64(bad, 0, "a spread is never understated, and overstated by less than a tenth");
}

int main(void)
{
	test_whole("samples", diff_of(random_profile(1, 300, PROFILE_SAMPLES, 0),
				      random_profile(2, 300, PROFILE_SAMPLES, 0)));
	test_whole("cores", diff_of(random_profile(1, 300, PROFILE_NANOSECONDS, 10),
				    random_profile(2, 300, PROFILE_NANOSECONDS, 30)));
	test_whole("periods", diff_of(profile_of(PROFILE_NANOSECONDS, 1, "p;a 3\np;a;b 7"),
				      profile_of(PROFILE_NANOSECONDS, 1, "p;a 5\nq;c 1")));
	test_whole("alone", diff_of(NULL, random_profile(5, 200, PROFILE_NANOSECONDS, 10)));
	test_whole("empty",
		   diff_of(profile_of(PROFILE_SAMPLES, 0, ""), profile_of(PROFILE_SAMPLES, 0, "")));
	test_samples();
	test_lines();
	test_windows();
	test_pruned();
	test_extremes();
	test_page();
	test_spread();
	return tap_done();
}
