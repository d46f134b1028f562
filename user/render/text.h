/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - a diff (or one profile) as tables for a terminal: the processes, then the functions.
 *
 * Columns line up by code points; names are cleaned and cut in the middle to the width. Numbers are
 * plain ASCII, so that awk can take them. Of a diff the column "noise" is the standard error of the
 * change before it ("?" = unknown); rows whose change is within the noise are left out and counted,
 * unless all are asked for. Notes and losses come last.
 */
#ifndef RENDER_TEXT_H
#define RENDER_TEXT_H

#include "base/buf.h"
#include "diff/diff.h"

struct text_options {
	uint32_t width;		/* columns of the page; 0: 100 */
	uint32_t max_processes; /* rows; 0: 20 */
	uint32_t max_functions; /* rows; 0: 30 */
	const char *group;	/* heads the names of the first table; borrowed; NULL: "process" */
	bool all;		/* also rows whose change is within the noise */
	bool color;		/* escape sequences for more (red) and less (blue) */
};

/* Appends. `opt` NULL: defaults. 0, -ENOMEM or the buf's error. */
int must_check text_render(const struct diff *d, const struct text_options *opt, struct buf *out);

#endif
