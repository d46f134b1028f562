// SPDX-License-Identifier: Apache-2.0
#include "evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "diff/replicates.h"
#include "model/builder.h"
#include "model/entity.h"
#include "model/restamp.h"
#include "model/timeline.h"
#include "store/store.h"
#include "evidence_far.h"
#include "evidence_log.h"
#include "pyroscope.h"
#include "tool.h"

#define MAX_FILE_WINDOWS  100000
#define MAX_REPLICATES	  300
#define MIN_REPLICATES	  100
#define MAX_STORE_WINDOWS 3000 /* of the baseline, for what is shown of stacks */

/* A history in which nothing is to be blamed is a wrong option, not an answer. */
static int check_entities(const struct evidence *e, const struct evidence_query *q, struct err *err)
{
	char none[160];

	if (!e->timeline->window_cnt)
		return 0; /* blame_run() says so */
	if (!e->timeline->entity_cnt)
		return err_set(err, ENODATA, "no series of the history is accepted by --match");
	(void)snprintf(none, sizeof(none), "[no %s]", q->group_key);
	if (e->timeline->entity_cnt == 1 && str_eq(timeline_name(e->timeline, 0), str_of(none)))
		return err_set(err, ENODATA,
			       "--group-by %s: no series of the history has this label (culprit ls "
			       "shows the labels)",
			       q->group_key);
	return 0;
}

/* Gives the series the label by which they are grouped, where it is made of others. */
static int label_entities(const struct evidence *e, struct profile **p)
{
	struct profile *labelled;
	int r;

	if (!entity_is_derived(str_of(e->group_key)))
		return 0;
	r = entity_label(*p, str_of(e->group_key), &labelled);
	if (r)
		return r;
	profile_free(*p);
	*p = labelled;
	return 0;
}

/* ---- from a store ---- */

int evidence_add(struct evidence *e, struct time_range range)
{
	struct blame_incident *grown =
		realloc(e->incidents, (e->incident_cnt + 1) * sizeof(*e->incidents));

	if (!grown)
		return -ENOMEM;
	e->incidents = grown;
	e->incidents[e->incident_cnt++] = (struct blame_incident){range.from_ns, range.until_ns};
	return 0;
}

int evidence_from_store(struct evidence *e, const struct evidence_query *q, struct err *err)
{
	int r;

	e->matcher = q->matcher;
	e->group_key = q->group_key;
	r = store_open(q->dir, STORE_READ, NULL, &e->store, err);
	if (r)
		return r;
	if (q->name)
		r = log_from_store(e, q, err);
	for (size_t i = 0; !r && !q->name && i < q->ranges->cnt; i++)
		r = evidence_add(e, q->ranges->items[i]);
	if (!r)
		r = store_timeline(e->store, q->within, q->matcher, q->group_key, &e->timeline,
				   err);
	return r ? r : check_entities(e, q, err);
}

/* ---- from files ---- */

struct loading {
	struct evidence *e;
	bool incident;
	int64_t next_ns; /* where the next window without a time goes */
	uint64_t gap_seed;
	struct err *err;
};

/*
 * Places a window that bears no time. Incidents stand apart, at distances that have no common
 * period, so that no schedule is seen; the length of a window that does not say is a second, which
 * then stands for "one file".
 */
static int stamp(struct loading *l, const struct profile *window, struct profile **ret)
{
	struct restamp how = {
		.start_ns = window->start_ns,
		.length_ns = window->length_ns ? window->length_ns : NSEC_PER_SEC,
		.cpus = window->cpus,
	};

	if (!how.start_ns) {
		l->e->synthetic_times = true;
		if (l->incident) {
			l->gap_seed = l->gap_seed * UINT64_C(6364136223846793005) +
				      UINT64_C(1442695040888963407);
			l->next_ns +=
				(int64_t)((3 + (l->gap_seed >> 33) % 1000) * how.length_ns / 7);
		}
		how.start_ns = l->next_ns;
		l->next_ns += (int64_t)how.length_ns;
	}
	return profile_restamp(window, &how, ret);
}

