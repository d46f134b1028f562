/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flamebearer.h - the JSON that Pyroscope's render API answers with, and that its pages export.
 *
 *	{"flamebearer":{"names":["total","main",…],"levels":[[0,9,0,0],[0,9,2,1],…]},
 *	 "metadata":{"format":"single","units":"samples","sampleRate":100,"name":"cpu"},
 *	 "timeline":{"startTime":1700000000,"samples":[…],"durationDelta":10}}
 *
 * A level lists its bars from left to right, four numbers each: how far behind the end of the bar
 * before it begins, its total, its self, its name. "double" has seven: the first three for either
 * side, then the name. A bar's parent is the one of the level above that it lies in. The first
 * level, "total", is the root and no frame.
 *
 * Samples become CPU nanoseconds by the sample rate, units of time as they are; other units stay as
 * they are, as samples. The process is the name in the metadata, else [unknown]. The timeline tells
 * when it was and how long.
 *
 * Bytes are limited (FLAMEBEARER_MAX_BYTES), levels to 65535. Single-threaded; nothing is kept.
 */
#ifndef FORMAT_FLAMEBEARER_H
#define FORMAT_FLAMEBEARER_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "model/profile.h"

#define FLAMEBEARER_MAX_BYTES ((size_t)512 << 20)

struct builder_limits;

struct flamebearer_opts {
	struct str process;	       /* instead of what the file says, unless empty */
	const struct str (*labels)[2]; /* more labels for every series; borrowed */
	size_t label_cnt;
	int column; /* of a double one: 1 left, 2 right; 0: single ones only */
	const struct builder_limits *limits; /* NULL: builder_limits_file */
};

struct flamebearer_report {
	uint64_t bars;	/* with a total above 0 */
	char units[32]; /* as the file has it, cut */
	bool no_time;	/* neither time nor samples of a known rate: kept as samples */
};

/*
 * One owned profile. `opts` and `report` may be NULL. -EINVAL with the place in err: no JSON, a
 * number that is none or points nowhere, a bar outside of the level above, a double one without
 * `column` and the other way round. -EFBIG, -ENOMEM.
 */
int must_check flamebearer_read(struct str text, const struct flamebearer_opts *opts,
				struct profile **ret, struct flamebearer_report *report,
				struct err *err);

#endif
