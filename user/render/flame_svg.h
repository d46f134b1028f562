/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flame_svg.h - a diff (or one profile: diff.h, `single`) as one self-contained SVG file.
 *
 * It opens anywhere: as a page, in an <img>, printed. Without scripts every frame carries its full
 * numbers in a <title>; with scripts there are a details panel, zoom by click, search and the
 * keyboard (flame.js). Nothing is loaded from elsewhere.
 *
 * What the picture says
 *	width	what the frame took on the side where it took more: the larger of its own times on the
 *		two sides plus its children's widths. So frames that are gone are as visible as new ones,
 *		and nothing overlaps. (FLAME_WIDTH_A/B: one side only.)
 *	colour	how its inclusive value changed, relative to its larger side: red more, blue less,
 *		neutral when the change is within the noise of counting samples. Hatched: gone.
 *		A stripe on the top edge: the same for the frame's own time.
 *	sign	+ or - before the name says the same without colour.
 *	label levels (processes) are set in bold and outlined.
 * One profile alone is coloured by kind of code: user, kernel, JIT, inlined.
 *
 * Frames narrower than min_px are left out and added up in the footer, and so are rows beyond
 * max_rows, in whose place stand bars that say how many frames they hide.
 */
#ifndef RENDER_FLAME_SVG_H
#define RENDER_FLAME_SVG_H

#include "base/buf.h"
#include "diff/diff.h"

enum flame_width {
	FLAME_WIDTH_UNION = 0,
	FLAME_WIDTH_A = 1,
	FLAME_WIDTH_B = 2,
};

struct flame_options {
	struct str title;     /* empty: one that fits */
	struct str verdict;   /* a line set off below the title; empty: none */
	struct str highlight; /* process to outline; empty: none */
	struct str id_prefix; /* letters and digits; so that several SVGs can stand in one page */
	uint32_t width_px;    /* 0: 1200 */
	double min_px;	      /* 0: 0.1; negative: keep everything */
	uint32_t max_rows;    /* levels drawn; 0: 320 */
	enum flame_width width;
	bool icicle;	/* root on top */
	bool no_script; /* leave the script out */
};

/* Appends the file. `opt` NULL: defaults. 0, -ENOMEM, -EINVAL (id_prefix), or the buf's error. */
int must_check flame_svg(const struct diff *d, const struct flame_options *opt, struct buf *out);

#endif
