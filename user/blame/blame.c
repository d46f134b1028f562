// SPDX-License-Identifier: Apache-2.0
#include "blame/blame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "blame/axis.h"
#include "blame/decide.h"
#include "blame/describe.h"
#include "blame/direction.h"
#include "blame/evidence.h"
#include "blame/explain.h"
#include "blame/halves.h"
#include "blame/notes.h"
#include "blame/plan.h"
#include "blame/score.h"
#include "blame/shift.h"
#include "blame/strain.h"

#define MAX_VICTIMS	5
#define VICTIM_EVIDENCE 3.0   /* nats: twenty to one */
#define VICTIM_NODE	0.005 /* of the node */
#define VICTIM_SELF	0.1   /* of what it has otherwise */

/* Everything of one run. */
struct run {
	struct blame_opts opts;
	struct axis axis;
	struct plan plan;
	struct scorer scorer;
	struct shifts shifts;
	struct rank *ranks; /* the first `cnt` have risen or fallen, best first */
	size_t cnt;
	uint32_t *victims; /* entities, greatest loss first */
	size_t victim_cnt;
	struct verdict *v;
};

static int take_opts(struct run *run, const struct blame_opts *o, struct err *err)
{
	if (o)
		run->opts = *o;
	if (run->opts.allowed_error == 0)
		run->opts.allowed_error = 0.05;
	if (!(run->opts.allowed_error > 0 && run->opts.allowed_error <= 0.5))
		return err_set(err, EINVAL, "allowed error %g: want more than 0 and at most 0.5",
			       run->opts.allowed_error);
	if (run->opts.guard_ns > 366 * UINT64_C(86400) * NSEC_PER_SEC ||
	    run->opts.label_uncertainty_ns > 366 * UINT64_C(86400) * NSEC_PER_SEC)
		return err_set(err, EINVAL, "a guard of more than a year leaves no baseline");
	return 0;
}

static int start(struct run *run, const struct timeline *t, const struct blame_incident *inc,
		 size_t cnt, struct err *err)
{
	int r;

	if (!t->window_cnt)
		return err_set(err, EINVAL, "the history is empty: it holds no window at all");
	r = axis_init(&run->axis, t, run->opts.cpus);
	if (r)
		return err_set(err, r,
			       r == -EINVAL ? "the history has no usable window: all are "
					      "empty, lost or of impossible times"
					    : "out of memory");
	run->v->measure = run->axis.measure;
	run->v->capacity = run->axis.capacity;
	run->v->history_from_ns = run->axis.slots[0].from_ns;
	run->v->history_until_ns = run->axis.slots[run->axis.cnt - 1].until_ns;
	r = plan_init(&run->plan, &run->axis, inc, cnt, &run->opts, run->v, err);
	if (!r)
		r = scorer_init(&run->scorer, t, &run->axis, &run->plan);
	if (!r)
		r = shifts_init(&run->shifts, &run->axis, &run->plan);
	return r == -ENOMEM ? err_set(err, r, "out of memory") : r;
}

/*
 * What is done to the evidence when only some incidents are judged: a charge for having chosen them, and
 * nats for being tied to those that are aside as well. Who rises there, too, rises with the incident,
 * whoever causes it. Of the entity that was scored last.
 */
static void judge_aside(const void *arg, const struct scorer *s, struct rank *r)
{
	const struct run *run = arg;
	const struct plan *p = &run->plan;
	const struct linkage *l = &r->score.with;
	double charge = run->opts.choices > 1 ? log(run->opts.choices) : 0;
	uint32_t busy = 0;

	for (uint32_t k = p->incident_cnt; k < p->incident_cnt + p->aside_cnt; k++)
		busy += axis_level(&p->incidents[k].at, s->value, s->before) >= l->tau;
	if (p->aside_cnt && l->hits)
		r->elsewhere = fmax(0, evidence_log_bf(l->f, busy, p->aside_cnt - busy));
	r->score.with.log_bf -= charge;
	r->score.with.plain -= charge;
	r->score.without.log_bf -= charge;
}

static int score_all(struct run *run, const struct timeline *t)
{
	run->ranks = calloc((size_t)t->entity_cnt + 1, sizeof(*run->ranks));
	if (!run->ranks)
		return -ENOMEM;
	return halves_score(&run->scorer, &run->shifts, judge_aside, run, run->ranks, &run->cnt);
}

