// SPDX-License-Identifier: Apache-2.0
#include "load/load.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "format/gzip.h"
#include "load/loader.h"
#include "model/builder.h"

#define DEFAULT_MAX_BYTES ((size_t)4 << 30)
#define MAX_WARNINGS	  ((size_t)1 << 20) /* bytes */

#define WHAT_THERE_IS                                                                \
	"want folded stacks, a pprof profile, output of perf script or flamebearer " \
	"JSON (each may be gzip), a store directory, or - for standard input"

size_t loader_max_bytes(const struct loader *l)
{
	return l->opts->max_bytes ? l->opts->max_bytes : DEFAULT_MAX_BYTES;
}

void loader_note(struct loader *l, struct str text)
{
	struct buf *out = l->report ? &l->report->warnings : NULL;

	if (!out || !text.len)
		return;
	buf_addf(out, "%s: ", l->name);
	text_add_clean(out, text);
	buf_addch(out, '\n');
}

void load_report_init(struct load_report *report)
{
	buf_init(&report->warnings, MAX_WARNINGS);
}

void load_report_release(struct load_report *report)
{
	buf_release(&report->warnings);
}

/* ---- windows, wherever they come from ---- */

static bool is_wanted(const struct load_opts *opts, const struct profile *p)
{
	int64_t middle = p->start_ns + (int64_t)(((uint64_t)p->end_ns - (uint64_t)p->start_ns) / 2);

	for (size_t i = 0; i < opts->range_cnt; i++)
		if (opts->ranges[i].from_ns <= middle && middle < opts->ranges[i].until_ns)
			return true;
	return !opts->range_cnt;
}

static int fail_merge(struct loader *l, int r)
{
	l->told = true;
	if (r == -EINVAL)
		return err_set(l->err, EINVAL,
			       "%s: windows with and without a sampling rate cannot be added",
			       l->name);
	return err_set(l->err, r, "%s: %s", l->name,
		       r == -ENOSPC ? "more stacks and names than one profile holds"
				    : "out of memory");
}

static int add_to(struct builder **b, const struct profile *p, const struct matcher *m)
{
	if (!*b)
		*b = builder_new(&builder_limits_file, p->unit);
	return *b ? builder_add_profile(*b, p, m) : -ENOMEM;
}

/* Takes the window; gives the series that were asked for to the function or the builder. */
static int take_window(void *arg, struct profile *p)
{
	struct loader *l = arg;
	struct builder *filtered = NULL;
	int r = 0;

	if (!is_wanted(l->opts, p))
		goto out;
	if (!l->fn) {
		r = add_to(&l->b, p, l->opts->matcher);
	} else if (!matcher_is_empty(l->opts->matcher)) {
		struct profile *part = NULL;

		r = add_to(&filtered, p, l->opts->matcher);
		if (!r)
			r = builder_seal(filtered, &part);
		if (!r) {
			r = l->fn(l->arg, part);
			l->by_callback = r != 0;
		}
		profile_free(part);
	} else {
		r = l->fn(l->arg, p);
		l->by_callback = r != 0;
	}
out:
	builder_free(filtered);
	profile_free(p);
	return r && !l->by_callback ? fail_merge(l, r) : r;
}

/* ---- files ---- */

static int refuse(struct loader *l, enum sniff kind)
{
	if (kind == SNIFF_RAW)
		return err_set(l->err, EINVAL, "%s: raw records: give the file to --raw", l->name);
	if (kind == SNIFF_SQLITE)
		return err_set(l->err, EINVAL,
			       "%s: an SQLite database: of a store, name the directory", l->name);
	return err_set(l->err, EINVAL, "%s: %s: %s", l->name, sniff_name(kind), WHAT_THERE_IS);
}

/*
 * Does the beginning tell that the rest is nothing for us? A message whose first field is not the
 * usual one is known by its whole length only; it begins with a field number above 0 and a number
 * or bytes.
 */
