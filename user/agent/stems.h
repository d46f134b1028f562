/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stems.h - the stacks that threads had last, as far as the next ones may share them.
 *
 * Stacks of a thread differ in their leaves; from the root on most frames are those of the sample
 * before, at the same addresses. For these the node in the window is known already: no mapping, no
 * name and no table has to be asked.
 *
 * A table of STEMS_CNT stems, by thread; threads that meet in one take it from each other. A stem
 * holds for one version of a process's mappings in one window. Whoever uses it adds only steps that
 * follow from these two and the address, so it does not matter whose stem it was.
 */
#ifndef AGENT_STEMS_H
#define AGENT_STEMS_H

#include <culprit/wire.h>

#include "base/compiler.h"

#define STEMS_CNT 64 /* power of two */

struct stem_step {
	uint64_t addr;
	uint32_t node; /* of the window */
	uint32_t loss; /* enum loss: what has to be counted with each sample */
};

struct stem {
	uint64_t window;
	uint64_t mappings; /* their version */
	uint32_t cnt;
	struct stem_step steps[WIRE_MAX_USER_FRAMES]; /* root first */
};

struct stems {
	struct stem stems[STEMS_CNT];
};

/* That of a thread, empty when it holds for something else. Valid until the next call. */
struct stem *stems_get(struct stems *s, uint32_t tid, uint64_t window, uint64_t mappings);

/*
 * The step at a depth (0: the root), if it is at this address; NULL otherwise, and then the stem
 * ends there. To be asked for one depth after the other, all of which have been there, or were put.
 */
const struct stem_step *stem_follow(struct stem *s, uint32_t depth, uint64_t addr);

/* Puts a step where the stem ends; nothing happens when it ends below that depth. */
void stem_put(struct stem *s, uint32_t depth, const struct stem_step *step);

#endif
