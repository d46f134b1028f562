// SPDX-License-Identifier: Apache-2.0
#include "serve/server.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/num.h"
#include "base/text.h"
#include "serve/access.h"
#include "serve/listening.h"
#include "serve/posted.h"

#define MAX_FILE     ((size_t)1 << 20)
#define STREAM_BLOCK (64 << 10)

struct server {
	struct MHD_Daemon *daemon;
	struct listening at;
	char *token_file;
	char *cert, *key, *client_ca; /* PEM; the daemon borrows them */
	const struct server_route *routes;
	size_t route_cnt;
	void *arg;
	bool wants_certificate;
};

struct server_call {
	struct server *server;
	struct MHD_Connection *connection;
	enum MHD_Result result;
	const struct server_route *route; /* NULL: the path leads nowhere */
	struct posted *posted;		  /* NULL: nothing can be */
	int status;
};

/* ---- answers ---- */

static void queue(struct server_call *call, int status, const char *type,
		  struct MHD_Response *response)
{
	if (!response) {
		call->result = MHD_NO;
		return;
	}
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (status == MHD_HTTP_UNAUTHORIZED)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
					      call->route->max_body ? "POST, PUT" : "GET, HEAD");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "5");
	call->status = status;
	call->result = MHD_queue_response(call->connection, (unsigned int)status, response);
	MHD_destroy_response(response);
}

void server_answer(struct server_call *call, int status, const char *type, struct str body)
{
	queue(call, status, type,
	      MHD_create_response_from_buffer(body.len, (void *)body.p, MHD_RESPMEM_MUST_COPY));
}

void server_error(struct server_call *call, int status, const char *fmt, ...)
{
	char text[1024];
	struct json j;
	struct buf out;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_init(&out, 16 << 10);
	json_init(&j, &out, false);
	json_object(&j, NULL);
	json_cstr(&j, "error", text);
	json_end(&j);
	buf_addch(&out, '\n');
	server_answer(call, status, "application/json", buf_str(&out));
	buf_release(&out);
}

struct stream {
	ssize_t (*read)(void *arg, char *out, size_t max);
	void (*end)(void *arg);
	void *arg;
};

static ssize_t read_stream(void *arg, uint64_t at, char *out, size_t max)
{
	struct stream *s = arg;
	ssize_t n = s->read(s->arg, out, max);

	return n > 0 ? n : n ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
}

static void end_stream(void *arg)
{
	struct stream *s = arg;

	s->end(s->arg);
	free(s);
}

void server_stream(struct server_call *call, int status, const char *type,
		   ssize_t (*read)(void *arg, char *out, size_t max), void (*end)(void *arg),
		   void *arg)
{
	struct stream *s = malloc(sizeof(*s));
	struct MHD_Response *response;

	if (!s) {
		end(arg);
		server_error(call, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
		return;
	}
	*s = (struct stream){read, end, arg};
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, s,
						     end_stream);
	if (!response)
		end_stream(s);
	queue(call, status, type, response);
}

/* ---- questions ---- */

const char *server_param(const struct server_call *call, const char *name)
{
	const char *value =
		MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, name);

	return value;
}

struct each {
	const char *name;
	int (*fn)(void *arg, const char *value);
	void *arg;
};

static enum MHD_Result take_param(void *arg, enum MHD_ValueKind kind, const char *key,
				  const char *value)
{
	const struct each *each = arg;

	return strcmp(key, each->name) || !each->fn(each->arg, value ? value : "") ? MHD_YES
										   : MHD_NO;
}

void server_params(const struct server_call *call, const char *name,
		   int (*fn)(void *arg, const char *value), void *arg)
{
	struct each each = {name, fn, arg};

	(void)MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND, take_param, &each);
}

/* ---- who may ask ---- */

static const char *header(const struct server_call *call, const char *name)
{
	return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}

static bool has_certificate(const struct server_call *call)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	unsigned int status = 0;

	return info && info->tls_session &&
	       !gnutls_certificate_verify_peers2((gnutls_session_t)info->tls_session, &status) &&
	       !status;
}

