// SPDX-License-Identifier: Apache-2.0
#include "blame_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "render/label.h"

#define MAX_TOLD 4   /* processes of a group in a note */
#define MOST_OF	 0.8 /* of a group's rise: with that much one process is no storm */
#define NAME	 60  /* characters */

void blame_report_release(struct blame_report *r)
{
	for (size_t i = 0; r->paths && i < r->verdict->suspect_cnt; i++)
		descend_release(&r->paths[i]);
	for (size_t i = 0; r->places && i < r->verdict->suspect_cnt; i++)
		where_release(&r->places[i]);
	free(r->paths);
	free(r->places);
	diff_free(r->diff);
	verdict_free(r->verdict);
	r->paths = NULL;
	r->places = NULL;
	r->diff = NULL;
	r->verdict = NULL;
}

/* What rose in a process may tell that it reacts: into `ret`, if it is so. */
static int judge_work(const struct diff *d, struct str name, struct str *ret, size_t *cnt)
{
	struct descend x = {.frames = NULL};
	int r = descend(d, name, &x);

	if (!r && descend_reacting(&x) >= DESCEND_REACTS)
		ret[(*cnt)++] = name;
	descend_release(&x);
	return r == -ENOENT ? 0 : r;
}

/*
 * Who waits, tries again or logs does so because of somebody. Only the stacks know, and which of them
 * to compare only the verdict: it is made once more, with what they tell of its suspects.
 */
static int weigh_work(struct blame_report *report, const struct evidence *e,
		      const struct blame_opts *opt, struct err *err)
{
	struct verdict *v = report->verdict, *again;
	struct str *found = calloc(v->suspect_cnt + 1, sizeof(*found));
	struct blame_opts with = *opt;
	int r = found ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < v->suspect_cnt; i++)
		r = judge_work(report->diff, v->suspects[i].name, found, &with.reacting_cnt);
	if (!r && opt->explain.len)
		r = judge_work(report->diff, opt->explain, found, &with.reacting_cnt);
	if (!r && with.reacting_cnt) {
		with.reacting = found;
		r = causes_run(e->timeline, e->incidents, e->incident_cnt, &with, &again, err);
		if (!r) {
			verdict_free(v);
			report->verdict = again;
		}
	}
	free(found);
	return r;
}

/* What goes on inside of each suspect, and where it ran. */
static int describe_suspects(struct blame_report *report, const struct profile *incidents,
			     struct str key)
{
	size_t cnt = report->verdict->suspect_cnt;
	int r = 0;

	report->paths = calloc(cnt + 1, sizeof(*report->paths));
	report->places = calloc(cnt + 1, sizeof(*report->places));
	if (!report->paths || !report->places)
		return -ENOMEM;
	for (size_t i = 0; !r && i < cnt; i++) {
		struct str name = report->verdict->suspects[i].name;

		r = descend(report->diff, name, &report->paths[i]);
		if (!r || r == -ENOENT)
			r = where_find(incidents, key, name, &report->places[i]);
		if (!r && report->places[i].cnt == 1 &&
		    str_eq(report->places[i].items[0].name, name))
			where_release(&report->places[i]); /* it says so already */
	}
	return r;
}

/* The verdict rests on all of the baseline; what is shown of stacks may not. */
static int note_sampled(const struct evidence *e, struct verdict *v)
{
	uint32_t cnt = evidence_sampled(e, v);
	int r = 0;

	if (cnt)
		r = verdict_note(v,
				 "the flame graph's baseline is %u of the %u stretches, spread "
				 "over all of them",
				 cnt, v->block_cnt);
	return r == -ENOSPC ? 0 : r;
}

/*
 * The proof: all incident windows laid over all baseline windows, and what it tells of each suspect.
 */