/* What all processes did together, and how much of a rise luck gives. */
static void measure_node(struct run *run)
{
	const struct plan *p = &run->plan;
	struct scorer *s = &run->scorer;
	double mean = 0, var = 0, n = p->block_cnt, k = p->incident_cnt;
	struct verdict *v = run->v;

	for (uint32_t i = 0; i < p->incident_cnt; i++) {
		v->node_incident += s->incident_total[i] / k;
		v->rise += s->incident_rise[i] / k;
	}
	for (uint32_t b = 0; b < p->block_cnt; b++)
		mean += s->upward[b] / n;
	for (uint32_t b = 0; b < p->block_cnt; b++)
		var += (s->upward[b] - mean) * (s->upward[b] - mean) / n;
	v->noise = mean + 2 * sqrt(var / k);
	v->node_baseline = score_quantile(s->total, p->block_cnt, 0.5);
}

static int copy_plan(struct run *run)
{
	const struct plan *p = &run->plan;
	struct verdict *v = run->v;

	v->incidents = calloc(p->incident_cnt, sizeof(*v->incidents));
	v->windows = calloc(p->incident_cnt, sizeof(*v->windows));
	v->baseline = calloc(p->baseline_cnt + 1, sizeof(*v->baseline));
	if (!v->incidents || !v->windows || !v->baseline)
		return -ENOMEM;
	v->recurrences = p->incident_cnt;
	for (uint32_t i = 0; i < p->incident_cnt; i++) {
		v->incidents[i] = p->incidents[i].range;
		v->windows[i] = plan_windows(p, &p->incidents[i]);
	}
	for (size_t i = 0; i < p->baseline_cnt; i++)
		v->baseline[i] = p->baseline[i];
	v->baseline_cnt = p->baseline_cnt;
	v->block_cnt = p->block_cnt;
	v->block_ns = p->block_ns;
	for (uint32_t b = 0; b < p->block_cnt; b++)
		v->baseline_s += p->blocks[b].at.seconds;
	v->guard_ns = p->guard_ns;
	v->guard_min_ns = p->guard_min_ns;
	if (p->period_cnt) {
		/* the longest one is the schedule that a person would name */
		v->period_ns = p->periods[p->period_cnt - 1].period_ns;
		v->phase_cnt = p->periods[p->period_cnt - 1].phase_cnt;
	}
	return 0;
}

static int greatest_loss_first(const void *va, const void *vb)
{
	const struct rank *a = *(const struct rank *const *)va;
	const struct rank *b = *(const struct rank *const *)vb;

	if (a->score.loss != b->score.loss)
		return a->score.loss > b->score.loss ? -1 : 1;
	return (a->entity > b->entity) - (a->entity < b->entity);
}

/* Those that lost CPU in the incidents as they seldom do otherwise, greatest loss first. */
static int find_victims(struct run *run)
{
	const struct rank **found = calloc(run->cnt + 1, sizeof(*found));
	const struct verdict *v = run->v;
	size_t cnt = 0;

	run->victims = calloc(run->cnt + 1, sizeof(*run->victims));
	if (!found || !run->victims) {
		free(found);
		return -ENOMEM;
	}
	for (size_t i = 0; i < run->cnt; i++) {
		const struct score *sc = &run->ranks[i].score;

		if (sc->loss > VICTIM_NODE * v->capacity && sc->loss > 0 &&
		    sc->loss_log_bf >= VICTIM_EVIDENCE)
			found[cnt++] = &run->ranks[i];
	}
	qsort(found, cnt, sizeof(*found), greatest_loss_first);
	for (size_t i = 0; i < cnt; i++)
		run->victims[i] = found[i]->entity;
	run->victim_cnt = cnt;
	free(found);
	return 0;
}

static const struct rank *rank_of(const struct run *run, uint32_t entity)
{
	const struct rank *r = run->ranks;

	while (r->entity != entity)
		r++;
	return r;
}

static int list_victims(struct run *run)
{
	struct verdict *v = run->v;
	int r = 0;

	v->victims = calloc(MAX_VICTIMS, sizeof(*v->victims));
	if (!v->victims)
		r = -ENOMEM;
	for (size_t i = 0; !r && i < run->victim_cnt && v->victim_cnt < MAX_VICTIMS; i++) {
		struct verdict_entity *e = &v->victims[v->victim_cnt++];

		r = describe_entity(&run->scorer, rank_of(run, run->victims[i]), ROLE_VICTIM, e);
		if (!r && -e->delta < VICTIM_SELF * e->baseline) {
			verdict_entity_release(e);
			v->victim_cnt--;
		}
	}
	return r;
}

