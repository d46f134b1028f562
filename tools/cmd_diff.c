// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/text.h"
#include "commands.h"
#include "diff/diff.h"
#include "model/matcher.h"
#include "render/html_data.h"
#include "sides.h"
#include "tool.h"

struct config {
	const char *store, *output, *format, *group_by, *normalize, *title, *color;
	struct opt_list baseline, incident, match;
	uint64_t top;
	double min_share;
	bool all, two_column;
	struct names_rules rules;
	struct source_reading in;
};

static const struct opt opts[] = {
	{"store", 0, OPT_STRING, offsetof(struct config, store), "DIR",
	 "a store, or a file with windows: compare times of it", 0, 0},
	{"baseline", 0, OPT_FILES, offsetof(struct config, baseline), "T..T|FILE…",
	 "side A: ranges of time with --store, else files; may be repeated", 0, 0},
	{"incident", 0, OPT_FILES, offsetof(struct config, incident), "T..T|FILE…",
	 "side B: the same", 0, 0},
	{"match", 0, OPT_LIST, offsetof(struct config, match), "K=V",
	 "only series with this label (or K!=V)", 0, 0},
	{"group-by", 0, OPT_STRING, offsetof(struct config, group_by), "KEY,…",
	 "labels that become the first levels (default process)", 0, 0},
	{"normalize", 0, OPT_STRING, offsetof(struct config, normalize), "HOW",
	 "time (cores: the default if both lengths are known), total (A scaled to B's), or none", 0,
	 0},
	TOOL_NAMES_OPTS(struct config, rules),
	{"two-column", 0, OPT_FLAG, offsetof(struct config, two_column), NULL,
	 "the one file holds both sides: folded stacks with two counts, a double flamebearer, "
	 "pprof -diff_base",
	 0, 0},
	SOURCE_READING_OPTS(struct config, in),
	{"all", 0, OPT_FLAG, offsetof(struct config, all), NULL,
	 "tables: also what changed less than the noise", 0, 0},
	{"top", 'n', OPT_NUMBER, offsetof(struct config, top), "N", "rows of the tables", 0, 1e6},
	TOOL_COLOR_OPT(struct config, color),
	{"title", 0, OPT_STRING, offsetof(struct config, title), "TEXT", "head of the picture", 0,
	 0},
	{"min-share", 0, OPT_REAL, offsetof(struct config, min_share), "S",
	 "html: leave frames below this share out (default 0.000001; 0: none)", 0, 1},
	{"output", 'o', OPT_STRING, offsetof(struct config, output), "FILE",
	 "write there; the suffix picks the format (.html .svg .txt .md .json .folded .pb.gz)", 0,
	 0},
	{"format", 0, OPT_STRING, offsetof(struct config, format), "F",
	 "html, svg, text, markdown, json, folded (two columns) or pprof (for go tool pprof)", 0,
	 0},
};

#define MAX_KEYS 8

/* -1: no such way. */
static int find_normalize(const char *name)
{
	static const char *const names[] = {
		[DIFF_NORMALISE_NONE] = "none",
		[DIFF_NORMALISE_TIME] = "time",
		[DIFF_NORMALISE_TOTAL] = "total",
	};

	if (!name)
		return DIFF_NORMALISE_AUTO;
	for (int i = DIFF_NORMALISE_NONE; i <= DIFF_NORMALISE_TOTAL; i++)
		if (!strcmp(name, names[i]))
			return i;
	return -1;
}

static int parse_ranges(const struct opt_list *from, const char *option, int64_t now_ns,
			struct opt_ranges *ret)
{
	struct err err = {{0}};

	for (size_t i = 0; i < from->cnt; i++)
		if (time_range_parse(str_of(from->items[i]), now_ns, &ret->items[ret->cnt++], &err))
			return command_failf("%s: %s", option, err.text);
	return EXIT_DONE;
}

