/* SPDX-License-Identifier: Apache-2.0 */
/* evidence_far.h - the stacks of a verdict whose windows came from a backend without any. */
#ifndef TOOLS_EVIDENCE_FAR_H
#define TOOLS_EVIDENCE_FAR_H

#include "evidence.h"

/*
 * One side: the first suspects with their stacks, all others by how busy they were. The baseline is
 * all time of the history further from an incident than that incident is long, for a question for each
 * of the stretches that were compared would be too many. Owned.
 */
int must_check far_profile(const struct evidence *e, const struct verdict *v,
			   enum verdict_side side, struct profile **ret_profile, struct err *err);

#endif
