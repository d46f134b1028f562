// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=512 */
/* A line that is understood means the same when it is written as the kernel writes it. */
#include <inttypes.h>

#include "base/buf.h"
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "proc/procmaps.h"

static void write_line(const struct procmaps_line *l, struct buf *b)
{
	buf_addf(b, "%08" PRIx64 "-%08" PRIx64 " r-%cp %08" PRIx64 " %02" PRIx32 ":%02" PRIx32,
		 l->start, l->end, l->is_exec ? 'x' : '-', l->pgoff, l->maj, l->min);
	buf_addf(b, " %" PRIu64 "    ", l->ino);
	buf_add(b, l->path.p, l->path.len);
}

static void check_line(const struct procmaps_line *l, struct str line)
{
	struct procmaps_line again;
	char *path = malloc(l->path.len + 1);
	size_t len = procmaps_unescape(l->path, path);
	struct buf b;

	must(l->start < l->end);
	must(!l->path.len || l->path.p + l->path.len == line.p + line.len);
	must(len <= l->path.len);
	free(path);

	buf_init(&b, 1 << 16);
	write_line(l, &b);
	must(procmaps_parse(buf_str(&b), &again));
	must(again.start == l->start && again.end == l->end && again.pgoff == l->pgoff);
	must(again.maj == l->maj && again.min == l->min && again.ino == l->ino);
	must(again.is_exec == l->is_exec && str_eq(again.path, l->path));
	buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str line = {(const char *)data, size};
	struct procmaps_line l;

	if (procmaps_parse(line, &l))
		check_line(&l, line);
	return 0;
}
