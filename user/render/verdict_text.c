// SPDX-License-Identifier: Apache-2.0
#include "render/verdict_text.h"

#include <inttypes.h>
#include <math.h>

#include "base/num.h"
#include "base/text.h"
#include "base/times.h"
#include "render/label.h"

#define NAME_WIDTH    28  /* of the names' column, at most */
#define LONG_NAME     100 /* of names in sentences */
#define STRIP_WIDTH   44
#define MAX_INCIDENTS 12 /* strips of one process */
#define MAX_STRIPS    2	 /* processes with strips */

static const struct verdict_view no_view;

static void add_incident(struct buf *b, const struct verdict_view *view)
{
	if (!view->incident.len) {
		buf_addstr(b, "the incident");
		return;
	}
	buf_addch(b, '\'');
	text_add_clean(b, view->incident);
	buf_addch(b, '\'');
}

/* A level without its unit. */
static void add_level(struct buf *b, const struct verdict *v, double level)
{
	double size = fabs(level);

	if (size < 0.0005) /* 0.000 looks measured */
		buf_addstr(b, v->measure == MEASURE_SHARE ? "0%" : "0");
	else if (v->measure == MEASURE_SHARE)
		buf_addf(b, "%.1f%%", level * 100);
	else
		buf_addf(b, size >= 99.95 ? "%.0f" : size >= 0.0995 ? "%.2f" : "%.3f", level);
}

static const char *unit_of(const struct verdict *v)
{
	switch (v->measure) {
	case MEASURE_CORES:
		return " cores";
	case MEASURE_SAMPLES:
		return " samples/s";
	case MEASURE_SHARE:
		break;
	}
	return " of all samples";
}

/* "+1.42 cores (0.02 → 1.44) in 5 of 5 recurrences" */
static void add_change(struct buf *b, const struct verdict *v, const struct verdict_entity *e)
{
	if (e->delta >= 0)
		buf_addch(b, '+');
	add_level(b, v, e->delta);
	buf_addstr(b, unit_of(v));
	buf_addstr(b, " (");
	add_level(b, v, e->baseline);
	buf_addstr(b, " → ");
	add_level(b, v, e->incident);
	buf_addf(b, ") in %" PRIu32 " of %" PRIu32 " recurrences", e->hits, v->recurrences);
}

static void head_shortlist(const struct verdict *v, const struct verdict_view *view, struct buf *b)
{
	if (v->suspect_cnt == 1) {
		label_add(b, v->suspects[0].name, LONG_NAME);
		buf_addstr(b, " is tied to ");
		add_incident(b, view);
		buf_addstr(b, ", but not surely its cause: ");
		add_change(b, v, &v->suspects[0]);
		return;
	}
	buf_addf(b, "one of %zu processes is behind ", v->suspect_cnt);
	add_incident(b, view);
	buf_addstr(b, ": ");
	for (size_t i = 0; i < v->suspect_cnt; i++) {
		buf_addstr(b, i ? ", " : "");
		label_add(b, v->suspects[i].name, LONG_NAME);
	}
}

static void head_schedule(const struct verdict *v, const struct verdict_view *view, struct buf *b)
{
	add_incident(b, view);
	buf_addstr(b, " keeps a clock");
	if (v->period_ns) {
		buf_addstr(b, " (every ");
		duration_add(b, v->period_ns);
		buf_addch(b, ')');
	}
	if (v->suspect_cnt) {
		buf_addstr(b, " and so does ");
		label_add(b, v->suspects[0].name, LONG_NAME);
	}
	buf_addstr(b, ": that it is busy then does not show that it is the cause");
}

