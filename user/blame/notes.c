// SPDX-License-Identifier: Apache-2.0
#include "blame/notes.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/times.h"

#define NAME_BYTES 160 /* of a name in a note */
#define NOTED_LOST 0.05
#define NOTED_NEW  0.25 /* of the history without a process makes it new */

/* A verdict that has all the notes it can hold is still a verdict. */
static int kept(int r)
{
	return r == -ENOSPC ? 0 : r;
}

static double lost_in(const struct timeline *t, const struct verdict *v, enum verdict_side side)
{
	double lost = 0, all = 0;

	for (uint32_t i = 0; i < t->window_cnt; i++) {
		const struct timeline_window *w = &t->windows[i];

		if (verdict_side(v, w->start_ns, w->length_ns) != side)
			continue;
		lost += (double)w->lost;
		all += (double)w->lost + (double)w->cnt;
	}
	return all > 0 ? lost / all : 0;
}

static int note_losses(const struct axis *a, const struct timeline *t, struct verdict *v)
{
	double inside = lost_in(t, v, SIDE_INCIDENT), outside = lost_in(t, v, SIDE_BASELINE);
	double lost = 0, all = 0;
	int r = 0;

	for (uint32_t i = 0; i < t->window_cnt; i++) {
		lost += (double)t->windows[i].lost;
		all += (double)t->windows[i].lost + (double)t->windows[i].cnt;
	}
	v->lost = all > 0 ? lost / all : 0;
	if (inside > NOTED_LOST || outside > NOTED_LOST)
		r = verdict_note(v,
				 "%.0f%% of the samples were lost during the incidents and %.0f%% "
				 "outside: levels are scaled up for it",
				 inside * 100, outside * 100);
	if (!r && a->dropped)
		r = verdict_note(v,
				 "%u windows that lost more than half of their samples were "
				 "left out",
				 a->dropped);
	if (!r && a->shared)
		r = verdict_note(v, "%u windows bear the time of another one: they were added up",
				 a->shared);
	if (!r && a->overlapping)
		r = verdict_note(v,
				 "%u windows overlap the next one; of those only the part "
				 "before it counts",
				 a->overlapping);
	return r;
}

static int note_measure(const struct axis *a, struct verdict *v)
{
	if (a->measure == MEASURE_SAMPLES)
		return verdict_note(v, "the sampling rate is unknown: levels are samples per "
				       "second, not cores");
	if (a->measure == MEASURE_SHARE)
		return verdict_note(v,
				    "some windows have no length: levels are shares of all "
				    "samples, so when one process rises the others seem to fall");
	if (!a->capacity)
		return verdict_note(v, "the number of CPUs is unknown: a rise is not compared with "
				       "the size of the node");
	return 0;
}

static int note_baseline(const struct axis *a, const struct plan *p, struct verdict *v)
{
	int r = 0;

	if (p->block_cnt < 3)
		return verdict_note(
			v,
			"the baseline has too few stretches as long as an incident: %u, "
			"want 3 or more; there is nothing to compare with",
			p->block_cnt);
	if (p->block_ns > a->typical_ns * 2 &&
	    (double)p->block_cnt * (double)p->block_ns < 0.5e9 * a->seconds_before[a->cnt])
		r = verdict_note(v, "less than half of the history is baseline: the rest is "
				    "incident, guard or gap");
	return r;
}

/* A name of kilobytes must not cost the note, nor fill it. */
static void add_name(struct buf *b, struct str name)
{
	size_t n = name.len < NAME_BYTES ? name.len : NAME_BYTES;

	while (n && n < name.len && ((unsigned char)name.p[n] & 0xc0) == 0x80)
		n--;
	text_add_clean(b, (struct str){name.p, n});
	buf_addstr(b, n < name.len ? "…" : "");
}

static int64_t first_seen(const struct timeline *t, struct str name)
{
	uint32_t e;

	if (timeline_find(t, name, &e) || !t->rows[e].first)
		return INT64_MAX;
	return t->windows[t->rows[e].first->cells[0].window].start_ns;
}

/* A process without a past has none to be judged by; short jobs are rare and not new. */
static int note_new(const struct timeline *t, struct verdict *v, const struct verdict_entity *e)
{
	int64_t seen = first_seen(t, e->name), bound;
	struct buf b;
	int r;

	bound = v->history_from_ns +
		(int64_t)(NOTED_NEW * (double)(v->history_until_ns - v->history_from_ns));
	if (seen < bound || seen == INT64_MAX || e->baseline_p90 <= 0)
		return 0;
	buf_init(&b, 4096);
	add_name(&b, e->name);
	buf_addstr(&b, " is new: first seen ");
	time_add(&b, seen);
	r = buf_error(&b);
	if (!r)
		r = verdict_note(v, "%s; of the time before nothing is known of it", b.data);
	buf_release(&b);
	return r;
}

static int note_suspect(const struct timeline *t, struct verdict *v, const struct verdict_entity *e)
{
	struct buf b;
	int r;

	/* of several causes it is said which incidents each explains */
	if (!e->linked || e->hits >= v->recurrences ||
	    (v->suspect_cnt > 1 && v->suspects[1].role == ROLE_CULPRIT))
		return note_new(t, v, e);
	buf_init(&b, 4096);
	add_name(&b, e->name);
	r = buf_error(&b);
	if (!r)
		r = verdict_note(v,
				 "%s explains %u of %u incidents: the other %u have another cause "
				 "or a wrong time",
				 b.data, e->hits, v->recurrences, v->recurrences - e->hits);
	buf_release(&b);
	return r ? r : note_new(t, v, e);
}

static int note_schedule(struct verdict *v)
{
	struct buf b;
	int r;

	if (!v->period_ns || !v->suspect_cnt)
		return 0;
	buf_init(&b, 256);
	duration_add(&b, v->period_ns);
	r = buf_error(&b);
	if (!r)
		r = verdict_note(
			v,
			"the incidents keep a clock (every %s): processes were also compared with "
			"the %u time%s of that clock without an incident",
			b.data, v->phase_cnt, v->phase_cnt == 1 ? "" : "s");
	buf_release(&b);
	return r;
}

/* Where nobody is named, what was waited for may tell more. When the CPU did not rise, the verdict's
 * first sentence says it. */
static int note_pressure(struct verdict *v)
{
	int r = 0;

	if (v->kind == VERDICT_NAMED || v->kind == VERDICT_CPU_DID_NOT_RISE)
		return 0;
	for (unsigned int i = 0; !r && i < PRESSURE_CNT; i++) {
		const struct verdict_pressure *p = &v->pressure[i];

		if (p->has_risen)
			r = verdict_note(v,
					 "%s pressure rose from %.0f%% to %.0f%% of the time in "
					 "%u of %u incidents",
					 pressure_name(i), 100 * p->baseline, 100 * p->incident,
					 p->rose, p->of);
	}
	return r;
}

int notes_add(const struct axis *a, const struct plan *p, const struct timeline *t,
	      struct verdict *v)
{
	int r = note_losses(a, t, v);

	if (!r)
		r = note_measure(a, v);
	if (!r)
		r = note_baseline(a, p, v);
	if (!r)
		r = note_schedule(v);
	if (!r)
		r = note_pressure(v);
	for (size_t i = 0; !r && i < v->suspect_cnt; i++)
		r = note_suspect(t, v, &v->suspects[i]);
	return kept(r);
}
