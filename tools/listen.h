/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listen.h - the agent over HTTP: its options, and what it answers.
 *
 *	GET /metrics			what agent.prom says
 *	GET /-/healthy			200 while the agent's loop goes round
 *	GET /-/ready			200 when it samples, or was told not to
 *	GET /api/v1/profile, /api/v1/series, /api/v1/windows,
 *	    /api/v1/incidents		serve/query.h
 *	POST /api/v1/alerts		serve/receive.h
 */
#ifndef TOOLS_LISTEN_H
#define TOOLS_LISTEN_H

#include "opt.h"
#include "serve/query.h"
#include "serve/receive.h"

struct listen_options {
	const char *address, *token_file, *cert_file, *key_file, *client_ca_file;
};

/* Their rows in a table of options; `listen` is the member of the configuration. */
#define LISTEN_OPTIONS(config, listen)                                                         \
	{"listen",                                                                             \
	 0,                                                                                    \
	 OPT_STRING,                                                                           \
	 offsetof(config, listen.address),                                                     \
	 "ADDRESS",                                                                            \
	 "answer over HTTP: 127.0.0.1:7070, unix:PATH; others than the loopback want a token " \
	 "or client certificates",                                                             \
	 0,                                                                                    \
	 0},                                                                                   \
		{"listen-token-file",                                                          \
		 0,                                                                            \
		 OPT_STRING,                                                                   \
		 offsetof(config, listen.token_file),                                          \
		 "FILE",                                                                       \
		 "who asks must know this token (Authorization: Bearer)",                      \
		 0,                                                                            \
		 0},                                                                           \
		{"listen-cert",                                                                \
		 0,                                                                            \
		 OPT_STRING,                                                                   \
		 offsetof(config, listen.cert_file),                                           \
		 "FILE",                                                                       \
		 "answer over TLS, with this certificate",                                     \
		 0,                                                                            \
		 0},                                                                           \
		{"listen-key", 0,	  OPT_STRING, offsetof(config, listen.key_file),       \
		 "FILE",       "its key", 0,	      0},                                      \
	{                                                                                      \
		"listen-client-ca", 0, OPT_STRING, offsetof(config, listen.client_ca_file),    \
			"FILE", "who asks must have a certificate of this authority", 0, 0     \
	}

struct listener;

/* Borrows who receives alerts. 0 or -errno with a line in err. */
int must_check listener_new(const struct listen_options *o, const char *store,
			    struct receive *receive, struct listener **ret, struct err *err);
void listener_free(struct listener *l); /* NULL is fine */
const char *listener_address(const struct listener *l);

/* The agent's loop goes round; NULL is fine. */
void listener_beat(struct listener *l);

#endif
