// SPDX-License-Identifier: Apache-2.0
#include "ship/http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"

#define DEFAULT_TIMEOUT_NS (10 * NSEC_PER_SEC)
#define DEFAULT_MAX_ANSWER ((size_t)1 << 20)
#define CONNECT_TIMEOUT_MS 5000
#define MAX_CREDENTIAL	   ((size_t)64 << 10)
#define MAX_TENANT	   150
#define NSEC_PER_MSEC	   (NSEC_PER_SEC / 1000)

struct http {
	CURL *curl;
	char *url, *name; /* as given; without user and password */
	char *user, *password_file, *token_file;
	struct curl_slist *headers; /* those that never change */
	char reason[CURL_ERROR_SIZE];
	size_t max_answer;
};

/* One request on its way. */
struct transfer {
	struct http_answer *answer;
	size_t max_answer;
	const atomic_bool *stop;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global_result;

static void init_library(void)
{
	global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t take_body(char *data, size_t size, size_t cnt, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * cnt, room = t->max_answer - t->answer->body.len;

	if (len > room)
		t->answer->cut = true;
	buf_add(&t->answer->body, data, len > room ? room : len);
	return len; /* the rest is let by: the status is what counts */
}

static int watch(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct transfer *t = arg;

	return t->stop && atomic_load(t->stop);
}

/* The URL as people may see it: user information is a secret. Two tenants of one backend are two. */
static int name_of(const char *url, const char *tenant, char **ret, struct err *err)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL;
	int r = 0;

	if (!u)
		return err_set(err, ENOMEM, "out of memory");
	if (curl_url_set(u, CURLUPART_URL, url, 0) ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) ||
	    (strcmp(scheme, "http") && strcmp(scheme, "https")))
		r = err_set(err, EINVAL, "'%s' is no http:// or https:// URL", url);
	curl_free(scheme);
	curl_free(host);
	if (!r) {
		char *name = NULL;

		(void)curl_url_set(u, CURLUPART_USER, NULL, 0);
		(void)curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
		(void)curl_url_set(u, CURLUPART_QUERY, NULL, 0);
		(void)curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
		if (!curl_url_get(u, CURLUPART_URL, &name, 0) &&
		    asprintf(ret, "%s%s%s", name, tenant ? " tenant " : "", tenant ? tenant : "") <
			    0)
			*ret = NULL;
		curl_free(name);
		r = *ret ? 0 : err_set(err, ENOMEM, "out of memory");
	}
	curl_url_cleanup(u);
	return r;
}

static int add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (!longer)
		return -ENOMEM;
	*list = longer;
	return 0;
}

static bool is_header(const char *line)
{
	const char *colon = strchr(line, ':');

	if (!colon || colon == line || strpbrk(line, "\r\n"))
		return false;
	for (const char *p = line; p < colon; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return false;
	return true;
}

/* Those that a request has of its own: two of them are refused by servers, and then the data goes. */
static bool is_reserved(const char *line)
{
	static const char *const names[] = {"Accept",		"Accept-Encoding",  "Connection",
					    "Content-Encoding", "Content-Length",   "Content-Type",
					    "Expect",		"Transfer-Encoding"};
	size_t len = strcspn(line, ":");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == len && !strncasecmp(line, names[i], len))
			return true;
	return false;
}

/* As Pyroscope has it (grafana/dskit, tenant): several of them, with '|', may be read together. */
static bool is_tenant(const char *name)
{
	static const char special[] = "!-_.*'()|";
	size_t len = 0;

	for (; name[len]; len++)
		if (!isalnum((unsigned char)name[len]) && !strchr(special, name[len]))
			return false;
	return len && len <= MAX_TENANT && strcmp(name, ".") && strcmp(name, "..");
}

