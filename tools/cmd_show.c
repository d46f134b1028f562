// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include "agent/replay.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "commands.h"
#include "format/folded.h"
#include "model/matcher.h"
#include "render/html_data.h"
#include "source.h"
#include "tool.h"

struct config {
	const char *raw, *output, *format, *group_by, *title;
	struct opt_list match;
	int64_t from_ns, until_ns;
	uint64_t top;
	double min_share;
	bool windowed, heatmap, exact, lines;
	const char *side;
	struct names_rules rules;
	struct source_reading in;
};

static const struct opt opts[] = {
	{"from", 0, OPT_TIME, offsetof(struct config, from_ns), "T", "windows from here", 0, 0},
	{"until", 0, OPT_TIME, offsetof(struct config, until_ns), "T", "…to here", 0, 0},
	{"exact", 0, OPT_FLAG, offsetof(struct config, exact), NULL,
	 "the samples between --from and --until to 20 ms, not whole windows: from a store of "
	 "culprit "
	 "agent --subsecond",
	 0, 0},
	{"match", 0, OPT_LIST, offsetof(struct config, match), "K=V",
	 "only series with this label (or K!=V)", 0, 0},
	{"group-by", 0, OPT_STRING, offsetof(struct config, group_by), "KEY,…",
	 "labels that become the first levels (default process)", 0, 0},
	{"windowed", 0, OPT_FLAG, offsetof(struct config, windowed), NULL,
	 "folded stacks window by window, with their times: to move, edit and import a store", 0,
	 0},
	{"side", 0, OPT_STRING, offsetof(struct config, side), "a|b",
	 "of a file that holds both sides of a diff (as diff --two-column has it)", 0, 0},
	{"heatmap", 0, OPT_FLAG, offsetof(struct config, heatmap), NULL,
	 "time by fraction of a second, in cells of 20 ms; html: to select ranges in. From a store "
	 "of culprit agent --subsecond, --raw, or output of perf script",
	 0, 0},
	TOOL_NAMES_OPTS(struct config, rules),
	SOURCE_READING_OPTS(struct config, in),
	{"raw", 0, OPT_STRING, offsetof(struct config, raw), "FILE",
	 "replay the raw records that culprit record --raw wrote, instead of a SOURCE", 0, 0},
	{"lines", 0, OPT_FLAG, offsetof(struct config, lines), NULL,
	 "with --raw: lines of source, and functions inlined into others become frames, where "
	 "there "
	 "is debug information",
	 0, 0},
	{"title", 0, OPT_STRING, offsetof(struct config, title), "TEXT", "head of the picture", 0,
	 0},
	{"top", 'n', OPT_NUMBER, offsetof(struct config, top), "N", "rows of the tables", 0, 1e6},
	{"min-share", 0, OPT_REAL, offsetof(struct config, min_share), "S",
	 "html: leave frames below this share out (default 0.000001; 0: none)", 0, 1},
	{"output", 'o', OPT_STRING, offsetof(struct config, output), "FILE",
	 "write there; the suffix picks the format (.html .svg .txt .md .json .folded .pb.gz)", 0,
	 0},
	{"format", 0, OPT_STRING, offsetof(struct config, format), "F",
	 "html, svg, text, markdown, json, folded or pprof", 0, 0},
};

#define MAX_KEYS 8

static int read_raw(const char *path, bool lines, struct profile **ret, struct err *err)
{
	struct replay_opts replay = {.inlines = lines};
	struct raw_report report = {0};
	int r = lines ? sandbox_new(&replay.sandbox, err) : 0;

	if (!r)
		r = replay_raw(path, &replay, ret, &report, err);
	sandbox_free(replay.sandbox);
	if (r)
		return r;
	if (report.tail_bytes)
		command_warn("warning: %s: ends in the middle of a record at byte %" PRIu64
			     "; %" PRIu64 " bytes were left out",
			     path, report.tail_at, report.tail_bytes);
	if (report.damaged_chunks || report.bad_cnt)
		command_warn("warning: %s: %" PRIu64 " damaged chunks were left out", path,
			     report.damaged_chunks + report.bad_cnt);
	return 0;
}

static int write_shown(const struct config *c, const struct profile *p, enum output_format format)
{
	struct str keys[MAX_KEYS];
	struct tool_diff_opts render_opts = {
		.title = c->title,
		.group_by = c->group_by,
		.group_keys = keys,
		.group_cnt = tool_split_keys(c->group_by, keys, MAX_KEYS),
		.top = (uint32_t)c->top,
		.min_share = c->min_share > 0 ? c->min_share : -1,
	};
	struct profile *renamed = NULL;
	int r = 0, status;

	if (c->heatmap)
		return tool_write_heat(c->output, format, p, &render_opts);
	if (tool_check_keys(keys, render_opts.group_cnt, &p, 1))
		return EXIT_FAILED;
	if (names_any(&c->rules))
		r = names_rename(p, &c->rules, &renamed);
	status = r ? command_failf("cannot rename: %s", strerror(-r))
		   : tool_write_profile(c->output, format, renamed ? renamed : p, &render_opts);
	profile_free(renamed);
	return status;
}

static int add_window(void *arg, const struct profile *window)
{
	static const struct folded_style style = {.header = true, .escape = true};

	return folded_write(window, &style, arg);
}

