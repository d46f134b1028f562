/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - one backend as HTTP sees it: POST and GET with its credentials, over one connection that
 * is kept. The only user of libcurl.
 *
 * Everything is bounded: the time of a request, of connecting, the bytes of an answer. Redirects
 * are not followed (a POST would become a GET, and credentials would go elsewhere). Proxies come
 * from the environment (http_proxy, https_proxy, no_proxy), as curl(1) takes them. The files of a
 * token and a password are read anew for each request, since they rotate; what is in them never
 * appears in a message. Blocking; one thread per client.
 */
#ifndef SHIP_HTTP_H
#define SHIP_HTTP_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

struct http_opts {
	const char *url;	    /* http:// or https://, without a trailing slash */
	const char *tenant;	    /* X-Scope-OrgID; "a|b" for reading only; NULL: none */
	const char *user;	    /* basic authentication; NULL: none */
	const char *password_file;  /* of that user */
	const char *token_file;	    /* Authorization: Bearer; NULL: none */
	const char *const *headers; /* "Name: value", more of them */
	size_t header_cnt;
	const char *ca_file;		  /* NULL: those of the system */
	const char *cert_file, *key_file; /* of the client, PEM; NULL: none */
	uint64_t timeout_ns;		  /* of a whole request; 0: 10 s */
	size_t max_answer;		  /* bytes; 0: 1 MiB */
};

/* What came back. */
struct http_answer {
	int status;		 /* 0: no answer came; then `why` tells */
	uint64_t retry_after_ns; /* the header in seconds or as a date; 0: none */
	struct buf body;	 /* what fitted; init'ed by the caller, cleared by each request */
	bool cut;		 /* there was more of it than max_answer */
	struct err why;		 /* of a failure before a status came: one line */
	enum http_failure {
		HTTP_FAIL_NONE = 0,
		HTTP_FAIL_CONNECT = 1, /* no such name, refused, unreachable */
		HTTP_FAIL_TIMEOUT = 2,
		HTTP_FAIL_TLS = 3,    /* handshake, certificate */
		HTTP_FAIL_BROKEN = 4, /* the connection broke, or what came is not HTTP */
		HTTP_FAIL_LOCAL = 5,  /* a credentials file, memory */
	} failure;
};

struct http;

/* Copies what it needs of opts. -EINVAL with the reason for a bad URL, tenant or header, or one of the
 * headers that a request has of its own; -ENOMEM. */
int must_check http_new(const struct http_opts *opts, struct http **ret, struct err *err);
void http_free(struct http *h); /* NULL is fine */

/* What to show for the backend: its URL without credentials, and the tenant. Borrowed. */
const char *http_name(const struct http *h);

struct http_request {
	const char *path; /* appended to the URL: "/push.v1.PusherService/Push" */
	struct str body;  /* of a POST */
	const char *content_type;
	const char *accept; /* NULL: anything */
};

/* POSTs. Whatever happens is in *answer. `stop`, when not NULL, ends the request soon after it has
 * become true; it may be set by another thread. */
void http_post(struct http *h, const struct http_request *request, const atomic_bool *stop,
	       struct http_answer *answer);

/* GETs, the same way. */
void http_get(struct http *h, const struct http_request *request, const atomic_bool *stop,
	      struct http_answer *answer);

/* Appends "name=value" to a query, escaped, behind '?' or '&'. */
void http_add_param(struct buf *path, const char *name, struct str value);

#endif
