// SPDX-License-Identifier: Apache-2.0
#include "diff/diff_path.h"

#include <errno.h>
#include <stdlib.h>

/* The child that goes furthest in the direction of `sign`; 0 = none does. Of equals the first. */
static uint32_t steepest(const struct diff *d, uint32_t node, double sign)
{
	uint32_t best = 0;
	double most = 0;

	for (uint32_t c = node + 1; c < d->nodes[node].end; c = d->nodes[c].end) {
		double delta = diff_delta(d, c) * sign;

		if (delta > most) {
			most = delta;
			best = c;
		}
	}
	return best;
}

int diff_path(const struct diff *d, struct str process, struct diff_path *ret_path)
{
	struct diff_path p = {0};
	enum diff_which larger;
	double sign, needed;
	uint32_t node, child;
	int r;

	r = diff_find_process(d, process, &node);
	if (r)
		return r;
	sign = diff_delta(d, node) < 0 ? -1 : 1;
	larger = sign < 0 ? DIFF_A : DIFF_B;
	needed = DIFF_PATH_SHARE * diff_delta(d, node) * sign;
	p.nodes = calloc((size_t)d->max_depth + 1, sizeof(*p.nodes));
	if (!p.nodes)
		return -ENOMEM;
	while ((child = steepest(d, node, sign))) {
		if (diff_delta(d, child) * sign < needed ||
		    diff_samples(d, child, larger) < DIFF_PATH_MIN_SAMPLES)
			break;
		node = child;
		if (d->nodes[node].depth > d->group_cnt)
			p.nodes[p.cnt++] = node;
	}
	*ret_path = p;
	return 0;
}

void diff_path_release(struct diff_path *p)
{
	free(p->nodes);
	*p = (struct diff_path){0};
}