static int keep_window(void *arg, const struct profile *window)
{
	struct loading *l = arg;
	struct evidence *e = l->e;
	struct profile *own;
	int r;

	r = mem_grow(&e->windows, &e->window_cap, e->window_cnt + 1, sizeof(*e->windows),
		     MAX_FILE_WINDOWS);
	if (!r)
		r = stamp(l, window, &own);
	if (r)
		return err_set(l->err, r, "cannot keep so many windows: %s", strerror(-r));
	e->windows[e->window_cnt++] = own;
	return l->incident ? evidence_add(e, (struct time_range){own->start_ns, own->end_ns}) : 0;
}

static int load_files(struct loading *l, const struct opt_list *files,
		      const struct evidence_query *q)
{
	struct source_query source = {
		.reading = q->reading, .matcher = q->matcher, .untimed = true};
	int r = 0;

	for (size_t i = 0; !r && i < files->cnt; i++)
		r = source_each(files->items[i], &source, keep_window, l, l->err);
	return r;
}

static int make_timeline(struct evidence *e, const struct evidence_query *q, struct err *err)
{
	int r = 0;

	e->timeline = timeline_new(e->windows[0]->unit);
	if (!e->timeline)
		return err_set(err, ENOMEM, "out of memory");
	e->group_key = q->group_key;
	for (size_t i = 0; !r && i < e->window_cnt; i++) {
		r = label_entities(e, &e->windows[i]);
		if (!r)
			r = timeline_add_profile(e->timeline, e->windows[i], NULL,
						 str_of(q->group_key));
	}
	if (!r)
		r = timeline_seal(e->timeline);
	if (r == -EINVAL)
		return err_set(
			err, r,
			"some windows hold CPU time, others samples: they cannot be compared");
	return r ? err_set(err, r, "out of memory") : check_entities(e, q, err);
}

int evidence_from_files(struct evidence *e, const struct opt_list *incident_files,
			const struct opt_list *baseline_files, const struct evidence_query *q,
			struct err *err)
{
	struct loading l = {
		.e = e, .next_ns = (int64_t)NSEC_PER_SEC * 1000000000, .gap_seed = 1, .err = err};
	int r;

	r = load_files(&l, baseline_files, q);
	l.incident = true;
	if (!r)
		r = load_files(&l, incident_files, q);
	if (r)
		return r;
	if (!e->window_cnt || !e->incident_cnt)
		return err_set(err, ENODATA, "no window in the files");
	return make_timeline(e, q, err);
}

/* ---- from far away ---- */

/* A backend has to be told from when to when. */
static struct time_range usual_history(const struct evidence_query *q)
{
	struct time_range within = q->within, all = q->ranges->items[0];

	for (size_t i = 1; i < q->ranges->cnt; i++) {
		struct time_range incident = q->ranges->items[i];

		all.from_ns = incident.from_ns < all.from_ns ? incident.from_ns : all.from_ns;
		all.until_ns = incident.until_ns > all.until_ns ? incident.until_ns : all.until_ns;
	}
	if (within.from_ns == INT64_MIN)
		within.from_ns = all.from_ns - (int64_t)(24 * 3600 * NSEC_PER_SEC);
	if (within.until_ns == INT64_MAX)
		within.until_ns = all.until_ns + (int64_t)(3600 * NSEC_PER_SEC);
	if (within.until_ns > q->now_ns)
		within.until_ns = q->now_ns;
	return within;
}

int evidence_from_far(struct evidence *e, const struct evidence_query *q, struct err *err)
{
	bool is_backend = pyroscope_is(q->dir);
	struct opt_ranges within = {.items = {is_backend ? usual_history(q) : q->within},
				    .cnt = is_backend || q->within.from_ns != INT64_MIN ||
					   q->within.until_ns != INT64_MAX};
	struct source_query source = {.reading = q->reading,
				      .ranges = &within,
				      .matcher = q->matcher,
				      .levels = true,
				      .key = q->group_key};
	struct loading l = {.e = e, .err = err};
	int r;

	e->matcher = q->matcher;
	r = q->name ? log_from_agent(e, q, err) : 0;
	if (!r)
		r = source_each(q->dir, &source, keep_window, &l, err);
	for (size_t i = 0; !r && !q->name && i < q->ranges->cnt; i++)
		r = evidence_add(e, q->ranges->items[i]);
	if (!r && !e->window_cnt)
		r = err_set(err, ENODATA, "%s: no window there", q->dir);
	if (is_backend) {
		e->far = *q;
		e->far.ranges = NULL;
	}
	return r ? r : make_timeline(e, q, err);
}

