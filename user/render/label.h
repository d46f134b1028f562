/* SPDX-License-Identifier: Apache-2.0 */
/* label.h - names from outside cut to the room there is; whole code points only. */
#ifndef RENDER_LABEL_H
#define RENDER_LABEL_H

#include "base/buf.h"
#include "base/compiler.h"

/* The first `chars` code points of s (fewer when it is shorter). Borrows. */
struct str label_head(struct str s, size_t chars);

/* The last `chars` code points. */
struct str label_tail(struct str s, size_t chars);

/*
 * Cuts `*s` to `chars` code points; true when something is missing, and then room for one more
 * character, the ellipsis, has been left. Borrows.
 */
bool label_cut(struct str *s, size_t chars);

/*
 * Adds a name in at most `room` characters (more than 3). The two ends of a long name tell more
 * than its beginning does: "..." stands for its middle. An empty one is "[no name]".
 */
void label_add(struct buf *b, struct str name, size_t room);

#endif
