// SPDX-License-Identifier: Apache-2.0
#include "listen.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/selfstats.h"
#include "base/clock.h"
#include "base/fs.h"
#include "format/alerts.h"

#define STUCK_NS (60 * NSEC_PER_SEC) /* a loop that takes longer */
#define MAX_TEXT ((size_t)4 << 20)

struct listener {
	struct server *server;
	struct query_source source;
	struct receive *receive;
	char *store, *metrics_path;
	atomic_uint_fast64_t beat_ns;
};

static void answer_metrics(void *arg, struct server_call *call)
{
	const struct listener *l = arg;
	struct buf text;
	struct err err = {{0}};

	buf_init(&text, MAX_TEXT);
	if (fs_read(l->metrics_path, &text, &err))
		server_error(call, 503, "%s", err.text);
	else
		server_answer(call, 200, "text/plain; version=0.0.4; charset=utf-8",
			      buf_str(&text));
	buf_release(&text);
}

static void answer_health(void *arg, struct server_call *call)
{
	struct listener *l = arg;
	uint64_t ago_ns = clock_mono_ns(&clock_system) - atomic_load(&l->beat_ns);

	if (ago_ns > STUCK_NS)
		server_error(call, 503, "the agent has been busy for %llu s",
			     (unsigned long long)(ago_ns / NSEC_PER_SEC));
	else
		server_answer(call, 200, "text/plain; charset=utf-8", STR_LIT("ok\n"));
}

static void answer_profile(void *arg, struct server_call *call)
{
	query_profile(&((struct listener *)arg)->source, call);
}

static void answer_series(void *arg, struct server_call *call)
{
	query_series(&((struct listener *)arg)->source, call);
}

static void answer_windows(void *arg, struct server_call *call)
{
	query_windows(&((struct listener *)arg)->source, call);
}

static void answer_incidents(void *arg, struct server_call *call)
{
	query_incidents(&((struct listener *)arg)->source, call);
}

static void answer_alerts(void *arg, struct server_call *call)
{
	receive_alerts(((struct listener *)arg)->receive, call);
}

static void refuse_alerts(void *arg, int status)
{
	receive_refused(((struct listener *)arg)->receive, status);
}

static const struct server_route routes[] = {
	{.path = "/metrics", .fn = answer_metrics},
	{.path = "/-/healthy", .fn = answer_health, .is_open = true},
	{.path = "/-/ready", .fn = answer_health, .is_open = true},
	{.path = "/api/v1/profile", .fn = answer_profile},
	{.path = "/api/v1/series", .fn = answer_series},
	{.path = "/api/v1/windows", .fn = answer_windows},
	{.path = "/api/v1/incidents", .fn = answer_incidents},
	{.path = "/api/v1/alerts",
	 .fn = answer_alerts,
	 .refused = refuse_alerts,
	 .max_body = ALERTS_MAX_BYTES},
};

int listener_new(const struct listen_options *o, const char *store, struct receive *receive,
		 struct listener **ret, struct err *err)
{
	struct listener *l = calloc(1, sizeof(*l));
	struct server_opts opts = {
		.listen = o->address,
		.token_file = o->token_file,
		.cert_file = o->cert_file,
		.key_file = o->key_file,
		.client_ca_file = o->client_ca_file,
		.routes = routes,
		.route_cnt = ARRAY_SIZE(routes),
		.arg = l,
	};
	int r;

	if (!l)
		return err_set(err, ENOMEM, "out of memory");
	l->receive = receive;
	l->store = strdup(store);
	l->source.store = l->store;
	if (asprintf(&l->metrics_path, "%s/" SELFSTATS_FILE, store) < 0)
		l->metrics_path = NULL;
	listener_beat(l);
	r = l->store && l->metrics_path ? server_start(&opts, &l->server, err)
					: err_set(err, ENOMEM, "out of memory");
	if (r)
		listener_free(l);
	else
		*ret = l;
	return r ? err_prefix(err, r, "--listen") : 0;
}

void listener_free(struct listener *l)
{
	if (!l)
		return;
	server_stop(l->server);
	free(l->store);
	free(l->metrics_path);
	free(l);
}

const char *listener_address(const struct listener *l)
{
	return server_address(l->server);
}

void listener_beat(struct listener *l)
{
	if (l)
		atomic_store(&l->beat_ns, clock_mono_ns(&clock_system));
}
