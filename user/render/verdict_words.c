// SPDX-License-Identifier: Apache-2.0
#include "render/verdict_words.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "base/times.h"
#include "render/label.h"

#define LONG_NAME    100 /* of names in sentences */
#define SURE_OF_LUCK 0.0001

static const struct verdict_view no_view;

void verdict_add_incident(struct buf *b, const struct verdict_view *view)
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
void verdict_add_level(struct buf *b, const struct verdict *v, double level)
{
	double size = fabs(level);

	if (size < 0.0005) /* 0.000 looks measured */
		buf_addstr(b, v->measure == MEASURE_SHARE ? "0%" : "0");
	else if (v->measure == MEASURE_SHARE)
		buf_addf(b, "%.1f%%", level * 100);
	else
		buf_addf(b, size >= 99.95 ? "%.0f" : size >= 0.0995 ? "%.2f" : "%.3f", level);
}

const char *verdict_unit(const struct verdict *v)
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

const char *verdict_unit_words(const struct verdict *v)
{
	switch (v->measure) {
	case MEASURE_CORES:
		return " in cores";
	case MEASURE_SAMPLES:
		return " in samples per second";
	case MEASURE_SHARE:
		break;
	}
	return " as shares of all samples";
}

/* "+1.42 cores (0.02 → 1.44) in 5 of 5 recurrences" */
static void add_change(struct buf *b, const struct verdict *v, const struct verdict_entity *e)
{
	if (e->delta >= 0)
		buf_addch(b, '+');
	verdict_add_level(b, v, e->delta);
	buf_addstr(b, verdict_unit(v));
	buf_addstr(b, " (");
	verdict_add_level(b, v, e->baseline);
	buf_addstr(b, " → ");
	verdict_add_level(b, v, e->incident);
	buf_addf(b, ") in %" PRIu32 " of %" PRIu32 " recurrences", e->hits, v->recurrences);
}

/* "; 2 of 5 are open", and who leads there. */
static void add_open(struct buf *b, const struct verdict *v)
{
	if (!v->open_cnt)
		return;
	buf_addf(b, "; %" PRIu32 " of %" PRIu32 " %s open", v->open_cnt, v->recurrences,
		 v->open_cnt == 1 ? "is" : "are");
	if (!v->open_leader.len)
		return;
	buf_addstr(b, ", where ");
	label_add(b, v->open_leader, LONG_NAME);
	buf_addstr(b, " leads");
}

static void head_named(const struct verdict *v, const struct verdict_view *view, struct buf *b)
{
	if (v->cause_cnt < 2) {
		label_add(b, v->suspects[0].name, LONG_NAME);
		buf_addstr(b, " is behind ");
		verdict_add_incident(b, view);
		buf_addstr(b, ": ");
		add_change(b, v, &v->suspects[0]);
		add_open(b, v);
		return;
	}
	for (size_t i = 0; i < v->cause_cnt; i++) {
		const struct verdict_entity *e = &v->suspects[v->causes[i].suspect];

		buf_addstr(b, i ? "; " : "");
		label_add(b, e->name, LONG_NAME);
		buf_addf(b, " explains %" PRIu32 " of %" PRIu32, e->hits, v->recurrences);
		if (!i) {
			buf_addstr(b, " recurrences of ");
			verdict_add_incident(b, view);
		}
		buf_addstr(b, " (+");
		verdict_add_level(b, v, e->delta);
		buf_addf(b, "%s)", verdict_unit(v));
	}
	add_open(b, v);
}

static void head_shortlist(const struct verdict *v, const struct verdict_view *view, struct buf *b)
{
	if (v->suspect_cnt == 1) {
		label_add(b, v->suspects[0].name, LONG_NAME);
		buf_addstr(b, " is tied to ");
		verdict_add_incident(b, view);
		buf_addstr(b, ", but not surely its cause: ");
		add_change(b, v, &v->suspects[0]);
		return;
	}
	buf_addf(b, "one of %zu processes is behind ", v->suspect_cnt);
	verdict_add_incident(b, view);
	buf_addstr(b, ": ");
	for (size_t i = 0; i < v->suspect_cnt; i++) {
		buf_addstr(b, i ? ", " : "");
		label_add(b, v->suspects[i].name, LONG_NAME);
	}
}

