/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query.h - the flight recorder over HTTP: a question becomes a `culprit show` or `culprit ls` of
 * its own, with its own limits, whose output is the answer.
 *
 * So a question costs the agent neither memory nor a wrong turn: the child may take QUERY_MEMORY
 * bytes and QUERY_SECONDS, runs at the lowest priority, and ends with the connection. At most
 * QUERY_MAX run at a time; more are told to come back.
 */
#ifndef SERVE_QUERY_H
#define SERVE_QUERY_H

#include "serve/server.h"

#define QUERY_MAX     2
#define QUERY_SECONDS 60		/* of CPU */
#define QUERY_MEMORY  ((size_t)1 << 30) /* of address space */

struct query_source {
	const char *store; /* directory */
};

/* GET /api/v1/profile?from&until&match&format&group-by */
void query_profile(const struct query_source *source, struct server_call *call);

/* GET /api/v1/series, GET /api/v1/windows?from&until */
void query_series(const struct query_source *source, struct server_call *call);
void query_windows(const struct query_source *source, struct server_call *call);

/* GET /api/v1/incidents?name&from&until&format */
void query_incidents(const struct query_source *source, struct server_call *call);

#endif
