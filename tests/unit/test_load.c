// SPDX-License-Identifier: Apache-2.0
/* Sources of every kind become profiles; whatever is wrong with them becomes one line. */
#include "load/load.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "format/folded.h"
#include "format/gzip.h"
#include "format/pprof.h"
#include "format/raw.h"
#include "model/builder.h"
#include "store/store.h"
#include "unit/tap.h"

static char dir[] = "/tmp/culprit-load-XXXXXX";
static char path[128];
static struct load_report report;
static struct err err;

/* Writes the bytes below the directory; the path stays in `path`. */
static const char *put(const char *name, struct str data)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (fs_write(path, data, &err))
		printf("Bail out! %s\n", err.text);
	return path;
}

static const char *load(const char *source, const struct load_opts *opts)
{
	static struct buf out;
	struct profile *p = NULL;

	load_report_release(&report);
	buf_release(&out);
	buf_init(&out, 1 << 20);
	err.text[0] = '\0';
	if (load_profile(source, opts, &p, &report, &err))
		return NULL;
	if (folded_write(p, NULL, &out))
		return NULL;
	profile_free(p);
	buf_add(&out, "", 0);
	return out.data;
}

static bool refused(const char *source, const char *why)
{
	return !load(source, NULL) && strstr(err.text, source) && strstr(err.text, why) &&
	       !strchr(err.text, '\n');
}

static const char windowed[] = "# window start=1000 length=10 cpus=2 hz=100 lost=1\n"
			       "cron;a 1\nnginx;b 2\n"
			       "# window start=1010 length=10 cpus=2 hz=100\n"
			       "cron;a 10\n"
			       "# window start=1020 length=10 cpus=2 hz=100\n"
			       "nginx;b 100\n";

static struct time_range seconds(int64_t from, int64_t until)
{
	return (struct time_range){from * 1000000000, until * 1000000000};
}

static void files(void)
{
	struct profile *p = NULL, *windows = NULL;
	struct load_opts lax = {.max_rejected = 0.1};
	struct buf packed, pp;

	buf_init(&packed, 1 << 20);
	buf_init(&pp, 1 << 20);
	is_str(load(put("a.folded", STR_LIT("p;a;b 5\n")), NULL), "p;a;b 5\n", "folded");
	ok(!gzip_deflate(STR_LIT("p;a;b 5\n"), &packed), "packed");
	is_str(load(put("a.folded.gz", buf_str(&packed)), NULL), "p;a;b 5\n", "folded, gzip");
	is_str(load(put("liar.svg", STR_LIT("p;a 1\n")), NULL), "p;a 1\n", "names do not matter");
	is_str(load(put("w.folded", str_of(windowed)), NULL), "cron;a 11\nnginx;b 102\n",
	       "windowed: merged");
	ok(!load_profile(path, NULL, &windows, NULL, &err), "…again, without a report");
	ok(!pprof_write(windows, NULL, &pp), "as pprof");
	ok(!load_profile(put("w.pb.gz", buf_str(&pp)), NULL, &p, NULL, &err), "read back: %s",
	   err.text);
	ok(p && p->total == windows->total && p->length_ns == windows->length_ns &&
		   p->lost[LOSS_IMPORT] == 1 && p->window_cnt == 3,
	   "pprof keeps weights, length and losses");
	profile_free(p);
	profile_free(windows);
	is_str(load(put("r.folded",
			STR_LIT("p;a 1\np;a 1\np;a 1\np;a 1\np;a 1\np;a 1\np;a 1\np;a 1\np;a 1\n"
				"p;a 1\nrubbish\n")),
		    &lax),
	       "p;a 10\n", "one bad line of eleven");
	ok(report.warnings.data && strstr(report.warnings.data, "line 11") &&
		   strstr(report.warnings.data, "r.folded: "),
	   "…is told: %.*s", (int)report.warnings.len - 1, buf_str(&report.warnings).p);
	buf_release(&packed);
	buf_release(&pp);
}

