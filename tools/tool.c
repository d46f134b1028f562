// SPDX-License-Identifier: Apache-2.0
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "diff/diff.h"
#include "format/folded.h"
#include "format/pprof.h"
#include "render/diff_json.h"
#include "render/diff_pprof.h"
#include "render/flame_svg.h"
#include "render/folded2.h"
#include "render/heat.h"
#include "render/html.h"
#include "render/markdown.h"
#include "render/text.h"
#include "store/store.h"

static const struct {
	const char *name;
	const char *suffixes[3];
	enum output_format format;
} formats[] = {
	{"text", {".txt", NULL}, OUTPUT_TEXT},
	{"svg", {".svg", NULL}, OUTPUT_SVG},
	{"html", {".html", ".htm", NULL}, OUTPUT_HTML},
	{"json", {".json", NULL}, OUTPUT_JSON},
	{"folded", {".folded", ".collapsed", NULL}, OUTPUT_FOLDED},
	{"pprof", {".pb.gz", ".pprof", NULL}, OUTPUT_PPROF},
	{"markdown", {".md", NULL}, OUTPUT_MARKDOWN},
};

static bool has_suffix(const char *path, const char *suffix)
{
	size_t len = strlen(path), suffix_len = strlen(suffix);

	return len > suffix_len && !strcmp(path + len - suffix_len, suffix);
}

static enum output_format format_of_path(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		for (size_t k = 0; formats[i].suffixes[k]; k++)
			if (has_suffix(path, formats[i].suffixes[k]))
				return formats[i].format;
	return OUTPUT_NONE;
}

static int fail_format(const char *what, const char *value, unsigned int allowed)
{
	struct buf list;
	int status;

	buf_init(&list, 4096);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (allowed & 1U << formats[i].format)
			buf_addf(&list, "%s%s (%s)", list.len ? ", " : "", formats[i].name,
				 formats[i].suffixes[0]);
	status = command_failf("%s '%s': no such output format here (want %s)%s", what, value,
			       buf_str(&list).p,
			       strcmp(what, "-o") ? "" : "; --format picks one for any name");
	buf_release(&list);
	return status;
}

int tool_pick_format(const char *format, const char *path, unsigned int allowed,
		     enum output_format *ret)
{
	enum output_format found = OUTPUT_NONE;

	if (format) {
		for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
			if (!strcmp(formats[i].name, format))
				found = formats[i].format;
		if (!(allowed & 1U << found) || !found)
			return fail_format("--format", format, allowed);
	} else if (path && strcmp(path, "-")) {
		found = format_of_path(path);
		if (!(allowed & 1U << found) || !found)
			return fail_format("-o", path, allowed);
	} else {
		found = OUTPUT_TEXT;
	}
	*ret = found;
	return EXIT_DONE;
}

int tool_check_output(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	struct stat st;
	char *dir;
	int failed;

	if (!path || !strcmp(path, "-"))
		return EXIT_DONE;
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return command_failf("%s: is a directory, want the name of a file", path);
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return EXIT_DONE;
	dir = slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1) : strdup(".");
	failed = dir && access(dir, W_OK | X_OK) ? errno : 0;
	free(dir);
	return failed ? command_failf("%s: cannot be written: %s", path, strerror(failed))
		      : EXIT_DONE;
}

int tool_write(const char *path, const struct buf *out)
{
	struct err err;

	if (buf_error(out))
		return command_failf("the output is too large: %s", strerror(-buf_error(out)));
	if (fs_write(path ? path : "-", buf_str(out), &err))
		return command_fail(&err);
	return EXIT_DONE;
}

unsigned int tool_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_col < 40)
		return 100;
	return size.ws_col;
}

int tool_want_color(const char *when, const char *path, bool *ret)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (!when || !strcmp(when, "auto"))
		*ret = (!path || !strcmp(path, "-")) && isatty(STDOUT_FILENO) &&
		       !(no_color && *no_color) && !(term && !strcmp(term, "dumb"));
	else if (!strcmp(when, "always") || !strcmp(when, "never"))
		*ret = !strcmp(when, "always");
	else
		return command_failf("--color: '%s' is none of auto, always, never", when);
	return EXIT_DONE;
}

static bool has_key(const struct profile *const *profiles, size_t cnt, struct str key)
{
	for (size_t i = 0; i < cnt; i++)
		for (uint32_t k = 0; k < profiles[i]->label_cnt; k++)
			if (str_eq(profile_str(profiles[i], profiles[i]->labels[k].key), key))
				return true;
	return false;
}

static int fail_key(struct str key, const struct profile *const *profiles, size_t cnt)
{
	struct intern known;
	struct buf list;
	uint32_t id;
	int status;

	intern_init(&known, 1000, 1U << 20);
	buf_init(&list, 1U << 20);
	for (size_t i = 0; i < cnt; i++)
		for (uint32_t k = 0; k < profiles[i]->label_cnt; k++) {
			struct str s = profile_str(profiles[i], profiles[i]->labels[k].key);

			if (intern_find(&known, s.p, s.len, &id) ||
			    intern_add(&known, s.p, s.len, &id))
				continue;
			buf_addstr(&list, list.len ? ", " : "");
			text_add_clean(&list, s);
		}
	status = list.len ? command_failf("--group-by: no series has the label '%.*s'; there are: "
					  "%s",
					  (int)key.len, key.p, list.data)
			  : EXIT_DONE;
	intern_release(&known);
	buf_release(&list);
	return status;
}

