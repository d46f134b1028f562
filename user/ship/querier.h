/* SPDX-License-Identifier: Apache-2.0 */
/*
 * querier.h - a Pyroscope-compatible backend that is asked (querier.v1.QuerierService): one request a
 * question, at most a day (querier.max-query-length), asked again when it says "later".
 *
 * Errors are one line with the backend, the question, the status and what it said. Blocking; one
 * thread per querier.
 */
#ifndef SHIP_QUERIER_H
#define SHIP_QUERIER_H

#include "base/times.h"
#include "format/query.h"
#include "model/matcher.h"
#include "ship/http.h"

#define QUERIER_MAX_RANGE_NS (24 * 3600 * NSEC_PER_SEC)

/* What culprit pushes. */
#define QUERIER_CPU_TYPE "process_cpu:cpu:nanoseconds:cpu:nanoseconds"

struct querier;

struct querier_opts {
	const struct http_opts *http;
	const char *type;	       /* id of a profile type; NULL: CPU time */
	const struct matcher *matcher; /* borrowed; NULL: everything */
	unsigned int tries;	       /* of a question; 0: 4 */
	const atomic_bool *stop; /* borrowed; ends a request soon (http.h); NULL: nothing does */
};

/* Copies what it needs, but for the matcher. */
int must_check querier_new(const struct querier_opts *opts, struct querier **ret, struct err *err);
void querier_free(struct querier *q); /* NULL is fine */

const char *querier_name(const struct querier *q); /* the URL without secrets; borrowed */
const char *querier_type(const struct querier *q); /* borrowed */

/* What there is in the range, which may be longer than a day. Release in any case. */
int must_check querier_types(struct querier *q, struct time_range range, struct query_names *ret,
			     struct err *err);
int must_check querier_labels(struct querier *q, struct time_range range, struct query_names *ret,
			      struct err *err);

/* Of the type, and of what the matcher accepts. The range is a day at most. */
int must_check querier_values(struct querier *q, struct str label, struct time_range range,
			      struct query_names *ret, struct err *err);

/* All of label=value in the range (a day at most; NULL: all) merged, as pprof; borrowed until the next
 * question. Empty when there is none. */
int must_check querier_merge(struct querier *q, const struct str label[2], struct time_range range,
			     struct str *ret_pprof, struct err *err);

/*
 * CPU time by value of the label (empty: of all) in steps: a point at T holds the profiles that began
 * in (T - step, T]. The range is a day at most.
 */
int must_check querier_series(struct querier *q, struct str label, struct time_range range,
			      uint64_t step_ns, struct query_series *ret, struct err *err);

#endif