static int write_windowed(const struct config *c, const char *source, const struct source_query *q)
{
	struct buf out;
	struct err err = {{0}};
	int status;

	buf_init(&out, TOOL_MAX_OUTPUT);
	buf_addstr(&out, FOLDED_ESCAPE_LINE);
	if (source_each(source, q, add_window, &out, &err))
		status = command_fail(&err);
	else
		status = tool_write(c->output, &out);
	buf_release(&out);
	return status;
}

static int check_usage(const struct config *c, const struct operands *operands)
{
	if (c->raw ? operands->cnt != 0 : operands->cnt != 1)
		return command_failf(
			"want one source (a file, -, a store directory) or --raw FILE");
	if (c->side && strcmp(c->side, "a") && strcmp(c->side, "b"))
		return command_failf("--side: '%s' is neither a nor b", c->side);
	if (c->until_ns <= c->from_ns)
		return command_failf("--until must be after --from");
	if (c->raw &&
	    (c->windowed || c->match.cnt || c->from_ns != INT64_MIN || c->until_ns != INT64_MAX))
		return command_failf(
			"--raw FILE is shown whole: no --windowed, --match, --from, --until");
	if (c->lines && !c->raw)
		return command_failf("--lines without --raw is of no use: lines are looked up when "
				     "samples are named (culprit record --lines)");
	if (c->exact &&
	    (c->raw || c->windowed || c->from_ns == INT64_MIN || c->until_ns == INT64_MAX))
		return command_failf("--exact wants a store, --from and --until");
	if (c->windowed && c->heatmap)
		return command_failf("--windowed and --heatmap exclude each other");
	if (c->windowed && c->format && strcmp(c->format, "folded"))
		return command_failf("--windowed is a form of folded stacks, not of '%s'",
				     c->format);
	return EXIT_DONE;
}

static int show(const struct config *c, const struct operands *operands,
		const struct matcher *matcher)
{
	unsigned int allowed = 1 << OUTPUT_TEXT | 1 << OUTPUT_SVG | 1 << OUTPUT_HTML |
			       1 << OUTPUT_JSON | 1 << OUTPUT_FOLDED | 1 << OUTPUT_PPROF |
			       1 << OUTPUT_MARKDOWN;
	struct opt_ranges ranges = {.items = {{c->from_ns, c->until_ns}}, .cnt = 1};
	struct source_query q = {.reading = &c->in, .ranges = &ranges, .matcher = matcher};
	struct profile *profile = NULL;
	enum output_format format;
	struct err err = {{0}};
	int r, status;

	if (c->side)
		q.column = strcmp(c->side, "a") ? 2 : 1;
	q.moments = c->heatmap;
	q.exact = c->exact;
	if (c->heatmap)
		allowed = 1 << OUTPUT_TEXT | 1 << OUTPUT_HTML;

	if (c->from_ns == INT64_MIN && c->until_ns == INT64_MAX)
		q.ranges = NULL;
	if (c->windowed)
		return write_windowed(c, operands->words[0], &q);
	if (tool_pick_format(c->format, c->output, allowed, &format))
		return EXIT_FAILED;
	r = c->raw ? read_raw(c->raw, c->lines, &profile, &err)
		   : source_read(operands->words[0], &q, &profile, &err);
	status = r ? command_fail(&err) : write_shown(c, profile, format);
	profile_free(profile);
	return status;
}

static int run(const void *config, const struct operands *operands)
{
	const struct config *c = config;
	struct matcher *matcher = matcher_new();
	int status = check_usage(c, operands);

	if (status == EXIT_DONE)
		status = tool_add_matches(matcher, &c->match);
	if (status == EXIT_DONE)
		status = show(c, operands, matcher);
	matcher_free(matcher);
	return status;
}

const struct command cmd_show = {
	.name = "show",
	.summary = "one profile as a flame graph, table, folded stacks or pprof; converts between "
		   "formats",
	.usage = "SOURCE [--from T --until T] [--match K=V] [-o FILE]",
	.examples = "  culprit show DIR --from now-1h --until now       a store, as tables\n"
		    "  perf script | culprit show - -o perf.svg\n"
		    "  culprit show DIR --match process=nginx -o nginx.svg\n"
		    "  culprit show cpu.pb.gz -o cpu.folded             pprof to folded stacks\n"
		    "  culprit show DIR --windowed -o all.folded        a store as text\n"
		    "  culprit show DIR --from now-5m --heatmap -o heat.html\n"
		    "  culprit show --raw records.raw -o machine.svg    replay\n",
	.details =
		"A SOURCE is a file (folded stacks, windowed folded stacks, pprof, output of perf "
		"script, flamebearer\nJSON, gzip of these: found out by content), - for standard "
		"input, a store directory,\nan agent that listens "
		"(http://HOST:7070[,token-file=FILE]), or a Pyroscope-compatible backend\n"
		"(pyroscope+https://HOST:4040[,tenant=NAME], settings as of agent --push; --match "
		"is asked of it, and\n--type is the id of a profile type; without --from the "
		"last hour).\n",
	.opts = opts,
	.opt_cnt = ARRAY_SIZE(opts),
	.defaults = &(const struct config){.group_by = LABEL_PROCESS,
					   .min_share = HTML_MIN_SHARE,
					   .from_ns = INT64_MIN,
					   .until_ns = INT64_MAX,
					   .in = SOURCE_READING_DEFAULTS},
	.config_size = sizeof(struct config),
	.run = run,
};
