// SPDX-License-Identifier: Apache-2.0
/*
 * One level per source. A level holds each row back until the next one tells where it ends; then a
 * NONE is handed to the level below as a range to fill, anything else goes out. The depth is the
 * number of sources, never something that a file decides.
 */
#include "elf/rows.h"

#include <errno.h>

struct output {
	cfi_row_fn fn;
	void *arg;
	struct unwind_rule last;
	bool any;
};

struct level {
	const struct row_source *source;
	size_t sources_below;
	struct output *out;
	struct unwind_rule rule; /* of the row that is held back */
	uint64_t vaddr;
	bool any;
};

static int level_rows(const struct row_source *source, size_t below, uint64_t from, uint64_t to,
		      struct output *out);

static int emit(struct output *out, uint64_t vaddr, const struct unwind_rule *rule)
{
	if (out->any && unwind_rule_equal(&out->last, rule))
		return 0;
	out->any = true;
	out->last = *rule;
	return out->fn(out->arg, vaddr, rule);
}

static int release(struct level *l, uint64_t to)
{
	if (!l->any || l->vaddr >= to)
		return 0;
	if (l->sources_below && unwind_rule_kind(&l->rule) == UNWIND_CFA_NONE)
		return level_rows(l->source + 1, l->sources_below - 1, l->vaddr, to, l->out);
	return emit(l->out, l->vaddr, &l->rule);
}

static int take(void *arg, uint64_t vaddr, const struct unwind_rule *rule)
{
	struct level *l = arg;
	int r;

	if (l->any && unwind_rule_equal(&l->rule, rule))
		return 0;
	r = release(l, vaddr);
	l->rule = *rule;
	l->vaddr = vaddr;
	l->any = true;
	return r;
}

static int level_rows(const struct row_source *source, size_t below, uint64_t from, uint64_t to,
		      struct output *out)
{
	struct level l = {.source = source, .sources_below = below, .out = out};
	int r = source->rows(source->data, from, to, take, &l);

	return r ? r : release(&l, to);
}

int rows_fill(const struct row_source *sources, size_t cnt, uint64_t from, uint64_t to,
	      cfi_row_fn fn, void *arg)
{
	static const struct unwind_rule none;
	struct output out = {.fn = fn, .arg = arg};

	if (from >= to)
		return 0;
	if (cnt > ROWS_MAX_SOURCES)
		return -EINVAL;
	return cnt ? level_rows(sources, cnt - 1, from, to, &out) : fn(arg, from, &none);
}
