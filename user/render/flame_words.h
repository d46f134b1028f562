/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flame_words.h - what a flame graph says in sentences. The text is clean but
 * not escaped.
 */
#ifndef RENDER_FLAME_WORDS_H
#define RENDER_FLAME_WORDS_H

#include "base/buf.h"
#include "diff/diff.h"
#include "render/flame_layout.h"

/* Total, samples, length, time, rate, CPUs and losses of one side, with `sep` between them. */
void flame_add_side(const struct diff *d, enum diff_which side, const char *sep, struct buf *b);

/*
 * Where in its source a node was, if that is known: "src/a.c:42", "src/a.c:42 (62 %, and 3 other
 * lines)", behind `before`.
 */
void flame_add_line(const struct diff *d, uint32_t node, const char *before, struct buf *out);

/* Losses by reason, whole samples first: one line. */
void flame_add_losses(const struct diff *d, struct buf *b);

/* The unit in words and, of two sides, the normalisation and the noise. */
void flame_add_unit(const struct diff *d, struct buf *b);

/* Notes, losses, what was left out, how to read the picture: one paragraph a line. */
void flame_add_footer(const struct diff *d, const struct flame_options *opt,
		      const struct flame_layout *l, struct buf *b);

#endif