static void head_schedule(const struct verdict *v, const struct verdict_view *view, struct buf *b)
{
	verdict_add_incident(b, view);
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
		verdict_add_incident(b, view);
		buf_addstr(b, " with: the history holds too little time outside of it");
	} else if (v->needed < 0) {
		buf_addstr(b, "nothing is tied to ");
		verdict_add_incident(b, view);
		buf_addstr(b, ", and more recurrences alone would not change that");
	} else {
		buf_addf(b, "%" PRId64 " more recurrence%s of ", missing, missing == 1 ? "" : "s");
		verdict_add_incident(b, view);
		buf_addf(b, " %s needed to name a process (%" PRId64 " in all)",
			 missing == 1 ? "is" : "are", v->needed);
	}
	if (v->suspect_cnt) {
		buf_addstr(b, "; so far ");
		label_add(b, v->suspects[0].name, LONG_NAME);
		buf_addstr(b, " leads");
	}
}

/* Who takes no CPU may make others wait. False when nothing is known to have risen. */
static bool head_pressure(const struct verdict *v, struct buf *out)
{
	static const char *const why[PRESSURE_CNT] = {
		[PRESSURE_CPU] = "somebody waits for a CPU, as under a quota",
		[PRESSURE_IO] = "the culprit waits for disks, or makes others wait",
		[PRESSURE_MEMORY] = "memory is short",
	};
	static const enum pressure_resource order[] = {PRESSURE_MEMORY, PRESSURE_IO, PRESSURE_CPU};
	bool any = false;

	/* who is short of memory reads much, too: that is then the effect */
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		const struct verdict_pressure *p = &v->pressure[order[i]];

		if (!p->has_risen || (any && order[i] == PRESSURE_CPU))
			continue;
		buf_addf(out, "%s%s pressure rose from %.0f%% to %.0f%% of the time in %u of %u",
			 any ? ", and " : ", but ", pressure_name(order[i]), 100 * p->baseline,
			 100 * p->incident, p->rose, p->of);
		buf_addf(out, ": %s", why[order[i]]);
		any = true;
	}
	return any;
}

