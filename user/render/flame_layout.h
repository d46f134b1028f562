/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flame_layout.h - where each frame of a flame graph goes, before anything is drawn: a pure
 * function of the diff and a few numbers.
 */
#ifndef RENDER_FLAME_LAYOUT_H
#define RENDER_FLAME_LAYOUT_H

#include "diff/diff.h"
#include "render/flame_svg.h"

struct flame_box {
	uint32_t node;
	uint32_t row;	 /* 0 = the root's */
	uint32_t hidden; /* frames that this bar stands for; 0 = it is the frame itself */
	double x, width; /* in pixels */
	double self_x;	 /* where the frame's own part begins; it ends at x + width */
};

struct flame_layout {
	struct flame_box *boxes; /* in preorder */
	uint32_t box_cnt;
	uint32_t rows; /* in use */
	/*
	 * what was left out because it is narrower than min_px, the topmost of each subtree summed
	 */
	uint32_t narrow_cnt;	/* frames */
	double narrow_total[2]; /* in the diff's unit */
	uint32_t deep_cnt;	/* frames below max_rows */
	uint32_t zero_cnt;	/* frames without width (FLAME_WIDTH_A/B only) */
};

/* `width_px` > 0, `max_rows` >= 2. 0 or -ENOMEM. */
int must_check flame_layout(const struct diff *d, enum flame_width width, double width_px,
			    double min_px, uint32_t max_rows, struct flame_layout *ret);
void flame_layout_release(struct flame_layout *l);

#endif
