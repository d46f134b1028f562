// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "commands.h"
#include "incident/incident.h"
#include "store/store.h"
#include "tool.h"

struct config {
	const char *store;
	bool start, end;
	int64_t at_ns;
};

static const struct opt opts[] = {
	{"store", 0, OPT_STRING, offsetof(struct config, store), "DIR", "the store", 0, 0},
	{"start", 0, OPT_FLAG, offsetof(struct config, start), NULL,
	 "the incident begins now (or at --at)", 0, 0},
	{"end", 0, OPT_FLAG, offsetof(struct config, end), NULL,
	 "the incident that was started is over", 0, 0},
	{"at", 0, OPT_TIME, offsetof(struct config, at_ns), "T",
	 "when it began or ended, if not now", 0, 0},
};

/*
 * The clock of an imported history is its own: what it holds is past, whatever this machine's clock
 * says.
 */
static int past_of(struct store *store, int64_t now_ns, int64_t *ret_ns, struct err *err)
{
	struct store_info *info;
	int r = store_info(store, &info, err);

	if (r)
		return r;
	for (size_t i = 0; i < info->block_cnt; i++)
		if (info->blocks[i].last_ns > now_ns)
			now_ns = info->blocks[i].last_ns;
	store_info_free(info);
	*ret_ns = now_ns;
	return 0;
}

static int check_moment(int64_t at_ns, int64_t past_ns, const char *what, struct err *err)
{
	return at_ns <= past_ns ? 0 : err_set(err, EINVAL, "%s --at lies in the future", what);
}

static int mark_range(struct store *store, struct store_mark *m, const char *text, int64_t past_ns,
		      struct err *err)
{
	struct time_range range;
	int r = time_range_parse(str_of(text), m->noted_ns, &range, err);

	if (!r)
		r = incident_check_range(range, past_ns, err);
	if (r)
		return r;
	m->from_ns = range.from_ns;
	m->until_ns = range.until_ns;
	return store_mark_add(store, m, NULL, err);
}

static int mark(struct store *store, const struct config *c, const struct operands *operands,
		struct err *err)
{
	struct store_mark m = {
		.name = operands->words[0],
		.source = (char *)"mark",
		.noted_ns = operands->now_ns,
		.until_ns = INT64_MAX,
	};
	int64_t at_ns = c->at_ns == INT64_MIN ? operands->now_ns : c->at_ns, past_ns;
	int r;

	r = incident_check_name(str_of(m.name), err);
	if (!r)
		r = past_of(store, operands->now_ns, &past_ns, err);
	if (r)
		return r;
	if (!c->start && !c->end)
		return mark_range(store, &m, operands->words[1], past_ns, err);
	r = check_moment(at_ns, past_ns, c->start ? "--start" : "--end", err);
	if (r)
		return r;
	m.from_ns = at_ns;
	return c->end ? store_mark_close(store, m.name, at_ns, err)
		      : store_mark_add(store, &m, NULL, err);
}

static int run(const void *config, const struct operands *operands)
{
	const struct config *c = config;
	struct store *store;
	struct err err;
	int status = EXIT_DONE;

	if (!c->store)
		return command_failf("--store DIR is needed");
	if (!operands->cnt)
		return command_failf(
			"the incident's name is needed: culprit mark --store DIR NAME T..T");
	if (c->start && c->end)
		return command_failf("--start and --end exclude each other");
	if (c->at_ns != INT64_MIN && !c->start && !c->end)
		return command_failf("--at goes with --start or --end");
	if (operands->cnt != ((c->start || c->end) ? 1U : 2U))
		return command_failf(
			c->start || c->end
				? "one operand is wanted: the incident's name"
				: "two operands are wanted: the incident's name and T..T");
	if (store_open(c->store, STORE_READ, NULL, &store, &err))
		return command_fail(&err);
	if (mark(store, c, operands, &err))
		status = command_fail(&err);
	tool_warn_store(store);
	store_close(store);
	return status;
}

const struct command cmd_mark = {
	.name = "mark",
	.summary = "note one recurrence of an incident by hand",
	.usage = "--store DIR NAME T..T | NAME --start|--end [--at T]",
	.examples = "  culprit mark --store DIR slow-checkout 03:00..03:05\n"
		    "  culprit mark --store DIR slow-checkout "
		    "2026-11-23T03:00:00Z..2026-11-23T03:05:00Z\n"
		    "  culprit mark --store DIR slow-checkout now-5m..now\n"
		    "  culprit mark --store DIR slow-checkout --start       and, when it is over, "
		    "--end\n",
	.details = "Works while the agent writes into the store. Times: RFC 3339, Unix seconds, "
		   "now-90m, HH:MM[:SS] of "
		   "today.\n",
	.opts = opts,
	.opt_cnt = ARRAY_SIZE(opts),
	.defaults = &(const struct config){.at_ns = INT64_MIN},
	.config_size = sizeof(struct config),
	.run = run,
};