void verdict_headline(const struct verdict *v, const struct verdict_view *view, struct buf *out)
{
	if (!view)
		view = &no_view;
	switch (v->kind) {
	case VERDICT_NAMED:
		head_named(v, view, out);
		break;
	case VERDICT_SHORTLIST:
		head_shortlist(v, view, out);
		break;
	case VERDICT_SCHEDULE_CONFOUNDED:
		head_schedule(v, view, out);
		break;
	case VERDICT_CPU_DID_NOT_RISE:
		buf_addstr(out, "no process took more CPU than usual during ");
		verdict_add_incident(out, view);
		if (!head_pressure(v, out))
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

void verdict_add_luck(struct buf *b, double e_false)
{
	if (e_false < SURE_OF_LUCK)
		buf_addstr(b, "<0.0001");
	else
		num_add_double(b, e_false, 2);
}

/* 1640 -> 1,600: two digits are what an estimate is worth. */
static void add_about(struct buf *b, double v)
{
	double unit = pow(10, floor(log10(v)) - 1);
	uint64_t n = (uint64_t)(floor(v / unit) * unit + 0.001);

	if (n >= 1000)
		buf_addf(b, "%" PRIu64 ",%03" PRIu64, n / 1000, n % 1000);
	else
		buf_addf(b, "%" PRIu64, n);
}

void verdict_add_luck_words(struct buf *b, const struct verdict *v, const struct verdict_entity *e)
{
	double e_false = e->e_false;

	if (v->entity_cnt < 2) {
		buf_addstr(b, "There is no other process that it could be confused with.");
		return;
	}
	if (e_false >= 0.5) {
		buf_addf(b, "Of %" PRIu32 " processes, ", v->entity_cnt);
		num_add_double(b, e_false, 2);
		buf_addstr(b, " innocent ones would be as busy in as many recurrences by luck "
			      "alone: that means nothing.");
		return;
	}
	buf_addf(b, "One of the %" PRIu32 " processes here would match so well by luck alone ",
		 v->entity_cnt);
	if (e_false < SURE_OF_LUCK) {
		buf_addstr(b, "less than once in 10,000 cases like this.");
	} else {
		buf_addstr(b, "at most once in ");
		add_about(b, 1 / e_false);
		buf_addstr(b, " cases like this.");
	}
}

void verdict_add_p(struct buf *b, const struct verdict *v, const struct verdict_entity *e)
{
	uint32_t as_much;

	if (!e->place_cnt || isnan(e->p_adj)) {
		buf_addstr(b, "No p-value: the history has no room to move the incidents to other "
			      "times.");
		return;
	}
	as_much = (uint32_t)lround(e->p_adj * (e->place_cnt + 1.0) - 1);
	buf_addf(b, "Of %" PRIu32 " other times for the incidents, ", e->place_cnt);
	if (!as_much)
		buf_addstr(b, "none shows anybody");
	else
		buf_addf(b,
			 as_much == 1 ? "%" PRIu32 " shows somebody" : "%" PRIu32 " show somebody",
			 as_much);
	buf_addstr(b, " who stands out as much: p = ");
	num_add_double(b, e->p_adj, 2);
	buf_addstr(b, " (it cannot be below ");
	num_add_double(b, 1 / (e->place_cnt + 1.0), 2);
	buf_addstr(b, ").");
}

void verdict_add_rarity(struct buf *b, const struct verdict *v, const struct verdict_entity *e)
{
	label_add(b, e->name, LONG_NAME);
	if (e->flat)
		buf_addf(b, " was never that busy in %" PRIu32 " stretches of ", v->block_cnt);
	else
		buf_addf(b,
			 e->f < 0.1 ? " is that busy in %.2g%% of %" PRIu32 " stretches of "
				    : " is that busy in %.0f%% of %" PRIu32 " stretches of ",
			 e->f * 100, v->block_cnt);
	duration_add(b, v->block_ns);
	buf_addstr(b, " outside the incidents.");
}

void verdict_add_runs(struct buf *b, const struct verdict_entity *e)
{
	if (e->runs < e->hits)
		buf_addf(b,
			 "It was busy all the time between some incidents: they count as %" PRIu32
			 ".",
			 e->runs);
}

void verdict_add_part(struct buf *b, const struct verdict *v, size_t suspect)
{
	for (size_t i = 0; i < v->cause_cnt; i++) {
		const struct verdict_cause *c = &v->causes[i];

		if (c->suspect != suspect || c->judged >= v->recurrences)
			continue;
		buf_addf(b,
			 "It is judged by the %" PRIu32 " of %" PRIu32
			 " recurrences that nobody else explains; its luck is counted for each "
			 "choice of so many.",
			 c->judged, v->recurrences);
	}
}

/* When it rose, against the marked start and against others. */
void verdict_add_order(struct buf *b, const struct verdict *v, const struct verdict_entity *e)
{
	const struct verdict_direction *d = &e->direction;

	if (!d->timed)
		return;
	buf_addf(b,
		 "Its rise begins %.3g s %s the marked start (mean of %" PRIu32 " of %" PRIu32 ")",
		 fabs(d->lag_s), d->lag_s < 0 ? "before" : "after", d->timed, v->recurrences);
	if (d->after == DIRECTION_AFTER_ENTITY && e->after.len) {
		buf_addf(b, ", %.3g s after that of ", d->behind_s);
		label_add(b, e->after, LONG_NAME);
	} else if (d->after == DIRECTION_AFTER_VICTIMS) {
		buf_addf(b, ", %.3g s after the victims lost CPU", d->behind_s);
	} else if (d->loss_timed && d->after_loss < -1) {
		buf_addstr(b, ", before the victims lost CPU");
	}
	buf_addch(b, '.');
}

bool verdict_one_day(const struct verdict *v, const struct verdict_view *view)
{
	const int64_t day = 86400 * (int64_t)NSEC_PER_SEC;

	for (uint32_t k = 1; k < v->recurrences; k++)
		if (v->incidents[k].from_ns / day != v->incidents[0].from_ns / day)
			return false;
	return !view->untimed;
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

void verdict_add_date(struct buf *b, int64_t ns)
{
	add_part_of_time(b, ns, true);
}

void verdict_add_clock(struct buf *b, int64_t ns)
{
	add_part_of_time(b, ns, false);
}

void verdict_add_places(struct buf *b, const struct verdict_view *view, size_t suspect)
{
	const struct where *at;

	if (suspect >= view->place_cnt)
		return;
	at = &view->places[suspect];
	for (size_t i = 0; i < at->cnt; i++) {
		buf_addstr(b, i ? ", " : "");
		if (at->items[i].name.len)
			label_add(b, at->items[i].name, LONG_NAME);
		else
			buf_addstr(b, "a place that was not recorded");
		if (at->cnt + at->more > 1)
			buf_addf(b, " (%.0f%%)", at->items[i].share * 100);
	}
	if (at->more)
		buf_addf(b, " and %zu more", at->more);
}

void verdict_add_mark(struct buf *b, const struct verdict_entity *e)
{
	if (e->role == ROLE_REACTS)
		buf_addstr(b, "reacts");
	else if (e->tie_group)
		buf_addf(b, "tie %c", (int)('A' + (e->tie_group - 1) % 26));
	else if (e->clock_shared)
		buf_addstr(b, "shares the clock");
}

void verdict_add_rest(struct buf *b, const struct verdict *v)
{
	double rest = 1;

	if (v->cause_cnt > 1) {
		buf_addstr(b, "Each cause is judged by the recurrences that the others leave; "
			      "who else is listed, by all of them.");
		return;
	}
	for (size_t i = 0; i < v->suspect_cnt; i++)
		rest -= v->suspects[i].posterior;
	rest = rest > 0 ? rest * 100 : 0;
	if (v->linked_cnt > v->suspect_cnt)
		buf_addf(b, "%zu more %s tied to the recurrences but unlikely to be the cause. ",
			 v->linked_cnt - v->suspect_cnt,
			 v->linked_cnt - v->suspect_cnt == 1 ? "process is" : "processes are");
	else if (v->linked_cnt)
		buf_addstr(b, "Nothing else is tied to the recurrences by more than luck. ");
	buf_addf(b,
		 rest < 0.05 ? "Less than 0.1%% is left for"
		 : rest < 10 ? "%.1f%% is left for"
			     : "%.0f%% is left for",
		 rest);
	buf_addstr(b, " what is not listed: other processes, and what CPU samples cannot show "
		      "(waiting for disk, locks or the network, another machine, the hypervisor).");
}

void verdict_add_ground(struct buf *b, const struct verdict *v, const char *brk)
{
	buf_addf(b,
		 "%" PRIu32 " recurrence%s, %" PRIu32 " processes, %" PRIu32
		 " baseline stretch%s of ",
		 v->recurrences, v->recurrences == 1 ? "" : "s", v->entity_cnt, v->block_cnt,
		 v->block_cnt == 1 ? "" : "es");
	duration_add(b, v->block_ns);
	buf_addf(b, ";%s", brk);
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
		verdict_add_level(b, v, v->node_baseline);
		buf_addstr(b, " → ");
	}
	verdict_add_level(b, v, v->node_incident);
	buf_addstr(b, verdict_unit(v));
	if (v->capacity > 0 && v->measure == MEASURE_CORES)
		buf_addf(b, " of %.4g", v->capacity);
}

static void next_need_more(struct buf *b, const struct verdict *v, const char *brk)
{
	if (!v->block_cnt)
		buf_addstr(b, "keep more history before and after, or mark the incidents more "
			      "exactly");
	else if (v->needed < 0)
		buf_addf(b,
			 "the leading process is busy most of the time anyway: look at what else "
			 "changed, or mark%sthe incidents more exactly",
			 brk);
	else
		buf_addstr(b, "mark the next recurrence (culprit mark) and ask again");
	if (v->history_needed_s > 0) {
		buf_addf(b, "; or keep%smore history: with the recurrences at hand ", brk);
		duration_add(b, (uint64_t)ceil(v->history_needed_s / 60) * 60 * NSEC_PER_SEC);
		buf_addstr(b, " of baseline would do (now ");
		duration_add(b, (uint64_t)v->baseline_s * NSEC_PER_SEC);
		buf_addch(b, ')');
	}
}

void verdict_add_next(struct buf *b, const struct verdict *v, const char *brk)
{
	switch (v->kind) {
	case VERDICT_NAMED:
		if (v->cause_cnt > 1) {
			buf_addf(b,
				 "look at their flame graphs, then stop, delay or limit one of "
				 "them and see whether%sits recurrences stay away",
				 brk);
			break;
		}
		buf_addstr(b, "look at its flame graph, then stop, delay or limit it once and see "
			      "whether the incident stays away");
		break;
	case VERDICT_SHORTLIST:
		buf_addf(b,
			 "at the next recurrence throttle %s and see whether the incident "
			 "stays away;%s%s may only react to it",
			 v->suspect_cnt == 1 ? "it" : "one of them", brk,
			 v->suspect_cnt == 1 ? "it" : "some");
		break;
	case VERDICT_SCHEDULE_CONFOUNDED:
		buf_addf(
			b,
			"move the job to another minute once: if the incident moves with it, it is "
			"the cause; or wait for%san incident off the schedule",
			brk);
		break;
	case VERDICT_CPU_DID_NOT_RISE:
		buf_addstr(b, "look at waiting instead of running: disk, locks, network, memory "
			      "pressure (PSI), another node");
		break;
	case VERDICT_NEED_MORE:
		next_need_more(b, v, brk);
		break;
	}
}

/* Of names that a shell takes as they are. */
static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isalnum((unsigned char)s.p[i]) && !strchr("@_.:-", s.p[i]))
			return false;
	return s.len > 0 && s.p[0] != '-';
}

