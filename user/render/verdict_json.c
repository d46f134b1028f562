// SPDX-License-Identifier: Apache-2.0
#include "render/verdict_json.h"

#include <math.h>

#include "base/json.h"
#include "base/text.h"

#define DIGITS	    6
#define TIME_DIGITS 13 /* milliseconds until the year 2286 */

static const char *unit_of(const struct verdict *v)
{
	switch (v->measure) {
	case MEASURE_CORES:
		return "cores";
	case MEASURE_SAMPLES:
		return "samples/s";
	case MEASURE_SHARE:
		break;
	}
	return "share";
}

static void add_time(struct json *j, const char *key, int64_t ns)
{
	json_double(j, key, (double)ns / 1e9, TIME_DIGITS);
}

static void add_if_known(struct json *j, const char *key, bool known, double value)
{
	if (known)
		json_double(j, key, value, DIGITS);
	else
		json_null(j, key);
}

static void add_range(struct json *j, const char *key, const struct blame_incident *i, bool known)
{
	json_object(j, key);
	if (known) {
		add_time(j, "from", i->from_ns);
		add_time(j, "until", i->until_ns);
	} else {
		json_null(j, "from");
		json_null(j, "until");
	}
	json_end(j);
}

static void add_levels(struct json *j, const struct verdict *v, const struct verdict_entity *e)
{
	json_array(j, "levels");
	for (uint32_t k = 0; k < v->recurrences; k++)
		json_double(j, NULL, e->levels[k], DIGITS);
	json_end(j);
	json_array(j, "hit");
	for (uint32_t k = 0; k < v->recurrences; k++)
		json_bool(j, NULL, e->hit[k]);
	json_end(j);
}

static void add_path(struct json *j, const struct descend *x)
{
	json_array(j, "path");
	for (size_t i = 0; x && i < x->frame_cnt; i++)
		json_str(j, NULL, x->frames[i]);
	json_end(j);
}

static void add_parts(struct json *j, const char *key, const struct descend_part *parts, size_t cnt)
{
	json_array(j, key);
	for (size_t i = 0; i < cnt; i++) {
		json_object(j, NULL);
		json_str(j, "frame", parts[i].name);
		json_double(j, "delta", parts[i].delta, DIGITS);
		json_double(j, "share", parts[i].share, DIGITS);
		add_if_known(j, "noise", parts[i].noise > 0, parts[i].noise);
		json_bool(j, "moved", parts[i].moved);
		json_end(j);
	}
	json_end(j);
}

