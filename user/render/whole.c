// SPDX-License-Identifier: Apache-2.0
#include "render/whole.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define LARGEST 9e18 /* what still fits a signed number of 64 bits */

struct rest {
	double part; /* what was cut off */
	uint32_t node;
};

double whole_factor(const struct diff *d, enum diff_which side)
{
	const struct diff_side *s = &d->side[side], *o = &d->side[!side];
	double factor;

	if (d->single || s->scale <= 0 || o->scale <= 0)
		return 1;
	factor = s->scale / o->scale;
	if (factor >= 1)
		return (double)s->total * factor <= LARGEST ? factor : 1;
	/* the other one is scaled up, unless it would not fit */
	return (double)o->total / factor <= LARGEST ? 1 : factor;
}

/* Largest part first; of equal ones the first node. */
static int by_part(const void *va, const void *vb)
{
	const struct rest *a = va, *b = vb;

	if (a->part != b->part)
		return a->part > b->part ? -1 : 1;
	return (a->node > b->node) - (a->node < b->node);
}

static void scale_all(const struct diff *d, enum diff_which side, double factor, uint64_t *out,
		      struct rest *rests)
{
	double sum = 0;
	size_t cnt = 0, more;

	for (uint32_t n = 0; n < d->node_cnt; n++) {
		double exact = (double)d->nodes[n].side[side].self * factor, whole = floor(exact);

		out[n] = whole < LARGEST ? (uint64_t)whole : INT64_MAX;
		if (exact <= whole || whole >= LARGEST)
			continue;
		rests[cnt++] = (struct rest){exact - whole, n};
		sum += exact - whole;
	}
	more = (size_t)llround(sum);
	qsort(rests, cnt, sizeof(*rests), by_part);
	for (size_t i = 0; i < more && i < cnt; i++)
		out[rests[i].node]++;
}

int whole_selves(const struct diff *d, enum diff_which side, uint64_t **ret)
{
	double factor = whole_factor(d, side);
	uint64_t *out = calloc(d->node_cnt, sizeof(*out));
	struct rest *rests = NULL;

	if (!out)
		return -ENOMEM;
	if (factor == 1) {
		for (uint32_t n = 0; n < d->node_cnt; n++)
			out[n] = d->nodes[n].side[side].self;
	} else {
		rests = malloc(d->node_cnt * sizeof(*rests));
		if (!rests) {
			free(out);
			return -ENOMEM;
		}
		scale_all(d, side, factor, out, rests);
	}
	free(rests);
	*ret = out;
	return 0;
}
