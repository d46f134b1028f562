// SPDX-License-Identifier: Apache-2.0
#include "ship/pull.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "format/pprof.h"
#include "model/builder.h"
#include "model/restamp.h"
#include "ship/pull_steps.h"

/* Pyroscope's querier.max-query-lookback: what is older it leaves out without a word. */
#define USUAL_LOOKBACK_NS (7 * 86400 * (int64_t)NSEC_PER_SEC)

/* Where a range goes on after a question that may have a day at most. */
static struct time_range first_part(struct time_range range, uint64_t max_ns)
{
	if (range.until_ns - range.from_ns > (int64_t)max_ns)
		range.until_ns = range.from_ns + (int64_t)max_ns;
	return range;
}

/* ---- whose ---- */

static bool has_values(struct querier *q, struct str label, struct time_range range, int *ret_error,
		       struct err *err)
{
	struct query_names names;
	bool any;

	*ret_error = querier_values(q, label, range, &names, err);
	any = !*ret_error && names.cnt;
	query_names_release(&names);
	return any;
}

/* The label to tell processes apart by; -ENODATA when nothing has any. */
static int find_key(struct querier *q, const struct pull_opts *opts, struct time_range range,
		    struct str *ret, struct err *err)
{
	static const struct str usual[] = {{LABEL_PROCESS, sizeof(LABEL_PROCESS) - 1},
					   {"service_name", 12}};
	const struct str *keys = opts->key.len ? &opts->key : usual;
	size_t cnt = opts->key.len ? 1 : ARRAY_SIZE(usual);
	int r = 0;

	while (range.from_ns < range.until_ns) {
		struct time_range part = first_part(range, QUERIER_MAX_RANGE_NS);

		for (size_t i = 0; i < cnt; i++)
			if (has_values(q, keys[i], part, &r, err) || r) {
				*ret = keys[i];
				return r;
			}
		range.from_ns = part.until_ns;
	}
	return -ENODATA;
}

/* Nothing there: of another type perhaps. */
static int explain_nothing(struct querier *q, struct time_range range, struct err *err)
{
	struct query_names types;
	struct buf list;
	int r;

	range.from_ns = range.until_ns - range.from_ns > (int64_t)QUERIER_MAX_RANGE_NS
				? range.until_ns - (int64_t)QUERIER_MAX_RANGE_NS
				: range.from_ns;
	r = querier_types(q, range, &types, err);
	if (r)
		return r;
	buf_init(&list, 8192);
	for (size_t i = 0; i < types.cnt; i++) {
		buf_addstr(&list, i ? ", " : "; there are: ");
		text_add_clean(&list, types.items[i]);
	}
	query_names_release(&types);
	r = err_set(err, ENODATA, "%s: no profile of the type %s in the range%.*s%s",
		    querier_name(q), querier_type(q), (int)list.len, list.len ? list.data : "",
		    range.until_ns < clock_wall_ns(&clock_system) - USUAL_LOOKBACK_NS
			    ? "; many backends show the last 7 days only"
			    : "");
	buf_release(&list);
	return r;
}

/* ---- stacks ---- */

struct merging {
	struct querier *q;
	struct str key;
	struct builder *b; /* NULL until the unit is known */
	struct err *err;
};

/* Adds one process; an empty answer is no error, it may have ended. */
static int add_pprof(struct merging *m, struct str pprof, struct str name)
{
	struct str labels[1][2] = {{m->key, name}};
	struct pprof_read_opts opts = {
		.process = name,
		.labels = (const struct str(*)[2])labels,
		.label_cnt = str_eq(m->key, STR_LIT(LABEL_PROCESS)) ? 0 : 1,
	};
	struct profile *p;
	int r;

	if (!pprof.len)
		return 0;
	r = pprof_read(pprof, &opts, &p, NULL, m->err);
	if (r)
		return err_prefix(m->err, r, "%s: profile of %.*s", querier_name(m->q),
				  (int)(name.len < 100 ? name.len : 100), name.p);
	if (!m->b)
		m->b = builder_new(&builder_limits_file, p->unit);
	r = m->b ? builder_add_profile(m->b, p, NULL) : -ENOMEM;
	profile_free(p);
	return r ? err_set(m->err, r, "cannot merge the profiles: %s", strerror(-r)) : 0;
}