/* The number of a process among the ranks. 0 or -ENOENT: it took no CPU. */
static int find_rank(const struct run *run, struct str name, size_t *ret_at)
{
	uint32_t entity;
	int r = timeline_find(run->scorer.t, name, &entity);

	for (size_t i = 0; !r && i < run->cnt; i++)
		if (run->ranks[i].entity == entity) {
			*ret_at = i;
			return 0;
		}
	return r ? r : -ENOENT;
}

static bool is_known(const struct run *run, uint32_t entity)
{
	struct str name = timeline_name(run->scorer.t, entity);

	for (size_t i = 0; i < run->opts.cause_cnt; i++)
		if (str_eq(run->opts.causes[i], name))
			return true;
	return false;
}

/* Neighbours within one nat of a group's first are not put in order. */
static void find_ties(const struct rank *ranks, struct verdict_entity *e, size_t cnt)
{
	uint32_t group = 0;
	size_t first = 0;

	for (size_t i = 1; i < cnt; i++) {
		if (ranks[first].s - ranks[i].s > 1) {
			first = i;
			continue;
		}
		if (i == first + 1)
			group++;
		e[first].tie_group = e[i].tie_group = group;
	}
}

/* One more of those listed: number `at` of the ranks. */
static int add_suspect(struct run *run, const struct decision *d, size_t at, bool named)
{
	struct verdict *v = run->v;
	struct verdict_entity *e = &v->suspects[v->suspect_cnt++];
	int r = describe_entity(&run->scorer, &run->ranks[at], named ? ROLE_CULPRIT : ROLE_SUSPECT,
				e);

	e->place_cnt = run->shifts.cnt;
	return r ? r : explain_entity(&run->scorer, d, run->ranks, at, v, e);
}

/* Causes that are known already, then the first `cnt` others. */
static int list_suspects(struct run *run, const struct decision *d, size_t cnt)
{
	size_t known = run->opts.cause_cnt, at;
	struct verdict *v = run->v;
	int r = 0;

	v->suspects = calloc(known + cnt + 1, sizeof(*v->suspects));
	if (!v->suspects)
		return -ENOMEM;
	for (size_t i = 0; !r && i < known; i++) {
		r = find_rank(run, run->opts.causes[i], &at);
		if (!r)
			r = add_suspect(run, d, at, true);
	}
	for (size_t i = 0; !r && i < cnt; i++)
		if (!is_known(run, run->ranks[i].entity))
			r = add_suspect(run, d, i, !known && !i && v->kind == VERDICT_NAMED);
	if (!r && !known)
		find_ties(run->ranks, v->suspects, cnt);
	return r;
}

/* The one whose tie the schedule undoes leads the list. */
static void clock_shared_first(struct run *run)
{
	size_t best = SIZE_MAX;
	struct rank moved;

	for (size_t i = 0; i < run->cnt; i++)
		if (run->ranks[i].clock_shared &&
		    (best == SIZE_MAX ||
		     run->ranks[i].score.delta_hit > run->ranks[best].score.delta_hit))
			best = i;
	if (best == SIZE_MAX || !best)
		return;
	moved = run->ranks[best];
	memmove(&run->ranks[1], &run->ranks[0], best * sizeof(moved));
	run->ranks[0] = moved;
}

/* Why the only suspect is not called the culprit. */
static int note_doubt(const struct decision *d, const struct rank *first, struct verdict *v)
{
	int r;

	if (v->kind != VERDICT_SHORTLIST)
		return 0;
	if (first->dir.late && v->suspects[0].direction.late) {
		r = verdict_note(v,
				 "what rose most did so %.3g s after the incidents' marked start: "
				 "it reacts, or the marks are early",
				 first->dir.lag_s);
		return r == -ENOSPC ? 0 : r;
	}
	if (v->suspect_cnt != 1)
		return 0;
	if (first->reacts)
		r = verdict_note(v, "it is not named because it rose only after others had lost "
				    "CPU, or after another process: it may just react");
	else if (first->score.delta < decide_least_rise(d))
		r = verdict_note(v,
				 "it is not named because its rise is small: less than 2%% of the "
				 "node or a tenth of what all processes rose by");
	else if (decide_is_common(d, first))
		r = verdict_note(
			v,
			"it is not named because other times show somebody as busy as this, "
			"too (p = %.2g): wait for another recurrence",
			first->p_adj);
	else if (first->e_false > d->allowed_error)
		r = verdict_note(v, "it is not named because too many innocent processes would "
				    "match as well by luck: wait for another recurrence");
	else
		r = verdict_note(v, "it is not named because others, each too weakly tied to be "
				    "listed, could together explain the incidents");
	return r == -ENOSPC ? 0 : r;
}