static bool is_service(struct str s)
{
	static const struct str end = STR_LIT(".service");

	return s.len > end.len && !memcmp(s.p + s.len - end.len, end.p, end.len);
}

void verdict_add_command(struct buf *b, const struct verdict *v, const struct verdict_view *view)
{
	const struct where *at = view->places;
	struct str place;

	if (!v->suspect_cnt || !view->place_cnt || at->cnt != 1 || at->more ||
	    (v->kind != VERDICT_NAMED && v->kind != VERDICT_SHORTLIST))
		return;
	place = at->items[0].name;
	if (is_service(place) && is_plain(place))
		buf_addf(b, "systemctl set-property --runtime %.*s CPUQuota=20%%", (int)place.len,
			 place.p);
}

void verdict_add_assumptions(struct buf *b, const struct verdict *v,
			     const struct verdict_view *view)
{
	buf_addstr(b,
		   "an incident's marks are right to within a window or so; a process behaves in "
		   "the baseline as it would have without the incident");
	if (v->measure == MEASURE_CORES)
		buf_addstr(b, "; a sample stands for the CPU time between two samples");
	if (view->untimed)
		buf_addstr(b,
			   "; the files are independent of one another, their order means nothing");
	buf_addstr(b, "; 20% is kept for a cause that no sample shows, the rest is shared by the "
		      "processes before anything is known of them");
}
