/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descend_words.h - what goes on inside of a suspect, in words: the same in every format.
 *
 * Everything appends plain text to a buf, without a line's end, or nothing. Names are cleaned and cut,
 * nothing else is escaped: that is the format's own work. `unit`: " cores". Errors are those of the
 * buf.
 */
#ifndef RENDER_DESCEND_WORDS_H
#define RENDER_DESCEND_WORDS_H

#include "base/buf.h"
#include "base/compiler.h"
#include "diff/descend.h"

/* How many frames of the path from i on have one name: a library without symbols fills screens. */
size_t descend_frame_run(const struct descend *x, size_t i);

/* Where its path splits, which functions took the time themselves, what only moved. */
void descend_add_branches(struct buf *b, const struct descend *x, const char *unit);
void descend_add_leaves(struct buf *b, const struct descend *x, const char *unit);
void descend_add_move(struct buf *b, const struct descend_move *m, const char *unit);

/* "logging 62%, waiting for locks 20%": the sorts of work that are a tenth of its change or more. */
void descend_add_work(struct buf *b, const struct descend *x, const char *unit);

#endif