/* Whom somebody asked about, listed or not. */
static int explain(struct run *run, const struct decision *d)
{
	enum verdict_role role = ROLE_SUSPECT;
	struct verdict *v = run->v;
	size_t at = 0;
	int r = find_rank(run, run->opts.explain, &at);

	if (r)
		return r;
	v->explained = calloc(1, sizeof(*v->explained));
	if (!v->explained)
		return -ENOMEM;
	for (size_t i = 0; i < run->victim_cnt; i++)
		if (run->victims[i] == run->ranks[at].entity)
			role = ROLE_VICTIM;
	if (v->kind == VERDICT_NAMED &&
	    (run->opts.cause_cnt ? is_known(run, run->ranks[at].entity) : !at))
		role = ROLE_CULPRIT;
	r = describe_entity(&run->scorer, &run->ranks[at], role, v->explained);
	v->explained->place_cnt = run->shifts.cnt;
	return r ? r : explain_entity(&run->scorer, d, run->ranks, at, v, v->explained);
}

static int decide(struct run *run)
{
	struct verdict *v = run->v;
	struct decision d = {
		.allowed_error = run->opts.allowed_error,
		.entity_cnt = (uint32_t)run->cnt,
		.recurrences = v->recurrences,
		.block_cnt = v->block_cnt,
		.capacity = v->capacity,
		.rise = v->rise,
		.noise = v->noise,
		.p_floor = run->shifts.cnt ? 1.0 / (run->shifts.cnt + 1.0) : 0,
		.choices = run->opts.choices,
	};
	const struct rank *first;
	size_t listed;
	int r;

	decide_rank(&d, run->ranks, run->cnt);
	r = find_victims(run);
	if (!r)
		r = direction_measure(&run->scorer, run->ranks, run->cnt, run->victims,
				      run->victim_cnt, &run->opts);
	if (r)
		return r;
	decide_rank(&d, run->ranks, run->cnt);
	v->entity_cnt = (uint32_t)run->cnt;
	for (size_t i = 0; i < run->cnt; i++)
		v->linked_cnt += run->ranks[i].linked;
	v->kind = decide_kind(&d, run->ranks, run->cnt, &listed);
	if (run->opts.cause_cnt)
		v->kind = VERDICT_NAMED;
	if (v->kind == VERDICT_SCHEDULE_CONFOUNDED) {
		clock_shared_first(run);
		listed = listed ? listed : 1;
	}
	v->needed = -1;
	if (v->kind == VERDICT_NEED_MORE) {
		first = listed ? &run->ranks[0] : NULL;
		v->needed = decide_needed(&d, first);
		if (v->recurrences >= 2 && (!first || first->score.with.flat))
			v->history_needed_s = evidence_blocks_to_name(d.entity_cnt, v->recurrences,
								      d.allowed_error) *
					      (double)v->block_ns / 1e9;
		if (v->history_needed_s <= v->baseline_s)
			v->history_needed_s = 0;
	}
	r = list_suspects(run, &d, listed);
	if (!r)
		r = note_doubt(&d, run->ranks, v);
	return r || !run->opts.explain.len ? r : explain(run, &d);
}

int blame_run(const struct timeline *t, const struct blame_incident *inc, size_t cnt,
	      const struct blame_opts *o, struct verdict **ret, struct err *err)
{
	struct run run = {.v = calloc(1, sizeof(*run.v))};
	int r = run.v ? 0 : err_set(err, ENOMEM, "out of memory");

	if (!r)
		r = take_opts(&run, o, err);
	if (!r)
		r = start(&run, t, inc, cnt, err);
	if (r)
		goto out;
	r = score_all(&run, t);
	if (!r)
		r = copy_plan(&run);
	if (!r) {
		measure_node(&run);
		r = decide(&run);
	}
	if (!r)
		r = list_victims(&run);
	if (!r)
		r = strain_measure(&run.plan, t, run.v);
	if (!r)
		r = notes_add(&run.axis, &run.plan, t, run.v);
	if (r == -ENOENT)
		r = err_set(err, r, "no process '%.*s' took CPU in the history",
			    (int)run.opts.explain.len, run.opts.explain.p);
	else if (r)
		r = err_set(err, r, "cannot judge the incidents: %s", strerror(-r));
	else
		*ret = run.v;
out:
	if (r)
		verdict_free(run.v);
	free(run.ranks);
	free(run.victims);
	shifts_release(&run.shifts);
	scorer_release(&run.scorer);
	plan_release(&run.plan);
	axis_release(&run.axis);
	return r;
}