int evidence_regroup(struct evidence *e, const struct evidence_query *q, struct err *err)
{
	struct timeline *old = e->timeline;
	const char *old_key = e->group_key;
	int r;

	if (q->dir && source_is_far(q->dir))
		return -ENOTSUP;
	e->timeline = NULL;
	e->group_key = q->group_key;
	if (!e->store)
		r = make_timeline(e, q, err);
	else
		r = store_timeline(e->store, q->within, q->matcher, q->group_key, &e->timeline,
				   err);
	if (!r && e->store)
		r = check_entities(e, q, err);
	if (r) {
		timeline_free(e->timeline);
		e->timeline = old;
		e->group_key = old_key;
	} else {
		timeline_free(old);
	}
	return r;
}

/* ---- the proof ---- */

static int profile_from_files(struct evidence *e, const struct verdict *v, enum verdict_side side,
			      struct profile **ret_profile, struct err *err)
{
	struct builder *b = builder_new(&builder_limits_file, e->timeline->unit);
	int r = b ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < e->window_cnt; i++)
		if (verdict_side(v, e->windows[i]->start_ns, e->windows[i]->length_ns) == side)
			r = builder_add_profile(b, e->windows[i], NULL);
	if (!r)
		r = builder_seal(b, ret_profile);
	builder_free(b);
	return r ? err_set(err, r, "cannot merge the windows: %s", strerror(-r)) : 0;
}

/* ---- stretches of a store ---- */

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/*
 * How many stretches of baseline there are for one that is read. A hundred of them add a twentieth to
 * the variance of a difference from five incidents; where they are short, more cost nothing.
 */
static uint64_t baseline_step(const struct evidence *e, const struct verdict *v)
{
	uint64_t window_ns = e->timeline->windows[0].length_ns, most = MAX_REPLICATES;

	if (window_ns && v->block_ns / window_ns > MAX_STORE_WINDOWS / MAX_REPLICATES)
		most = MAX_STORE_WINDOWS / (v->block_ns / window_ns);
	return v->block_cnt / (most < MIN_REPLICATES ? MIN_REPLICATES : most) + 1;
}

/*
 * The baseline in stretches as long as a block, or so many of them as are enough: of each group of
 * successive ones, any one, so that no job of the clock is seen always or never. *ret is owned.
 */
static int cut_baseline(const struct evidence *e, const struct verdict *v, struct time_range **ret,
			size_t *ret_cnt)
{
	struct time_range *ranges =
		calloc((size_t)v->block_cnt + v->baseline_cnt + 1, sizeof(*ranges));
	uint64_t step = baseline_step(e, v), seed = 1, pick = next_random(&seed) % step, n = 0;
	int64_t length = (int64_t)v->block_ns;
	size_t cnt = 0, most = (size_t)v->block_cnt + v->baseline_cnt;

	if (!ranges)
		return -ENOMEM;
	for (size_t i = 0; length > 0 && i < v->baseline_cnt; i++)
		for (int64_t at = v->baseline[i].from_ns;
		     cnt < most && at + length <= v->baseline[i].until_ns; at += length) {
			if (n == pick)
				ranges[cnt++] = (struct time_range){at, at + length};
			if (++n == step) {
				n = 0;
				pick = next_random(&seed) % step;
			}
		}
	*ret = ranges;
	*ret_cnt = cnt;
	return 0;
}

static int copy_ranges(const struct blame_incident *from, size_t cnt, struct time_range **ret,
		       size_t *ret_cnt)
{
	*ret = calloc(cnt + 1, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++)
		(*ret)[i] = (struct time_range){from[i].from_ns, from[i].until_ns};
	*ret_cnt = cnt;
	return 0;
}

uint32_t evidence_sampled(const struct evidence *e, const struct verdict *v)
{
	uint64_t step = e->store ? baseline_step(e, v) : 1;

	return step > 1 ? (uint32_t)(v->block_cnt / step) : 0;
}

int evidence_profile(struct evidence *e, const struct verdict *v, enum verdict_side side,
		     struct profile **ret_profile, struct err *err)
{
	struct time_range *ranges;
	size_t cnt;
	int r;

