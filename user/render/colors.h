/* SPDX-License-Identifier: Apache-2.0 */
/*
 * colors.h - the fills of frames. All of them carry black text at a contrast of at least 4.5:1
 * (WCAG 2.1, 1.4.3); red and blue differ in hue for the colour-blind, too, and every use of them
 * has a sign beside it.
 */
#ifndef RENDER_COLORS_H
#define RENDER_COLORS_H

#include "base/compiler.h"

#define COLORS_TEXT  0x1d1f23 /* what is written on a fill */
#define COLORS_STEPS 10	      /* shades to either side of neutral */

/* 0xrrggbb. step -COLORS_STEPS (gone: blue) … 0 (neutral) … COLORS_STEPS (new: red); clipped. */
uint32_t colors_change(int step);

/* delta / max(a, b) as a step; 0 for what is not finite. */
int colors_step(double relative);

/* For one profile alone, by enum frame_kind; a hash of the name varies it a little. */
uint32_t colors_kind(uint32_t kind, struct str name);

/* WCAG contrast ratio of two colours, 1..21. */
double colors_contrast(uint32_t x, uint32_t y);

#endif
