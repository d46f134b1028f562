// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "blame/blame.h"
#include "blame_report.h"
#include "commands.h"
#include "evidence.h"
#include "pyroscope.h"
#include "render/explain_markdown.h"
#include "render/explain_text.h"
#include "render/flame_svg.h"
#include "render/label.h"
#include "render/verdict_html.h"
#include "render/verdict_json.h"
#include "render/verdict_markdown.h"
#include "render/verdict_text.h"
#include "tool.h"

struct config {
	const char *store, *format, *group_by, *explain;
	struct opt_list incident, baseline, output, match;
	int64_t from_ns, until_ns;
	uint64_t guard_ns, uncertainty_ns;
	double error;
	struct source_reading in;
};

static const struct opt opts[] = {
	{"store", 0, OPT_STRING, offsetof(struct config, store), "DIR|URL",
	 "the store, or an agent; with --incident T..T also a backend (show --help)", 0, 0},
	{"incident", 0, OPT_FILES, offsetof(struct config, incident), "T..T|FILE…",
	 "a recurrence; with --store a range of time, else files with the profiles of one", 0, 0},
	{"baseline", 0, OPT_FILES, offsetof(struct config, baseline), "FILE…",
	 "without --store: files with profiles of the time outside", 0, 0},
	{"from", 0, OPT_TIME, offsetof(struct config, from_ns), "T",
	 "look at the history from here", 0, 0},
	{"until", 0, OPT_TIME, offsetof(struct config, until_ns), "T", "…to here", 0, 0},
	{"match", 0, OPT_LIST, offsetof(struct config, match), "K=V",
	 "only series with this label (or K!=V)", 0, 0},
	{"group-by", 0, OPT_STRING, offsetof(struct config, group_by), "KEY",
	 "whom to blame: the values of this label (default process)", 0, 0},
	{"guard", 0, OPT_DURATION, offsetof(struct config, guard_ns), "TIME",
	 "time on both sides of an incident that counts as neither (default: automatic)", 0, 1e7},
	{"uncertainty", 0, OPT_DURATION, offsetof(struct config, uncertainty_ns), "TIME",
	 "how far off the incidents' edges may be (default: what the alerts cannot tell, else 0s)",
	 0, 1e7},
	{"error", 0, OPT_REAL, offsetof(struct config, error), "P",
	 "chance of naming an innocent process that is allowed (default 0.05)", 0.000001, 0.5},
	{"explain", 0, OPT_STRING, offsetof(struct config, explain), "PROCESS",
	 "its evidence, recurrence by recurrence, and why it is not named", 0, 0},
	SOURCE_READING_OPTS(struct config, in),
	{"output", 'o', OPT_LIST, offsetof(struct config, output), "FILE",
	 "also write there; the suffix picks the format (.html .svg .md .json .txt); may be "
	 "repeated",
	 0, 0},
	{"format", 0, OPT_STRING, offsetof(struct config, format), "F",
	 "text, html, svg, markdown or json: of the standard output, or of the one -o", 0, 0},
};

static int write_svg(const struct blame_report *report, struct buf *out)
{
	struct buf title, headline;
	struct flame_options opt = {.icicle = true};
	int r;

	buf_init(&title, 4096);
	buf_init(&headline, 65536);
	buf_addf(&title, "%.*s: %u recurrence%s against the time outside", (int)report->name.len,
		 report->name.p, report->verdict->recurrences,
		 report->verdict->recurrences == 1 ? "" : "s");
	verdict_headline(report->verdict, &report->view, &headline);
	opt.title = buf_str(&title);
	opt.verdict = buf_str(&headline);
	if (report->verdict->kind == VERDICT_NAMED && report->verdict->suspect_cnt)
		opt.highlight = report->verdict->suspects[0].name;
	r = flame_svg(report->diff, &opt, out);
	buf_release(&title);
	buf_release(&headline);
	return r;
}

static int write_report(const struct blame_report *report, enum output_format format,
			const char *path)
{
	struct buf out;
	int r = 0, status;

	buf_init(&out, TOOL_MAX_OUTPUT);
	if (format == OUTPUT_SVG)
		r = write_svg(report, &out);
	else if (format == OUTPUT_HTML)
		r = verdict_html(report->verdict, &report->view, report->diff, &out);
	else if (format == OUTPUT_MARKDOWN && report->verdict->explained)
		explain_markdown(report->verdict, &report->view, &out);
	else if (format == OUTPUT_MARKDOWN)
		verdict_markdown(report->verdict, &report->view, &out);
	else if (format == OUTPUT_JSON)
		verdict_json(report->verdict, &report->view, &out);
	else if (report->verdict->explained)
		explain_text(report->verdict, &report->view, &out);
	else
		verdict_text(report->verdict, &report->view, &out);
	status = r ? command_failf("cannot draw: %s", strerror(-r)) : tool_write(path, &out);
	buf_release(&out);
	return status;
}

