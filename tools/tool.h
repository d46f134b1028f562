/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tool.h - what several subcommands do in the same way: write results, show warnings, pick the
 * output format.
 */
#ifndef TOOLS_TOOL_H
#define TOOLS_TOOL_H

#include "base/buf.h"
#include "commands.h"
#include "diff/names.h"
#include "model/profile.h"

struct diff;
struct matcher;
struct store;

#define TOOL_MAX_OUTPUT ((size_t)2 << 30)

enum output_format {
	OUTPUT_NONE = 0, /* not chosen */
	OUTPUT_TEXT,
	OUTPUT_SVG,
	OUTPUT_HTML,
	OUTPUT_JSON,
	OUTPUT_FOLDED,
	OUTPUT_PPROF,
	OUTPUT_MARKDOWN,
};

/*
 * The format that --format names, or else the suffix of the output path; OUTPUT_TEXT without
 * either. 0 or EXIT_FAILED, with the formats of `allowed` (a bit set: 1 << OUTPUT_…) in the
 * message.
 */
int tool_pick_format(const char *format, const char *path, unsigned int allowed,
		     enum output_format *ret);

/*
 * Before long work: can this output be written? A new file appears beside the path first, so its
 * directory matters. Exit status; NULL and "-" are fine.
 */
int tool_check_output(const char *path);

/* Writes the contents to a file ("-" or NULL: standard output). Exit status. */
int tool_write(const char *path, const struct buf *out);

/* What a picture, a table or a JSON object of a diff (or of one profile) shows. */
struct tool_diff_opts {
	const char *title;	      /* NULL: one that fits */
	const char *group_by;	      /* the keys as they were given; NULL: process */
	const struct str *group_keys; /* NULL: process */
	size_t group_cnt;
	uint32_t top;	  /* rows of the tables; 0: as many as fit a screen or two */
	double min_share; /* html: what is less than that share is pruned; 0: a default, < 0: none */
	bool all;	  /* tables: also what is within the noise */
	bool color;	  /* text */
};

/* clang-format off */
/* Rows of a table of options, for a struct names_rules in a configuration struct. */
#define TOOL_NAMES_OPTS(config, member) \
	{"strip-hex", 0, OPT_FLAG, offsetof(config, member.strip_hex), NULL, \
	 "addresses in names (0x…) do not tell frames apart", 0, 0}, \
	{"merge-lambdas", 0, OPT_FLAG, offsetof(config, member.merge_lambdas), NULL, \
	 "nor numbers of lambdas, closures and copies of functions", 0, 0}, \
	{"strip-ids", 0, OPT_FLAG, offsetof(config, member.strip_ids), NULL, \
	 "nor numbers of processes and threads in their names", 0, 0}, \
	{"by-line", 0, OPT_FLAG, offsetof(config, member.by_line), NULL, \
	 "but lines of source do, where they are known (record --lines, pprof)", 0, 0}

#define TOOL_COLOR_OPT(config, member) \
	{"color", 0, OPT_STRING, offsetof(config, member), "WHEN", \
	 "text: auto (on a terminal, unless NO_COLOR is set), always or never", 0, 0}
/* clang-format on */

/* --color for an output path; NULL: auto. Exit status. */
int tool_want_color(const char *when, const char *path, bool *ret);

/*
 * Does any series bear each of the keys? Exit status, with the labels that there are in the
 * message. "thread" becomes LABEL_COMM, which is what our own profiles call it. Without any series
 * there is nothing to complain about.
 */
int tool_check_keys(struct str *keys, size_t key_cnt, const struct profile *const *profiles,
		    size_t profile_cnt);

/* Appends a diff in one of the formats. 0 or -errno. */
int must_check tool_render_diff(enum output_format format, const struct diff *d,
				const struct tool_diff_opts *opts, struct buf *out);

/* Writes a profile in one of the formats. Exit status. */
int tool_write_profile(const char *path, enum output_format format, const struct profile *p,
		       const struct tool_diff_opts *opts);

/* Writes the heat map of a profile with moments, as HTML or text. Exit status. */
int tool_write_heat(const char *path, enum output_format format, const struct profile *p,
		    const struct tool_diff_opts *opts);

/* Shows the store's warnings; NULL is fine. */
void tool_warn_store(const struct store *s);

/* "process,cgroup" to keys; returns how many, at most max. */
size_t tool_split_keys(const char *list, struct str *keys, size_t max);

/* Adds --match terms; exit status, EXIT_FAILED also for an m that is NULL: no memory. */
int tool_add_matches(struct matcher *m, const struct opt_list *terms);

/* Columns of the terminal, or 100 when standard output is none. */
unsigned int tool_width(void);

#endif
