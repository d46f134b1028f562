// SPDX-License-Identifier: Apache-2.0
#include "format/rejects.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void rejects_add(struct rejects *r, uint64_t line, const char *reason, struct str text)
{
	size_t at = (size_t)r->cnt, n = text.len < REJECTS_BYTES ? text.len : REJECTS_BYTES;

	if (r->cnt++ >= REJECTS_NAMED)
		return;
	r->first[at].line = line;
	r->first[at].reason = reason;
	(void)snprintf(r->first[at].text, sizeof(r->first[at].text), "%.*s%s", (int)n, text.p,
		       text.len > n ? "…" : "");
}

void rejects_tell(const struct rejects *r, uint64_t accepted, struct buf *b)
{
	if (!r->cnt)
		return;
	buf_addf(b, "%" PRIu64 " of %" PRIu64 " lines rejected (", r->cnt, r->cnt + accepted);
	for (size_t i = 0; i < REJECTS_NAMED && i < r->cnt; i++)
		buf_addf(b, "%sline %" PRIu64 ": %s: '%s'", i ? "; " : "", r->first[i].line,
			 r->first[i].reason, r->first[i].text);
	buf_addstr(b, r->cnt > REJECTS_NAMED ? "; …)" : ")");
}

int rejects_judge(const struct rejects *r, uint64_t accepted, double max_share, const char *what,
		  struct err *err)
{
	double share = max_share > 0 ? max_share : max_share < 0 ? 0 : REJECTS_DEFAULT;

	if (!((double)r->cnt > share * (double)(r->cnt + accepted)))
		return 0;
	return err_set(err, EINVAL,
		       "line %" PRIu64 ": %s: '%s'; %" PRIu64 " of %" PRIu64
		       " lines are no %s, at most %g %% may be (--max-rejects)",
		       r->first[0].line, r->first[0].reason, r->first[0].text, r->cnt,
		       r->cnt + accepted, what, share * 100);
}
