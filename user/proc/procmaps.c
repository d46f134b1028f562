// SPDX-License-Identifier: Apache-2.0
#include "proc/procmaps.h"

#include <string.h>

#include "base/num.h"
#include "base/text.h"

/* The part before `sep`, which must be there. */
static bool take_until(struct str *rest, char sep, struct str *ret_part)
{
	return str_split(rest, sep, ret_part) && rest->p;
}

static bool take_hex(struct str *rest, char sep, uint64_t *ret)
{
	struct str part;

	return take_until(rest, sep, &part) && !num_parse_hex(part, ret);
}

bool procmaps_parse(struct str line, struct procmaps_line *ret)
{
	struct procmaps_line l = {0};
	uint64_t maj, min;
	struct str perms, ino;

	if (!take_hex(&line, '-', &l.start) || !take_hex(&line, ' ', &l.end) || l.end <= l.start)
		return false;
	if (!take_until(&line, ' ', &perms) || perms.len != 4)
		return false;
	if (!take_hex(&line, ' ', &l.pgoff) || !take_hex(&line, ':', &maj) ||
	    !take_hex(&line, ' ', &min) || maj > UINT32_MAX || min > UINT32_MAX)
		return false;
	if (!str_split(&line, ' ', &ino) || num_parse_u64(ino, &l.ino))
		return false;
	while (line.len && line.p[0] == ' ')
		line = (struct str){line.p + 1, line.len - 1};
	l.maj = (uint32_t)maj;
	l.min = (uint32_t)min;
	l.is_exec = perms.p[2] == 'x';
	l.path = line.p ? line : (struct str){"", 0};
	*ret = l;
	return true;
}

size_t procmaps_unescape(struct str path, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < path.len; i++) {
		if (path.len - i >= 4 && !memcmp(path.p + i, "\\012", 4)) {
			out[n++] = '\n';
			i += 3;
		} else {
			out[n++] = path.p[i];
		}
	}
	return n;
}
