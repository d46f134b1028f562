// SPDX-License-Identifier: Apache-2.0
/*
 * A store finds windows by their middle, which of a window that touches a range lies at most half a
 * window beside it: so wide the store is asked, and then it is seen what touches.
 */
#include "load/clipped.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "model/builder.h"
#include "model/clip.h"

#define HALF_WINDOW_NS ((int64_t)(1800 * NSEC_PER_SEC)) /* of the longest that an agent makes */

struct clipping {
	struct time_range range;
	struct builder *b;
	uint64_t untimed, timed;
};

static int take(void *arg, const struct profile *window)
{
	struct clipping *c = arg;
	uint64_t untimed = 0;
	int r;

	if (!clip_touches(window, c->range))
		return 0;
	if (!c->b)
		c->b = builder_new(&builder_limits_file, window->unit);
	r = c->b ? clip_add(c->b, window, c->range, &untimed) : -ENOMEM;
	c->untimed += untimed;
	c->timed += window->total_cnt - untimed;
	return r;
}

static struct time_range widen(struct time_range r)
{
	if (r.from_ns > INT64_MIN + HALF_WINDOW_NS)
		r.from_ns -= HALF_WINDOW_NS;
	if (r.until_ns < INT64_MAX - HALF_WINDOW_NS)
		r.until_ns += HALF_WINDOW_NS;
	return r;
}

static int finish(struct clipping *c, const char *name, struct profile **ret, struct buf *note,
		  struct err *err)
{
	int r;

	if (!c->b)
		return err_set(err, ENODATA, "%s: no window in the range", name);
	if (c->untimed && !c->timed)
		return err_set(err, ENODATA,
			       "%s: no sample has a time of its own there: record with culprit "
			       "agent --subsecond, or take whole windows",
			       name);
	if (c->untimed)
		buf_addf(note,
			 "%" PRIu64 " samples of these windows have no time of their own and "
			 "were left out",
			 c->untimed);
	r = builder_seal(c->b, ret);
	return r ? err_set(err, r, "%s: out of memory", name) : 0;
}

int load_clipped(struct store *s, const char *name, const struct time_range *ranges,
		 size_t range_cnt, const struct matcher *m, struct profile **ret, struct buf *note,
		 struct err *err)
{
	struct clipping c = {.b = NULL};
	int r = 0;

	(void)err_set(err, 0, "%s", "");
	for (size_t i = 0; !r && i < range_cnt; i++) {
		c.range = ranges[i];
		r = store_each(s, widen(ranges[i]), m, take, &c, err);
		if (r && !err->text[0])
			(void)err_set(err, r, "%s: %s", name,
				      r == -EINVAL ? "windows with and without a sampling rate "
						     "cannot be added"
						   : strerror(-r));
	}
	if (!r)
		r = finish(&c, name, ret, note, err);
	builder_free(c.b);
	return r;
}