	if (e->far.dir)
		return far_profile(e, v, side, ret_profile, err);
	if (!e->store)
		return profile_from_files(e, v, side, ret_profile, err);
	if (side == SIDE_INCIDENT)
		r = copy_ranges(v->windows, v->recurrences, &ranges, &cnt);
	else if (evidence_sampled(e, v))
		r = cut_baseline(e, v, &ranges, &cnt);
	else
		r = copy_ranges(v->baseline, v->baseline_cnt, &ranges, &cnt);
	if (r)
		return err_set(err, ENOMEM, "out of memory");
	r = store_read(e->store, ranges, cnt, e->matcher, ret_profile, err);
	if (!r && label_entities(e, ret_profile))
		r = err_set(err, ENOMEM, "cannot label the windows: out of memory");
	free(ranges);
	return r == -ENODATA ? profile_from_files(e, v, SIDE_NEITHER, ret_profile, err) : r;
}

/* ---- how much it scatters ---- */

struct laying {
	struct replicates *to;
	enum diff_which side;
	const char *group_key;
};

/* All windows of one stretch, which stands for itself. */
static int lay_window(void *arg, const struct profile *window)
{
	struct laying *l = arg;
	struct profile *labelled = NULL;
	int r = 0;

	if (entity_is_derived(str_of(l->group_key)))
		r = entity_label(window, str_of(l->group_key), &labelled);
	if (!r)
		r = replicates_add(l->to, l->side, labelled ? labelled : window);
	profile_free(labelled);
	replicates_cut(l->to, l->side);
	return r;
}

static int lay_ranges(struct evidence *e, struct laying *l, struct time_range *ranges, size_t cnt)
{
	int r = store_each_range(e->store, ranges, cnt, e->matcher, lay_window, l, NULL);

	free(ranges);
	return r;
}

static int replicate_store(struct evidence *e, const struct verdict *v, struct replicates *to)
{
	struct laying a = {to, DIFF_A, e->group_key}, b = {to, DIFF_B, e->group_key};
	struct time_range *ranges;
	size_t cnt;
	int r = copy_ranges(v->windows, v->recurrences, &ranges, &cnt);

	if (!r)
		r = lay_ranges(e, &b, ranges, cnt);
	if (!r)
		r = cut_baseline(e, v, &ranges, &cnt);
	return r ? r : lay_ranges(e, &a, ranges, cnt);
}

static bool is_inside(const struct blame_incident *range, const struct profile *w)
{
	int64_t middle = w->start_ns + (int64_t)(w->length_ns / 2);

	return range->from_ns <= middle && middle < range->until_ns;
}

static int replicate_files(struct evidence *e, const struct verdict *v, struct replicates *to)
{
	uint64_t length = 0;
	int r = 0;

	for (size_t i = 0; !r && i < e->window_cnt; i++) {
		const struct profile *w = e->windows[i];

		if (verdict_side(v, w->start_ns, w->length_ns) == SIDE_BASELINE) {
			r = replicates_add(to, DIFF_A, w);
			length += w->length_ns;
			if (length < v->block_ns)
				continue;
			replicates_cut(to, DIFF_A);
			length = 0;
		}
	}
	for (uint32_t k = 0; !r && k < v->recurrences; k++) {
		for (size_t i = 0; !r && i < e->window_cnt; i++)
			if (is_inside(&v->windows[k], e->windows[i]))
				r = replicates_add(to, DIFF_B, e->windows[i]);
		replicates_cut(to, DIFF_B);
	}
	return r;
}

int evidence_replicate(struct evidence *e, const struct verdict *v, struct diff *d,
		       const struct diff_options *opt)
{
	struct replicates *to = NULL;
	int r = replicates_new(d, opt, &to);

	if (!r)
		r = e->store ? replicate_store(e, v, to) : replicate_files(e, v, to);
	if (!r)
		r = replicates_finish(to);
	replicates_free(to);
	return r;
}

void evidence_release(struct evidence *e)
{
	tool_warn_store(e->store);
	store_close(e->store);
	timeline_free(e->timeline);
	free(e->incidents);
	for (size_t i = 0; i < e->window_cnt; i++)
		profile_free(e->windows[i]);
	free(e->windows);
	*e = (struct evidence){0};
}
