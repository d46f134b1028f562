// SPDX-License-Identifier: Apache-2.0
#include "evidence_far.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/builder.h"
#include "model/restamp.h"

#define MAX_SUSPECTS 8 /* with stacks */

struct ranges {
	struct time_range *items;
	size_t cnt;
};

/* The incidents, or what lies between them. */
static int side_ranges(const struct evidence *e, const struct verdict *v, enum verdict_side side,
		       struct ranges *ret)
{
	int64_t from_ns = e->windows[0]->start_ns;

	ret->cnt = 0;
	ret->items = calloc(v->recurrences + 1, sizeof(*ret->items));
	if (!ret->items)
		return -ENOMEM;
	for (size_t i = 0; i < v->recurrences; i++) {
		struct time_range incident = {v->windows[i].from_ns, v->windows[i].until_ns};
		int64_t guard_ns = incident.until_ns - incident.from_ns;

		if (side == SIDE_INCIDENT) {
			ret->items[ret->cnt++] = incident;
			continue;
		}
		if (incident.from_ns - guard_ns > from_ns)
			ret->items[ret->cnt++] =
				(struct time_range){from_ns, incident.from_ns - guard_ns};
		if (incident.until_ns + guard_ns > from_ns)
			from_ns = incident.until_ns + guard_ns;
	}
	if (side == SIDE_BASELINE && e->windows[e->window_cnt - 1]->end_ns > from_ns)
		ret->items[ret->cnt++] =
			(struct time_range){from_ns, e->windows[e->window_cnt - 1]->end_ns};
	return 0;
}

static bool is_in(const struct ranges *ranges, const struct profile *window)
{
	int64_t middle_ns = window->start_ns + (int64_t)(window->length_ns / 2);

	for (size_t i = 0; i < ranges->cnt; i++)
		if (middle_ns >= ranges->items[i].from_ns && middle_ns < ranges->items[i].until_ns)
			return true;
	return false;
}

/* Everybody but those; a matcher takes 64 terms, and these are 8. */
static struct matcher *others_than(const struct str *names, size_t cnt)
{
	struct matcher *m = matcher_new();
	struct buf term;
	struct err err;
	int r = m ? 0 : -ENOMEM;

	buf_init(&term, 1 << 16);
	for (size_t i = 0; !r && i < cnt; i++) {
		buf_clear(&term);
		buf_addstr(&term, LABEL_PROCESS "!=");
		buf_add(&term, names[i].p, names[i].len);
		r = buf_error(&term) ? -ENOMEM : matcher_add(m, buf_str(&term), &err);
	}
	buf_release(&term);
	if (!r)
		return m;
	matcher_free(m);
	return NULL;
}

static int add_levels(const struct evidence *e, const struct ranges *ranges,
		      const struct str *names, size_t cnt, struct builder *b)
{
	struct matcher *others = others_than(names, cnt);
	int r = others ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < e->window_cnt; i++)
		if (is_in(ranges, e->windows[i]))
			r = builder_add_profile(b, e->windows[i], others);
	matcher_free(others);
	return r;
}

/* The suspects' stacks, of the same ranges; their windows are in the levels already. */
static int add_stacks(const struct evidence *e, const struct ranges *ranges, struct str *names,
		      size_t cnt, struct builder *b, struct err *err)
{
	struct opt_ranges one = {.cnt = 1};
	struct source_query query = {.reading = e->far.reading,
				     .ranges = &one,
				     .matcher = e->far.matcher,
				     .key = e->far.group_key,
				     .only = names,
				     .only_cnt = cnt};
	struct profile *p;
	int r = 0;

	for (size_t i = 0; !r && i < ranges->cnt; i++) {
		one.items[0] = ranges->items[i];
		r = source_read(e->far.dir, &query, &p, err);
		if (r == -ENODATA) {
			r = 0;
			continue;
		}
		if (r)
			return r;
		r = builder_add_profile(b, p, NULL);
		profile_free(p);
		if (r)
			err_set(err, r, "cannot merge the profiles: %s", strerror(-r));
	}
	return r;
}

/* As long as the windows are that were added, not longer by what was added to them. */
static int restamp(const struct evidence *e, const struct ranges *ranges, struct builder *b,
		   struct profile **ret)
{
	struct restamp how = {.start_ns = ranges->cnt ? ranges->items[0].from_ns : 1};
	struct profile *merged;
	int r = builder_seal(b, &merged);

	if (r)
		return r;
	for (size_t i = 0; i < e->window_cnt; i++)
		if (is_in(ranges, e->windows[i]))
			how.length_ns += e->windows[i]->length_ns;
	r = profile_restamp(merged, &how, ret);
	profile_free(merged);
	return r;
}

int far_profile(const struct evidence *e, const struct verdict *v, enum verdict_side side,
		struct profile **ret_profile, struct err *err)
{
	struct builder *b = builder_new(&builder_limits_file, e->timeline->unit);
	struct ranges ranges = {NULL, 0};
	struct str names[MAX_SUSPECTS];
	size_t cnt = 0;
	int r = b ? side_ranges(e, v, side, &ranges) : -ENOMEM;

	while (cnt < MAX_SUSPECTS && cnt < v->suspect_cnt) {
		names[cnt] = v->suspects[cnt].name;
		cnt++;
	}
	if (!r)
		r = add_levels(e, &ranges, names, cnt, b);
	if (r)
		err_set(err, r, "cannot merge the windows: %s", strerror(-r));
	if (!r && cnt)
		r = add_stacks(e, &ranges, names, cnt, b, err);
	if (!r) {
		r = restamp(e, &ranges, b, ret_profile);
		if (r)
			err_set(err, r, "out of memory");
	}
	free(ranges.items);
	builder_free(b);
	return r;
}