static int add_proof(struct blame_report *report, struct evidence *e, const struct blame_opts *opt,
		     const char *group_key, struct err *err)
{
	struct str keys[] = {str_of(group_key), STR_LIT(LABEL_PROCESS)}, key = keys[0];
	struct diff_options how = {
		.group_keys = keys,
		.group_cnt = str_eq(keys[0], STR_LIT(LABEL_CGROUP)) ? 2 : 1,
		.rules = {.strip_hex = true, .merge_lambdas = true},
		.label_a = STR_LIT("baseline"),
		.label_b = STR_LIT("incidents"),
	};
	struct profile *baseline = NULL, *incidents = NULL;
	int r;

	r = evidence_profile(e, report->verdict, SIDE_BASELINE, &baseline, err);
	if (!r)
		r = evidence_profile(e, report->verdict, SIDE_INCIDENT, &incidents, err);
	if (!r) {
		r = diff_new(baseline, incidents, &how, &report->diff);
		if (!r)
			r = evidence_replicate(e, report->verdict, report->diff, &how);
		if (!r)
			r = weigh_work(report, e, opt, err);
		if (!r)
			r = describe_suspects(report, incidents, key);
		if (!r)
			r = note_sampled(e, report->verdict);
		if (r)
			err_set(err, r, "cannot compare the profiles: %s", strerror(-r));
	}
	profile_free(baseline);
	profile_free(incidents);
	return r;
}

/* ---- control groups ---- */

static int by_delta(const void *va, const void *vb)
{
	const struct descend_part *a = va, *b = vb;

	return (a->delta < b->delta) - (a->delta > b->delta);
}

/* The processes of the group that rose, the most first; owned. */
static int find_risen(const struct diff *d, struct str group, struct descend_part **ret,
		      size_t *ret_cnt)
{
	struct descend_part *parts;
	uint32_t node;
	size_t cnt = 0;

	if (diff_find_process(d, group, &node))
		return -ENOENT;
	parts = calloc(d->nodes[node].end - node, sizeof(*parts));
	if (!parts)
		return -ENOMEM;
	for (uint32_t c = node + 1; c < d->nodes[node].end; c = d->nodes[c].end)
		if (diff_delta(d, c) > 0)
			parts[cnt++] = (struct descend_part){.name = diff_name(d, c),
							     .delta = diff_delta(d, c)};
	qsort(parts, cnt, sizeof(*parts), by_delta);
	*ret = parts;
	*ret_cnt = cnt;
	return 0;
}

static int note_group(struct blame_report *report, const struct descend_part *parts, size_t cnt)
{
	struct buf names;
	int r;

	buf_init(&names, 4096);
	for (size_t i = 0; i < cnt && i < MAX_TOLD; i++) {
		buf_addstr(&names, i ? ", " : "");
		label_add(&names, parts[i].name, NAME);
		buf_addf(&names, " %+.3g", parts[i].delta);
	}
	if (cnt > MAX_TOLD)
		buf_addf(&names, " and %zu more", cnt - MAX_TOLD);
	r = buf_error(&names);
	if (!r)
		r = verdict_note(
			report->verdict,
			"no single process is named, but its control group is, of which %zu "
			"processes rose together: %s",
			cnt, names.data);
	buf_release(&names);
	return r;
}

/* Does the rise come from many, or is it one process with something beside it? */
static bool is_storm(const struct descend_part *parts, size_t cnt)
{
	double sum = 0;

	for (size_t i = 0; i < cnt; i++)
		sum += parts[i].delta;
	return cnt > 1 && parts[0].delta < MOST_OF * sum;
}

/* Is a group named that says more than "something on this machine"? */
static int judge_group(struct blame_report *rolled, const struct timeline *t)
{
	struct str name = rolled->verdict->suspects[0].name;
	struct descend_part *parts = NULL;
	size_t cnt = 0;
	int r;

	(void)t;
	if (str_eq(name, STR_LIT("/")) || str_eq(name, STR_LIT("[no " LABEL_CGROUP "]")))
		return 0;
	r = find_risen(rolled->diff, name, &parts, &cnt);
	if (!r && is_storm(parts, cnt)) {
		r = note_group(rolled, parts, cnt);
		r = r ? r : 1;
	}
	free(parts);
	return r;
}

/* "app in container 0123456789ab" where there is another app */
static int judge_container(struct blame_report *rolled, const struct timeline *t)
{
	static const struct str in = STR_LIT(" in container ");
	struct str name = rolled->verdict->suspects[0].name, other;
	const char *at = memmem(name.p, name.len, in.p, in.len);
	size_t base = at ? (size_t)(at - name.p) : name.len, cnt = 0;
	int r;

	for (uint32_t e = 0; e < t->entity_cnt; e++) {
		other = timeline_name(t, e);
		cnt += other.len >= base && !memcmp(other.p, name.p, base) &&
		       (other.len == base ||
			(other.len > base + in.len && !memcmp(other.p + base, in.p, in.len)));
	}
	if (cnt < 2)
		return 0;
	r = verdict_note(rolled->verdict,
			 "%zu programs bear this name, in different containers; all of them "
			 "together could not be named",
			 cnt);
	return r ? r : 1;
}

