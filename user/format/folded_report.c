// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>

#include "format/folded.h"

void folded_report_add(struct buf *b, const struct folded_report *rep)
{
	const char *sep = "";

	rejects_tell(&rep->rejects, rep->stacks, b);
	if (rep->rejects.cnt)
		sep = ", ";
	if (rep->fractions) {
		buf_addf(b, "%s%" PRIu64 " counts with a fraction (rounded to whole samples)", sep,
			 rep->fractions);
		sep = ", ";
	}
	if (rep->saturated)
		buf_addf(b, "%s%" PRIu64 " counts beyond 64 bits (cut to the largest number)", sep,
			 rep->saturated);
}