static bool is_hopeless(struct str head, enum sniff kind)
{
	unsigned char tag = head.len ? (unsigned char)head.p[0] : 0;

	if (kind == SNIFF_BINARY)
		return !(tag >> 3) || ((tag & 7) != 0 && (tag & 7) != 2);
	return kind == SNIFF_RAW || kind == SNIFF_SQLITE || kind == SNIFF_ELF || kind == SNIFF_PERF;
}

static int fail_read(struct loader *l, int r)
{
	if (r == -EFBIG)
		return err_set(l->err, EFBIG, "%s: larger than %zu MiB, the most that is read",
			       l->name, loader_max_bytes(l) >> 20);
	return err_set(l->err, r, "%s: %s", l->name, strerror(-r));
}

static int open_file(struct loader *l, const char *source)
{
	struct stat st;

	l->fd = STDIN_FILENO;
	if (!strcmp(source, "-"))
		return 0;
	l->fd = open(source, O_RDONLY | O_CLOEXEC);
	if (l->fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		return fail_read(l, -errno);
	if (l->fd < 0)
		return err_set(l->err, errno, "%s: %s; %s", source, strerror(errno), WHAT_THERE_IS);
	if (!fstat(l->fd, &st) && S_ISREG(st.st_mode) && (uint64_t)st.st_size > loader_max_bytes(l))
		return fail_read(l, -EFBIG);
	return 0;
}

/* The beginning, which tells what the rest is; all of it, when it is small. */
static int read_head(struct loader *l)
{
	char *room = buf_reserve(&l->bytes, SNIFF_BYTES);
	size_t len;
	int r = room ? fs_read_part(l->fd, room, SNIFF_BYTES, &len) : -ENOMEM;

	if (r)
		return fail_read(l, r);
	buf_commit(&l->bytes, len);
	l->is_whole = len < SNIFF_BYTES;
	return 0;
}

static int read_rest(struct loader *l)
{
	struct stat st;
	int r;

	if (l->is_whole)
		return 0;
	if (!fstat(l->fd, &st) && S_ISREG(st.st_mode) && (uint64_t)st.st_size > l->bytes.len)
		(void)buf_reserve(&l->bytes, (size_t)st.st_size - l->bytes.len + 1);
	r = fs_read_fd(l->fd, &l->bytes);
	l->is_whole = true;
	return r ? fail_read(l, r) : 0;
}

static int inflate(struct loader *l)
{
	struct gzip_limits all = {.max_bytes = l->opts->max_bytes},
			   some = {.max_bytes = SNIFF_BYTES};
	struct buf plain;
	enum sniff kind;
	int r;

	buf_init(&plain, SIZE_MAX / 4);
	r = gzip_inflate(buf_str(&l->bytes), &some, &plain, l->err);
	kind = sniff(buf_str(&plain));
	if (r == -EFBIG) {
		bool hopeless = is_hopeless(buf_str(&plain), kind);

		buf_release(&plain);
		if (hopeless)
			return refuse(l, kind);
		buf_init(&plain, SIZE_MAX / 4);
		r = gzip_inflate(buf_str(&l->bytes), &all, &plain, l->err);
	}
	buf_release(&l->bytes);
	l->bytes = plain;
	return r ? err_prefix(l->err, r, "%s", l->name) : 0;
}

/* One window, whose time may be unknown. */
static int read_single(struct loader *l, enum sniff kind)
{
	struct profile *p = NULL;
	bool is_folded;
	int r;

	r = loader_read(l, kind, &p);
	if (r)
		return r;
	is_folded = kind != SNIFF_PPROF && kind != SNIFF_PERFSCRIPT && kind != SNIFF_FLAMEBEARER;
	if ((l->opts->range_cnt && !p->start_ns) ||
	    (l->fn && is_folded && !p->length_ns && !l->opts->untimed)) {
		profile_free(p);
		return err_set(l->err, EINVAL,
			       l->fn ? "%s: holds no times: want '# window start=… length=…' lines"
				     : "%s: holds no times, so no range can be taken from it",
			       l->name);
	}
	if (!l->fn && matcher_is_empty(l->opts->matcher) && is_wanted(l->opts, p)) {
		/* the common case is not copied: the profile itself is the result */
		*(struct profile **)l->arg = p;
		return 0;
	}
	return take_window(l, p);
}

/* Folded text is not kept in memory, unless it is to be read twice, or is UTF-16. */
static bool comes_in_pieces(const struct loader *l, enum sniff kind)
{
	bool is_utf16 = l->bytes.len >= 2 && (!memcmp(l->bytes.data, "\xff\xfe", 2) ||
					      !memcmp(l->bytes.data, "\xfe\xff", 2));

	return (kind == SNIFF_FOLDED || kind == SNIFF_WINDOWED) && !is_utf16 && !l->fn &&
	       !l->opts->range_cnt;
}

static int load_bytes(struct loader *l)
{
	enum sniff kind = sniff(buf_str(&l->bytes));
	int r;

	if (!l->is_whole && comes_in_pieces(l, kind))
		return read_single(l, kind);
	if (is_hopeless(buf_str(&l->bytes), kind))
		return refuse(l, kind); /* gigabytes of it are not read to be refused */
	r = read_rest(l);
	if (!r && kind == SNIFF_GZIP)
		r = inflate(l);
	if (r)
		return r;
	kind = sniff(buf_str(&l->bytes));
	switch (kind) {
	case SNIFF_WINDOWED:
		/* without a choice to make, one pass does it */
		if (l->fn || l->opts->range_cnt)
			return loader_read_windowed(l, take_window);
		return read_single(l, kind);
	case SNIFF_EMPTY:
	case SNIFF_TEXT:
	case SNIFF_FOLDED:
	case SNIFF_PPROF:
	case SNIFF_PERFSCRIPT:
	case SNIFF_FLAMEBEARER:
		return read_single(l, kind);
	default:
		return refuse(l, kind);
	}
}

static int load_file(struct loader *l, const char *source)
{
	int r;

	buf_init(&l->bytes, loader_max_bytes(l));
	r = open_file(l, source);
	if (!r)
		r = read_head(l);
	if (!r)
		r = load_bytes(l);
	if (l->fd > STDIN_FILENO)
		(void)close(l->fd);
	return r;
}

static bool is_directory(const char *source)
{
	struct stat st;

	return strcmp(source, "-") && !stat(source, &st) && S_ISDIR(st.st_mode);
}

/* ---- the two ways in ---- */

static const struct load_opts defaults;

int load_profile(const char *source, const struct load_opts *opts, struct profile **ret,
		 struct load_report *report, struct err *err)
{
	struct err own;
	struct profile *p = NULL;
	struct loader l = {.name = strcmp(source, "-") ? source : "standard input",
			   .opts = opts ? opts : &defaults,
			   .report = report,
			   .err = err ? err : &own,
			   .arg = &p};
	int r;

	if (is_directory(source))
		return loader_read_store(&l, source, ret);
	if (l.opts->exact)
		return err_set(l.err, EINVAL,
			       "%s: no store: only there ranges can be taken exactly", l.name);
	r = load_file(&l, source);
	if (!r && !p && !l.b)
		r = err_set(l.err, ENODATA, "%s: no window in the range", l.name);
	if (!r && !p)
		r = builder_seal(l.b, &p) ? fail_merge(&l, -ENOMEM) : 0;
	if (!r)
		*ret = p;
	builder_free(l.b);
	buf_release(&l.bytes);
	return r;
}

int load_windows(const char *source, const struct load_opts *opts, load_window_fn fn, void *arg,
		 struct load_report *report, struct err *err)
{
	struct err own;
	struct loader l = {.name = strcmp(source, "-") ? source : "standard input",
			   .opts = opts ? opts : &defaults,
			   .report = report,
			   .err = err ? err : &own,
			   .fn = fn,
			   .arg = arg};
	int r;

	if (is_directory(source))
		return loader_read_store(&l, source, NULL);
	r = load_file(&l, source);
	buf_release(&l.bytes);
	return r;
}
