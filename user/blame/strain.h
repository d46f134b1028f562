/* SPDX-License-Identifier: Apache-2.0 */
/* strain.h - did the machine's pressure rise in the incidents? Private to blame. */
#ifndef BLAME_STRAIN_H
#define BLAME_STRAIN_H

#include "base/compiler.h"
#include "blame/plan.h"
#include "blame/verdict.h"
#include "model/timeline.h"

/*
 * Fills v->pressure. A resource's pressure rose in an incident when it is at least five points above
 * the baseline's median, and nineteen of twenty stretches of baseline have no more. What holds in
 * one incident only, of several, or in less than half of them, is luck. 0 or -ENOMEM.
 */
int must_check strain_measure(const struct plan *p, const struct timeline *t, struct verdict *v);

#endif
