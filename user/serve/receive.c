// SPDX-License-Identifier: Apache-2.0
#include "serve/receive.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/num.h"
#include "incident/alerts.h"
#include "serve/server.h"

/* Why a message was not taken, beside what is wrong in it. */
enum refusal {
	REFUSED_NOT_ALLOWED, /* no token, no certificate, a page that is not ours */
	REFUSED_TOO_LARGE,
	REFUSED_OTHER, /* method, type of the body */
	REFUSED_STORE, /* could not be noted: to be sent again */
	REFUSED_CNT,
};

static const char *const refusal_names[REFUSED_CNT] = {
	[REFUSED_NOT_ALLOWED] = "not_allowed",
	[REFUSED_TOO_LARGE] = "too_large",
	[REFUSED_OTHER] = "request",
	[REFUSED_STORE] = "store",
};

struct receive {
	char *store;
	const struct clock *clock;
	pthread_mutex_t writing; /* one message at a time */
	pthread_mutex_t lock;	 /* of what follows, never held for long */
	struct store_alert_counts counts;
	uint64_t by_problem[ALERTS_PROBLEM_CNT]; /* [ALERTS_FINE]: taken */
	uint64_t by_refusal[REFUSED_CNT];
	uint64_t heartbeats, no_data, empty, truncated;
	int64_t last_ns, heartbeat_ns; /* wall clock; 0: never */
};

int receive_new(const char *store, const struct clock *clock, struct receive **ret)
{
	struct receive *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->clock = clock;
	r->store = strdup(store);
	(void)pthread_mutex_init(&r->writing, NULL);
	(void)pthread_mutex_init(&r->lock, NULL);
	if (!r->store) {
		receive_free(r);
		return -ENOMEM;
	}
	*ret = r;
	return 0;
}

void receive_free(struct receive *r)
{
	if (!r)
		return;
	(void)pthread_mutex_destroy(&r->writing);
	(void)pthread_mutex_destroy(&r->lock);
	free(r->store);
	free(r);
}

/* ---- one message ---- */

struct outcome {
	struct store_alert_counts counts;
	struct alert_marks marks;
	uint64_t truncated;
	enum alerts_problem problem;
};

static int note(struct receive *r, struct outcome *o, struct err *err)
{
	struct store *store;
	int result;

	if (!o->marks.cnt)
		return 0;
	(void)pthread_mutex_lock(&r->writing);
	result = store_open(r->store, STORE_READ, NULL, &store, err);
	if (!result) {
		result = store_mark_alerts(store, o->marks.marks, o->marks.cnt, &o->counts, err);
		store_close(store);
	}
	(void)pthread_mutex_unlock(&r->writing);
	return result;
}

static int take(struct receive *r, struct str body, int64_t now_ns, struct outcome *o,
		struct err *err)
{
	struct alerts_message m;
	int result = alerts_read(body, &m, &o->problem, err);

	if (result)
		return result;
	o->truncated = m.truncated;
	result = alert_marks_make(&m, now_ns, &o->marks, &o->problem, err);
	alerts_release(&m);
	return result ? result : note(r, o, err);
}

static void count(struct receive *r, const struct outcome *o, int result, int64_t now_ns)
{
	(void)pthread_mutex_lock(&r->lock);
	if (result && o->problem == ALERTS_FINE) {
		r->by_refusal[REFUSED_STORE]++;
	} else {
		r->by_problem[o->problem]++;
	}
	if (!result) {
		r->last_ns = now_ns;
		r->counts.opened += o->counts.opened;
		r->counts.ended += o->counts.ended;
		r->counts.repeated += o->counts.repeated;
		r->counts.forgotten += o->counts.forgotten;
		r->heartbeats += o->marks.heartbeats;
		r->no_data += o->marks.no_data;
		r->empty += o->marks.empty;
		r->truncated += o->truncated;
		if (o->marks.heartbeats)
			r->heartbeat_ns = now_ns;
	}
	(void)pthread_mutex_unlock(&r->lock);
}