static int add_headers(struct http *h, const struct http_opts *opts, struct err *err)
{
	char *tenant = NULL;
	int r = 0;

	for (size_t i = 0; !r && i < opts->header_cnt; i++) {
		if (!is_header(opts->headers[i]))
			return err_set(err, EINVAL, "'%s' is no header: want Name: value",
				       opts->headers[i]);
		if (is_reserved(opts->headers[i]))
			return err_set(
				err, EINVAL,
				"'%s': that header is part of each request and cannot be set",
				opts->headers[i]);
		r = add_header(&h->headers, opts->headers[i]);
	}
	if (!r && opts->tenant) {
		if (!is_tenant(opts->tenant))
			return err_set(err, EINVAL,
				       "'%s' is no tenant: want up to %d letters, digits and "
				       "!-_.*'()",
				       opts->tenant, MAX_TENANT);
		if (asprintf(&tenant, "X-Scope-OrgID: %s", opts->tenant) < 0)
			r = -ENOMEM;
		else
			r = add_header(&h->headers, tenant);
		free(tenant);
	}
	if (!r)
		r = add_header(&h->headers, "Expect:"); /* no waiting for 100 Continue */
	return r ? err_set(err, r, "out of memory") : 0;
}

static void set_tls(CURL *c, const struct http_opts *opts)
{
	if (opts->ca_file)
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, opts->ca_file);
	if (opts->cert_file)
		(void)curl_easy_setopt(c, CURLOPT_SSLCERT, opts->cert_file);
	if (opts->key_file)
		(void)curl_easy_setopt(c, CURLOPT_SSLKEY, opts->key_file);
	(void)curl_easy_setopt(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
}

static void set_options(struct http *h, const struct http_opts *opts)
{
	uint64_t timeout_ns = opts->timeout_ns ? opts->timeout_ns : DEFAULT_TIMEOUT_NS;
	CURL *c = h->curl;

	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->reason);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L); /* threads */
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "gzip");
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "culprit");
	(void)curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(timeout_ns / NSEC_PER_MSEC));
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, watch);
	(void)curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	set_tls(c, opts);
}

static int copy(const char *text, char **ret)
{
	if (!text)
		return 0;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

int http_new(const struct http_opts *opts, struct http **ret, struct err *err)
{
	struct http *h;
	int r;

	(void)pthread_once(&once, init_library);
	if (global_result)
		return err_set(err, ENOMEM, "libcurl: %s", curl_easy_strerror(global_result));
	h = calloc(1, sizeof(*h));
	if (!h)
		return err_set(err, ENOMEM, "out of memory");
	h->max_answer = opts->max_answer ? opts->max_answer : DEFAULT_MAX_ANSWER;
	h->curl = curl_easy_init();
	if (!h->curl || copy(opts->url, &h->url) || copy(opts->user, &h->user) ||
	    copy(opts->password_file, &h->password_file) || copy(opts->token_file, &h->token_file))
		r = err_set(err, ENOMEM, "out of memory");
	else
		r = name_of(opts->url, opts->tenant, &h->name, err);
	if (!r)
		r = add_headers(h, opts, err);
	if (r) {
		http_free(h);
		return r;
	}
	for (size_t len = strlen(h->url); len && h->url[len - 1] == '/'; len--)
		h->url[len - 1] = '\0';
	set_options(h, opts);
	*ret = h;
	return 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	curl_slist_free_all(h->headers);
	free(h->url);
	free(h->name);
	free(h->user);
	free(h->password_file);
	free(h->token_file);
	free(h);
}

const char *http_name(const struct http *h)
{
	return h->name;
}

/* ---- a request ---- */

/* The first line of a credentials file. */
static int read_credential(const char *path, struct buf *out, struct err *err)
{
	struct str line;
	int r;

	buf_clear(out);
	r = fs_read(path, out, err);
	if (r)
		return r;
	line = str_trim(buf_str(out));
	if (!line.len || memchr(line.p, '\n', line.len) || memchr(line.p, '\0', line.len))
		return err_set(err, EINVAL, "%s: want one line, the secret", path);
	memmove(out->data, line.p, line.len);
	out->len = line.len;
	out->data[line.len] = '\0';
	return 0;
}

static int set_credentials(struct http *h, struct err *err)
{
	struct buf secret;
	int r = 0;

	buf_init(&secret, MAX_CREDENTIAL);
	if (h->token_file) {
		r = read_credential(h->token_file, &secret, err);
		if (!r) {
			(void)curl_easy_setopt(h->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
			(void)curl_easy_setopt(h->curl, CURLOPT_XOAUTH2_BEARER, secret.data);
		}
	} else if (h->user) {
		if (h->password_file)
			r = read_credential(h->password_file, &secret, err);
		if (!r) {
			(void)curl_easy_setopt(h->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
			(void)curl_easy_setopt(h->curl, CURLOPT_USERNAME, h->user);
			(void)curl_easy_setopt(h->curl, CURLOPT_PASSWORD,
					       secret.len ? secret.data : "");
		}
	}
	if (secret.data)
		explicit_bzero(secret.data, secret.len);
	buf_release(&secret);
	return r;
}

static enum http_failure failure_of(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
		return HTTP_FAIL_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_FAIL_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return HTTP_FAIL_TLS;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
		return HTTP_FAIL_LOCAL;
	default:
		return HTTP_FAIL_BROKEN;
	}
}

static void take_result(struct http *h, CURLcode code, struct http_answer *answer)
{
	curl_off_t after = 0;
	long status = 0;

	if (code) {
		answer->failure = failure_of(code);
		(void)err_set(&answer->why, EIO, "%s: %s", h->name,
			      *h->reason ? h->reason : curl_easy_strerror(code));
		return;
	}
	(void)curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &after);
	answer->status = (int)status;
	if (after > 0)
		answer->retry_after_ns = (uint64_t)after * NSEC_PER_SEC;
}

static int request_headers(const struct http *h, const struct http_request *request,
			   struct curl_slist **ret)
{
	char line[256];
	int r = 0;

	for (const struct curl_slist *l = h->headers; !r && l; l = l->next)
		r = add_header(ret, l->data);
	if (!r && request->content_type) {
		(void)snprintf(line, sizeof(line), "Content-Type: %s", request->content_type);
		r = add_header(ret, line);
	}
	if (!r && request->accept) {
		(void)snprintf(line, sizeof(line), "Accept: %s", request->accept);
		r = add_header(ret, line);
	}
	return r;
}

static CURLcode perform(struct http *h, bool is_post, const struct http_request *request,
			const char *url, struct curl_slist *headers, struct transfer *t)
{
	CURL *c = h->curl;

	*h->reason = '\0';
	(void)curl_easy_setopt(c, CURLOPT_URL, url);
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	if (is_post) {
		(void)curl_easy_setopt(c, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS,
				       request->body.len ? request->body.p : "");
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
				       (curl_off_t)request->body.len);
	} else {
		(void)curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	}
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	(void)curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
	return curl_easy_perform(c);
}

