// SPDX-License-Identifier: Apache-2.0
#include "model/restamp.h"

#include <errno.h>
#include <stdlib.h>

#include "model/builder.h"

static int add_series(struct builder *b, const struct profile *p, uint32_t series,
		      const struct restamp *how, uint32_t *ret_id)
{
	const struct series *s = &p->series[series];
	struct str labels[BUILDER_MAX_LABELS][2];
	size_t cnt = 0;

	if (s->label_cnt + how->label_cnt > BUILDER_MAX_LABELS)
		return -ENOSPC;
	for (uint32_t i = 0; i < s->label_cnt; i++, cnt++) {
		labels[cnt][0] = profile_str(p, p->labels[s->first_label + i].key);
		labels[cnt][1] = profile_str(p, p->labels[s->first_label + i].value);
	}
	for (size_t i = 0; i < how->label_cnt; i++, cnt++) {
		labels[cnt][0] = how->labels[i][0];
		labels[cnt][1] = how->labels[i][1];
	}
	return builder_series(b, (const struct str(*)[2])labels, cnt, ret_id);
}

/* Our number of each stack node; parents come before their children. */
static int add_nodes(struct builder *b, const struct profile *p, uint32_t *node_map)
{
	uint32_t frame;
	int r = 0;

	for (uint32_t i = 1; !r && i < p->node_cnt; i++) {
		r = builder_copy_frame(b, p, p->nodes[i].frame, &frame);
		if (!r)
			r = builder_stack(b, node_map[p->nodes[i].parent], frame, &node_map[i]);
	}
	return r;
}

int profile_restamp(const struct profile *p, const struct restamp *how,
		    struct profile **ret_profile)
{
	bool to_time = how->hz > 0 && p->unit == PROFILE_SAMPLES;
	struct builder *b =
		builder_new(&builder_limits_file, to_time ? PROFILE_NANOSECONDS : p->unit);
	uint32_t *node_map = calloc((size_t)p->node_cnt + 1, sizeof(*node_map));
	uint64_t period = to_time ? (uint64_t)((double)NSEC_PER_SEC / how->hz) : 1;
	uint32_t series = 0;
	int r = b && node_map ? add_nodes(b, p, node_map) : -ENOMEM;

	for (size_t i = 0; !r && i < p->sample_cnt; i++) {
		const struct sample *s = &p->samples[i];
		uint64_t weight;

		if (!i || s->series != p->samples[i - 1].series)
			r = add_series(b, p, s->series, how, &series);
		if (__builtin_mul_overflow(s->weight, period, &weight))
			weight = UINT64_MAX;
		if (!r)
			r = builder_sample(b, series, node_map[s->node], weight,
					   s->cnt    ? s->cnt
					   : to_time ? s->weight
						     : 0);
	}
	if (!r) {
		builder_window(b, how->start_ns, how->length_ns, how->cpus,
			       how->hz > 0 ? how->hz : p->hz);
		for (unsigned int i = 0; i < LOSS_CNT; i++)
			builder_lost(b, i, p->lost[i]);
		for (unsigned int i = 0; i < PRESSURE_CNT; i++)
			builder_pressure(b, i, &p->pressure[i]);
		r = builder_seal(b, ret_profile);
	}
	free(node_map);
	builder_free(b);
	return r;
}
