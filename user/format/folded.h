/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folded.h - stacks as lines: `process;root;…;leaf COUNT`.
 *
 * Read liberally: CRLF, TAB, UTF-8 and UTF-16 with a byte order mark, no newline at the end, blank
 * lines and `# …` lines, blanks inside frames, bytes that are no UTF-8, empty frames, stacks in any
 * order and more than once. Only the last word is the count: `worker 3 10` is ten times `worker 3`.
 * A `#` line is a comment, also when it ends in a number; only `#name;…` without a blank behind the
 * `#` is a stack. Annotations (_[k] kernel, _[i] inlined, _[j] _[0] _[1] JIT, _[w] waker) say where
 * a frame comes from and are taken off its name, unless asked; other endings stay. The first frame
 * is the process.
 *
 * Counts are samples. Fractions are rounded so that each running total is right to half a sample
 * (with a rate, the weight keeps the fraction); what exceeds 64 bits stays at the largest number.
 * Negative counts, exponents and lines without a count are rejected and counted.
 *
 * Windowed: `# window start=… length=… cpus=… hz=… lost=…` (window.h) begins a window; the stacks
 * behind it are its own. With a rate the weights are CPU nanoseconds: count x period, where the
 * period is 1e9 / hz as a whole number of nanoseconds.
 *
 * `# folded-escape: percent` announces that %3B, %0A, %25 … stand for bytes that a line cannot
 * hold.
 *
 * Single-threaded; nothing is kept between calls.
 */
#ifndef FORMAT_FOLDED_H
#define FORMAT_FOLDED_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "format/rejects.h"
#include "model/profile.h"

struct builder_limits;

#define FOLDED_MAX_DEPTH 65535 /* frames of a line; a deeper line is rejected */

struct folded_opts {
	bool no_process_frame;	       /* all frames are the stack; the process is `process` */
	struct str process;	       /* …or, when empty, "[unknown]" */
	const struct str (*labels)[2]; /* more labels for every series; borrowed */
	size_t label_cnt;
	double max_rejected; /* share of lines, as rejects_judge() has it; 1: never refuse */
	bool annotations;    /* they stay in the names: f and f_[k] are two functions */
	int column; /* lines end in two counts, of which this one (1 or 2) is taken; 0: in one */
	const struct builder_limits *limits; /* NULL: builder_limits_file */
};

struct folded_report {
	uint64_t lines;		/* all of them */
	uint64_t stacks;	/* lines with a stack and a count, count 0 included */
	uint64_t fractions;	/* counts with a fraction */
	uint64_t saturated;	/* counts that did not fit into 64 bits */
	uint64_t window_cnt;	/* `# window` lines */
	struct rejects rejects; /* lines that are neither stack nor comment nor blank */
};

/*
 * Reads the whole text into one profile, owned by the caller. Windows, if there are any, are
 * merged. `opts` and `report` may be NULL. The report is also filled when reading fails. -EINVAL
 * with the line in err: binary, nothing that is a stack, too many lines rejected, a bad window
 * line, windows with and without a rate in one file.
 */
int must_check folded_read(struct str text, const struct folded_opts *opts, struct profile **ret,
			   struct folded_report *report, struct err *err);

/*
 * Writes up to `room` bytes of text to `at`, and how many there were; 0 at the end only. 0 or
 * -errno with a line in err, which stops the reading.
 */
typedef int (*folded_more_fn)(void *arg, char *at, size_t room, size_t *ret_len, struct err *err);

/*
 * folded_read() of text that comes in pieces, none of which is kept: takes as much memory as the
 * profile. UTF-8 only. -EFBIG for a line of 1 GiB.
 */
int must_check folded_read_pieces(folded_more_fn more, void *arg, const struct folded_opts *opts,
				  struct profile **ret, struct folded_report *report,
				  struct err *err);

/* Takes the profile (profile_free() it, also when failing). Anything but 0 stops the reading. */
typedef int (*folded_window_fn)(void *arg, struct profile *window);

/*
 * Hands out the windows of a windowed file one by one, in the order of the file. The whole text is
 * checked first: of a file that is refused nothing is handed out. Returns 0, -errno with a line in
 * err, or what fn returned.
 */
int must_check folded_read_windows(struct str text, const struct folded_opts *opts,
				   folded_window_fn fn, void *arg, struct folded_report *report,
				   struct err *err);

/* One line on what was rejected or rounded, for stderr; adds nothing when all is well. */
void folded_report_add(struct buf *b, const struct folded_report *report);

struct folded_style {
	bool header; /* begin with a `# window` line: the windowed form, keeps length, rate, losses */
	bool escape;   /* percent escapes; the caller writes FOLDED_ESCAPE_LINE once at the top */
	bool annotate; /* _[k] _[i] _[j] behind names */
};

#define FOLDED_ESCAPE_LINE "# folded-escape: percent\n"

/*
 * Appends the profile, process first, sorted by process, then stack, frame by frame in bytewise
 * order; stacks that read the same are one line. Numbers are counts of samples where every sample
 * has one and all count for the same time (and, with a header, the counts times the period are the
 * weights), else weights. Without
 * escapes `;` becomes `:`, newlines become blanks, and `#` at the very beginning `:`. 0 or -ENOMEM
 * (-ENOSPC at b's ceiling). `style` may be NULL.
 */
int must_check folded_write(const struct profile *p, const struct folded_style *style,
			    struct buf *b);

#endif