static void head_need_more(const struct verdict *v, const struct verdict_view *view, struct buf *b)
{
	int64_t missing = v->needed - (int64_t)v->recurrences;

	if (!v->block_cnt) {
		buf_addstr(b, "nothing to compare ");
		add_incident(b, view);
		buf_addstr(b, " with: the history holds too little time outside of it");
	} else if (v->needed < 0) {
		buf_addstr(b, "nothing is tied to ");
		add_incident(b, view);
		buf_addstr(b, ", and more recurrences alone would not change that");
	} else {
		buf_addf(b, "%" PRId64 " more recurrence%s of ", missing, missing == 1 ? "" : "s");
		add_incident(b, view);
		buf_addf(b, " %s needed to name a process (%" PRId64 " in all)",
			 missing == 1 ? "is" : "are", v->needed);
	}
	if (v->suspect_cnt) {
		buf_addstr(b, "; so far ");
		label_add(b, v->suspects[0].name, LONG_NAME);
		buf_addstr(b, " leads");
	}
}

void verdict_headline(const struct verdict *v, const struct verdict_view *view, struct buf *out)
{
	if (!view)
		view = &no_view;
	switch (v->kind) {
	case VERDICT_NAMED:
		label_add(out, v->suspects[0].name, LONG_NAME);
		buf_addstr(out, " is behind ");
		add_incident(out, view);
		buf_addstr(out, ": ");
		add_change(out, v, &v->suspects[0]);
		break;
	case VERDICT_SHORTLIST:
		head_shortlist(v, view, out);
		break;
	case VERDICT_SCHEDULE_CONFOUNDED:
		head_schedule(v, view, out);
		break;
	case VERDICT_CPU_DID_NOT_RISE:
		buf_addstr(out, "no process took more CPU than usual during ");
		add_incident(out, view);
		buf_addstr(out, ": its cause is probably not CPU on this machine");
		break;
	case VERDICT_NEED_MORE:
		head_need_more(v, view, out);
		break;
	}
	if (v->victim_cnt) {
		buf_addstr(out, "; ");
		label_add(out, v->victims[0].name, LONG_NAME);
		buf_addstr(out, " lost CPU");
	}
}

static void add_padded(struct buf *b, struct str name, size_t width)
{
	size_t n = text_width(name);

	label_add(b, name, width);
	for (; n < width; n++)
		buf_addch(b, ' ');
}

static void add_level_padded(struct buf *b, const struct verdict *v, double level, size_t width)
{
	struct buf text;

	buf_init(&text, 64);
	add_level(&text, v, level);
	buf_addf(b, "%*s", (int)width, buf_error(&text) ? "?" : text.data);
	buf_release(&text);
}

static void widen(size_t *width, struct str name)
{
	size_t n = text_width(name);

	if (n > *width)
		*width = n < NAME_WIDTH ? n : NAME_WIDTH;
}

/* One width for all tables, so that their columns line up. */
static size_t name_width(const struct verdict *v, struct str key)
{
	size_t width = 0;

	widen(&width, key);
	for (size_t i = 0; i < v->suspect_cnt; i++)
		widen(&width, v->suspects[i].name);
	for (size_t i = 0; i < v->victim_cnt; i++)
		widen(&width, v->victims[i].name);
	return width;
}

static struct str key_of(const struct verdict_view *view)
{
	return view->key.len ? view->key : STR_LIT("process");
}

static void add_luck(struct buf *b, double e_false)
{
	if (e_false < 0.0001)
		buf_addstr(b, "<0.0001");
	else
		num_add_double(b, e_false, 2);
}