/* False: it was answered. */
static bool is_allowed(struct server_call *call, const struct server_route *route)
{
	const struct server *s = call->server;
	const char *host = header(call, MHD_HTTP_HEADER_HOST);

	if (route->is_open)
		return true;
	if (s->wants_certificate && !has_certificate(call)) {
		server_error(call, MHD_HTTP_FORBIDDEN, "a client certificate is wanted");
		return false;
	}
	if (s->token_file &&
	    !access_has_token(s->token_file, header(call, MHD_HTTP_HEADER_AUTHORIZATION))) {
		server_error(call, MHD_HTTP_UNAUTHORIZED, "a token is wanted");
		return false;
	}
	if (!s->token_file && !s->wants_certificate && s->at.is_loopback && host &&
	    !access_is_local_name(host)) {
		server_error(call, MHD_HTTP_FORBIDDEN, "'%s' is not a name of this machine's own",
			     host);
		return false;
	}
	return true;
}

/* ---- what is posted ---- */

struct str server_body(const struct server_call *call)
{
	return call->posted ? buf_str(&call->posted->body) : (struct str){"", 0};
}

static bool has_body(const struct server_call *call)
{
	const char *length = header(call, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return header(call, MHD_HTTP_HEADER_TRANSFER_ENCODING) || (length && strcmp(length, "0"));
}

static bool is_json(const char *type)
{
	static const struct str json = STR_LIT("application/json");

	return type && !strncasecmp(type, json.p, json.len) &&
	       (!type[json.len] || strchr(" \t;", type[json.len]));
}

/* False: it was answered, and what follows the head is not read. */
static bool accept_body(struct server_call *call)
{
	const char *type = header(call, MHD_HTTP_HEADER_CONTENT_TYPE);
	const char *length = header(call, MHD_HTTP_HEADER_CONTENT_LENGTH);
	uint64_t bytes = 0;

	if (!is_json(type))
		server_error(call, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
			     "Content-Type '%s': want application/json", type ? type : "");
	else if (header(call, MHD_HTTP_HEADER_CONTENT_ENCODING))
		server_error(call, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
			     "Content-Encoding: want the body as it is");
	else if (length && (num_parse_u64(str_of(length), &bytes) || bytes > call->route->max_body))
		server_error(call, MHD_HTTP_CONTENT_TOO_LARGE, "a body of %s bytes: at most %zu",
			     length, call->route->max_body);
	else
		return true;
	return false;
}

static void answer_posted(struct server_call *call)
{
	int r = posted_check(call->posted);

	if (!r) {
		call->route->fn(call->server->arg, call);
		return;
	}
	server_error(call, r == -E2BIG ? MHD_HTTP_CONTENT_TOO_LARGE : MHD_HTTP_SERVICE_UNAVAILABLE,
		     r == -E2BIG ? "a body of more than %zu bytes" : "no memory for %zu bytes",
		     call->route->max_body);
	if (call->route->refused)
		call->route->refused(call->server->arg, call->status);
}

/* ---- a request ---- */

static const struct server_route *find_route(const struct server *s, const char *url)
{
	for (size_t i = 0; i < s->route_cnt; i++)
		if (!strcmp(url, s->routes[i].path))
			return &s->routes[i];
	return NULL;
}

/* By its head; false: it was answered. */
static bool accept_head(struct server_call *call, const char *method)
{
	bool is_get = !strcmp(method, MHD_HTTP_METHOD_GET) || !strcmp(method, MHD_HTTP_METHOD_HEAD);
	bool is_post =
		!strcmp(method, MHD_HTTP_METHOD_POST) || !strcmp(method, MHD_HTTP_METHOD_PUT);

	if (call->route->max_body ? !is_post : !is_get)
		server_error(call, MHD_HTTP_METHOD_NOT_ALLOWED, "%s: want %s", method,
			     call->route->max_body ? "POST" : "GET");
	else if (!call->route->max_body && has_body(call))
		server_error(call, MHD_HTTP_CONTENT_TOO_LARGE, "no body is wanted");
	else if (is_allowed(call, call->route))
		return !call->route->max_body || accept_body(call);
	return false;
}

static void begin(struct server_call *call, const char *url, const char *method, void **state)
{
	call->route = find_route(call->server, url);
	if (!call->route) {
		server_error(call, MHD_HTTP_NOT_FOUND, "nothing is at '%s'", url);
	} else if (!accept_head(call, method)) {
		if (call->route->refused)
			call->route->refused(call->server->arg, call->status);
	} else if (!call->route->max_body) {
		call->route->fn(call->server->arg, call);
	} else {
		struct posted *p = malloc(sizeof(*p));

		if (p)
			posted_init(p, call->route->max_body, clock_mono_ns(&clock_system));
		*state = p;
		call->result = p ? MHD_YES : MHD_NO;
	}
}

/* Called once for the head, then for each piece of a body, and once at its end. */
static enum MHD_Result take(void *arg, struct MHD_Connection *connection, const char *url,
			    const char *method, const char *version, const char *body,
			    size_t *body_len, void **state)
{
	struct server_call call = {
		.server = arg, .connection = connection, .result = MHD_YES, .posted = *state};
	struct str piece = {body, *body_len};

	if (!call.posted) {
		begin(&call, url, method, state);
		return call.result;
	}
	if (piece.len) {
		*body_len = 0;
		return posted_add(call.posted, piece, clock_mono_ns(&clock_system)) ? MHD_YES
										    : MHD_NO;
	}
	call.route = find_route(call.server, url);
	answer_posted(&call);
	return call.result;
}

static void complete(void *arg, struct MHD_Connection *connection, void **state,
		     enum MHD_RequestTerminationCode how)
{
	struct posted *p = *state;

	if (p)
		posted_release(p);
	free(p);
	*state = NULL;
}

/* ---- starting ---- */

static int read_pem(const char *path, char **ret, struct err *err)
{
	struct buf text;
	int r;

	if (!path)
		return 0;
	buf_init(&text, MAX_FILE);
	r = fs_read(path, &text, err);
	if (!r) {
		*ret = buf_detach(&text, NULL);
		r = *ret ? 0 : err_set(err, ENOMEM, "out of memory");
	}
	buf_release(&text);
	return r;
}

static int check_access(const struct server *s, const struct server_opts *opts, struct err *err)
{
	if (!opts->cert_file != !opts->key_file)
		return err_set(err, EINVAL, "a certificate and its key go together");
	if (opts->client_ca_file && !opts->cert_file)
		return err_set(err, EINVAL,
			       "client certificates want TLS: a certificate of our own");
	if (!s->at.unix_path && !s->at.is_loopback && !opts->token_file && !opts->client_ca_file)
		return err_set(err, EACCES,
			       "%s: others can reach this address, so a token file or client "
			       "certificates are wanted",
			       s->at.address);
	return 0;
}

static int start_daemon(struct server *s, struct err *err)
{
	const unsigned int flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
				   MHD_USE_POLL | (s->cert ? MHD_USE_TLS : 0);
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, s->cert},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, s->key},
		{MHD_OPTION_HTTPS_MEM_TRUST, 0, s->client_ca},
		{MHD_OPTION_END, 0, NULL},
	};

	if (!s->client_ca)
		tls[2] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	if (!s->cert)
		tls[0] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	s->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, take, s, MHD_OPTION_LISTEN_SOCKET, s->at.fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)SERVER_MAX_CONNECTIONS,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		(unsigned int)(s->at.unix_path ? 0 : SERVER_MAX_PER_ADDRESS),
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_MAX_HEAD,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)SERVER_TIMEOUT_S,
		MHD_OPTION_NOTIFY_COMPLETED, complete, NULL, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	if (s->daemon)
		s->at.fd = -1; /* it closes it */
	return s->daemon ? 0
			 : err_set(err, EIO, "%s: the HTTP server does not start%s", s->at.address,
				   s->cert ? " (is the certificate in order?)" : "");
}