/* What of its rise goes where; shares are of the rise over all windows together. */
static void add_descent(struct json *j, const struct descend *x)
{
	if (!x) {
		json_null(j, "descent");
		return;
	}
	json_object(j, "descent");
	json_double(j, "delta", x->delta, DIGITS);
	json_double(j, "path_share", x->share, DIGITS);
	add_parts(j, "branches", x->branches, x->branch_cnt);
	add_parts(j, "functions", x->leaves, x->leaf_cnt);
	json_u64(j, "functions_more", x->leaf_more);
	json_object(j, "work");
	for (int w = 0; w < WORK_CNT; w++)
		json_double(j, work_key((enum work)w), x->work[w], DIGITS);
	json_end(j);
	json_array(j, "moved");
	for (size_t i = 0; i < x->move_cnt; i++) {
		json_object(j, NULL);
		json_str(j, "below", x->moves[i].below);
		json_str(j, "from", x->moves[i].from);
		json_str(j, "to", x->moves[i].to);
		json_double(j, "amount", x->moves[i].amount, DIGITS);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void add_pair(struct json *j, const char *key, double low, double high)
{
	json_array(j, key);
	json_double(j, NULL, low, DIGITS);
	json_double(j, NULL, high, DIGITS);
	json_end(j);
}

static void add_labels(struct json *j, const struct verdict_view *view, struct str name)
{
	char key[128] = "process";

	/* a key that does not fit is no label that anybody uses */
	if (view->key.len && view->key.len < sizeof(key)) {
		for (size_t i = 0; i < view->key.len; i++)
			key[i] = view->key.p[i];
		key[view->key.len] = '\0';
	}
	json_object(j, "labels");
	json_str(j, key, name);
	json_end(j);
}

static void add_direction(struct json *j, const struct verdict_entity *e)
{
	const struct verdict_direction *d = &e->direction;

	json_object(j, "direction");
	json_double(j, "onset", d->onset, DIGITS);
	json_double(j, "dose", d->dose, DIGITS);
	json_double(j, "displacement", d->displacement, DIGITS);
	json_double(j, "signature", d->signature, DIGITS);
	json_u64(j, "timed", d->timed);
	add_if_known(j, "lag_seconds", d->timed, d->lag_s);
	add_if_known(j, "after_loss", d->loss_timed, d->after_loss);
	if (d->after == DIRECTION_AFTER_ENTITY)
		json_str(j, "after", e->after);
	else if (d->after == DIRECTION_AFTER_VICTIMS)
		json_cstr(j, "after", "victims");
	else
		json_null(j, "after");
	add_if_known(j, "behind_seconds", d->after, d->behind_s);
	json_end(j);
}

static void add_entity(struct json *j, const char *key, const struct verdict *v,
		       const struct verdict_view *view, const struct verdict_entity *e,
		       const struct descend *path)
{
	bool cores = v->measure == MEASURE_CORES, suspect = e->role != ROLE_VICTIM;

	json_object(j, key);
	json_str(j, "process", e->name);
	add_labels(j, view, e->name);
	json_cstr(j, "role", verdict_role_name(e->role));
	add_if_known(j, "posterior", suspect, e->posterior);
	add_if_known(j, "e_false", suspect, e->e_false);
	json_double(j, "p_adj", e->p_adj, DIGITS); /* NAN: null */
	add_if_known(j, "delta_cores", cores, e->delta);
	add_if_known(j, "cores_incident", cores, e->incident);
	add_if_known(j, "cores_baseline", cores, e->baseline);
	json_u64(j, "hits", e->hits);
	add_path(j, path);
	if (suspect)
		add_descent(j, path);
	json_double(j, "delta", e->delta, DIGITS);
	add_pair(j, "delta_interval", e->delta_low, e->delta_high);
	json_double(j, "incident", e->incident, DIGITS);
	json_double(j, "baseline", e->baseline, DIGITS);
	add_pair(j, "baseline_band", e->baseline_p10, e->baseline_p90);
	add_if_known(j, "busy_otherwise", suspect, e->f);
	json_double(j, "log_bf", e->log_bf, DIGITS);
	json_bool(j, "linked", e->linked);
	json_bool(j, "clock_shared", e->clock_shared);
	json_u64(j, "runs", e->runs);
	if (e->tie_group)
		json_u64(j, "tie_group", e->tie_group);
	else
		json_null(j, "tie_group");
	add_levels(j, v, e);
	if (suspect)
		add_direction(j, e);
	json_end(j);
}

static void add_explanation(struct json *j, const struct verdict *v,
			    const struct verdict_view *view)
{
	const struct verdict_evidence *x = v->explained->evidence;

	json_object(j, "explained");
	json_u64(j, "rank", x->rank);
	json_double(j, "log_bf_needed", x->threshold, DIGITS);
	json_double(j, "busy_from", x->tau, DIGITS);
	json_array(j, "why_not_named");
	for (size_t i = 0; i < x->why_cnt; i++)
		json_cstr(j, NULL, x->why[i]);
	json_end(j);
	json_array(j, "evidence");
	for (uint32_t k = 0; k < v->recurrences; k++) {
		const struct verdict_recurrence *r = &x->recurrences[k];

		json_object(j, NULL);
		if (view->untimed)
			json_null(j, "from");
		else
			add_time(j, "from", v->incidents[k].from_ns);
		json_double(j, "level", r->level, DIGITS);
		json_double(j, "usual", r->usual, DIGITS);
		json_double(j, "change", r->change, DIGITS);
		json_bool(j, "busy", r->busy);
		json_bool(j, "hit", r->hit);
		add_if_known(j, "onset_seconds", r->timed && !view->untimed, r->onset_s);
		add_if_known(j, "onset_error_seconds", r->timed && !view->untimed,
			     r->onset_error_s);
		json_end(j);
	}
	json_end(j);
	add_entity(j, "process", v, view, v->explained, NULL);
	json_end(j);
}

/* Only what is known: most histories tell nothing of it. */
static void add_pressure(struct json *j, const struct verdict *v)
{
	bool any = false;

	for (unsigned int i = 0; i < PRESSURE_CNT; i++) {
		const struct verdict_pressure *p = &v->pressure[i];

		if (!p->of)
			continue;
		if (!any)
			json_object(j, "pressure");
		any = true;
		json_object(j, pressure_name(i));
		json_double(j, "incident", p->incident, DIGITS);
		json_double(j, "baseline", p->baseline, DIGITS);
		json_u64(j, "rose", p->rose);
		json_u64(j, "of", p->of);
		json_bool(j, "has_risen", p->has_risen);
		json_end(j);
	}
	if (any)
		json_end(j);
}

/* Incidents by their number in "incidents", from 0. */
static void add_causes(struct json *j, const struct verdict *v)
{
	json_array(j, "causes");
	for (size_t i = 0; i < v->cause_cnt; i++) {
		const struct verdict_cause *c = &v->causes[i];

		json_object(j, NULL);
		json_str(j, "process", v->suspects[c->suspect].name);
		json_array(j, "explains");
		for (uint32_t k = 0; k < c->incident_cnt; k++)
			json_u64(j, NULL, c->incidents[k]);
		json_end(j);
		json_u64(j, "judged_by", c->judged);
		json_double(j, "choices", c->choices, DIGITS);
		json_end(j);
	}
	json_end(j);
	json_u64(j, "open", v->open_cnt);
	if (v->open_leader.p)
		json_str(j, "open_leader", v->open_leader);
	else
		json_null(j, "open_leader");
}

static void add_ground(struct json *j, const struct verdict *v, bool timed)
{
	struct blame_incident history = {v->history_from_ns, v->history_until_ns};

	json_array(j, "incidents");
	for (uint32_t k = 0; k < v->recurrences; k++)
		add_range(j, NULL, &v->incidents[k], timed);
	json_end(j);
	add_range(j, "history", &history, timed);
	json_object(j, "baseline");
	json_u64(j, "blocks", v->block_cnt);
	json_double(j, "block_seconds", (double)v->block_ns / 1e9, DIGITS);
	json_double(j, "seconds", v->baseline_s, DIGITS);
	add_pair(j, "guard_seconds", (double)v->guard_min_ns / 1e9, (double)v->guard_ns / 1e9);
	add_if_known(j, "period_seconds", v->period_ns > 0, (double)v->period_ns / 1e9);
	json_u64(j, "phases", v->phase_cnt);
	json_end(j);
	json_object(j, "node");
	add_if_known(j, "capacity", v->capacity > 0, v->capacity);
	json_double(j, "incident", v->node_incident, DIGITS);
	json_double(j, "baseline", v->node_baseline, DIGITS);
	json_double(j, "rise", v->rise, DIGITS);
	json_double(j, "rise_by_luck", v->noise, DIGITS);
	json_u64(j, "processes", v->entity_cnt);
	json_u64(j, "linked", v->linked_cnt);
	json_end(j);
	add_pressure(j, v);
}

void verdict_json(const struct verdict *v, const struct verdict_view *view, struct buf *out)
{
	static const struct verdict_view no_view;
	struct json j;

	if (!view)
		view = &no_view;
	json_init(&j, out, true);
	json_object(&j, NULL);
	json_u64(&j, "version", 1);
	json_cstr(&j, "verdict", verdict_kind_name(v->kind));
	if (view->incident.len)
		json_str(&j, "incident", view->incident);
	else
		json_null(&j, "incident");
	json_u64(&j, "recurrences", v->recurrences);
	if (v->needed >= 0)
		json_i64(&j, "needed", v->needed);
	else
		json_null(&j, "needed");
	add_if_known(&j, "missing", v->needed >= 0, (double)(v->needed - v->recurrences));
	add_if_known(&j, "history_needed_seconds", v->history_needed_s > 0, v->history_needed_s);
	json_cstr(&j, "unit", unit_of(v));
	json_array(&j, "culprits");
	for (size_t i = 0; i < v->suspect_cnt; i++)
		add_entity(&j, NULL, v, view, &v->suspects[i],
			   i < view->path_cnt ? &view->paths[i] : NULL);
	for (size_t i = 0; i < v->victim_cnt; i++)
		add_entity(&j, NULL, v, view, &v->victims[i], NULL);
	json_end(&j);
	add_causes(&j, v);
	json_double(&j, "lost", v->lost, DIGITS);
	json_array(&j, "notes");
	for (size_t i = 0; i < v->note_cnt; i++)
		json_cstr(&j, NULL, v->notes[i]);
	json_end(&j);
	add_ground(&j, v, !view->untimed);
	if (v->explained)
		add_explanation(&j, v, view);
	json_end(&j);
	buf_addch(out, '\n');
}