static void add_table(struct buf *b, const struct verdict *v, const struct verdict_view *view)
{
	struct str key = key_of(view);
	size_t width = name_width(v, key);

	if (!v->suspect_cnt)
		return;
	buf_addstr(b, "\n  ");
	add_padded(b, key, width);
	buf_addf(b, " %9s %9s  %-22s %5s %6s  %s\n", "incident", "baseline", "rise [95% interval]",
		 "hits", "sure", "by luck");
	for (size_t i = 0; i < v->suspect_cnt; i++) {
		const struct verdict_entity *e = &v->suspects[i];
		struct buf rise;

		buf_addstr(b, "  ");
		add_padded(b, e->name, width);
		add_level_padded(b, v, e->incident, 10);
		add_level_padded(b, v, e->baseline, 10);
		buf_init(&rise, 256);
		buf_addch(&rise, '+');
		add_level(&rise, v, e->delta);
		buf_addstr(&rise, " [");
		add_level(&rise, v, e->delta_low);
		buf_addstr(&rise, ", ");
		add_level(&rise, v, e->delta_high);
		buf_addch(&rise, ']');
		buf_addf(b, "  %-22s %2" PRIu32 "/%-2" PRIu32 " %5.1f%%  ",
			 buf_error(&rise) ? "?" : rise.data, e->hits, v->recurrences,
			 e->posterior * 100);
		buf_release(&rise);
		add_luck(b, e->e_false);
		if (e->role == ROLE_REACTS)
			buf_addstr(b, "  reacts");
		else if (e->tie_group)
			buf_addf(b, "  tie %c", (int)('A' + (e->tie_group - 1) % 26));
		else if (e->clock_shared)
			buf_addstr(b, "  shares the clock");
		buf_addch(b, '\n');
	}
	buf_addf(b,
		 "  levels%s; sure: chance that it is the cause; by luck: innocent processes that "
		 "would look like this\n",
		 v->measure == MEASURE_CORES	 ? " in cores"
		 : v->measure == MEASURE_SAMPLES ? " in samples per second"
						 : " as shares of all samples");
}

static void add_evidence(struct buf *b, const struct verdict *v, const struct verdict_entity *e)
{
	buf_addstr(b, "\n  ");
	label_add(b, e->name, LONG_NAME);
	if (e->flat)
		buf_addf(b, " was never that busy in %" PRIu32 " stretches of ", v->block_cnt);
	else
		buf_addf(b,
			 e->f < 0.1 ? " is that busy in %.2g%% of %" PRIu32 " stretches of "
				    : " is that busy in %.0f%% of %" PRIu32 " stretches of ",
			 e->f * 100, v->block_cnt);
	duration_add(b, v->block_ns);
	buf_addstr(b, " outside the incidents.\n");
	if (e->runs < e->hits)
		buf_addf(b,
			 "  It was busy all the time between some incidents: they count as %" PRIu32
			 ".\n",
			 e->runs);
}

/* When it rose, against the marked start and against others. */
static void add_direction(struct buf *b, const struct verdict *v, const struct verdict_entity *e)
{
	const struct verdict_direction *d = &e->direction;

	if (!d->timed)
		return;
	buf_addf(b,
		 "  Its rise begins %.3g s %s the marked start (mean of %" PRIu32 " of %" PRIu32
		 ")",
		 fabs(d->lag_s), d->lag_s < 0 ? "before" : "after", d->timed, v->recurrences);
	if (d->after == DIRECTION_AFTER_ENTITY && e->after.len) {
		buf_addf(b, ", %.3g s after that of ", d->behind_s);
		label_add(b, e->after, LONG_NAME);
	} else if (d->after == DIRECTION_AFTER_VICTIMS) {
		buf_addf(b, ", %.3g s after the victims lost CPU", d->behind_s);
	} else if (d->loss_timed && d->after_loss < -1) {
		buf_addstr(b, ", before the victims lost CPU");
	}
	buf_addstr(b, ".\n");
}

static size_t column(double level, double top)
{
	double at = top > 0 ? level / top * (STRIP_WIDTH - 1) + 0.5 : 0;

	return at < 0 ? 0 : at > STRIP_WIDTH - 1 ? STRIP_WIDTH - 1 : (size_t)at;
}

static bool same_day(const struct verdict *v)
{
	const int64_t day = 86400 * (int64_t)NSEC_PER_SEC;

	for (uint32_t k = 1; k < v->recurrences; k++)
		if (v->incidents[k].from_ns / day != v->incidents[0].from_ns / day)
			return false;
	return true;
}

