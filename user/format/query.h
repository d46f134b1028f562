/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query.h - questions to a Pyroscope-compatible backend and its answers, as bytes (query.proto).
 *
 * Times are milliseconds since the epoch, both ends inclusive, as the backend has them. Answers are
 * hostile: lengths are checked by protobuf-c, memory has a ceiling. What an answer holds borrows from
 * its arena and lives until it is released; a zeroed answer may be released, too.
 */
#ifndef FORMAT_QUERY_H
#define FORMAT_QUERY_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "format/arena.h"

/* What is asked for, of which each question takes its part. */
struct query {
	int64_t start_ms, end_ms;
	struct str type;     /* "process_cpu:cpu:nanoseconds:cpu:nanoseconds" */
	struct str selector; /* {process="nginx",node!="n1"} */
	struct str label;    /* LabelValues: of which; SelectSeries: by which, empty: all as one */
	double step_s;	     /* SelectSeries */
};

/* Each appends the body of the request. 0, -ENOMEM, or the buffer's error. */
int must_check query_add_types(const struct query *q, struct buf *out);
int must_check query_add_names(const struct query *q, struct buf *out);	 /* LabelNames */
int must_check query_add_values(const struct query *q, struct buf *out); /* LabelValues */
int must_check query_add_merge(const struct query *q, struct buf *out);	 /* SelectMergeProfile */
int must_check query_add_series(const struct query *q, struct buf *out); /* SelectSeries */

/* Names of labels, values of one, ids of profile types. */
struct query_names {
	struct str *items;
	size_t cnt;
	struct arena arena; /* private */
};

/* 0; -EINVAL, -EFBIG with a line in err. */
int must_check query_read_types(struct str bytes, struct query_names *ret, struct err *err);
int must_check query_read_names(struct str bytes, struct query_names *ret, struct err *err);
void query_names_release(struct query_names *n);

#define QUERY_MAX_MS (INT64_MAX / 2000000) /* half of what nanoseconds can say */

struct query_point {
	int64_t at_ms;	/* 0 … QUERY_MAX_MS */
	uint64_t value; /* rounded; what is no positive number, or has another time, is 0 */
};

struct query_curve {
	struct str value; /* of the label that was asked for; empty: it has none */
	struct query_point *points;
	size_t point_cnt;
};

struct query_series {
	struct query_curve *curves;
	size_t cnt;
	struct arena arena; /* private */
};

/* `label` as in the question. */
int must_check query_read_series(struct str bytes, struct str label, struct query_series *ret,
				 struct err *err);
void query_series_release(struct query_series *s);

#endif