static void choices(void)
{
	struct time_range two[] = {seconds(1015, 1017), seconds(1000, 1010)};
	struct load_opts opts = {.ranges = two, .range_cnt = 1};
	struct matcher *m = matcher_new();
	const struct str labels[][2] = {{STR_LIT("host"), STR_LIT("n1")}};
	struct profile *p = NULL;
	char w[128];

	snprintf(w, sizeof(w), "%s", put("w.folded", str_of(windowed)));
	is_str(load(w, &opts), "cron;a 10\n", "a window belongs to a range by its middle");
	opts.range_cnt = 2;
	is_str(load(w, &opts), "cron;a 11\nnginx;b 2\n", "two ranges");
	two[0] = seconds(1016, 1025);
	opts.range_cnt = 1;
	ok(!load(w, &opts) && strstr(err.text, "no window"), "none in the range: %s", err.text);
	ok(!matcher_add(m, STR_LIT("process=nginx"), &err), "a matcher");
	opts = (struct load_opts){.matcher = m};
	is_str(load(w, &opts), "nginx;b 102\n", "only some series");
	put("a.folded", STR_LIT("nginx;x 1\ncron;y 2\n"));
	is_str(load(path, &opts), "nginx;x 1\n", "…of a plain file, too");
	opts = (struct load_opts){.ranges = two, .range_cnt = 1};
	ok(!load(path, &opts) && strstr(err.text, "no times"),
	   "a range of a file without times: %s", err.text);
	opts = (struct load_opts){.labels = labels, .label_cnt = 1};
	ok(!load_profile(path, &opts, &p, NULL, &err), "with a label more");
	is_str(p ? profile_label(p, 0, STR_LIT("host")).p : NULL, "n1", "…it is there");
	profile_free(p);
	matcher_free(m);
}

struct seen {
	size_t cnt;
	uint64_t total;
	int64_t first;
	int stop;
};

static int see(void *arg, const struct profile *p)
{
	struct seen *s = arg;

	if (!s->cnt++)
		s->first = p->start_ns;
	s->total += p->total_cnt;
	return s->stop;
}

static void by_window(void)
{
	struct time_range two[] = {seconds(1000, 1030), seconds(1000, 1020)};
	struct load_opts opts = {.ranges = two, .range_cnt = 2};
	struct seen s = {0};
	char w[128];

	snprintf(w, sizeof(w), "%s", put("w.folded", str_of(windowed)));
	ok(!load_windows(w, NULL, see, &s, NULL, &err) && s.cnt == 3 && s.total == 113,
	   "three windows");
	s = (struct seen){0};
	ok(!load_windows(w, &opts, see, &s, NULL, &err) && s.cnt == 3,
	   "one in two ranges comes once");
	s = (struct seen){.stop = 5};
	is_i64(load_windows(w, NULL, see, &s, NULL, &err), 5, "a callback stops it");
	put("a.folded", STR_LIT("nginx;x 1\n"));
	ok(load_windows(path, NULL, see, &s, NULL, &err) == -EINVAL && strstr(err.text, "# window"),
	   "plain stacks have no windows: %s", err.text);
	put("bad.folded", STR_LIT("# window start=1 length=1\np;a 1\n# window start=x length=1\n"));
	s = (struct seen){0};
	ok(load_windows(path, NULL, see, &s, NULL, &err) == -EINVAL && !s.cnt &&
		   strstr(err.text, "line 3") && strstr(err.text, "bad.folded"),
	   "a bad line: %s", err.text);
}

