// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/json.h"
#include "base/num.h"
#include "base/text.h"
#include "commands.h"
#include "incident/incident.h"
#include "incident/symptom.h"
#include "model/matcher.h"
#include "store/store.h"
#include "tool.h"

#define DIGITS	    4
#define TIME_DIGITS 13 /* milliseconds until the year 2286 */
#define MOST_GROUPS 20 /* in the text */

struct config {
	const char *store, *series, *victim, *format, *output, *mark;
	struct opt_list match;
	int64_t from_ns, until_ns;
	uint64_t shortest_ns, longest_ns, group;
	double false_alarm;
};

static const struct opt opts[] = {
	{"store", 0, OPT_STRING, offsetof(struct config, store), "DIR", "the store", 0, 0},
	{"series", 0, OPT_STRING, offsetof(struct config, series), "NAME",
	 "load (default), or how much of the time somebody waited: psi-cpu, psi-io, psi-memory", 0,
	 0},
	{"victim", 0, OPT_STRING, offsetof(struct config, victim), "PROCESS",
	 "look for times when this process lost CPU (default: when the node's load rose)", 0, 0},
	{"from", 0, OPT_TIME, offsetof(struct config, from_ns), "T",
	 "look at the history from here", 0, 0},
	{"until", 0, OPT_TIME, offsetof(struct config, until_ns), "T", "…to here", 0, 0},
	{"match", 0, OPT_LIST, offsetof(struct config, match), "K=V",
	 "only series with this label (or K!=V)", 0, 0},
	{"shortest", 0, OPT_DURATION, offsetof(struct config, shortest_ns), "TIME",
	 "no candidate is shorter (default: two windows)", 0, 1e7},
	{"longest", 0, OPT_DURATION, offsetof(struct config, longest_ns), "TIME",
	 "of a candidate (default 30m; at most an eighth of the history and 720 windows)", 0, 1e7},
	{"false-alarm", 0, OPT_REAL, offsetof(struct config, false_alarm), "P",
	 "chance of any candidate in a history of mere noise (default 0.01)", 0.000001, 0.5},
	{"mark", 0, OPT_STRING, offsetof(struct config, mark), "NAME",
	 "note the windows of a group as recurrences of this incident", 0, 0},
	{"group", 0, OPT_NUMBER, offsetof(struct config, group), "N",
	 "the group that --mark notes (default 1)", 1, 1000000},
	{"output", 'o', OPT_STRING, offsetof(struct config, output), "FILE",
	 "write there; the suffix picks the format (.json .txt)", 0, 0},
	{"format", 0, OPT_STRING, offsetof(struct config, format), "F",
	 "text or json, whatever the suffix", 0, 0},
};

static void add_range(struct buf *out, struct time_range r)
{
	time_add(out, r.from_ns);
	buf_addstr(out, "..");
	time_add(out, r.until_ns);
}

/* Whose series it is that is looked at. */
static const char *subject(const struct config *c)
{
	if (!strcmp(c->series, symptom_series_name(SYMPTOM_LOAD)))
		return c->victim ? c->victim : "the node";
	return c->series;
}

static const char *verb(const struct config *c)
{
	return c->victim ? "-" : "+";
}

static void add_text(struct buf *out, const struct config *c, const struct symptom_list *l)
{
	size_t w = 0;

	buf_addf(out, "%s: usually %.2f %s, %zu windows of ", subject(c), l->usual, l->unit,
		 l->points);
	duration_add(out, l->point_ns);
	buf_addstr(out, "\n");
	if (!l->cnt)
		buf_addstr(out,
			   "nothing stands out: no stretch is far enough from what is usual\n");
	for (size_t g = 0; g < l->group_cnt; g++) {
		const struct symptom_group *group = &l->groups[g];

		if (g == MOST_GROUPS) {
			buf_addf(out, "\n%zu more groups: --format json has all\n",
				 l->group_cnt - g);
			return;
		}
		buf_addf(out, "\ngroup %zu: %zu time%s, about ", g + 1, group->cnt,
			 group->cnt == 1 ? "" : "s");
		duration_add(out, group->length_ns / 1000000 * 1000000);
		buf_addf(out, " long, %s%.2f %s, score %.0f\n", verb(c), group->rise, l->unit,
			 group->score);
		for (; w < l->cnt && l->windows[w].group == g; w++) {
			buf_addstr(out, "  ");
			add_range(out, l->windows[w].range);
			buf_addf(out, "  %s%.2f  score %.0f\n", verb(c), l->windows[w].rise,
				 l->windows[w].score);
		}
	}
}

static void add_json_window(struct json *j, const struct symptom_window *w)
{
	struct buf range;

	buf_init(&range, 256);
	add_range(&range, w->range);
	json_object(j, NULL);
	json_str(j, "range", buf_str(&range));
	json_double(j, "from", (double)w->range.from_ns / 1e9, TIME_DIGITS);
	json_double(j, "until", (double)w->range.until_ns / 1e9, TIME_DIGITS);
	json_double(j, "rise", w->rise, DIGITS);
	json_double(j, "score", w->score, DIGITS);
	json_end(j);
	buf_release(&range);
}