static void answer(const struct outcome *o, struct server_call *call)
{
	struct json j;
	struct buf out;

	buf_init(&out, 16 << 10);
	json_init(&j, &out, false);
	json_object(&j, NULL);
	json_u64(&j, "opened", o->counts.opened);
	json_u64(&j, "ended", o->counts.ended);
	json_u64(&j, "repeated", o->counts.repeated);
	json_u64(&j, "ignored", o->marks.heartbeats + o->marks.no_data + o->marks.empty);
	if (o->marks.bad_for)
		json_cstr(&j, "note", "annotation culprit_for: want a duration such as 5m");
	json_end(&j);
	buf_addch(&out, '\n');
	server_answer(call, 200, "application/json", buf_str(&out));
	buf_release(&out);
}

void receive_alerts(struct receive *r, struct server_call *call)
{
	int64_t now_ns = clock_wall_ns(r->clock);
	struct outcome o = {.problem = ALERTS_FINE};
	struct err err = {""};
	int result = take(r, server_body(call), now_ns, &o, &err);

	count(r, &o, result, now_ns);
	if (!result) {
		answer(&o, call);
		if (o.marks.bad_for && o.counts.opened)
			log_warn("alerts: '%s': annotation culprit_for is no duration such as 5m",
				 o.marks.marks[0].name);
	} else if (o.problem != ALERTS_FINE) {
		server_error(call, 400, "%s", err.text);
	} else {
		server_error(call, 503, "%s", err.text);
		log_warn("alerts: cannot be noted, the sender will try again: %s", err.text);
	}
	alert_marks_release(&o.marks);
}

void receive_refused(struct receive *r, int status)
{
	enum refusal why = status == 401 || status == 403 ? REFUSED_NOT_ALLOWED
			   : status == 413		  ? REFUSED_TOO_LARGE
							  : REFUSED_OTHER;

	(void)pthread_mutex_lock(&r->lock);
	r->by_refusal[why]++;
	(void)pthread_mutex_unlock(&r->lock);
}

/* ---- metrics ---- */

static void head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void row(struct buf *b, const char *name, const char *key, const char *value, uint64_t n)
{
	buf_addf(b, "%s{%s=\"%s\"} %" PRIu64 "\n", name, key, value, n);
}

static void moment(struct buf *b, const char *name, const char *help, int64_t ns)
{
	head(b, name, "gauge", help);
	buf_addf(b, "%s ", name);
	num_add_seconds(b, ns);
	buf_addch(b, '\n');
}

static void add_messages(const struct receive *r, struct buf *b)
{
	static const char name[] = "culprit_alert_messages_total";

	head(b, name, "counter", "Messages with alerts, by what became of them.");
	row(b, name, "result", "taken", r->by_problem[ALERTS_FINE]);
	for (int i = ALERTS_FINE + 1; i < ALERTS_PROBLEM_CNT; i++)
		row(b, name, "result", alerts_problem_name((enum alerts_problem)i),
		    r->by_problem[i]);
	for (int i = 0; i < REFUSED_CNT; i++)
		row(b, name, "result", refusal_names[i], r->by_refusal[i]);
}

static void add_alerts(const struct receive *r, struct buf *b)
{
	static const char name[] = "culprit_alerts_total";
	static const char lost[] = "culprit_alerts_lost_total";

	head(b, name, "counter", "Alerts that were told of, by what became of them.");
	row(b, name, "result", "opened", r->counts.opened);
	row(b, name, "result", "ended", r->counts.ended);
	row(b, name, "result", "repeated", r->counts.repeated);
	row(b, name, "result", "heartbeat", r->heartbeats);
	row(b, name, "result", "no_data", r->no_data);
	row(b, name, "result", "empty", r->empty);
	head(b, lost, "counter", "Alerts that are not in the log of incidents, by reason.");
	row(b, lost, "reason", "truncated", r->truncated);
	row(b, lost, "reason", "log_full", r->counts.forgotten);
}

void receive_stats(struct receive *r, struct buf *text)
{
	(void)pthread_mutex_lock(&r->lock);
	add_messages(r, text);
	add_alerts(r, text);
	moment(text, "culprit_alerts_last_timestamp_seconds",
	       "When alerts were last told of; 0: never.", r->last_ns);
	moment(text, "culprit_watchdog_last_timestamp_seconds",
	       "When the alert Watchdog, which always fires, was last told of; 0: never.",
	       r->heartbeat_ns);
	(void)pthread_mutex_unlock(&r->lock);
}