/* Where the sides come from, and what they are called. */
static int find_sides(const struct config *c, const struct operands *operands, struct sides *s,
		      struct diff_options *opt)
{
	const struct opt_list *given[2] = {&c->baseline, &c->incident};
	int status = EXIT_DONE;

	opt->label_a = STR_LIT("baseline");
	opt->label_b = STR_LIT("incident");
	for (int i = DIFF_A; i <= DIFF_B; i++) {
		struct side_source *from = &s->from[i];

		if (c->store) {
			*from = (struct side_source){.sources = &c->store, .source_cnt = 1};
			status = parse_ranges(given[i], i ? "--incident" : "--baseline",
					      operands->now_ns, &from->ranges);
		} else if (given[i]->cnt) {
			*from = (struct side_source){.sources = given[i]->items,
						     .source_cnt = given[i]->cnt};
		} else {
			*from = (struct side_source){.sources =
							     (const char *const *)&operands
								     ->words[c->two_column ? 0 : i],
						     .source_cnt = 1};
		}
		from->column = c->two_column ? i + 1 : 0;
		if (status != EXIT_DONE)
			return status;
		if (!c->store && from->source_cnt == 1)
			*(i ? &opt->label_b : &opt->label_a) = str_of(from->sources[0]);
	}
	if (c->two_column) {
		opt->label_a = STR_LIT("first column");
		opt->label_b = STR_LIT("second column");
	}
	return EXIT_DONE;
}

static int compare(const struct config *c, const struct sides *s, const struct diff_options *opt,
		   struct diff **ret)
{
	struct diff *d = NULL;
	struct err err = {{0}};
	int r;

	r = diff_new(s->profile[DIFF_A], s->profile[DIFF_B], opt, &d);
	if (r)
		return command_failf("cannot compare: %s", strerror(-r));
	if (sides_replicate(s, d, opt, &err)) {
		diff_free(d);
		return command_fail(&err);
	}
	*ret = d;
	return EXIT_DONE;
}

static int write_diff(const struct config *c, const struct sides *s, struct diff_options *opt,
		      enum output_format format)
{
	struct tool_diff_opts render_opts = {
		.title = c->title,
		.group_by = c->group_by,
		.top = (uint32_t)c->top,
		.min_share = c->min_share > 0 ? c->min_share : -1,
		.all = c->all,
	};
	const struct profile *const both[] = {s->profile[DIFF_A], s->profile[DIFF_B]};
	struct str keys[MAX_KEYS];
	struct diff *d = NULL;
	struct buf out;
	int r, status;

	opt->group_keys = keys;
	opt->group_cnt = tool_split_keys(c->group_by, keys, MAX_KEYS);
	render_opts.group_keys = keys;
	render_opts.group_cnt = opt->group_cnt;
	status = tool_check_keys(keys, opt->group_cnt, both, 2);
	if (status == EXIT_DONE)
		status = tool_want_color(c->color, c->output, &render_opts.color);
	if (status == EXIT_DONE)
		status = compare(c, s, opt, &d);
	if (status != EXIT_DONE)
		return status;
	buf_init(&out, TOOL_MAX_OUTPUT);
	r = tool_render_diff(format, d, &render_opts, &out);
	status = r ? command_failf("cannot write the difference: %s", strerror(-r))
		   : tool_write(c->output, &out);
	diff_free(d);
	buf_release(&out);
	return status;
}

static bool is_stdin_among(const struct opt_list *l)
{
	for (size_t i = 0; i < l->cnt; i++)
		if (!strcmp(l->items[i], "-"))
			return true;
	return false;
}

