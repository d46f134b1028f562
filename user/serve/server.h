/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h - HTTP in: an address, who may ask, and which function answers. The only user of
 * libmicrohttpd.
 *
 * Bounded: connections in all and from one address, bytes of a request's head, bytes and time of a
 * body, time without a sign of life; a body that nobody wants is refused unread. Each connection has
 * a thread of its own, so that a slow client holds up nobody, least of all the sampling.
 *
 * Who may ask: an address that others can reach wants a token file or client certificates, else the
 * server refuses to start. On the loopback without a token the Host header must be one of the
 * loopback's, so that no web page can ask in its reader's name (DNS rebinding). The token's file is
 * read anew for each request. A body must be application/json, which no web page can post to another
 * site unasked.
 */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

#define SERVER_MAX_CONNECTIONS 32
#define SERVER_MAX_PER_ADDRESS 16
#define SERVER_MAX_HEAD	       (32 << 10) /* bytes of a request's line and headers */
#define SERVER_TIMEOUT_S       10	  /* without a byte */

struct server;
struct server_call;

struct server_route {
	const char *path; /* "/metrics" */
	bool is_open;	  /* nobody is asked for a token: health */
	/* Answers by server_answer() or server_stream(), once. In a thread of the connection. */
	void (*fn)(void *arg, struct server_call *call);
	/* > 0: takes POST and PUT, with a body of at most so many bytes, and no GET */
	size_t max_body;
	/* Is told the status of what the server answered itself, at this path; NULL: nobody is. */
	void (*refused)(void *arg, int status);
};

struct server_opts {
	const char *listen;	/* "127.0.0.1:7070", "[::1]:7070", ":7070" (all), "unix:PATH" */
	const char *token_file; /* Authorization: Bearer; NULL: none */
	const char *cert_file, *key_file; /* TLS, PEM; NULL: none */
	const char *client_ca_file; /* clients must have a certificate of it; NULL: need not */
	const struct server_route *routes; /* borrowed */
	size_t route_cnt;
	void *arg; /* of the routes */
};

/* Listens and answers from now on. -EINVAL, -EACCES (nobody to be let in), -EADDRINUSE, … with a
 * line in err. */
int must_check server_start(const struct server_opts *opts, struct server **ret, struct err *err);

/* Ends what is under way and returns when all threads have ended. NULL is fine. */
void server_stop(struct server *s);

/* The address as it became (a port of 0 is chosen by the system); borrowed. */
const char *server_address(const struct server *s);

/* ---- in a route ---- */

/* A parameter of the query, decoded, borrowed; NULL: not there. */
const char *server_param(const struct server_call *call, const char *name);

/* Each of that name; anything but 0 stops. */
void server_params(const struct server_call *call, const char *name,
		   int (*fn)(void *arg, const char *value), void *arg);

/* What was posted, borrowed; empty where nothing can be. */
struct str server_body(const struct server_call *call);

/* The whole answer; `body` is copied. */
void server_answer(struct server_call *call, int status, const char *type, struct str body);

/* {"error": …} */
void server_error(struct server_call *call, int status, const char *fmt, ...) printf_like(3, 4);

/*
 * An answer that is read piece by piece, blocking: bytes, 0 at the end, -1 when it broke off (then
 * the client sees that, too). `end` is called in any case, once.
 */
void server_stream(struct server_call *call, int status, const char *type,
		   ssize_t (*read)(void *arg, char *out, size_t max), void (*end)(void *arg),
		   void *arg);

#endif
