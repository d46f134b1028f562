// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "commands.h"
#include "incident/incident.h"
#include "incidents_json.h"
#include "pyroscope.h"
#include "remote.h"
#include "store/store.h"
#include "tool.h"

struct config {
	const char *store, *format;
	int64_t from_ns, until_ns;
};

static const struct opt opts[] = {
	{"store", 0, OPT_STRING, offsetof(struct config, store), "DIR|URL",
	 "the store, or an agent that listens", 0, 0},
	{"from", 0, OPT_TIME, offsetof(struct config, from_ns), "T",
	 "only recurrences that end after it", 0, 0},
	{"until", 0, OPT_TIME, offsetof(struct config, until_ns), "T",
	 "only those that begin before it", 0, 0},
	{"format", 0, OPT_STRING, offsetof(struct config, format), "F", "text (default) or json", 0,
	 0},
};

static bool is_wanted(const struct config *c, const struct incident_recurrence *r)
{
	return r->range.until_ns > c->from_ns && r->range.from_ns < c->until_ns;
}

static void add_recurrence(struct buf *out, const struct incident_recurrence *r)
{
	buf_addstr(out, "  ");
	time_add(out, r->range.from_ns);
	buf_addstr(out, " .. ");
	if (r->open)
		buf_addstr(out, r->silent ? "end never told" : "not ended yet");
	else
		time_add(out, r->range.until_ns);
	buf_addstr(out, "  (");
	duration_add(out, (uint64_t)(r->range.until_ns - r->range.from_ns));
	buf_addstr(out, ", from ");
	text_add_clean(out, str_of(r->source));
	if (r->sources_differ)
		buf_addstr(out, " and others");
	if (r->silent) {
		buf_addstr(out, "; last heard of at ");
		time_add(out, r->range.until_ns);
	}
	buf_addstr(out, ")\n");
}

static void add_incident(struct buf *out, const struct config *c, const struct incident *incident)
{
	size_t cnt = 0;

	for (size_t k = 0; k < incident->recurrence_cnt; k++)
		cnt += is_wanted(c, &incident->recurrences[k]);
	if (!cnt)
		return;
	text_add_clean(out, str_of(incident->name));
	buf_addf(out, ": %zu recurrence%s\n", cnt, cnt == 1 ? "" : "s");
	for (size_t k = 0; k < incident->recurrence_cnt; k++)
		if (is_wanted(c, &incident->recurrences[k]))
			add_recurrence(out, &incident->recurrences[k]);
}

static void add_list(struct buf *out, const struct config *c, const struct incident_list *list,
		     const struct incident *only)
{
	size_t before = out->len;

	for (size_t i = 0; i < list->cnt; i++)
		if (!only || only == &list->incidents[i])
			add_incident(out, c, &list->incidents[i]);
	if (!list->cnt)
		buf_addstr(out, "no incident is known: note one with culprit mark\n");
	else if (out->len == before)
		buf_addstr(out, "no recurrence in that time\n");
}

static int list_marks(const struct config *c, const struct store_mark *marks, size_t cnt,
		      const struct operands *operands, struct buf *out, struct err *err)
{
	struct time_range range = {c->from_ns, c->until_ns};
	const struct incident *only = NULL;
	struct incident_list list;
	int r;

	if (incident_list_make(&list, marks, cnt, operands->now_ns))
		return err_set(err, ENOMEM, "out of memory");
	r = operands->cnt ? incident_get(&list, str_of(operands->words[0]), &only, err) : 0;
	if (!r && !strcmp(c->format, "json"))
		incidents_json(&list, only, marks, cnt, range, out);
	else if (!r)
		add_list(out, c, &list, only);
	if (list.left_out)
		command_warn("warning: %zu marks with a bad name or range were left out",
			     list.left_out);
	incident_list_release(&list);
	return r;
}

static int list_store(const struct config *c, const struct operands *operands, struct buf *out,
		      struct err *err)
{
	struct store_mark *marks = NULL;
	struct store *store = NULL;
	size_t cnt = 0;
	int r = store_open(c->store, STORE_READ, NULL, &store, err);

	if (!r)
		r = store_marks(store, NULL, &marks, &cnt, err);
	if (!r)
		r = list_marks(c, marks, cnt, operands, out, err);
	store_marks_free(marks, cnt);
	tool_warn_store(store);
	store_close(store);
	return r;
}

static int check_usage(const struct config *c, const struct operands *operands)
{
	if (!c->store)
		return command_failf("--store DIR is needed");
	if (operands->cnt > 1)
		return command_failf("'%s': one name at most", operands->words[1]);
	if (strcmp(c->format, "text") && strcmp(c->format, "json"))
		return command_failf("--format: '%s' is neither text nor json", c->format);
	if (c->until_ns <= c->from_ns)
		return command_failf("--until must be after --from");
	if (pyroscope_is(c->store))
		return command_failf("%s: a backend knows no incidents; an agent or a store does",
				     c->store);
	return EXIT_DONE;
}

static int run(const void *config, const struct operands *operands)
{
	const struct config *c = config;
	struct time_range range = {c->from_ns, c->until_ns};
	struct buf out;
	struct err err;
	int status = check_usage(c, operands), r;

	if (status != EXIT_DONE)
		return status;
	buf_init(&out, TOOL_MAX_OUTPUT);
	if (remote_is(c->store))
		r = remote_incidents(c->store, operands->cnt ? operands->words[0] : NULL, range,
				     c->format, &out, &err);
	else
		r = list_store(c, operands, &out, &err);
	status = r ? command_fail(&err) : tool_write("-", &out);
	buf_release(&out);
	return status;
}

const struct command cmd_incidents = {
	.name = "incidents",
	.summary = "incidents known, their recurrences, where each came from",
	.usage = "--store DIR|URL [--from T] [--until T] [--format json] [NAME]",
	.examples = "  culprit incidents --store /var/lib/culprit\n"
		    "  culprit incidents --store http://127.0.0.1:7070 --from now-7d\n"
		    "  culprit incidents --store DIR --format json HighLatency\n",
	.details = "Alerts that an agent receives are named by what their group is made by: "
		   "HighLatency{service=\"shop\"};\n"
		   "HighLatency alone will do while it is the only one.\n",
	.opts = opts,
	.opt_cnt = ARRAY_SIZE(opts),
	.defaults = &(
		const struct config){.format = "text", .from_ns = INT64_MIN, .until_ns = INT64_MAX},
	.config_size = sizeof(struct config),
	.run = run,
};