/* Another way to tell who is who, and whether its answer says more. */
struct other_way {
	const char *group_key;
	bool is_finer; /* it splits processes: as many entities are the same ones */
	int (*judge)(struct blame_report *rolled, const struct timeline *t); /* 1: take it */
};

static const struct other_way other_ways[] = {
	{LABEL_PROCESS "," LABEL_CONTAINER_ID, true, judge_container},
	{LABEL_CGROUP, false, judge_group},
};

/* 1 when the report is now one by that way, 0 when it names nobody, or -errno. */
static int try_way(struct blame_report *report, struct evidence *e, const struct evidence_query *q,
		   const struct blame_opts *opt, const struct other_way *way, uint32_t process_cnt,
		   struct err *err)
{
	struct blame_report rolled = {.name = report->name};
	struct evidence_query by_group = *q;
	struct blame_opts half = *opt;
	int r;

	by_group.group_key = way->group_key;
	half.allowed_error = opt->allowed_error / 2;
	r = evidence_regroup(e, &by_group, err);
	if (r)
		return r == -ENODATA ? 0 : r;
	if (e->timeline->entity_cnt < 2 ||
	    (way->is_finer && e->timeline->entity_cnt == process_cnt))
		return 0; /* there is nothing that was not asked already */
	r = causes_run(e->timeline, e->incidents, e->incident_cnt, &half, &rolled.verdict, err);
	if (!r && rolled.verdict->kind == VERDICT_NAMED) {
		r = add_proof(&rolled, e, &half, way->group_key, err);
		if (!r && rolled.verdict->kind == VERDICT_NAMED)
			r = way->judge(&rolled, e->timeline);
		if (r == 1) {
			struct blame_report old = *report;

			*report = rolled;
			rolled = old;
		}
	}
	blame_report_release(&rolled);
	return r;
}

static int try_other_ways(struct blame_report *report, struct evidence *e,
			  const struct evidence_query *q, const struct blame_opts *opt,
			  const char **ret_key, struct err *err)
{
	struct timeline *by_process = e->timeline;
	const char *key = e->group_key;
	int r = 0;

	e->timeline = NULL;
	for (size_t i = 0; !r && i < ARRAY_SIZE(other_ways); i++) {
		r = try_way(report, e, q, opt, &other_ways[i], by_process->entity_cnt, err);
		if (r == 1)
			*ret_key = other_ways[i].group_key;
	}
	if (r == -ENOTSUP)
		r = verdict_note(
			report->verdict,
			"from afar only processes were compared: programs of one name in "
			"different containers and storms of short processes are found in the "
			"store itself, or in a backend by --group-by " LABEL_CONTAINER_ID);
	if (r == 1) {
		timeline_free(by_process);
	} else {
		timeline_free(e->timeline);
		e->timeline = by_process;
		e->group_key = key;
	}
	return r;
}

int blame_report_make(struct blame_report *report, struct evidence *e,
		      const struct evidence_query *q, const struct blame_opts *opt, struct err *err)
{
	const char *key = q->group_key;
	int r = causes_run(e->timeline, e->incidents, e->incident_cnt, opt, &report->verdict, err);

	if (!r)
		r = add_proof(report, e, opt, key, err);
	if (!r && report->verdict->kind != VERDICT_NAMED && report->verdict->recurrences > 1 &&
	    !opt->explain.len && !strcmp(key, LABEL_PROCESS)) {
		r = try_other_ways(report, e, q, opt, &key, err);
	}
	if (r < 0)
		return r;
	report->view = (struct verdict_view){
		.incident = report->name,
		.key = str_of(key),
		.paths = report->paths,
		.path_cnt = report->verdict->suspect_cnt,
		.places = report->places,
		.place_cnt = report->verdict->suspect_cnt,
		.untimed = e->synthetic_times,
	};
	return 0;
}
