// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>

#include "format/folded.h"

void folded_report_add(struct buf *b, const struct folded_report *rep)
{
	const char *sep = "";

	if (rep->rejected) {
		buf_addf(b, "%" PRIu64 " of %" PRIu64 " lines rejected (", rep->rejected,
			 rep->rejected + rep->stacks);
		for (size_t i = 0; i < FOLDED_REPORT_LINES && i < rep->rejected; i++)
			buf_addf(b, "%sline %" PRIu64 ": %s", i ? "; " : "", rep->first[i].line,
				 rep->first[i].reason);
		buf_addstr(b, rep->rejected > FOLDED_REPORT_LINES ? "; …)" : ")");
		sep = ", ";
	}
	if (rep->fractions) {
		buf_addf(b, "%s%" PRIu64 " counts with a fraction (rounded to whole samples)", sep,
			 rep->fractions);
		sep = ", ";
	}
	if (rep->saturated)
		buf_addf(b, "%s%" PRIu64 " counts beyond 64 bits (cut to the largest number)", sep,
			 rep->saturated);
}