/* Formats of the files (of -o), and of standard output behind them. */
struct outputs {
	enum output_format formats[OPT_MAX_LIST + 1];
};

static int pick_outputs(const struct config *c, struct outputs *ret)
{
	unsigned int allowed = 1 << OUTPUT_TEXT | 1 << OUTPUT_SVG | 1 << OUTPUT_JSON |
			       1 << OUTPUT_HTML | 1 << OUTPUT_MARKDOWN;

	for (size_t i = 0; i < c->output.cnt; i++)
		if (tool_pick_format(c->output.cnt == 1 ? c->format : NULL, c->output.items[i],
				     allowed, &ret->formats[i]))
			return EXIT_FAILED;
	ret->formats[c->output.cnt] = OUTPUT_TEXT;
	return c->output.cnt ? EXIT_DONE
			     : tool_pick_format(c->format, NULL, allowed, &ret->formats[0]);
}

/* With -o the verdict is printed as well: whoever asks who it was wants to see it. */
static int write_outputs(const struct config *c, const struct outputs *outputs,
			 const struct blame_report *report)
{
	int status = EXIT_DONE;

	for (size_t i = 0; i <= c->output.cnt && status == EXIT_DONE; i++)
		status = write_report(report, outputs->formats[i],
				      i < c->output.cnt ? c->output.items[i] : "-");
	return status;
}

static int gather(const struct config *c, const struct evidence_query *q, struct evidence *e,
		  struct err *err)
{
	struct opt_ranges ranges = {.cnt = 0};
	struct evidence_query with_ranges = *q;
	int r;

	if (!c->store)
		return evidence_from_files(e, &c->incident, &c->baseline, q, err);
	for (size_t i = 0; i < c->incident.cnt; i++) {
		r = time_range_parse(str_of(c->incident.items[i]), q->now_ns,
				     &ranges.items[ranges.cnt++], err);
		if (r)
			return err_prefix(err, r, "--incident");
	}
	with_ranges.ranges = &ranges;
	return source_is_far(c->store) ? evidence_from_far(e, &with_ranges, err)
				       : evidence_from_store(e, &with_ranges, err);
}

static bool contains(struct str s, struct str part)
{
	return memmem(s.p, s.len, part.p, part.len) != NULL;
}

/* Names are long, and nobody knows them by heart: those that look alike are told. */
static int check_explain(const struct timeline *t, struct str name, struct err *err)
{
	unsigned int cnt = 0;
	struct buf alike;
	uint32_t e;
	int r;

	if (!timeline_find(t, name, &e))
		return 0;
	buf_init(&alike, 4096);
	for (e = 0; e < t->entity_cnt && cnt < 5; e++)
		if (contains(timeline_name(t, e), name) || contains(name, timeline_name(t, e))) {
			buf_addstr(&alike, cnt++ ? ", " : "; there is ");
			label_add(&alike, timeline_name(t, e), 60);
		}
	r = err_set(err, ENOENT, "--explain '%.*s': nobody of that name in the history%s",
		    (int)name.len, name.p, cnt && !buf_error(&alike) ? alike.data : "");
	buf_release(&alike);
	return r;
}

/* What a reader must know of when the incident recurred. */
static int add_log_notes(struct verdict *v, const struct evidence_log *log)
{
	struct buf b;
	int r = 0;

	buf_init(&b, 256);
	if (log->open_from_ns) {
		time_add(&b, log->open_from_ns);
		r = verdict_note(v, "the recurrence of %s %s", buf_error(&b) ? "late" : b.data,
				 log->silent ? "was never told to have ended: it is taken until it "
					       "was last heard of"
					     : "is not over: it is taken until now");
		buf_clear(&b);
	}
	if (!r && log->early_ns) {
		duration_add(&b, log->early_ns);
		r = verdict_note(v,
				 "alerts fire late: recurrences may have begun up to %s before "
				 "(annotation culprit_for tells of a rule's wait)",
				 buf_error(&b) ? "some time" : b.data);
	}
	if (!r && log->skipped)
		r = verdict_note(v, "%zu earlier recurrences are not looked at", log->skipped);
	buf_release(&b);
	return r == -ENOSPC ? 0 : r;
}

