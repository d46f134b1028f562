/* SPDX-License-Identifier: Apache-2.0 */
/* notes.h - the sentences that a reader of a verdict must know besides. Private to blame. */
#ifndef BLAME_NOTES_H
#define BLAME_NOTES_H

#include "base/compiler.h"
#include "blame/axis.h"
#include "blame/plan.h"
#include "blame/verdict.h"
#include "model/timeline.h"

/* Measures v->lost and adds the notes that follow from a finished verdict. 0 or -ENOMEM. */
int must_check notes_add(const struct axis *a, const struct plan *p, const struct timeline *t,
			 struct verdict *v);

#endif