/* All processes of a day at most, or only those. */
static int merge_part(struct merging *m, const struct pull_opts *opts, struct time_range part)
{
	struct query_names names = {.items = opts->only, .cnt = opts->only_cnt};
	struct str pprof;
	int r = 0;

	if (!opts->only_cnt)
		r = querier_values(m->q, m->key, part, &names, m->err);
	if (!r && names.cnt > PULL_MAX_NAMES)
		r = err_set(
			m->err, E2BIG, "%s: %zu values of %.*s; at most %d, choose with --match",
			querier_name(m->q), names.cnt, (int)m->key.len, m->key.p, PULL_MAX_NAMES);
	for (size_t i = 0; !r && i < names.cnt; i++) {
		struct str label[2] = {m->key, names.items[i]};

		r = querier_merge(m->q, label, part, &pprof, m->err);
		if (!r)
			r = add_pprof(m, pprof, names.items[i]);
	}
	if (!opts->only_cnt)
		query_names_release(&names);
	return r;
}

/* The profile is of the ranges, however long the pprofs say that they are. */
static int finish(struct merging *m, const struct time_range *ranges, size_t cnt,
		  struct profile **ret)
{
	struct restamp how = {.start_ns = ranges[0].from_ns};
	struct profile *merged;
	int r;

	for (size_t i = 0; i < cnt; i++) {
		how.length_ns += (uint64_t)(ranges[i].until_ns - ranges[i].from_ns);
		if (ranges[i].from_ns < how.start_ns)
			how.start_ns = ranges[i].from_ns;
	}
	r = builder_seal(m->b, &merged);
	if (r)
		return r;
	r = profile_restamp(merged, &how, ret);
	profile_free(merged);
	return r;
}

int pull_profile(struct querier *q, const struct pull_opts *opts, const struct time_range *ranges,
		 size_t cnt, struct profile **ret, struct err *err)
{
	struct merging m = {.q = q, .err = err};
	struct pull_steps steps = {0};
	int r = -ENODATA;

	for (size_t i = 0; i < cnt && r == -ENODATA; i++)
		r = find_key(q, opts, ranges[i], &m.key, err);
	if (r == -ENODATA)
		return cnt ? explain_nothing(q, ranges[0], err) : r;
	if (!r)
		r = pull_steps_find(q, ranges[0], &steps, err);
	for (size_t i = 0; !r && i < cnt; i++) {
		/* what begins half a window before the range has its middle in it */
		int64_t shift_ns = steps.is_known ? (int64_t)steps.step_ns / 2 : 0;
		struct time_range left = {ranges[i].from_ns - shift_ns,
					  ranges[i].until_ns - shift_ns};

		while (!r && left.from_ns < left.until_ns) {
			struct time_range part = first_part(left, QUERIER_MAX_RANGE_NS);

			r = merge_part(&m, opts, part);
			left.from_ns = part.until_ns;
		}
	}
	if (!r && !m.b)
		r = explain_nothing(q, ranges[0], err);
	else if (!r && finish(&m, ranges, cnt, ret))
		r = err_set(err, ENOMEM, "out of memory");
	builder_free(m.b);
	return r;
}

/* ---- levels ---- */

/* One process in one step. */
struct level {
	int64_t at_ms;
	uint64_t value;
	struct str name; /* borrowed from the series */
};

static int by_time(const void *va, const void *vb)
{
	const struct level *a = va, *b = vb;

	return (a->at_ms > b->at_ms) - (a->at_ms < b->at_ms);
}

static struct level *levels_of(const struct query_series *s, size_t *ret_cnt)
{
	struct level *levels;
	size_t cnt = 0;