int server_start(const struct server_opts *opts, struct server **ret, struct err *err)
{
	struct server *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(err, ENOMEM, "out of memory");
	s->at.fd = -1;
	s->routes = opts->routes;
	s->route_cnt = opts->route_cnt;
	s->arg = opts->arg;
	s->wants_certificate = opts->client_ca_file != NULL;
	if (opts->token_file)
		s->token_file = strdup(opts->token_file);
	r = opts->token_file && !s->token_file ? err_set(err, ENOMEM, "out of memory") : 0;
	if (!r)
		r = listening_open(opts->listen, &s->at, err);
	if (!r)
		r = check_access(s, opts, err);
	if (!r)
		r = read_pem(opts->cert_file, &s->cert, err);
	if (!r)
		r = read_pem(opts->key_file, &s->key, err);
	if (!r)
		r = read_pem(opts->client_ca_file, &s->client_ca, err);
	if (!r)
		r = start_daemon(s, err);
	if (r)
		server_stop(s);
	else
		*ret = s;
	return r;
}

void server_stop(struct server *s)
{
	if (!s)
		return;
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	listening_release(&s->at);
	free(s->token_file);
	free(s->cert);
	if (s->key)
		explicit_bzero(s->key, strlen(s->key));
	free(s->key);
	free(s->client_ca);
	free(s);
}

const char *server_address(const struct server *s)
{
	return s->at.address;
}