int tool_check_keys(struct str *keys, size_t key_cnt, const struct profile *const *profiles,
		    size_t profile_cnt)
{
	for (size_t i = 0; i < key_cnt; i++) {
		struct str comm = STR_LIT(LABEL_COMM);

		if (has_key(profiles, profile_cnt, keys[i]))
			continue;
		if (str_eq(keys[i], STR_LIT("thread")) && has_key(profiles, profile_cnt, comm))
			keys[i] = comm;
		else if (fail_key(keys[i], profiles, profile_cnt))
			return EXIT_FAILED;
	}
	return EXIT_DONE;
}

int tool_render_diff(enum output_format format, const struct diff *d,
		     const struct tool_diff_opts *opts, struct buf *out)
{
	struct text_options text = {.width = tool_width(),
				    .max_processes = opts->top,
				    .max_functions = opts->top,
				    .group = opts->group_by,
				    .all = opts->all,
				    .color = opts->color};
	struct flame_options flame = {.icicle = true};
	struct html_options html = {.data = {.min_share = opts->min_share,
					     .max_nodes = opts->min_share < 0 ? UINT32_MAX : 0}};

	struct markdown_options markdown = {
		.group = opts->group_by, .max_rows = opts->top, .all = opts->all};

	if (opts->title)
		html.title = flame.title = markdown.title = str_of(opts->title);
	switch (format) {
	case OUTPUT_SVG:
		return flame_svg(d, &flame, out);
	case OUTPUT_HTML:
		return html_render(d, &html, out);
	case OUTPUT_JSON:
		return diff_json(d, NULL, out);
	case OUTPUT_FOLDED:
		return folded2(d, out);
	case OUTPUT_PPROF:
		return diff_pprof(d, opts->group_keys, opts->group_cnt, out);
	case OUTPUT_MARKDOWN:
		return markdown_render(d, &markdown, out);
	default:
		return text_render(d, &text, out);
	}
}

static int render_profile(enum output_format format, const struct profile *p,
			  const struct tool_diff_opts *opts, struct buf *out)
{
	struct diff_options diff_opts = {.group_keys = opts->group_keys,
					 .group_cnt = opts->group_cnt,
					 .label_b = STR_LIT("profile")};
	struct diff *d;
	int r;

	if (format == OUTPUT_PPROF)
		return pprof_write(p, NULL, out);
	if (format == OUTPUT_FOLDED)
		return folded_write(p, NULL, out);
	r = diff_new(NULL, p, &diff_opts, &d);
	if (!r)
		r = tool_render_diff(format, d, opts, out);
	diff_free(r ? NULL : d);
	return r;
}

int tool_write_profile(const char *path, enum output_format format, const struct profile *p,
		       const struct tool_diff_opts *opts)
{
	struct buf out;
	int r, status;

	buf_init(&out, TOOL_MAX_OUTPUT);
	r = render_profile(format, p, opts, &out);
	status = r ? command_failf("cannot write the profile: %s", strerror(-r))
		   : tool_write(path, &out);
	buf_release(&out);
	return status;
}

int tool_write_heat(const char *path, enum output_format format, const struct profile *p,
		    const struct tool_diff_opts *opts)
{
	struct heat_options heat = {
		.title = str_of(opts->title ? opts->title : ""),
		.group_keys = opts->group_keys,
		.group_cnt = opts->group_cnt,
		.min_share = opts->min_share,
		.width = tool_width(),
	};
	struct err err = {{0}};
	struct buf out;
	int r, status;

	buf_init(&out, TOOL_MAX_OUTPUT);
	r = format == OUTPUT_HTML ? heat_html(p, &heat, &out, &err)
				  : heat_text(p, &heat, &out, &err);
	status = r ? command_failf("%s", err.text) : tool_write(path, &out);
	buf_release(&out);
	return status;
}

void tool_warn_store(const struct store *s)
{
	const char *const *warnings;
	size_t cnt;

	if (!s)
		return;
	warnings = store_warnings(s, &cnt);
	for (size_t i = 0; i < cnt; i++)
		command_warn("warning: %s", warnings[i]);
}

size_t tool_split_keys(const char *list, struct str *keys, size_t max)
{
	struct str rest = str_of(list), part;
	size_t cnt = 0;

	while (cnt < max && str_split(&rest, ',', &part))
		if (part.len)
			keys[cnt++] = part;
	return cnt;
}

int tool_add_matches(struct matcher *m, const struct opt_list *terms)
{
	struct err err;

	if (!m)
		return command_failf("out of memory");
	for (size_t i = 0; i < terms->cnt; i++)
		if (matcher_add(m, str_of(terms->items[i]), &err))
			return command_failf("--match: %s", err.text);
	return EXIT_DONE;
}
