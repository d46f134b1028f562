/* SPDX-License-Identifier: Apache-2.0 */
/* flame_frames.h - the frames of a flame graph as SVG elements. Private to flame_svg.c. */
#ifndef RENDER_FLAME_FRAMES_H
#define RENDER_FLAME_FRAMES_H

#include "base/buf.h"
#include "diff/diff.h"
#include "render/flame_layout.h"

#define FLAME_ROW_PX  18 /* from one row to the next */
#define FLAME_BAR_PX  17 /* what of it is filled */
#define FLAME_GAP_PX  0.6
#define FLAME_CHAR_PX 6.63 /* of the labels' monospace font, 11 px */

struct flame_picture {
	const struct diff *d;
	const struct flame_options *opt;
	const struct flame_layout *layout;
	double left, top;    /* where the rows begin */
	uint32_t highlight;  /* node to outline; 0 = none */
	const bool *on_path; /* by node: on the hot path; NULL = none */
	struct buf *out;
};

/* One <g> for each box: <title>, <rect>, what fits of the name. */
void flame_frames(const struct flame_picture *pic);

/* The words for a node, one line each: name, module, both sides, change, own time, samples. Not
 * escaped: text for text_add_xml(). */
void flame_describe(const struct diff *d, uint32_t node, struct buf *out);

#endif
