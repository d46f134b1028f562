/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pprof.h - the pprof format (profile.proto), gzip or plain.
 *
 * Read: of several sample types the one asked for is taken, else the file's default type, else cpu
 * in a unit of time, else the last one. Units of time become nanoseconds; counts become nanoseconds when the period is a
 * time; anything else stays as it is, as samples. String labels become labels of the series (and of
 * the numeric ones pid and tid). The process is the label process, else process.executable.name,
 * comm or the thread's name, else the base name of the first mapping, else [unknown]. The functions
 * inlined at a location become frames of their own, a location without a line is "[module]".
 *
 * Written so that go tool pprof, speedscope and Pyroscope take it without repair: numbers of tables
 * are dense from 1, every location has a line, every mapping has_functions, all strings are valid
 * UTF-8, no sample is zero, or negative unless asked for, a period type is always there. A stack without frames is
 * the function [unknown] of no mapping, there and back. The same profile always gives the same
 * bytes.
 *
 * Single-threaded; nothing is kept between calls.
 */
#ifndef FORMAT_PPROF_H
#define FORMAT_PPROF_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "format/gzip.h"
#include "model/profile.h"

struct builder_limits;

struct pprof_read_opts {
	struct gzip_limits gzip;
	size_t max_memory; /* of the decoded message; 0: 4 GiB */
	struct str type;   /* "cpu" or "cpu/nanoseconds"; empty: see above */
	int column;	   /* of a difference (-diff_base): 1 its base, 2 the rest; 0: it is none */
	struct str process;	       /* instead of what the file says, unless empty */
	const struct str (*labels)[2]; /* more labels for every series; borrowed */
	size_t label_cnt;
	const struct builder_limits *limits; /* NULL: builder_limits_file */
};

struct pprof_report {
	char type[64]; /* the sample type that was taken: "cpu/nanoseconds" */
	uint64_t samples;
	uint64_t zero_samples;	   /* left out */
	uint64_t unknown_mappings; /* locations that name a mapping that is not there */
	bool other_unit; /* neither time nor a count that could become one: kept as samples */
};

/*
 * One owned profile from the bytes of a file. `opts` and `report` may be NULL. -EINVAL with what is
 * wrong and where in err (byte, or number of the sample, location, …): truncated, no pprof, a
 * number that points nowhere, a number twice, several profiles in one file, a type that is not
 * there (err lists those that are), negative values: a difference, whose base `column` takes. -EFBIG over a limit (stacks that unfold into far more frames than the file has bytes
 * among them), -ENOMEM.
 */
int must_check pprof_read(struct str bytes, const struct pprof_read_opts *opts,
			  struct profile **ret, struct pprof_report *report, struct err *err);

struct pprof_write_opts {
	/*
	 * For a push: only cpu/nanoseconds, no string labels (a server makes a series of each), no
	 * comments, and texts of PPROF_PUSH_MAX_TEXT bytes (of a longer one a server keeps the end,
	 * which makes two functions one).
	 */
#define PPROF_PUSH_MAX_TEXT 65535
	bool for_push;
	bool plain;		    /* no gzip */
	struct str negative_label;  /* series that bear it are taken off: their values are negative;
				       empty: none */
	struct str main_binary;	    /* module whose mapping comes first; empty: the heaviest one */
	const struct str *comments; /* more comments for the reader, one line each; borrowed */
	size_t comment_cnt;
};

/*
 * Appends the profile: samples/count and cpu/nanoseconds, or samples/count alone when the unit is
 * samples. `opts` may be NULL. 0, -ENOMEM, -ENOSPC at out's ceiling.
 */
int must_check pprof_write(const struct profile *p, const struct pprof_write_opts *opts,
			   struct buf *out);

#endif
