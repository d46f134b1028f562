// SPDX-License-Identifier: Apache-2.0
#include "render/markdown.h"

#include "unit/profiles.h"
#include "unit/tap.h"

static struct buf out;

static const char *print(struct profile *a, struct profile *b, const struct markdown_options *opt)
{
	struct diff_options diff_opt = {.label_a = STR_LIT("v1|`x`"), .label_b = STR_LIT("v2")};
	struct diff *d;

	must(diff_new(a, b, &diff_opt, &d), "diff");
	profile_free(a);
	profile_free(b);
	buf_release(&out);
	buf_init(&out, 1U << 20);
	must(markdown_render(d, opt, &out), "markdown");
	diff_free(d);
	return out.data;
}

static void count(size_t *ret_lines, size_t *ret_widest)
{
	struct str rest = buf_str(&out), line;

	*ret_lines = *ret_widest = 0;
	while (str_split(&rest, '\n', &line)) {
		*ret_lines += rest.p || line.len;
		if (text_width(line) > *ret_widest)
			*ret_widest = text_width(line);
	}
}

static void test_exact(void)
{
	const char *a = "web;main;f 1000\nweb;main;g 26\ncron;x 3",
		   *b = "web;main;f 700\nweb;main;g 25\njob;run 4200";

	is_str(print(profile_of(PROFILE_NANOSECONDS, 10, a), profile_of(PROFILE_NANOSECONDS, 10, b),
		     NULL),
	       "### `job` +4.20 cores (new)\n"
	       "\n"
	       "All together **+3.90 cores** (\xc3\x97"
	       "4.79).\n"
	       "\n"
	       "| process | A | B | change | ratio | A % | B % |\n"
	       "|:--|--:|--:|--:|--:|--:|--:|\n"
	       "| `job` | 0 | 4.20 | +4.20 \xc2\xb1 0.0648 | new | 0.0% | 85.3% |\n"
	       "| `web` | 1.03 | 0.725 | \xe2\x88\x92"
	       "0.301 \xc2\xb1 0.0418 | \xc3\x97"
	       "0.707 | 99.7% | 14.7% |\n"
	       "\n"
	       "| function, own time | A | B | change | ratio | A % | B % | change with callees |\n"
	       "|:--|--:|--:|--:|--:|--:|--:|--:|\n"
	       "| `run` | 0 | 4.20 | +4.20 \xc2\xb1 0.0648 | new | 0.0% | 85.3% | +4.20 \xc2\xb1 "
	       "0.0648 |\n"
	       "| `f` | 1.00 | 0.700 | \xe2\x88\x92"
	       "0.300 \xc2\xb1 0.0412 | \xc3\x97"
	       "0.700 | 97.2% | 14.2% | \xe2\x88\x92"
	       "0.300 \xc2\xb1 0.0412 |\n"
	       "| `main` | 0 | 0 | 0 | - | 0.0% | 0.0% | \xe2\x88\x92"
	       "0.301 \xc2\xb1 0.0418 |\n"
	       "\n"
	       "- A: `v1\\|'x'`, 1.03 cores, 1,029 samples, 10s, 2027-01-15T08:00:00Z to "
	       "2027-01-15T08:00:10Z, 100 Hz, 2 CPUs, 0 lost\n"
	       "- B: `v2`, 4.92 cores, 4,925 samples, 10s, 2027-01-15T08:00:00Z to "
	       "2027-01-15T08:00:10Z, 100 Hz, 2 CPUs, 0 lost\n"
	       "- Values are normalised to time: CPU time per second watched. Noise unknown: one "
	       "window per side; only counting noise is considered.\n"
	       "- Not in the table: 1 processes, 1 of them within the noise.\n"
	       "- Not in the table: 2 functions, 2 of them within the noise.\n",
	       "word for word");
}

static void test_size(void)
{
	struct builder *x = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	struct builder *y = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
	static char stack[12000];
	size_t lines, widest;

	for (int i = 0; i < 300; i++) {
		int at = snprintf(stack, sizeof(stack), "p|%d`;f|%d_", i, i);

		memset(stack + at, 'n', 10000);
		stack[at + 10000] = '\0';
		put_stack(i % 2 ? x : y, str_of(stack), 1000 + 1000 * (uint64_t)i, 0);
	}
	put_stack(x, STR_LIT("\r\nq;a\nb"), 900000, 0);
	for (int i = 0; i < LOSS_CNT; i++)
		builder_lost(y, (enum loss)i, 1000);
	(void)print(seal(x), seal(y), NULL);
	count(&lines, &widest);
	ok(lines <= MARKDOWN_MAX_LINES, "%zu lines, at most %d", lines, MARKDOWN_MAX_LINES);
	ok(lines > 25, "of which the tables are most");
	ok(widest < 2000, "no line is endless (%zu)", widest);
	ok(!strchr(out.data, '\r') && utf8_valid(buf_str(&out)), "clean");
}

static void test_quiet(void)
{
	const char *same = "p;f 100\nq;g 50";
	struct markdown_options opt = {.title = STR_LIT("v1 against v2")}, all = {.all = true};

	ok(strstr(print(profile_of(PROFILE_SAMPLES, 0, same), profile_of(PROFILE_SAMPLES, 0, same),
			NULL),
		  "### Nothing changed by more than the noise\n"),
	   "no change: says so");
	ok(!strstr(out.data, "| process"), "and has no table without rows");
	ok(strstr(print(profile_of(PROFILE_SAMPLES, 0, same), profile_of(PROFILE_SAMPLES, 0, same),
			&all),
		  "| `p` | 100 | 100 | 0 "),
	   "unless all is wanted");
	ok(strstr(print(profile_of(PROFILE_SAMPLES, 0, same), profile_of(PROFILE_SAMPLES, 0, same),
			&opt),
		  "### v1 against v2\n"),
	   "a title of one's own");
	ok(strstr(print(NULL, profile_of(PROFILE_SAMPLES, 0, same), NULL), "| `p` | 100 | 66.7% |"),
	   "one profile");
	ok(print(profile_of(PROFILE_SAMPLES, 0, ""), profile_of(PROFILE_SAMPLES, 0, ""), NULL) &&
		   strstr(out.data, "Neither side has any samples"),
	   "nothing against nothing");
	ok(!strstr(out.data, "nan") && !strstr(out.data, "inf"), "no nan, no inf");
}

int main(void)
{
	test_exact();
	test_size();
	test_quiet();
	buf_release(&out);
	return tap_done();
}