static void add_json(struct buf *out, const struct config *c, const struct symptom_list *l)
{
	struct json j;
	size_t w = 0;

	json_init(&j, out, true);
	json_object(&j, NULL);
	json_u64(&j, "version", 1);
	json_cstr(&j, "series", c->series);
	json_cstr(&j, "victim", c->victim);
	json_cstr(&j, "unit", l->unit);
	json_double(&j, "usual", l->usual, DIGITS);
	json_u64(&j, "windows", l->points);
	json_double(&j, "window_s", (double)l->point_ns / 1e9, DIGITS);
	json_array(&j, "groups");
	for (size_t g = 0; g < l->group_cnt; g++) {
		json_object(&j, NULL);
		json_u64(&j, "group", g + 1);
		json_double(&j, "length_s", (double)l->groups[g].length_ns / 1e9, DIGITS);
		json_double(&j, "rise", l->groups[g].rise, DIGITS);
		json_double(&j, "score", l->groups[g].score, DIGITS);
		json_array(&j, "candidates");
		for (; w < l->cnt && l->windows[w].group == g; w++)
			add_json_window(&j, &l->windows[w]);
		json_end(&j);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	buf_addch(out, '\n');
}

static int mark_group(struct store *store, const struct config *c, const struct symptom_list *l,
		      int64_t now_ns, struct err *err)
{
	struct store_mark m = {
		.name = (char *)c->mark, .source = (char *)"symptom", .noted_ns = now_ns};
	int r = incident_check_name(str_of(c->mark), err);

	if (r || !l->cnt)
		return r;
	if (c->group > l->group_cnt)
		return err_set(err, ENOENT, "--group %llu: there are %zu",
			       (unsigned long long)c->group, l->group_cnt);
	for (size_t i = 0; !r && i < l->cnt; i++) {
		if (l->windows[i].group + 1 != c->group)
			continue;
		m.from_ns = l->windows[i].range.from_ns;
		m.until_ns = l->windows[i].range.until_ns;
		r = store_mark_add(store, &m, NULL, err);
	}
	return r;
}

static int find_series(const struct config *c, enum symptom_series *ret, struct err *err)
{
	for (unsigned int i = 0; i < SYMPTOM_SERIES_CNT; i++) {
		if (strcmp(c->series, symptom_series_name(i)))
			continue;
		*ret = i;
		if (c->victim && i != SYMPTOM_LOAD)
			return err_set(err, EINVAL,
				       "--victim: pressure is the whole machine's, want --series "
				       "load or no victim");
		return 0;
	}
	return err_set(err, EINVAL, "--series: '%s' is none of load, psi-cpu, psi-io, psi-memory",
		       c->series);
}

static int look(struct store *store, const struct config *c, const struct matcher *m,
		int64_t now_ns, struct symptom_list *ret, struct err *err)
{
	struct symptom_opts o = {
		.victim = c->victim ? str_of(c->victim) : (struct str){0},
		.shortest_ns = c->shortest_ns,
		.longest_ns = c->longest_ns,
		.false_alarm = c->false_alarm,
	};
	struct timeline *t;
	int r = find_series(c, &o.series, err);

	if (!r)
		r = store_timeline(store, (struct time_range){c->from_ns, c->until_ns}, m,
				   LABEL_PROCESS, &t, err);

	if (r)
		return r;
	r = symptom_find(t, &o, ret, err);
	timeline_free(t);
	if (!r && c->mark) {
		r = mark_group(store, c, ret, now_ns, err);
		if (r)
			symptom_list_release(ret);
	}
	return r;
}

static int answer(const struct config *c, enum output_format format, const struct symptom_list *l)
{
	struct buf out;
	int status;

	buf_init(&out, TOOL_MAX_OUTPUT);
	if (format == OUTPUT_JSON)
		add_json(&out, c, l);
	else
		add_text(&out, c, l);
	status = tool_write(c->output, &out);
	buf_release(&out);
	return status == EXIT_DONE && !l->cnt ? EXIT_NEGATIVE : status;
}

static int run(const void *config, const struct operands *operands)
{
	const struct config *c = config;
	struct symptom_list list = {0};
	enum output_format format;
	struct matcher *matcher;
	struct store *store;
	struct err err;
	int status;

	if (!c->store)
		return command_failf("--store DIR is needed");
	if (operands->cnt)
		return command_failf("'%s': no operand is wanted", operands->words[0]);
	if (c->until_ns <= c->from_ns)
		return command_failf("--until must be after --from");
	if (tool_pick_format(c->format, c->output, 1 << OUTPUT_TEXT | 1 << OUTPUT_JSON, &format))
		return EXIT_FAILED;
	if (store_open(c->store, STORE_READ, NULL, &store, &err))
		return command_fail(&err);
	matcher = matcher_new();
	status = tool_add_matches(matcher, &c->match);
	if (status == EXIT_DONE)
		status = look(store, c, matcher, operands->now_ns, &list, &err)
				 ? command_fail(&err)
				 : answer(c, format, &list);
	symptom_list_release(&list);
	matcher_free(matcher);
	tool_warn_store(store);
	store_close(store);
	return status;
}

const struct command cmd_symptom = {
	.name = "symptom",
	.summary = "find what may be incidents in the history itself",
	.usage = "--store DIR [--victim PROCESS] [--mark NAME [--group N]]",
	.examples =
		"  culprit symptom --store DIR                          when was the node busier?\n"
		"  culprit symptom --store DIR --victim postgres        when did it lose CPU?\n"
		"  culprit symptom --store DIR --series psi-io          when did somebody wait for "
		"disks?\n"
		"  culprit symptom --store DIR --mark busy && culprit blame --store DIR busy\n",
	.details =
		"For those whom nothing alerts. Candidates that are alike in length and height are "
		"one group; each range is one that mark and blame --incident take. Whoever is "
		"blamed for a rise of the load is who took the CPU, which need not have hurt "
		"anybody.\n"
		"Exit status: 0 there are candidates; 1 nothing stands out; 2 usage or failure.\n",
	.opts = opts,
	.opt_cnt = ARRAY_SIZE(opts),
	.defaults = &(const struct config){.series = "load",
					   .from_ns = INT64_MIN,
					   .until_ns = INT64_MAX,
					   .group = 1,
					   .false_alarm = 0.01},
	.config_size = sizeof(struct config),
	.run = run,
};
