// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/text.h"
#include "commands.h"
#include "diff/diff.h"
#include "model/matcher.h"
#include "render/html_data.h"
#include "source.h"
#include "tool.h"

struct config {
	const char *store, *output, *format, *group_by, *normalize, *title;
	struct opt_ranges baseline, incident;
	struct opt_list match;
	uint64_t top;
	double min_share;
	struct source_reading in;
};

static const struct opt opts[] = {
	{"store", 0, OPT_STRING, offsetof(struct config, store), "DIR",
	 "the store: compare two times of it", 0, 0},
	{"baseline", 0, OPT_RANGES, offsetof(struct config, baseline), "T..T",
	 "side A; may be repeated", 0, 0},
	{"incident", 0, OPT_RANGES, offsetof(struct config, incident), "T..T",
	 "side B; may be repeated", 0, 0},
	{"match", 0, OPT_LIST, offsetof(struct config, match), "K=V",
	 "only series with this label (or K!=V)", 0, 0},
	{"group-by", 0, OPT_STRING, offsetof(struct config, group_by), "KEY,…",
	 "labels that become the first levels (default process)", 0, 0},
	{"normalize", 0, OPT_STRING, offsetof(struct config, normalize), "HOW",
	 "time (cores: the default if both lengths are known), total (A scaled to B's), or none", 0,
	 0},
	SOURCE_READING_OPTS(struct config, in),
	{"title", 0, OPT_STRING, offsetof(struct config, title), "TEXT", "head of the picture", 0,
	 0},
	{"top", 'n', OPT_NUMBER, offsetof(struct config, top), "N", "rows of the tables", 0, 1e6},
	{"min-share", 0, OPT_REAL, offsetof(struct config, min_share), "S",
	 "html: leave frames below this share out (default 0.000001; 0: none)", 0, 1},
	{"output", 'o', OPT_STRING, offsetof(struct config, output), "FILE",
	 "write there; the suffix picks the format (.html .svg .txt .json .folded)", 0, 0},
	{"format", 0, OPT_STRING, offsetof(struct config, format), "F",
	 "html, svg, text, json or folded (two columns)", 0, 0},
};

#define MAX_KEYS 8

/* The two sides; both are NULL or both are there. */
struct sides {
	struct profile *a, *b;
	const char *name_a, *name_b;
};

static int read_sides(const struct config *c, const struct operands *operands,
		      const struct matcher *m, struct sides *sides, struct err *err)
{
	struct source_side a = {.query = {.reading = &c->in, .matcher = m}}, b = a;
	int r;

	if (c->store) {
		sides->name_a = "baseline";
		sides->name_b = "incident";
		a.query.ranges = &c->baseline;
		b.query.ranges = &c->incident;
	} else {
		sides->name_a = operands->words[0];
		sides->name_b = operands->words[1];
	}
	a.source = c->store ? c->store : sides->name_a;
	b.source = c->store ? c->store : sides->name_b;
	r = source_read_two(&a, &b, err);
	sides->a = a.profile;
	sides->b = b.profile;
	return r;
}

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

static int write_diff(const struct config *c, const struct sides *sides, enum output_format format)
{
	struct str keys[MAX_KEYS];
	struct diff_options diff_opts = {
		.normalise = (enum diff_normalise)find_normalize(c->normalize),
		.group_keys = keys,
		.group_cnt = tool_split_keys(c->group_by, keys, MAX_KEYS),
		.label_a = str_of(sides->name_a),
		.label_b = str_of(sides->name_b),
	};
	struct tool_diff_opts render_opts = {.title = c->title,
					     .group_by = c->group_by,
					     .top = (uint32_t)c->top,
					     .min_share = c->min_share > 0 ? c->min_share : -1};
	struct diff *d = NULL;
	struct buf out;
	int r, status;

	buf_init(&out, TOOL_MAX_OUTPUT);
	r = diff_new(sides->a, sides->b, &diff_opts, &d);
	if (!r)
		r = tool_render_diff(format, d, &render_opts, &out);
	status =
		r ? command_failf("cannot compare: %s", strerror(-r)) : tool_write(c->output, &out);
	diff_free(d);
	buf_release(&out);
	return status;
}

static int check_usage(const struct config *c, const struct operands *operands)
{
	if (c->store && (operands->cnt || !c->baseline.cnt || !c->incident.cnt))
		return command_failf(
			"with --store want --baseline T..T and --incident T..T, and no operands");
	if (!c->store && (c->baseline.cnt || c->incident.cnt))
		return command_failf(
			"--baseline and --incident are ranges of a store: --store DIR is missing");
	if (!c->store && operands->cnt != 2)
		return command_failf("want two profiles, before and after: culprit diff A B");
	if (find_normalize(c->normalize) < 0)
		return command_failf("--normalize: '%s' is none of none, time, total",
				     c->normalize);
	return EXIT_DONE;
}

static int run(const void *config, const struct operands *operands)
{
	const struct config *c = config;
	unsigned int allowed = 1 << OUTPUT_TEXT | 1 << OUTPUT_SVG | 1 << OUTPUT_HTML |
			       1 << OUTPUT_JSON | 1 << OUTPUT_FOLDED;
	struct matcher *matcher = matcher_new();
	struct sides sides = {0};
	enum output_format format;
	struct err err = {{0}};
	int status;

	status = check_usage(c, operands);
	if (status == EXIT_DONE)
		status = tool_pick_format(c->format, c->output, allowed, &format);
	if (status == EXIT_DONE)
		status = tool_add_matches(matcher, &c->match);
	if (status == EXIT_DONE)
		status = read_sides(c, operands, matcher, &sides, &err)
				 ? command_fail(&err)
				 : write_diff(c, &sides, format);
	profile_free(sides.a);
	profile_free(sides.b);
	matcher_free(matcher);
	return status;
}

const struct command cmd_diff = {
	.name = "diff",
	.summary =
		"what changed between two profiles: processes, functions, differential flame graph",
	.usage = "A B | --store DIR --baseline T..T --incident T..T",
	.examples = "  culprit diff before.folded after.folded\n"
		    "  culprit diff v1.pb.gz v2.pb.gz -o diff.svg\n"
		    "  culprit diff --store DIR --baseline now-2h..now-1h --incident now-5m..now "
		    "-o diff.svg\n",
	.details = "Values are cores (CPU-seconds per second) where the length of both profiles is "
		   "known, else samples.\n"
		   "A and B are sources as of culprit show.\n",
	.opts = opts,
	.opt_cnt = ARRAY_SIZE(opts),
	.defaults = &(const struct config){.group_by = LABEL_PROCESS,
					   .min_share = HTML_MIN_SHARE,
					   .in = SOURCE_READING_DEFAULTS},
	.config_size = sizeof(struct config),
	.run = run,
};
