// SPDX-License-Identifier: Apache-2.0
#include "render/diff_pprof.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "format/pprof.h"
#include "model/builder.h"
#include "render/whole.h"

#define BASE_LABEL "pprof::base"
#define MAX_LABELS 17 /* groups and the base label */

struct writer {
	const struct diff *d;
	const struct str *keys;
	size_t key_cnt;
	struct builder *b;
	uint32_t *stack;     /* by node of the diff: the builder's */
	uint64_t *selves[2]; /* by node */
	uint32_t series;
	struct str labels[MAX_LABELS][2]; /* of the groups above the node at hand, then the base */
};

static int add_series(struct writer *w, uint32_t group_node, enum diff_which side)
{
	const struct diff *d = w->d;
	size_t cnt = 0;
	char none[128];

	for (uint32_t n = group_node; n; n = d->nodes[n].parent) {
		struct str key = w->keys[d->nodes[n].depth - 1];

		if (str_eq(diff_name(d, n), names_no_label(key, none)))
			continue;
		w->labels[cnt][0] = key;
		w->labels[cnt++][1] = diff_name(d, n);
	}
	if (side == DIFF_A) {
		w->labels[cnt][0] = STR_LIT(BASE_LABEL);
		w->labels[cnt++][1] = STR_LIT("true");
	}
	return builder_series(w->b, (const struct str(*)[2])w->labels, cnt, &w->series);
}

static int add_stacks(struct writer *w)
{
	const struct diff *d = w->d;
	int r = 0;

	for (uint32_t n = 1; !r && n < d->node_cnt; n++) {
		const struct diff_node *node = &d->nodes[n];
		uint32_t frame;

		if (node->depth <= d->group_cnt)
			continue;
		r = builder_frame(w->b, diff_name(d, n), diff_module(d, n),
				  (enum frame_kind)node->kind, &frame);
		if (!r)
			r = builder_stack(w->b, w->stack[node->parent], frame, &w->stack[n]);
	}
	return r;
}

/* Samples that end in the node, on the scale of its weight; 0 when nobody counted. */
static uint64_t own_cnt(const struct diff *d, uint32_t n, enum diff_which side)
{
	uint64_t cnt = d->nodes[n].side[side].cnt;
	double scaled;

	for (uint32_t c = n + 1; cnt && c < d->nodes[n].end; c = d->nodes[c].end)
		cnt -= d->nodes[c].side[side].cnt < cnt ? d->nodes[c].side[side].cnt : cnt;
	scaled = (double)cnt * whole_factor(d, side);
	return cnt && scaled < 9e18 ? (uint64_t)fmax(1, round(scaled)) : cnt;
}

static int add_side(struct writer *w, enum diff_which side)
{
	const struct diff *d = w->d;
	uint32_t group = 0;
	int r = 0;

	if (!d->group_cnt)
		r = add_series(w, 0, side);
	for (uint32_t n = 1; !r && n < d->node_cnt; n++) {
		if (d->nodes[n].depth == d->group_cnt) {
			group = n;
			r = add_series(w, group, side);
		}
		if (!r && w->selves[side][n])
			r = builder_sample(w->b, w->series, w->stack[n], w->selves[side][n],
					   own_cnt(d, n, side));
	}
	return r;
}

static int write_all(struct writer *w, struct buf *out)
{
	const struct diff_side *b = &w->d->side[DIFF_B];
	struct str comment = str_of(diff_normalised_words(w->d));
	struct pprof_write_opts opt = {.negative_label = STR_LIT(BASE_LABEL)};
	struct profile *p = NULL;
	int r;

	w->stack = calloc(w->d->node_cnt, sizeof(*w->stack));
	w->b = builder_new(&builder_limits_file,
			   w->d->unit == DIFF_SAMPLES ? PROFILE_SAMPLES : PROFILE_NANOSECONDS);
	if (!w->stack || !w->b)
		return -ENOMEM;
	r = add_stacks(w);
	for (int side = w->d->single ? DIFF_B : DIFF_A; !r && side <= DIFF_B; side++) {
		r = whole_selves(w->d, (enum diff_which)side, &w->selves[side]);
		if (!r)
			r = add_side(w, (enum diff_which)side);
	}
	builder_window(w->b, b->start_ns, b->length_ns, b->cpus, b->hz);
	if (!r)
		r = builder_seal(w->b, &p);
	if (!r && !w->d->single) {
		opt.comments = &comment;
		opt.comment_cnt = 1;
	}
	if (!r)
		r = pprof_write(p, &opt, out);
	profile_free(p);
	return r;
}

int diff_pprof(const struct diff *d, const struct str *keys, size_t key_cnt, struct buf *out)
{
	static const struct str by_process[] = {STR_LIT(LABEL_PROCESS)};
	struct writer w = {
		.d = d, .keys = key_cnt ? keys : by_process, .key_cnt = key_cnt ? key_cnt : 1};
	int r;

	if (w.key_cnt >= MAX_LABELS || w.key_cnt < d->group_cnt)
		return -EINVAL;
	r = write_all(&w, out);
	builder_free(w.b);
	free(w.stack);
	free(w.selves[DIFF_A]);
	free(w.selves[DIFF_B]);
	return r;
}