static void ask(struct http *h, bool is_post, const struct http_request *request,
		const atomic_bool *stop, struct http_answer *answer)
{
	struct transfer t = {answer, h->max_answer, stop};
	struct curl_slist *headers = NULL;
	char *url = NULL;

	buf_clear(&answer->body);
	answer->status = 0;
	answer->retry_after_ns = 0;
	answer->cut = false;
	answer->why.text[0] = '\0';
	answer->failure = HTTP_FAIL_NONE;
	if (set_credentials(h, &answer->why)) {
		answer->failure = HTTP_FAIL_LOCAL;
		return;
	}
	if (asprintf(&url, "%s%s", h->url, request->path) < 0 ||
	    request_headers(h, request, &headers)) {
		answer->failure = HTTP_FAIL_LOCAL;
		(void)err_set(&answer->why, ENOMEM, "out of memory");
	} else {
		take_result(h, perform(h, is_post, request, url, headers, &t), answer);
	}
	free(url);
	curl_slist_free_all(headers);
}

void http_post(struct http *h, const struct http_request *request, const atomic_bool *stop,
	       struct http_answer *answer)
{
	ask(h, true, request, stop, answer);
}

void http_get(struct http *h, const struct http_request *request, const atomic_bool *stop,
	      struct http_answer *answer)
{
	ask(h, false, request, stop, answer);
}

/* RFC 3986, 2.3: what stands for itself. */
static bool is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~", c));
}

void http_add_param(struct buf *path, const char *name, struct str value)
{
	bool is_first = !path->len || !memchr(path->data, '?', path->len);

	buf_addch(path, is_first ? '?' : '&');
	buf_addf(path, "%s=", name);
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (is_plain(c))
			buf_addch(path, (char)c);
		else
			buf_addf(path, "%%%02X", c);
	}
}
