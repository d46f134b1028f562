// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "load/clipped.h"
#include "load/loader.h"
#include "store/store.h"

static int by_start(const void *va, const void *vb)
{
	const struct time_range *a = va, *b = vb;

	return (a->from_ns > b->from_ns) - (a->from_ns < b->from_ns);
}

/*
 * The ranges in order and without overlap, so that no window comes twice. Owned, NULL: no memory.
 */
static struct time_range *join_ranges(const struct load_opts *opts, size_t *ret_cnt)
{
	struct time_range *out = malloc((opts->range_cnt + 1) * sizeof(*out));
	size_t n = 0;

	if (!out)
		return NULL;
	if (!opts->range_cnt) {
		out[0] = TIME_RANGE_ALL;
		*ret_cnt = 1;
		return out;
	}
	memcpy(out, opts->ranges, opts->range_cnt * sizeof(*out));
	qsort(out, opts->range_cnt, sizeof(*out), by_start);
	for (size_t i = 1; i < opts->range_cnt; i++) {
		if (out[i].from_ns > out[n].until_ns)
			out[++n] = out[i];
		else if (out[i].until_ns > out[n].until_ns)
			out[n].until_ns = out[i].until_ns;
	}
	*ret_cnt = n + 1;
	return out;
}

static int load_exact(struct loader *l, struct store *s, const char *dir,
		      const struct time_range *ranges, size_t range_cnt, struct profile **ret)
{
	struct buf told;
	int r;

	buf_init(&told, 4096);
	r = load_clipped(s, dir, ranges, range_cnt, l->opts->matcher, ret, &told, l->err);
	loader_note(l, buf_str(&told));
	buf_release(&told);
	return r;
}

int loader_read_store(struct loader *l, const char *dir, struct profile **ret)
{
	const struct store_opts opts = {.moments = l->opts->moments || l->opts->exact};
	const char *const *warnings;
	struct time_range *ranges = NULL;
	struct store *s = NULL;
	size_t range_cnt = 0, cnt = 0;
	int r;

	r = store_open(dir, STORE_READ, &opts, &s, l->err);
	if (r)
		return r;
	ranges = join_ranges(l->opts, &range_cnt);
	if (!ranges)
		r = err_set(l->err, ENOMEM, "%s: out of memory", dir);
	else if (l->opts->exact)
		r = load_exact(l, s, dir, ranges, range_cnt, ret);
	else if (!l->fn)
		r = store_read(s, ranges, range_cnt, l->opts->matcher, ret, l->err);
	for (size_t i = 0; !r && l->fn && i < range_cnt; i++)
		r = store_each(s, ranges[i], l->opts->matcher, l->fn, l->arg, l->err);
	warnings = store_warnings(s, &cnt);
	for (size_t i = 0; i < cnt; i++)
		loader_note(l, str_of(warnings[i]));
	free(ranges);
	store_close(s);
	return r;
}
