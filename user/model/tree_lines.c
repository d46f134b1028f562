// SPDX-License-Identifier: Apache-2.0
/*
 * Each sample climbs from its leaf, in the profile and in the tree side by side: the tree merges
 * nodes of the same depth only. What it meets is summed up by (node of the tree, line).
 */
#include "model/tree_lines.h"

#include <errno.h>
#include <stdlib.h>

#include "base/idmap.h"
#include "base/mem.h"
#include "base/sum.h"

#define MAX_PAIRS (1U << 28)

static int climb(const struct profile *p, const struct tree *t, const struct sample *s,
		 uint32_t end, struct idmap *weights)
{
	uint32_t node = s->node, at = end;
	int r = 0;

	for (; node && !r; node = p->nodes[node].parent, at = t->nodes[at].parent) {
		uint32_t line = p->frames[p->nodes[node].frame].line;
		uint64_t key = (uint64_t)at << 32 | line, weight = 0;

		if (!line)
			continue;
		(void)idmap_get(weights, key, &weight);
		sum_add(&weight, s->weight);
		r = idmap_put(weights, key, weight);
	}
	return r;
}

/* The heavier one; of equals that which stands first in the profile. */
static void pick(const struct idmap *weights, struct tree_line *lines)
{
	uint64_t key, weight;
	size_t pos = 0;

	while (idmap_next(weights, &pos, &key, &weight)) {
		struct tree_line *l = &lines[key >> 32];
		uint32_t line = (uint32_t)key;

		l->others += l->line != 0;
		if (l->line && (weight < l->weight || (weight == l->weight && line > l->line)))
			continue;
		l->line = line;
		l->weight = weight;
	}
}

int tree_lines_new(const struct profile *p, const struct tree *t, const uint32_t *ends,
		   struct tree_line **ret)
{
	struct tree_line *lines = mem_zarray(t->node_cnt, sizeof(*lines));
	struct idmap weights;
	int r = lines ? 0 : -ENOMEM;

	idmap_init(&weights, MAX_PAIRS);
	for (size_t i = 0; i < p->sample_cnt && !r; i++)
		r = climb(p, t, &p->samples[i], ends[i], &weights);
	if (!r)
		pick(&weights, lines);
	idmap_release(&weights);
	if (r) {
		free(lines);
		return r;
	}
	*ret = lines;
	return 0;
}