/* The date of a time, or what comes behind it. */
static void add_part_of_time(struct buf *b, int64_t ns, bool date)
{
	struct buf text;
	struct str part, rest;

	buf_init(&text, 64);
	time_add(&text, ns);
	rest = buf_str(&text);
	(void)str_split(&rest, 'T', &part);
	part = date ? part : rest;
	buf_add(b, part.p, part.len);
	buf_release(&text);
}

static void add_strip_head(struct buf *b, const struct verdict *v, const struct verdict_entity *e,
			   bool one_day)
{
	buf_addstr(b, "\n  ");
	label_add(b, e->name, LONG_NAME);
	buf_addstr(b, ", incident by incident");
	if (one_day) {
		buf_addstr(b, " on ");
		add_part_of_time(b, v->incidents[0].from_ns, true);
	}
	buf_addstr(b, " (* busy, o not; = its usual range, | its median):\n");
}

/* One line an incident: where its level lies on the band of the baseline. */
static void add_strip(struct buf *b, const struct verdict *v, const struct verdict_view *view,
		      const struct verdict_entity *e)
{
	bool one_day = !view->untimed && same_day(v);
	double top = e->baseline_p90;
	char bar[STRIP_WIDTH + 1];

	for (uint32_t k = 0; k < v->recurrences; k++)
		if (e->levels[k] > top)
			top = e->levels[k];
	add_strip_head(b, v, e, one_day);
	for (uint32_t k = 0; k < v->recurrences && k < MAX_INCIDENTS; k++) {
		for (size_t i = 0; i < STRIP_WIDTH; i++)
			bar[i] = i >= column(e->baseline_p10, top) &&
						 i <= column(e->baseline_p90, top)
					 ? '='
					 : ' ';
		bar[STRIP_WIDTH] = '\0';
		bar[column(e->baseline, top)] = '|';
		bar[column(e->levels[k], top)] = e->hit[k] ? '*' : 'o';
		buf_addstr(b, "    ");
		if (view->untimed)
			buf_addf(b, "#%-3" PRIu32, k + 1);
		else if (one_day)
			add_part_of_time(b, v->incidents[k].from_ns, false);
		else
			time_add(b, v->incidents[k].from_ns);
		add_level_padded(b, v, e->levels[k], 9);
		buf_addf(b, "  [%s]\n", bar);
	}
	if (v->recurrences > MAX_INCIDENTS)
		buf_addf(b, "    … and %" PRIu32 " more\n", v->recurrences - MAX_INCIDENTS);
}

static void add_path(struct buf *b, const struct verdict_view *view, size_t i)
{
	if (i >= view->path_cnt || !view->paths[i].cnt)
		return;
	buf_addstr(b, "  hot path: ");
	for (size_t f = 0; f < view->paths[i].cnt; f++) {
		buf_addstr(b, f ? " > " : "");
		text_add_clean(b, view->paths[i].frames[f]);
	}
	buf_addch(b, '\n');
}

static void add_victims(struct buf *b, const struct verdict *v, const struct verdict_view *view)
{
	size_t width = name_width(v, key_of(view));

	if (!v->victim_cnt)
		return;
	buf_addstr(b, "\n  lost CPU during the incidents:\n");
	for (size_t i = 0; i < v->victim_cnt; i++) {
		const struct verdict_entity *e = &v->victims[i];

		buf_addstr(b, "  ");
		add_padded(b, e->name, width);
		add_level_padded(b, v, e->incident, 10);
		add_level_padded(b, v, e->baseline, 10);
		buf_addstr(b, "  ");
		add_level(b, v, e->delta);
		buf_addstr(b, unit_of(v));
		buf_addch(b, '\n');
	}
}

