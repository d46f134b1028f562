// SPDX-License-Identifier: Apache-2.0
#include "source.h"

#include "base/text.h"
#include "load/load.h"

static struct load_opts load_opts_of(const struct source_query *q)
{
	struct load_opts opts = {.matcher = q->matcher};

	if (q->reading) {
		opts.type = str_of(q->reading->type ? q->reading->type : "");
		opts.max_rejected =
			q->reading->max_rejects > 0 ? q->reading->max_rejects / 100 : -1;
	}
	if (q->ranges) {
		opts.ranges = q->ranges->items;
		opts.range_cnt = q->ranges->cnt;
	}
	return opts;
}

static void show_warnings(struct load_report *report)
{
	struct str rest = buf_str(&report->warnings), line;

	while (str_split(&rest, '\n', &line))
		if (line.len)
			command_warn("warning: %.*s", (int)line.len, line.p);
	load_report_release(report);
}

int source_read(const char *source, const struct source_query *q, struct profile **ret,
		struct err *err)
{
	struct load_opts opts = load_opts_of(q);
	struct load_report report;
	int r;

	load_report_init(&report);
	r = load_profile(source, &opts, ret, &report, err);
	show_warnings(&report);
	return r;
}

int source_each(const char *source, const struct source_query *q, source_window_fn fn, void *arg,
		struct err *err)
{
	struct load_opts opts = load_opts_of(q);
	struct load_report report;
	int r;

	opts.untimed = q->untimed;
	load_report_init(&report);
	r = load_windows(source, &opts, fn, arg, &report, err);
	show_warnings(&report);
	return r;
}
