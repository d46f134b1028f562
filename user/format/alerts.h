/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alerts.h - what a webhook tells of alerts: a message of Alertmanager (version 4) or of Grafana's
 * alerting (version 1), told apart by what is in it.
 *
 *	{"version":"4", "groupLabels":{…}, "truncatedAlerts":0, "alerts":[{"status":"firing",
 *	  "labels":{"alertname":…}, "annotations":{…}, "startsAt":"2026-08-20T12:01:30.5Z",
 *	  "endsAt":"0001-01-01T00:00:00Z", "generatorURL":"http://…", "fingerprint":"c6eadffa33fcdf37"}]}
 *
 * Fields that are not known are skipped, since every release brings some. The status of the whole
 * message is one of them: firing and resolved alerts travel together. Untrusted: bytes, depth and
 * values are bounded before anything is built of them.
 */
#ifndef FORMAT_ALERTS_H
#define FORMAT_ALERTS_H

#include "base/compiler.h"
#include "base/err.h"

#define ALERTS_MAX_BYTES  ((size_t)1 << 20)
#define ALERTS_MAX	  1000	/* in one message */
#define ALERTS_MAX_VALUES 32768 /* of JSON, in one message */
#define ALERTS_MAX_DEPTH  32
#define ALERTS_MAX_LABELS 256 /* of one alert */

/* Why a message is refused. */
enum alerts_problem {
	ALERTS_FINE = 0,
	ALERTS_NO_JSON,
	ALERTS_TOO_MUCH, /* more than the limits above */
	ALERTS_VERSION,	 /* of neither sender */
	ALERTS_FIELD,	 /* missing, or of another type */
	ALERTS_TIME,	 /* a field that is no time, or an impossible one */
	ALERTS_PROBLEM_CNT,
};

const char *alerts_problem_name(enum alerts_problem problem); /* "not_json", … */

/* Valid UTF-8 without NUL. */
struct alert_label {
	struct str name, value;
};

struct alert {
	struct str name;	/* label alertname; never empty */
	struct str fingerprint; /* letters and digits, at most 64 */
	bool firing;
	int64_t starts_ns;	    /* after 1970 */
	int64_t ends_ns;	    /* INT64_MAX: it fires, or nobody knows */
	struct alert_label *labels; /* bytewise by name, the name itself among them */
	size_t label_cnt;
	struct str url; /* http or https; empty: none */
	/* Annotation culprit_for: the rule's `for:`, which no webhook tells. */
	uint64_t for_ns;
	bool has_for, bad_for; /* it is there; but is no duration up to a week */
};

struct alerts_message {
	const char *source; /* "alertmanager", "grafana" */
	struct alert *alerts;
	size_t cnt;
	struct alert_label *group; /* by what the sender was told to group; by name */
	size_t group_cnt;
	uint64_t truncated; /* alerts that the sender left out */
	void *root;	    /* private: what the strings above point into */
};

/*
 * *ret is written on success: alerts_release(). -EINVAL with *ret_problem and a line in err that names
 * the field ("alerts[3].startsAt") and what it should be; -ENOMEM.
 */
int must_check alerts_read(struct str json, struct alerts_message *ret,
			   enum alerts_problem *ret_problem, struct err *err);

/* An object of strings, as a store keeps labels, into ret->group alone: alerts_release(). -EINVAL;
 * -ENOMEM. */
int must_check alerts_read_labels(struct str json, struct alerts_message *ret);
void alerts_release(struct alerts_message *m); /* zeroed is fine */

#endif