	for (size_t i = 0; i < s->cnt; i++)
		cnt += s->curves[i].point_cnt;
	levels = calloc(cnt + 1, sizeof(*levels));
	if (!levels)
		return NULL;
	cnt = 0;
	for (size_t i = 0; i < s->cnt; i++)
		for (size_t k = 0; k < s->curves[i].point_cnt; k++)
			if (s->curves[i].points[k].value)
				levels[cnt++] = (struct level){s->curves[i].points[k].at_ms,
							       s->curves[i].points[k].value,
							       s->curves[i].value};
	qsort(levels, cnt, sizeof(*levels), by_time);
	*ret_cnt = cnt;
	return levels;
}

/* The levels of one step as a window. */
static int make_window(const struct level *levels, size_t cnt, struct str key,
		       const struct pull_steps *steps, struct profile **ret)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	uint32_t series;
	int r = b ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < cnt; i++) {
		struct str name = levels[i].name.len ? levels[i].name : STR_LIT("[unknown]");
		struct str labels[2][2] = {{STR_LIT(LABEL_PROCESS), name}, {key, name}};

		r = builder_series(b, (const struct str(*)[2])labels, 2, &series);
		if (!r)
			r = builder_sample(b, series, 0, levels[i].value, 0);
	}
	if (!r) {
		builder_window(b, pull_steps_start(steps, levels[0].at_ms), steps->step_ns, 0, 0);
		r = builder_seal(b, ret);
	}
	builder_free(b);
	return r;
}

/* Those whose middle is in the range. */
static int each_window(const struct query_series *series, struct str key,
		       const struct pull_steps *steps, struct time_range range, pull_window_fn fn,
		       void *arg, struct err *err)
{
	size_t cnt = 0, next;
	struct level *levels = levels_of(series, &cnt);
	struct profile *window;
	int64_t middle_ns;
	int r = levels ? 0 : err_set(err, ENOMEM, "out of memory");

	for (size_t i = 0; !r && i < cnt; i = next) {
		for (next = i; next < cnt && levels[next].at_ms == levels[i].at_ms;)
			next++;
		middle_ns = pull_steps_start(steps, levels[i].at_ms) + (int64_t)steps->step_ns / 2;
		if (middle_ns < range.from_ns || middle_ns >= range.until_ns)
			continue;
		r = make_window(&levels[i], next - i, key, steps, &window);
		if (r) {
			err_set(err, r, "cannot keep a window: %s", strerror(-r));
			break;
		}
		r = fn(arg, window);
		profile_free(window);
	}
	free(levels);
	return r;
}

/* Processes of two machines are not one, and their windows begin at different times. */
static int check_node(struct querier *q, struct time_range range, struct err *err)
{
	struct query_names nodes;
	int r = querier_values(q, STR_LIT("node"), first_part(range, QUERIER_MAX_RANGE_NS), &nodes,
			       err);

	if (!r && nodes.cnt > 1)
		r = err_set(err, E2BIG, "%s: windows of %zu nodes: choose one, --match node=%.*s",
			    querier_name(q), nodes.cnt,
			    (int)(nodes.items[0].len < 100 ? nodes.items[0].len : 100),
			    nodes.items[0].p);
	query_names_release(&nodes);
	return r;
}

int pull_windows(struct querier *q, const struct pull_opts *opts, struct time_range range,
		 pull_window_fn fn, void *arg, struct err *err)
{
	struct time_range left;
	struct pull_steps steps;
	struct query_series series;
	struct str key;
	int r;

	r = find_key(q, opts, range, &key, err);
	if (r == -ENODATA)
		return explain_nothing(q, range, err);
	if (!r)
		r = check_node(q, range, err);
	if (!r)
		r = pull_steps_find(q, range, &steps, err);
	if (r)
		return r;
	left.from_ns = pull_steps_align(&steps, range.from_ns);
	left.until_ns =
		range.until_ns + (int64_t)steps.step_ns; /* points are late by up to a step */
	while (!r && left.from_ns < left.until_ns) {
		struct time_range part = first_part(left, pull_steps_longest(&steps));

		r = querier_series(q, key, part, steps.step_ns, &series, err);
		if (!r)
			r = each_window(&series, key, &steps, range, fn, arg, err);
		query_series_release(&series);
		left.from_ns = part.until_ns;
	}
	return r;
}
