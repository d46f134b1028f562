// SPDX-License-Identifier: Apache-2.0
#include "ship/querier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "ship/answer.h"

#define SERVICE	     "/querier.v1.QuerierService/"
#define MAX_ANSWER   ((size_t)256 << 20)
#define TIMEOUT_NS   (60 * NSEC_PER_SEC)
#define TRIES	     4
#define MAX_PAUSE_NS (10 * NSEC_PER_SEC)
#define MAX_SAID     300 /* bytes of an answer in a message */

struct querier {
	struct http *http;
	char *type;
	const struct matcher *matcher;
	unsigned int tries;
	const atomic_bool *stop;
	struct http_answer answer;
	struct buf body, selector;
};

int querier_new(const struct querier_opts *opts, struct querier **ret, struct err *err)
{
	struct http_opts http = *opts->http;
	struct querier *q = calloc(1, sizeof(*q));
	int r;

	if (!q)
		return err_set(err, ENOMEM, "out of memory");
	buf_init(&q->answer.body, MAX_ANSWER);
	buf_init(&q->body, 1 << 20);
	buf_init(&q->selector, 1 << 20);
	q->matcher = opts->matcher;
	q->tries = opts->tries ? opts->tries : TRIES;
	q->stop = opts->stop;
	q->type = strdup(opts->type ? opts->type : QUERIER_CPU_TYPE);
	http.max_answer = MAX_ANSWER;
	if (!http.timeout_ns)
		http.timeout_ns = TIMEOUT_NS;
	r = q->type ? http_new(&http, &q->http, err) : err_set(err, ENOMEM, "out of memory");
	if (r) {
		querier_free(q);
		return r;
	}
	*ret = q;
	return 0;
}

void querier_free(struct querier *q)
{
	if (!q)
		return;
	http_free(q->http);
	free(q->type);
	buf_release(&q->answer.body);
	buf_release(&q->body);
	buf_release(&q->selector);
	free(q);
}

const char *querier_name(const struct querier *q)
{
	return http_name(q->http);
}

const char *querier_type(const struct querier *q)
{
	return q->type;
}

/* ---- selectors: {process="nginx",node!="n1"} ---- */

static void add_quoted(struct buf *b, struct str s)
{
	buf_addch(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addch(b, '\\');
		if (s.p[i] == '\n')
			buf_addstr(b, "\\n");
		else
			buf_addch(b, s.p[i]);
	}
	buf_addch(b, '"');
}

static bool is_plain_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!(s.p[i] == '_' || (s.p[i] >= 'a' && s.p[i] <= 'z') ||
		      (s.p[i] >= 'A' && s.p[i] <= 'Z') || (i && s.p[i] >= '0' && s.p[i] <= '9')))
			return false;
	return s.len > 0;
}

static void add_term(struct buf *b, struct str key, bool negated, struct str value)
{
	if (b->len > 1)
		buf_addch(b, ',');
	if (is_plain_name(key))
		buf_add(b, key.p, key.len);
	else
		add_quoted(b, key);
	buf_addstr(b, negated ? "!=" : "=");
	add_quoted(b, value);
}

/* What the matcher accepts, of that type if it is given and with that label if it is. */
static struct str selector(struct querier *q, const char *type, const struct str label[2])
{
	struct matcher_term term;

	buf_clear(&q->selector);
	buf_addch(&q->selector, '{');
	if (type)
		add_term(&q->selector, STR_LIT("__profile_type__"), false, str_of(type));
	for (size_t i = 0; matcher_term(q->matcher, i, &term); i++)
		add_term(&q->selector, term.key, term.negated, term.value);
	if (label)
		add_term(&q->selector, label[0], false, label[1]);
	buf_addch(&q->selector, '}');
	return buf_str(&q->selector);
}

/* ---- one request ---- */

static struct query query_of(struct time_range range)
{
	return (struct query){
		.start_ms = (range.from_ns + 999999) / 1000000,
		.end_ms = (range.until_ns + 999999) / 1000000 - 1, /* inclusive */
	};
}

static void pause_for(uint64_t ns)
{
	struct timespec ts = {(time_t)(ns / NSEC_PER_SEC), (long)(ns % NSEC_PER_SEC)};

	(void)nanosleep(&ts, NULL);
}

static int refuse(const struct querier *q, const char *method, struct err *err)
{
	struct str said = str_trim(buf_str(&q->answer.body));
	struct buf clean;
	int r;

	if (!q->answer.status)
		return err_set(err, EIO, "%s: %s", method, q->answer.why.text);
	buf_init(&clean, 4 * MAX_SAID + 64);
	if (said.len > MAX_SAID)
		said.len = MAX_SAID;
	text_add_clean(&clean, said);
	r = err_set(err, EIO, "%s: %s answered %d: %.*s", querier_name(q), method, q->answer.status,
		    (int)clean.len, clean.len ? clean.data : "");
	buf_release(&clean);
	return r;
}