static void add_ground(struct buf *b, const struct verdict *v)
{
	buf_addf(b,
		 "\n  looked at: %" PRIu32 " recurrence%s, %" PRIu32 " processes, %" PRIu32
		 " baseline stretch%s of ",
		 v->recurrences, v->recurrences == 1 ? "" : "s", v->entity_cnt, v->block_cnt,
		 v->block_cnt == 1 ? "" : "es");
	duration_add(b, v->block_ns);
	buf_addstr(b, ";\n  ");
	if (v->guard_ns >= NSEC_PER_SEC / 1000) {
		buf_addstr(b, "left out beside each incident: ");
		duration_add(b, v->guard_min_ns);
	}
	if (v->guard_ns != v->guard_min_ns) {
		buf_addstr(b, " to ");
		duration_add(b, v->guard_ns);
	}
	buf_addstr(b, v->guard_ns >= NSEC_PER_SEC / 1000 ? "; the node: " : "the node: ");
	if (v->block_cnt) {
		add_level(b, v, v->node_baseline);
		buf_addstr(b, " → ");
	}
	add_level(b, v, v->node_incident);
	buf_addstr(b, unit_of(v));
	if (v->capacity > 0 && v->measure == MEASURE_CORES)
		buf_addf(b, " of %.4g", v->capacity);
	buf_addch(b, '\n');
	for (size_t i = 0; i < v->note_cnt; i++) {
		buf_addstr(b, "  note: ");
		text_add_clean(b, str_of(v->notes[i]));
		buf_addch(b, '\n');
	}
}

static void next_need_more(struct buf *b, const struct verdict *v)
{
	if (!v->block_cnt)
		buf_addstr(b, "keep more history before and after, or mark the incidents more "
			      "exactly");
	else if (v->needed < 0)
		buf_addstr(b, "the leading process is busy most of the time anyway: look at what "
			      "else changed, or mark\n  the incidents more exactly");
	else
		buf_addstr(b, "mark the next recurrence (culprit mark) and ask again");
	if (v->history_needed_s > 0) {
		buf_addf(b, "; or keep\n  more history: with the recurrences at hand ");
		duration_add(b, (uint64_t)ceil(v->history_needed_s / 60) * 60 * NSEC_PER_SEC);
		buf_addstr(b, " of baseline would do (now ");
		duration_add(b, (uint64_t)v->baseline_s * NSEC_PER_SEC);
		buf_addch(b, ')');
	}
}

static void add_next(struct buf *b, const struct verdict *v)
{
	buf_addstr(b, "\n  next: ");
	switch (v->kind) {
	case VERDICT_NAMED:
		buf_addstr(b, "look at its flame graph, then stop, delay or limit it once and see "
			      "whether the incident stays away");
		break;
	case VERDICT_SHORTLIST:
		buf_addf(b,
			 "at the next recurrence throttle %s and see whether the incident "
			 "stays away;\n  %s may only react to it",
			 v->suspect_cnt == 1 ? "it" : "one of them",
			 v->suspect_cnt == 1 ? "it" : "some");
		break;
	case VERDICT_SCHEDULE_CONFOUNDED:
		buf_addstr(b, "move the job to another minute once: if the incident moves with it, "
			      "it is the cause; or wait for\n  an incident off the schedule");
		break;
	case VERDICT_CPU_DID_NOT_RISE:
		buf_addstr(b, "look at waiting instead of running: disk, locks, network, memory "
			      "pressure (PSI), another node");
		break;
	case VERDICT_NEED_MORE:
		next_need_more(b, v);
		break;
	}
	buf_addch(b, '\n');
}

void verdict_text(const struct verdict *v, const struct verdict_view *view, struct buf *out)
{
	if (!view)
		view = &no_view;
	verdict_headline(v, view, out);
	buf_addch(out, '\n');
	add_table(out, v, view);
	for (size_t i = 0; i < v->suspect_cnt && i < MAX_STRIPS; i++) {
		add_evidence(out, v, &v->suspects[i]);
		if (!view->untimed)
			add_direction(out, v, &v->suspects[i]);
		add_path(out, view, i);
		add_strip(out, v, view, &v->suspects[i]);
		if (v->kind == VERDICT_NAMED)
			break;
	}
	add_victims(out, v, view);
	add_ground(out, v);
	add_next(out, v);
}