static void stores(void)
{
	struct time_range range[] = {seconds(1010, 1030), seconds(1010, 1020)};
	struct load_opts opts = {.ranges = range, .range_cnt = 2};
	struct store *s = NULL;
	struct seen seen = {0};
	char d[64];
	int r;

	snprintf(d, sizeof(d), "%s/store", dir);
	r = store_open(d, STORE_WRITE, NULL, &s, &err);
	if (!ok(!r, "a store: %s", r ? err.text : ""))
		return;
	for (int64_t i = 0; i < 3; i++) {
		struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
		struct profile *p = NULL;
		uint32_t series = 0;

		r |= builder_process(b, STR_LIT("nginx"), &series);
		r |= builder_sample(b, series, 0, 10000000, 1);
		builder_window(b, (1000 + 10 * i) * 1000000000, 10000000000, 2, 100);
		r |= builder_seal(b, &p);
		r |= store_put(s, p, &err);
		profile_free(p);
		builder_free(b);
	}
	store_close(s);
	ok(!r, "…with three windows");
	is_str(load(d, NULL), "nginx 3\n", "the whole store");
	is_str(load(d, &opts), "nginx 2\n", "ranges of it");
	ok(!load_windows(d, &opts, see, &seen, NULL, &err) && seen.cnt == 2 &&
		   seen.first == 1010000000000,
	   "window by window, each once");
}

static void bad_input(void)
{
	struct load_opts small = {.max_bytes = 100};
	struct buf b;
	int r;

	ok(refused("/nonexistent/x", "No such file"), "missing: %s", err.text);
	ok(strstr(err.text, "store directory"), "…says what there is");
	ok(refused("http://127.0.0.1:7070", "No such file"), "no file: %s", err.text);
	ok(refused(put("empty", STR_LIT("")), "empty"), "empty: %s", err.text);
	ok(refused(put("text", STR_LIT("hello\nworld\n")), "line 1"), "prose: %s", err.text);
	ok(refused(put("bin", STR_LIT("\x89PNG\r\n\x1a\n\0\0\0\x0d")), "binary"), "binary: %s",
	   err.text);
	ok(refused(put("db", STR_LIT("SQLite format 3\0")), "name the directory"), "a block: %s",
	   err.text);
	ok(refused(put("raw", STR_LIT(RAW_MAGIC "\1\2\3\4")), "--raw"), "raw records: %s",
	   err.text);
	ok(refused(put("perf.data", STR_LIT("PERFILE2\0\0\0")), "perf.data"), "perf.data: %s",
	   err.text);
	ok(refused(put("nul", (struct str){"p;a\0b 5\n", 8}), "binary"), "a NUL byte: %s",
	   err.text);
	ok(refused(put("gz", STR_LIT("\x1f\x8b\x08\0\0\0\0\0\0\3")), "gzip"), "gzip cut off: %s",
	   err.text);
	buf_init(&b, 1 << 20);
	r = gzip_deflate(STR_LIT("p;a 1\n"), &b);
	b.data[b.len - 6] ^= 1;
	ok(!r && refused(put("crc.gz", buf_str(&b)), "damaged gzip"), "gzip damaged: %s", err.text);
	buf_clear(&b);
	for (int i = 0; i < 50; i++)
		buf_addstr(&b, "p;a 1\n");
	ok(!load(put("big", buf_str(&b)), &small) && strstr(err.text, "big"),
	   "over the ceiling: %s", err.text);
	buf_release(&b);
	if (getuid()) {
		(void)chmod(path, 0);
		ok(refused(path, "Permission denied"), "no permission: %s", err.text);
	}
}

static void standard_input(void)
{
	put("in", STR_LIT("p;a 7\n"));
	if (!freopen(path, "r", stdin)) {
		ok(false, "stdin");
		return;
	}
	is_str(load("-", NULL), "p;a 7\n", "- is standard input");
	put("in", STR_LIT("nope\n"));
	if (!freopen(path, "r", stdin))
		return;
	ok(!load("-", NULL) && strstr(err.text, "standard input: line 1"), "…called so: %s",
	   err.text);
}

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *at)
{
	(void)remove(name);
	return 0;
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	load_report_init(&report);
	files();
	choices();
	by_window();
	stores();
	bad_input();
	standard_input();
	load_report_release(&report);
	(void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return tap_done();
}