static int check_usage(const struct config *c, const struct operands *operands)
{
	bool lists = c->baseline.cnt || c->incident.cnt;

	if (c->store && (operands->cnt || !c->baseline.cnt || !c->incident.cnt))
		return command_failf(
			"with --store want --baseline T..T and --incident T..T, and no operands");
	if (!c->store && lists && (operands->cnt || !c->baseline.cnt || !c->incident.cnt))
		return command_failf("want --baseline FILE… and --incident FILE…, and no operands");
	if (c->two_column &&
	    (c->store || lists || operands->cnt != 1 || !strcmp(operands->words[0], "-")))
		return command_failf("--two-column wants one file, which is read twice");
	if (!c->store && !lists && !c->two_column && operands->cnt != 2)
		return command_failf("want two profiles, before and after: culprit diff A B");
	if (is_stdin_among(&c->baseline) || is_stdin_among(&c->incident))
		return command_failf("files of a side are read twice: standard input cannot be one "
				     "of them");
	if (find_normalize(c->normalize) < 0)
		return command_failf("--normalize: '%s' is none of none, time, total",
				     c->normalize);
	return EXIT_DONE;
}

static int run(const void *config, const struct operands *operands)
{
	const struct config *c = config;
	unsigned int allowed = 1 << OUTPUT_TEXT | 1 << OUTPUT_SVG | 1 << OUTPUT_HTML |
			       1 << OUTPUT_JSON | 1 << OUTPUT_FOLDED | 1 << OUTPUT_PPROF |
			       1 << OUTPUT_MARKDOWN;
	struct matcher *matcher = matcher_new();
	struct sides sides = {.reading = &c->in, .matcher = matcher};
	struct diff_options opt = {.rules = c->rules};
	enum output_format format;
	struct err err = {{0}};
	int status;

	status = check_usage(c, operands);
	if (status == EXIT_DONE)
		status = tool_pick_format(c->format, c->output, allowed, &format);
	if (status == EXIT_DONE)
		status = tool_add_matches(matcher, &c->match);
	if (status == EXIT_DONE)
		status = find_sides(c, operands, &sides, &opt);
	if (status == EXIT_DONE) {
		opt.normalise = (enum diff_normalise)find_normalize(c->normalize);
		status = sides_read(&sides, &err) ? command_fail(&err)
						  : write_diff(c, &sides, &opt, format);
	}
	sides_release(&sides);
	matcher_free(matcher);
	return status;
}

const struct command cmd_diff = {
	.name = "diff",
	.summary =
		"what changed between two profiles: processes, functions, differential flame graph",
	.usage = "A B | --baseline FILE… --incident FILE… | --store DIR --baseline T..T --incident "
		 "T..T",
	.examples =
		"  culprit diff before.folded after.folded\n"
		"  culprit diff v1.pb.gz v2.pb.gz -o diff.svg\n"
		"  culprit diff --two-column both.folded                   name;name BEFORE AFTER\n"
		"  culprit diff v1.pb.gz v2.pb.gz -o diff.md               for a pull request\n"
		"  culprit diff v1.pb.gz v2.pb.gz -o diff.pb.gz && go tool pprof -top diff.pb.gz\n"
		"  culprit diff --store DIR --baseline now-2h..now-1h --incident now-5m..now "
		"-o diff.html\n"
		"  culprit diff --baseline ok1.folded ok2.folded --incident bad1.folded "
		"bad2.folded\n",
	.details =
		"A and B are sources as of culprit show. Values are cores (CPU-seconds per second) "
		"where the lengths of both\nsides are known, else samples.\n"
		"Noise: of a side with several ranges each range is a measurement of its own (of "
		"the "
		"baseline: blocks as long\nas the median incident); of one with several files each "
		"file; else each window. What changed less than chance\nmakes in 19 of 20 cases is "
		"drawn neutral and left out of tables. With one window on each side only the "
		"noise\n"
		"of counting samples is known.\n"
		"JSON: user/render/diff.schema.json describes it.\n",
	.opts = opts,
	.opt_cnt = ARRAY_SIZE(opts),
	.defaults = &(const struct config){.group_by = LABEL_PROCESS,
					   .min_share = HTML_MIN_SHARE,
					   .in = SOURCE_READING_DEFAULTS},
	.config_size = sizeof(struct config),
	.run = run,
};