static int blame(const struct config *c, const struct evidence_query *q,
		 struct blame_report *report, struct err *err)
{
	struct blame_opts opt = {.allowed_error = c->error,
				 .guard_ns = c->guard_ns,
				 .explain = str_of(c->explain ? c->explain : "")};
	struct evidence e = {0};
	int r;

	r = gather(c, q, &e, err);
	if (!r && e.synthetic_times) {
		/* files do not overlap, and nothing is known of what lies between them */
		opt.guard_ns = 1;
		opt.separate = true;
	}
	opt.label_uncertainty_ns =
		c->uncertainty_ns == UINT64_MAX ? e.log.early_ns : c->uncertainty_ns;
	if (!r && opt.explain.len)
		r = check_explain(e.timeline, opt.explain, err);
	if (!r)
		r = blame_report_make(report, &e, q, &opt, err);
	if (!r && add_log_notes(report->verdict, &e.log))
		r = err_set(err, ENOMEM, "out of memory");
	evidence_release(&e);
	return r;
}

static int check_usage(const struct config *c, const struct operands *operands)
{
	bool by_name = operands->cnt > 0;

	if (operands->cnt > 1)
		return command_failf("'%s': one incident's name at most", operands->words[1]);
	if (c->store && by_name && pyroscope_is(c->store))
		return command_failf("'%s': a backend knows no incidents by name; want "
				     "--incident T..T",
				     operands->words[0]);
	if (c->store && by_name == (c->incident.cnt > 0))
		return command_failf("want either the incident's name or --incident T..T");
	if (c->store && c->baseline.cnt)
		return command_failf("--baseline takes files; in a store all time outside the "
				     "incidents is baseline");
	if (!c->store && by_name)
		return command_failf("an incident's name needs --store DIR");
	if (!c->store && (!c->incident.cnt || !c->baseline.cnt))
		return command_failf("want --store DIR, or --incident FILE… and --baseline FILE…");
	if (c->until_ns <= c->from_ns)
		return command_failf("--until must be after --from");
	return EXIT_DONE;
}

static int run(const void *config, const struct operands *operands)
{
	const struct config *c = config;
	struct matcher *matcher = matcher_new();
	struct evidence_query q = {
		.dir = c->store,
		.name = operands->cnt ? operands->words[0] : NULL,
		.within = {c->from_ns, c->until_ns},
		.matcher = matcher,
		.group_key = c->group_by,
		.now_ns = operands->now_ns,
		.reading = &c->in,
	};
	struct blame_report report = {.name = q.name ? str_of(q.name) : STR_LIT("the incident")};
	struct outputs outputs;
	struct err err = {{0}};
	int status;

	status = check_usage(c, operands);
	if (status == EXIT_DONE)
		status = pick_outputs(c, &outputs);
	if (status == EXIT_DONE)
		status = tool_add_matches(matcher, &c->match);
	if (status == EXIT_DONE)
		status = blame(c, &q, &report, &err) ? command_fail(&err)
						     : write_outputs(c, &outputs, &report);
	if (status == EXIT_DONE && report.verdict->kind != VERDICT_NAMED)
		status = EXIT_NEGATIVE;
	blame_report_release(&report);
	matcher_free(matcher);
	return status;
}

const struct command cmd_blame = {
	.name = "blame",
	.summary = "name the process behind a recurring incident",
	.usage = "--store DIR NAME | --store DIR --incident T..T… | --incident FILE… --baseline "
		 "FILE…",
	.examples = "  culprit blame --store DIR slow-checkout\n"
		    "  culprit blame --store DIR slow-checkout -o report.html -o report.md\n"
		    "  culprit blame --store DIR slow-checkout --explain postgres\n"
		    "  culprit blame --store DIR --incident 03:00..03:05 --incident 04:10..04:15\n"
		    "  culprit blame --incident bad1.pb.gz bad2.pb.gz --baseline ok1.pb.gz "
		    "ok2.pb.gz ok3.pb.gz\n",
	.details = "Exit status: 0 a process is named; 1 it is not (the verdict says why); 2 usage "
		   "or failure.\n",
	.opts = opts,
	.opt_cnt = ARRAY_SIZE(opts),
	.defaults = &(const struct config){.group_by = LABEL_PROCESS,
					   .from_ns = INT64_MIN,
					   .until_ns = INT64_MAX,
					   .error = 0.05,
					   .uncertainty_ns = UINT64_MAX,
					   .in = SOURCE_READING_DEFAULTS},
	.config_size = sizeof(struct config),
	.run = run,
};
