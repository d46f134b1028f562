/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.h - what an answer to a push means for the data that was pushed.
 *
 * A pure function of status, headers and body, after what Pyroscope's distributor, the proxies in
 * front of it and Connect (connectrpc.com/docs/protocol, error codes) say:
 *
 *	200            taken; not yet proof that it is stored
 *	400, 422       never will be: invalid, too old, too new. Retrying would be for ever
 *	401, 403, 404, 405, 415, 3xx; 200 and 400 with a page of HTML
 *	               the configuration is wrong: no backend speaks HTML, but nginx answers a
 *	               certificate with a 400. Nothing is given up: somebody will mend it
 *	413            too large for somebody on the way: in smaller pieces
 *	429            "push rate limit (…) exceeded": later, in smaller pieces if it stays so;
 *	               "limit of … reached, next reset at T": not before T
 *	408, 5xx, no answer
 *	               later
 *
 * One profile may make a server fail each time it comes (a panic is a 500 there): whoever asks
 * counts, and puts a profile that fails alone while others pass into quarantine.
 */
#ifndef SHIP_ANSWER_H
#define SHIP_ANSWER_H

#include "base/compiler.h"
#include "ship/http.h"

enum ship_action {
	SHIP_DONE = 0,
	SHIP_LATER = 1, /* the same again, after a backoff, not before not_before_ns */
	SHIP_SMALLER =
		2, /* in smaller pieces; a single profile that cannot be smaller is dropped */
	SHIP_DROP = 3,
	SHIP_MISCONFIGURED = 4, /* the same again, slowly; said loudly */
};

/* Why; the names are values of metrics' labels. Append-only. */
enum ship_reason {
	SHIP_OK = 0,
	SHIP_INVALID = 1,      /* "invalid" */
	SHIP_TOO_OLD = 2,      /* "too_old": outside the window of time that the backend takes */
	SHIP_UNAUTHORIZED = 3, /* "unauthorized" */
	SHIP_WRONG_URL = 4,    /* "wrong_url" */
	SHIP_TOO_LARGE = 5,    /* "too_large" */
	SHIP_RATE_LIMIT = 6,   /* "rate_limit" */
	SHIP_QUOTA = 7,	       /* "quota" */
	SHIP_SERVER = 8,       /* "server" */
	SHIP_TIMEOUT = 9,      /* "timeout" */
	SHIP_CONNECT = 10,     /* "connect" */
	SHIP_TLS = 11,	       /* "tls" */
	SHIP_BROKEN = 12,      /* "broken" */
	SHIP_LOCAL = 13,       /* "local" */
	SHIP_REASON_CNT
};

struct ship_verdict {
	enum ship_action action;
	enum ship_reason reason;
	int64_t not_before_ns; /* wall clock; 0: whenever */
};

/* `now_ns`: wall clock. */
void ship_judge(const struct http_answer *answer, int64_t now_ns, struct ship_verdict *ret);

/* The first bytes of what an answer says, as clean text for people; `size` includes the NUL. */
void ship_quote(const struct http_answer *answer, char *out, size_t size);

const char *ship_reason_name(enum ship_reason reason); /* NULL: none of that number */

#endif
