// SPDX-License-Identifier: Apache-2.0
/* One profile into another one, by what anybody may ask of a builder. */
#include <errno.h>
#include <stdlib.h>

#include "model/builder.h"

int builder_copy_frame(struct builder *b, const struct profile *p, uint32_t frame, uint32_t *ret_id)
{
	const struct frame *f = &p->frames[frame];
	const struct frame_line *line = &p->lines[f->line];
	struct source_line at = {profile_str(p, line->file), line->line, line->start};

	return builder_frame_at(b, profile_str(p, f->name), profile_str(p, f->module),
				(enum frame_kind)f->kind, f->line ? &at : NULL, ret_id);
}

static int add_series(struct builder *b, const struct profile *p, uint32_t series, uint32_t *ret_id)
{
	const struct series *s = &p->series[series];
	struct str labels[BUILDER_MAX_LABELS][2];

	for (uint32_t i = 0; i < s->label_cnt; i++) {
		labels[i][0] = profile_str(p, p->labels[s->first_label + i].key);
		labels[i][1] = profile_str(p, p->labels[s->first_label + i].value);
	}
	return builder_series(b, (const struct str(*)[2])labels, s->label_cnt, ret_id);
}

/* Our number for each node of p; parents come first, so one pass does it. */
static int add_nodes(struct builder *b, const struct profile *p, uint32_t *node_map)
{
	uint32_t *frame_map = calloc((size_t)p->frame_cnt + 1, sizeof(*frame_map));
	int r = frame_map ? 0 : -ENOMEM;

	for (uint32_t i = 1; !r && i < p->frame_cnt; i++)
		r = builder_copy_frame(b, p, i, &frame_map[i]);
	for (uint32_t i = 1; !r && i < p->node_cnt; i++)
		r = builder_stack(b, node_map[p->nodes[i].parent], frame_map[p->nodes[i].frame],
				  &node_map[i]);
	free(frame_map);
	return r;
}

int builder_add_profile(struct builder *b, const struct profile *p, const struct matcher *m)
{
	uint32_t *node_map, *series_map;
	int r;

	if (p->unit != builder_unit(b))
		return -EINVAL;
	node_map = calloc((size_t)p->node_cnt + 1, sizeof(*node_map));
	series_map = malloc(((size_t)p->series_cnt + 1) * sizeof(*series_map));
	r = node_map && series_map ? add_nodes(b, p, node_map) : -ENOMEM;
	for (uint32_t i = 0; !r && i < p->series_cnt; i++) {
		series_map[i] = UINT32_MAX;
		if (matcher_accepts(m, p, i))
			r = add_series(b, p, i, &series_map[i]);
	}
	for (size_t i = 0; !r && i < p->sample_cnt; i++) {
		const struct sample *s = &p->samples[i];

		if (series_map[s->series] != UINT32_MAX)
			r = builder_sample(b, series_map[s->series], node_map[s->node], s->weight,
					   s->cnt);
	}
	for (size_t i = 0; !r && i < p->moment_cnt; i++) {
		const struct moment *at = &p->moments[i];
		const struct sample *s = &p->samples[at->sample];

		if (series_map[s->series] != UINT32_MAX)
			r = builder_moment(b, series_map[s->series], node_map[s->node], at->at_ns,
					   at->weight, at->cnt);
	}
	if (!r)
		builder_add_header(b, p);
	free(node_map);
	free(series_map);
	return r;
}
