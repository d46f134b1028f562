// SPDX-License-Identifier: Apache-2.0
#include "sides.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diff/replicates.h"
#include "model/builder.h"
#include "pyroscope.h"

#define EACH_WINDOW 0
#define WHOLE_RANGE UINT64_MAX

static struct source_query query_of(const struct sides *s, enum diff_which side)
{
	const struct opt_ranges *ranges = &s->from[side].ranges;

	return (struct source_query){
		.reading = s->reading,
		.matcher = s->matcher,
		.ranges = ranges->cnt ? ranges : NULL,
		.untimed = true,
		.column = s->from[side].column,
	};
}

static int merge(const struct sides *s, enum diff_which side, struct profile **ret, struct err *err)
{
	struct source_query q = query_of(s, side);
	struct builder *b = NULL;
	struct profile *p = NULL;
	int r = 0;

	for (size_t i = 0; !r && i < s->from[side].source_cnt; i++) {
		const char *source = s->from[side].sources[i];

		r = source_read(source, &q, &p, err);
		if (r)
			break;
		if (!b)
			b = builder_new(&builder_limits_file, p->unit);
		r = b ? builder_add_profile(b, p, NULL) : -ENOMEM;
		if (r)
			err_set(err, r, "%s: %s", source,
				r == -EINVAL ? "counts samples where the files before weigh time, "
					       "or the other way round"
					     : strerror(-r));
		profile_free(p);
		p = NULL;
	}
	if (!r) {
		r = builder_seal(b, ret);
		if (r)
			err_set(err, r, "out of memory");
	}
	builder_free(b);
	return r;
}

/* Two single sources are read side by side. */
static int read_two(struct sides *s, struct err *err)
{
	struct source_side a = {s->from[DIFF_A].sources[0], query_of(s, DIFF_A), NULL},
			   b = {s->from[DIFF_B].sources[0], query_of(s, DIFF_B), NULL};
	int r = source_read_two(&a, &b, err);

	s->profile[DIFF_A] = a.profile;
	s->profile[DIFF_B] = b.profile;
	return r;
}

int sides_read(struct sides *s, struct err *err)
{
	int r = 0;

	if (s->from[DIFF_A].source_cnt == 1 && s->from[DIFF_B].source_cnt == 1)
		return read_two(s, err);
	for (int i = DIFF_A; !r && i <= DIFF_B; i++)
		r = merge(s, (enum diff_which)i, &s->profile[i], err);
	return r;
}

void sides_release(struct sides *s)
{
	profile_free(s->profile[DIFF_A]);
	profile_free(s->profile[DIFF_B]);
	s->profile[DIFF_A] = s->profile[DIFF_B] = NULL;
}

/* ---- replicates ---- */

/* Where the window before has been, to see whether this one begins a replicate. */
struct cutter {
	struct replicates *to;
	enum diff_which side;
	const struct opt_ranges *ranges;
	uint64_t block_ns; /* length of a replicate, or EACH_WINDOW, or WHOLE_RANGE */

	bool any;
	size_t range;
	int64_t start_ns;
	uint64_t filled_ns;
};

/* The range in which a window's middle lies; 0 when there are none. */
static size_t range_of(const struct opt_ranges *ranges, const struct profile *w)
{
	int64_t middle = w->start_ns + (w->end_ns - w->start_ns) / 2;

	for (size_t i = 0; i < ranges->cnt; i++)
		if (ranges->items[i].from_ns <= middle && middle < ranges->items[i].until_ns)
			return i;
	return 0;
}

/* Windows of one start, from several machines say, are one stretch of time. */
static bool is_same_time(const struct cutter *c, const struct profile *w)
{
	return c->any && w->start_ns && c->start_ns == w->start_ns;
}

static int take_window(void *arg, const struct profile *w)
{
	struct cutter *c = arg;
	size_t range = range_of(c->ranges, w);
	bool same = is_same_time(c, w);

	if (c->any && !same && (range != c->range || c->filled_ns >= c->block_ns)) {
		replicates_cut(c->to, c->side);
		c->filled_ns = 0;
	}
	if (!same)
		c->filled_ns += w->length_ns;
	c->any = true;
	c->range = range;
	c->start_ns = w->start_ns;
	return replicates_add(c->to, c->side, w);
}

static int by_number(const void *va, const void *vb)
{
	uint64_t a = *(const uint64_t *)va, b = *(const uint64_t *)vb;

	return (a > b) - (a < b);
}

static uint64_t median_length(const struct opt_ranges *ranges)
{
	uint64_t lengths[OPT_MAX_LIST];

	for (size_t i = 0; i < ranges->cnt; i++)
		lengths[i] = (uint64_t)(ranges->items[i].until_ns - ranges->items[i].from_ns);
	qsort(lengths, ranges->cnt, sizeof(*lengths), by_number);
	return lengths[(ranges->cnt - 1) / 2];
}

static uint64_t replicate_length(const struct sides *s, enum diff_which side)
{
	const struct opt_ranges *incidents = &s->from[DIFF_B].ranges;

	if (incidents->cnt < 2)
		return EACH_WINDOW;
	return side == DIFF_B ? WHOLE_RANGE : median_length(incidents);
}

static bool has_windows(const struct sides *s, enum diff_which side)
{
	const struct side_source *from = &s->from[side];

	for (size_t i = 0; i < from->source_cnt; i++)
		if (pyroscope_is(from->sources[i])) /* it merges what it is asked for */
			return false;
	return from->source_cnt > 1 ||
	       (s->profile[side]->window_cnt > 1 && strcmp(from->sources[0], "-"));
}

static int replicate_side(const struct sides *s, enum diff_which side, struct replicates *to,
			  struct err *err)
{
	const struct side_source *from = &s->from[side];
	struct source_query q = query_of(s, side);
	int r = 0;

	q.quiet = true; /* the warnings have been seen */
	for (size_t i = 0; !r && i < from->source_cnt; i++) {
		struct cutter c = {
			.to = to,
			.side = side,
			.ranges = &from->ranges,
			.block_ns = from->source_cnt > 1 ? WHOLE_RANGE : replicate_length(s, side),
		};

		r = source_each(from->sources[i], &q, take_window, &c, err);
		replicates_cut(to, side);
	}
	return r;
}

int sides_replicate(const struct sides *s, struct diff *d, const struct diff_options *opt,
		    struct err *err)
{
	struct replicates *to = NULL;
	int r;

	if (!has_windows(s, DIFF_A) && !has_windows(s, DIFF_B))
		return 0;
	r = replicates_new(d, opt, &to);
	if (r)
		return err_set(err, r, "out of memory");
	for (int i = DIFF_A; !r && i <= DIFF_B; i++)
		if (has_windows(s, (enum diff_which)i))
			r = replicate_side(s, (enum diff_which)i, to, err);
	if (!r) {
		r = replicates_finish(to);
		if (r)
			err_set(err, r, "out of memory");
	}
	replicates_free(to);
	return r;
}
