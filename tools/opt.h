/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opt.h - command lines from tables: one row of struct opt gives parsing, range check, default and
 * help text.
 *
 * A command's options are written into a plain configuration struct, whose size and defaults the
 * command names; the command's function gets it as data. GNU style: --name VALUE, --name=VALUE,
 * short -n VALUE, "--" ends the options, options and operands may be mixed (unless the command
 * stops at the first operand, as `record … -- CMD` does).
 */
#ifndef TOOLS_OPT_H
#define TOOLS_OPT_H

#include "base/err.h"
#include "base/times.h"

enum {
	EXIT_DONE = 0,
	EXIT_NEGATIVE = 1, /* a question was asked and the answer is no */
	EXIT_FAILED = 2,   /* usage, or failure */
};

#define OPT_MAX_LIST 64

struct opt_list {
	const char *items[OPT_MAX_LIST];
	size_t cnt;
};

struct opt_ranges {
	struct time_range items[OPT_MAX_LIST];
	size_t cnt;
};

enum opt_type {
	OPT_FLAG,     /* bool */
	OPT_STRING,   /* const char *, borrowed from argv */
	OPT_LIST,     /* struct opt_list; may be repeated */
	OPT_FILES,    /* struct opt_list; takes all words up to the next option */
	OPT_NUMBER,   /* uint64_t */
	OPT_REAL,     /* double */
	OPT_BYTES,    /* uint64_t */
	OPT_DURATION, /* uint64_t, nanoseconds */
	OPT_TIME,     /* int64_t, nanoseconds since the epoch */
	OPT_RANGES,   /* struct opt_ranges; may be repeated */
};

struct opt {
	const char *name; /* without the dashes */
	char letter;	  /* 0: none */
	enum opt_type type;
	size_t offset; /* into the configuration struct */
	const char *metavar;
	const char *help;
	double min, max; /* of numbers, bytes and durations (in seconds); both 0: any */
};

/* Words that are no options, and the point in time that "now" means to this run. */
struct operands {
	char **words; /* NULL-terminated */
	size_t cnt;
	int64_t now_ns;
};

struct command {
	const char *name;
	const char *summary;  /* one line */
	const char *usage;    /* "[-d 10s] [-o FILE] [-- CMD …]" */
	const char *examples; /* lines, shown first in the help */
	const char *details;  /* paragraphs behind the options; may be NULL */
	const struct opt *opts;
	size_t opt_cnt;
	const void *defaults; /* a configuration struct */
	size_t config_size;
	bool stops_at_operand; /* what follows the first operand belongs to somebody else */
	int (*run)(const void *config, const struct operands *operands);
};

/* Parses and runs; returns the exit status. Prints help (--help) to stdout and errors to stderr. */
int command_main(const struct command *cmd, int argc, char **argv);

/* Prints "culprit <command>: <text>" to stderr; returns EXIT_FAILED. */
int command_fail(const struct err *err);
int command_failf(const char *fmt, ...) printf_like(1, 2);

/* The same without the end of the world. */
void command_warn(const char *fmt, ...) printf_like(1, 2);

#endif