/* Posts q->body and leaves the answer in q->answer. */
static int ask(struct querier *q, const char *method, struct err *err)
{
	struct http_request request = {.content_type = "application/proto"};
	struct ship_verdict verdict;
	char path[64];

	if (buf_error(&q->body) || buf_error(&q->selector))
		return err_set(err, ENOMEM, "%s: out of memory", method);
	(void)snprintf(path, sizeof(path), SERVICE "%s", method);
	request.path = path;
	request.body = buf_str(&q->body);
	for (unsigned int try = 0; try < q->tries; try++) {
		uint64_t pause_ns = NSEC_PER_SEC / 2 << try;

		http_post(q->http, &request, q->stop, &q->answer);
		if (q->answer.status == 200)
			break;
		ship_judge(&q->answer, clock_wall_ns(&clock_system), &verdict);
		if (verdict.action != SHIP_LATER || verdict.reason == SHIP_QUOTA ||
		    verdict.reason == SHIP_CONNECT || try + 1 == q->tries)
			return refuse(q, method, err);
		if (q->answer.retry_after_ns > pause_ns)
			pause_ns = q->answer.retry_after_ns;
		pause_for(pause_ns < MAX_PAUSE_NS ? pause_ns : MAX_PAUSE_NS);
	}
	if (q->answer.cut)
		return err_set(err, EFBIG,
			       "%s: %s: more than %zu MiB; take a shorter range, or --match",
			       querier_name(q), method, MAX_ANSWER >> 20);
	return 0;
}

static int explain(const struct querier *q, const char *method, int r, struct err *err)
{
	return r ? err_prefix(err, r, "%s: %s answered", querier_name(q), method) : 0;
}

/* ---- the questions ---- */

int querier_types(struct querier *q, struct time_range range, struct query_names *ret,
		  struct err *err)
{
	struct query query = query_of(range);
	int r;

	*ret = (struct query_names){.items = NULL};
	buf_clear(&q->body);
	r = query_add_types(&query, &q->body);
	r = r ? err_set(err, r, "out of memory") : ask(q, "ProfileTypes", err);
	return r ? r
		 : explain(q, "ProfileTypes", query_read_types(buf_str(&q->answer.body), ret, err),
			   err);
}

int querier_labels(struct querier *q, struct time_range range, struct query_names *ret,
		   struct err *err)
{
	struct query query = query_of(range);
	int r;

	*ret = (struct query_names){.items = NULL};
	query.selector = selector(q, NULL, NULL);
	buf_clear(&q->body);
	r = query_add_names(&query, &q->body);
	r = r ? err_set(err, r, "out of memory") : ask(q, "LabelNames", err);
	return r ? r
		 : explain(q, "LabelNames", query_read_names(buf_str(&q->answer.body), ret, err),
			   err);
}

int querier_values(struct querier *q, struct str label, struct time_range range,
		   struct query_names *ret, struct err *err)
{
	struct query query = query_of(range);
	int r;

	*ret = (struct query_names){.items = NULL};
	query.label = label;
	query.selector = selector(q, q->type, NULL);
	buf_clear(&q->body);
	r = query_add_values(&query, &q->body);
	r = r ? err_set(err, r, "out of memory") : ask(q, "LabelValues", err);
	return r ? r
		 : explain(q, "LabelValues", query_read_names(buf_str(&q->answer.body), ret, err),
			   err);
}

int querier_merge(struct querier *q, const struct str label[2], struct time_range range,
		  struct str *ret_pprof, struct err *err)
{
	struct query query = query_of(range);
	int r;

	query.type = str_of(q->type);
	query.selector = selector(q, NULL, label);
	buf_clear(&q->body);
	r = query_add_merge(&query, &q->body);
	r = r ? err_set(err, r, "out of memory") : ask(q, "SelectMergeProfile", err);
	if (!r)
		*ret_pprof = buf_str(&q->answer.body);
	return r;
}

int querier_series(struct querier *q, struct str label, struct time_range range, uint64_t step_ns,
		   struct query_series *ret, struct err *err)
{
	struct query query = query_of(range);
	int r;

	*ret = (struct query_series){.curves = NULL};
	query.type = str_of(q->type);
	query.selector = selector(q, NULL, NULL);
	query.label = label;
	query.step_s = (double)step_ns / 1e9;
	buf_clear(&q->body);
	r = query_add_series(&query, &q->body);
	r = r ? err_set(err, r, "out of memory") : ask(q, "SelectSeries", err);
	return r ? r
		 : explain(q, "SelectSeries",
			   query_read_series(buf_str(&q->answer.body), label, ret, err), err);
}
