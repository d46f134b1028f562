// SPDX-License-Identifier: Apache-2.0
#include "incident/alerts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/times.h"
#include "incident/incident.h"

#define MAX_FULL_NAME ((size_t)1 << 20)

/* ---- the incident's name ---- */

static bool tells_apart(const struct alert_label *l)
{
	return l->value.len && !str_eq(l->name, STR_LIT("alertname")) &&
	       !str_eq(l->name, STR_LIT("grafana_folder")) &&
	       (l->name.len < 2 || memcmp(l->name.p, "__", 2));
}

static uint64_t fnv1a(struct str s)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
	return hash;
}

/* Too long to be a name: its beginning, and what tells it from others that begin alike. */
static void shorten(struct buf *name)
{
	uint64_t hash = fnv1a(buf_str(name));
	struct str s = buf_str(name);
	size_t cut = 0, n;

	while (cut < s.len && (n = utf8_len((struct str){s.p + cut, s.len - cut})) &&
	       cut + n <= INCIDENT_NAME_MAX - 20)
		cut += n;
	name->len = cut;
	buf_addf(name, "~%016" PRIx64, hash);
}

/* Printable, whatever the labels are. Returns owned. */
static char *make_name(const struct alerts_message *m, const struct alert *a)
{
	unsigned int cnt = 0;
	struct str trimmed;
	struct buf b;
	char *name;

	buf_init(&b, MAX_FULL_NAME);
	text_add_clean(&b, a->name);
	for (size_t i = 0; i < m->group_cnt; i++) {
		if (!tells_apart(&m->group[i]))
			continue;
		buf_addstr(&b, cnt++ ? "," : "{");
		text_add_clean(&b, m->group[i].name);
		buf_addstr(&b, "=\"");
		text_add_clean(&b, m->group[i].value);
		buf_addch(&b, '"');
	}
	if (cnt)
		buf_addch(&b, '}');
	if (b.len > INCIDENT_NAME_MAX)
		shorten(&b);
	trimmed = str_trim(buf_str(&b));
	name = buf_error(&b) ? NULL
	       : trimmed.len ? mem_strndup(trimmed.p, trimmed.len)
			     : strdup("[blank]");
	buf_release(&b);
	return name;
}

/* ---- its time ---- */

static int bad_time(struct err *err, enum alerts_problem *problem, size_t i, const char *what)
{
	*problem = ALERTS_TIME;
	return err_set(err, EINVAL, "alerts[%zu].%s", i, what);
}

static int set_times(const struct alert *a, int64_t now_ns, size_t i, struct store_mark *m,
		     enum alerts_problem *problem, struct err *err)
{
	int64_t latest_ns = now_ns + (int64_t)ALERTS_SKEW_NS;

	if (a->starts_ns > latest_ns)
		return bad_time(err, problem, i, "startsAt: in the future; do the clocks agree?");
	m->from_ns = a->starts_ns - (int64_t)a->for_ns;
	m->until_ns = a->ends_ns;
	if (!a->firing && a->ends_ns == INT64_MAX)
		m->until_ns = now_ns > a->starts_ns ? now_ns : a->starts_ns;
	if (a->firing)
		return 0;
	if (m->until_ns > latest_ns)
		return bad_time(err, problem, i, "endsAt: in the future; do the clocks agree?");
	if (m->until_ns < a->starts_ns)
		return bad_time(err, problem, i, "endsAt: before startsAt");
	return 0;
}

/* ---- the alert ---- */

static char *make_labels(const struct alert *a)
{
	struct json j;
	struct buf b;
	char *text;

	buf_init(&b, STORE_MAX_ALERT_LABELS);
	json_init(&j, &b, false);
	json_object(&j, NULL);
	for (size_t i = 0; i < a->label_cnt; i++)
		json_str(&j, a->labels[i].name.p, a->labels[i].value);
	json_end(&j);
	text = buf_detach(&b, NULL);
	buf_release(&b);
	return text;
}

static bool set_alert(const struct alert *a, int64_t now_ns, struct store_mark *m)
{
	m->alert = calloc(1, sizeof(*m->alert));
	if (!m->alert)
		return false;
	*m->alert = (struct store_alert){
		.fingerprint = mem_strndup(a->fingerprint.p, a->fingerprint.len),
		.starts_ns = a->starts_ns,
		.early_ns = a->has_for && !a->bad_for ? ALERTS_EARLY_NS : ALERTS_EARLY_UNTOLD_NS,
		.seen_ns = now_ns,
		.labels = make_labels(a),
		.url = mem_strndup(a->url.p, a->url.len),
	};
	return m->alert->fingerprint && m->alert->url;
}

static int make_mark(const struct alerts_message *message, size_t i, int64_t now_ns,
		     struct store_mark *m, enum alerts_problem *problem, struct err *err)
{
	const struct alert *a = &message->alerts[i];
	int r = set_times(a, now_ns, i, m, problem, err);

	if (r)
		return r;
	m->noted_ns = now_ns;
	m->name = make_name(message, a);
	m->source = strdup(message->source);
	if (!m->name || !m->source || !set_alert(a, now_ns, m))
		return err_set(err, ENOMEM, "out of memory");
	if (!m->alert->labels) {
		*problem = ALERTS_TOO_MUCH;
		return err_set(err, EINVAL, "alerts[%zu].labels: more than %d bytes of JSON", i,
			       STORE_MAX_ALERT_LABELS);
	}
	return 0;
}

/* True: it is counted, and no incident. */
static bool is_ignored(const struct alert *a, struct alert_marks *marks)
{
	bool is_heartbeat = str_eq(a->name, STR_LIT("Watchdog"));
	bool is_no_data = str_eq(a->name, STR_LIT("DatasourceNoData")) ||
			  str_eq(a->name, STR_LIT("DatasourceError"));
	bool is_empty = !is_heartbeat && !is_no_data && !a->firing && !a->for_ns &&
			a->ends_ns == a->starts_ns;

	marks->heartbeats += is_heartbeat;
	marks->no_data += is_no_data;
	marks->empty += is_empty;
	return is_heartbeat || is_no_data || is_empty;
}

int alert_marks_make(const struct alerts_message *m, int64_t now_ns, struct alert_marks *ret,
		     enum alerts_problem *ret_problem, struct err *err)
{
	struct alert_marks made = {.marks = calloc(m->cnt + 1, sizeof(*made.marks))};
	enum alerts_problem problem = ALERTS_FINE;
	int r = made.marks ? 0 : err_set(err, ENOMEM, "out of memory");

	for (size_t i = 0; !r && i < m->cnt; i++) {
		if (is_ignored(&m->alerts[i], &made))
			continue;
		made.bad_for += m->alerts[i].bad_for;
		r = make_mark(m, i, now_ns, &made.marks[made.cnt++], &problem, err);
		if (!r && made.marks[made.cnt - 1].until_ns <= made.marks[made.cnt - 1].from_ns) {
			made.empty++; /* over at once, nobody knows when */
			store_mark_release(&made.marks[--made.cnt]);
		}
	}
	if (r) {
		alert_marks_release(&made);
		*ret_problem = problem;
	} else {
		*ret = made;
	}
	return r;
}

void alert_marks_release(struct alert_marks *m)
{
	store_marks_free(m->marks, m->cnt);
	*m = (struct alert_marks){0};
}
