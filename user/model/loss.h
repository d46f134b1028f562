/* SPDX-License-Identifier: Apache-2.0 */
/* loss.h - names and classes of the reasons of culprit/loss.h. */
#ifndef MODEL_LOSS_H
#define MODEL_LOSS_H

#include <culprit/loss.h>

#include "base/compiler.h"

enum loss_class {
	LOSS_CLASS_NONE = 0,   /* the number is no reason */
	LOSS_CLASS_SAMPLE = 1, /* a whole sample is gone: it counts in the share that is lost */
	LOSS_CLASS_DETAIL = 2, /* the sample stays, but knows less */
	LOSS_CLASS_OTHER = 3,  /* knowledge is gone: events, processes, blocks, lines */
};

/* Short stable name for tables, JSON and metrics ("ring_full"); NULL when the number is no reason.
 */
const char *loss_name(unsigned int reason);

/* One sentence for people: what was given up and why. NULL when the number is no reason. */
const char *loss_help(unsigned int reason);

enum loss_class loss_class(unsigned int reason);

/* How many whole samples a table of LOSS_CNT counters says are gone. */
uint64_t loss_samples(const uint64_t *lost);

/* How many samples' user stacks do not reach the outermost frame: cut, or broken at whatever kind of frame. */
uint64_t loss_partial_stacks(const uint64_t *lost);

#endif
