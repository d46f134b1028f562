// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "commands.h"
#include "incident/incident.h"
#include "store/store.h"
#include "tool.h"

struct config {
	const char *store;
};

static const struct opt opts[] = {
	{"store", 0, OPT_STRING, offsetof(struct config, store), "DIR", "the store", 0, 0},
};

static void add_recurrence(struct buf *out, const struct incident_recurrence *r)
{
	buf_addstr(out, "  ");
	time_add(out, r->range.from_ns);
	buf_addstr(out, " .. ");
	if (r->open)
		buf_addstr(out, "not ended yet");
	else
		time_add(out, r->range.until_ns);
	buf_addstr(out, "  (");
	duration_add(out, (uint64_t)(r->range.until_ns - r->range.from_ns));
	buf_addstr(out, ", from ");
	text_add_clean(out, str_of(r->source));
	buf_addf(out, "%s)\n", r->sources_differ ? " and others" : "");
}

static void add_incident(struct buf *out, const struct incident *incident)
{
	text_add_clean(out, str_of(incident->name));
	buf_addf(out, ": %zu recurrence%s\n", incident->recurrence_cnt,
		 incident->recurrence_cnt == 1 ? "" : "s");
	for (size_t k = 0; k < incident->recurrence_cnt; k++)
		add_recurrence(out, &incident->recurrences[k]);
}

static int add_list(struct buf *out, const struct incident_list *list, const char *name,
		    struct err *err)
{
	const struct incident *incident;
	int r;

	if (name) {
		r = incident_get(list, str_of(name), &incident, err);
		if (!r)
			add_incident(out, incident);
		return r;
	}
	for (size_t i = 0; i < list->cnt; i++)
		add_incident(out, &list->incidents[i]);
	if (!list->cnt)
		buf_addstr(out, "no incident is known: note one with culprit mark\n");
	return 0;
}

static int list_incidents(struct store *store, const struct operands *operands, struct buf *out,
			  struct err *err)
{
	struct incident_list list = {0};
	struct store_mark *marks;
	size_t cnt;
	int r;

	r = store_marks(store, NULL, &marks, &cnt, err);
	if (r)
		return r;
	if (incident_list_make(&list, marks, cnt, operands->now_ns)) {
		r = err_set(err, ENOMEM, "out of memory");
	} else {
		r = add_list(out, &list, operands->words[0], err);
		if (list.left_out)
			command_warn("warning: %zu marks with a bad name or range were left out",
				     list.left_out);
	}
	incident_list_release(&list);
	store_marks_free(marks, cnt);
	return r;
}

static int run(const void *config, const struct operands *operands)
{
	const struct config *c = config;
	struct store *store;
	struct buf out;
	struct err err;
	int status;

	if (!c->store)
		return command_failf("--store DIR is needed");
	if (operands->cnt > 1)
		return command_failf("'%s': one name at most", operands->words[1]);
	if (store_open(c->store, STORE_READ, NULL, &store, &err))
		return command_fail(&err);
	buf_init(&out, TOOL_MAX_OUTPUT);
	status = list_incidents(store, operands, &out, &err) ? command_fail(&err)
							     : tool_write("-", &out);
	tool_warn_store(store);
	buf_release(&out);
	store_close(store);
	return status;
}

const struct command cmd_incidents = {
	.name = "incidents",
	.summary = "incidents known, their recurrences, where each came from",
	.usage = "--store DIR [NAME]",
	.examples = "  culprit incidents --store /var/lib/culprit\n",
	.opts = opts,
	.opt_cnt = ARRAY_SIZE(opts),
	.defaults = &(const struct config){0},
	.config_size = sizeof(struct config),
	.run = run,
};
