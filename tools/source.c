// SPDX-License-Identifier: Apache-2.0
#include "source.h"

#include <string.h>

#include "base/pair.h"
#include "base/text.h"
#include "load/load.h"
#include "pyroscope.h"
#include "remote.h"

static struct load_opts load_opts_of(const struct source_query *q)
{
	struct load_opts opts = {.matcher = q->matcher,
				 .column = q->column,
				 .moments = q->moments,
				 .exact = q->exact};

	if (q->reading) {
		opts.type = str_of(q->reading->type ? q->reading->type : "");
		opts.annotations = q->reading->annotations;
		opts.max_rejected =
			q->reading->max_rejects > 0 ? q->reading->max_rejects / 100 : -1;
	}
	if (q->ranges) {
		opts.ranges = q->ranges->items;
		opts.range_cnt = q->ranges->cnt;
	}
	return opts;
}

static void show_warnings(struct load_report *report, bool quiet)
{
	struct str rest = buf_str(&report->warnings), line;

	while (!quiet && str_split(&rest, '\n', &line))
		if (line.len)
			command_warn("warning: %.*s", (int)line.len, line.p);
	load_report_release(report);
}

static struct pyroscope_query pyroscope_query_of(const struct source_query *q,
						 const struct load_opts *opts)
{
	return (struct pyroscope_query){
		.load = opts, .key = q->key, .only = q->only, .only_cnt = q->only_cnt};
}

bool source_is_far(const char *source)
{
	return remote_is(source) || pyroscope_is(source);
}

/* load_profile() for what is far away, too. */
static int load_any(const char *source, const struct source_query *q, const struct load_opts *opts,
		    struct profile **ret, struct load_report *report, struct err *err)
{
	struct pyroscope_query query = pyroscope_query_of(q, opts);
	struct remote remote;
	int r;

	if (pyroscope_is(source))
		return pyroscope_profile(source, &query, ret, err);
	if (!remote_is(source))
		return load_profile(source, opts, ret, report, err);
	r = remote_fetch(&remote, source, opts->ranges, opts->range_cnt, err);
	if (!r)
		r = remote_explain(source, load_profile(remote.path, opts, ret, report, err), err);
	remote_release(&remote);
	return r;
}

int source_read(const char *source, const struct source_query *q, struct profile **ret,
		struct err *err)
{
	struct load_opts opts = load_opts_of(q);
	struct load_report report;
	int r;

	load_report_init(&report);
	r = load_any(source, q, &opts, ret, &report, err);
	show_warnings(&report, q->quiet);
	return r;
}

struct job {
	struct source_side *side;
	struct load_opts opts;
	struct load_report report;
	struct err err;
	int result;
};

static void run_job(void *arg)
{
	struct job *job = arg;

	job->result = load_any(job->side->source, &job->side->query, &job->opts,
			       &job->side->profile, &job->report, &job->err);
}

int source_read_two(struct source_side *a, struct source_side *b, struct err *err)
{
	struct job jobs[] = {{.side = a}, {.side = b}};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i].opts = load_opts_of(&jobs[i].side->query);
		load_report_init(&jobs[i].report);
	}
	if (strcmp(a->source, "-") || strcmp(b->source, "-")) {
		pair_run(run_job, &jobs[0], &jobs[1]);
	} else { /* there is one standard input */
		run_job(&jobs[0]);
		run_job(&jobs[1]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
		show_warnings(&jobs[i].report, false);
		if (!r && jobs[i].result) {
			r = jobs[i].result;
			*err = jobs[i].err;
		}
	}
	for (size_t i = 0; r && i < ARRAY_SIZE(jobs); i++) {
		profile_free(jobs[i].side->profile);
		jobs[i].side->profile = NULL;
	}
	return r;
}

int source_each(const char *source, const struct source_query *q, source_window_fn fn, void *arg,
		struct err *err)
{
	struct load_opts opts = load_opts_of(q);
	struct pyroscope_query query = pyroscope_query_of(q, &opts);
	struct load_report report;
	struct remote remote = REMOTE_NONE;
	int r = 0;

	if (pyroscope_is(source))
		return q->levels ? pyroscope_windows(source, &query, fn, arg, err)
				 : err_set(err, EINVAL,
					   "%s: a backend has no windows with stacks, only "
					   "ranges",
					   source);
	opts.untimed = q->untimed;
	load_report_init(&report);
	if (remote_is(source))
		r = remote_fetch(&remote, source, opts.ranges, opts.range_cnt, err);
	if (!r)
		r = load_windows(remote_is(source) ? remote.path : source, &opts, fn, arg, &report,
				 err);
	else if (r == -ENODATA)
		r = 0; /* no window is no error here */
	remote_release(&remote);
	show_warnings(&report, q->quiet);
	return r;
}
