// SPDX-License-Identifier: Apache-2.0
/*
 * Widths from the leaves to the root (children stand behind their parents: one pass backwards),
 * then places from the root to the leaves. A frame that is too narrow takes its whole subtree with
 * it, which in preorder is a jump to its end.
 */
#include "render/flame_layout.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct place {
	double width;
	double next_x; /* where the next child goes */
};

static double own_width(const struct diff *d, uint32_t n, enum flame_width width)
{
	double a = diff_self(d, n, DIFF_A), b = diff_self(d, n, DIFF_B);

	switch (width) {
	case FLAME_WIDTH_A:
		return a;
	case FLAME_WIDTH_B:
		return b;
	default:
		return fmax(a, b);
	}
}

static void measure(const struct diff *d, enum flame_width width, struct place *places)
{
	for (uint32_t n = d->node_cnt; n-- > 0;) {
		places[n].width += own_width(d, n, width);
		if (n)
			places[d->nodes[n].parent].width += places[n].width;
	}
}

static void skip(const struct diff *d, uint32_t n, bool zero, struct flame_layout *l)
{
	uint32_t cnt = d->nodes[n].end - n;

	if (zero) {
		l->zero_cnt += cnt;
		return;
	}
	l->narrow_cnt += cnt;
	l->narrow_total[DIFF_A] += diff_total(d, n, DIFF_A);
	l->narrow_total[DIFF_B] += diff_total(d, n, DIFF_B);
}

static double children_width(const struct diff *d, uint32_t n, const struct place *places)
{
	double sum = 0;

	for (uint32_t c = n + 1; c < d->nodes[n].end; c = d->nodes[c].end)
		sum += places[c].width;
	return sum;
}

static void put(const struct diff *d, struct place *places, double scale, double min_px,
		uint32_t max_rows, struct flame_layout *l)
{
	uint32_t n = 0;

	while (n < d->node_cnt) {
		const struct diff_node *node = &d->nodes[n];
		struct flame_box *box = &l->boxes[l->box_cnt];
		double width = places[n].width * scale;
		double x = n ? places[node->parent].next_x : 0;

		if (n)
			places[node->parent].next_x += width;
		if (n && (width <= 0 || width < min_px)) {
			skip(d, n, width <= 0, l);
			n = node->end;
			continue;
		}
		*box = (struct flame_box){.node = n, .row = node->depth, .x = x, .width = width};
		box->self_x = x + children_width(d, n, places) * scale;
		places[n].next_x = x;
		l->box_cnt++;
		if (box->row + 1 > l->rows)
			l->rows = box->row + 1;
		if (node->depth + 1 == max_rows && node->end - n > 1) {
			box->hidden = node->end - n;
			l->deep_cnt += box->hidden;
			n = node->end;
		} else {
			n++;
		}
	}
}

int flame_layout(const struct diff *d, enum flame_width width, double width_px, double min_px,
		 uint32_t max_rows, struct flame_layout *ret)
{
	struct place *places = calloc(d->node_cnt, sizeof(*places));
	struct flame_layout l = {0};

	l.boxes = malloc(d->node_cnt * sizeof(*l.boxes));
	if (!places || !l.boxes) {
		free(places);
		free(l.boxes);
		return -ENOMEM;
	}
	measure(d, width, places);
	put(d, places, places[0].width > 0 ? width_px / places[0].width : 0, min_px, max_rows, &l);
	if (places[0].width <= 0) /* nothing at all: the root alone says so */
		l.boxes[0].width = width_px;
	free(places);
	*ret = l;
	return 0;
}

void flame_layout_release(struct flame_layout *l)
{
	free(l->boxes);
	*l = (struct flame_layout){0};
}
