// SPDX-License-Identifier: Apache-2.0
/*
 * The frames of the path from the root to the current node are kept as one growing text; going up
 * cuts it back. A line is the text, a blank and the numbers.
 */
#include "render/folded2.h"

#include <errno.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/text.h"

/* A separator inside a name would make two frames of one. */
static void add_frame(struct buf *b, struct str name)
{
	struct str part, rest = name;

	if (!name.len)
		buf_addstr(b, "[no name]");
	for (bool first = true; str_split(&rest, ';', &part); first = false) {
		buf_addstr(b, first ? "" : ":");
		text_add_clean(b, part);
	}
}

static void add_weight(const struct diff *d, uint32_t n, enum diff_which side, double factor,
		       struct buf *out)
{
	buf_addch(out, ' ');
	if (factor == 1.0)
		buf_addu64(out, d->nodes[n].side[side].self);
	else
		num_add_double(out, (double)d->nodes[n].side[side].self * factor, 15);
}

/* What A's weights are multiplied with to stand beside B's: 1 if they may stay what they are. */
static double factor_of_a(const struct diff *d)
{
	if (d->single || d->side[DIFF_A].scale <= 0 || d->side[DIFF_B].scale <= 0)
		return 1.0;
	return d->side[DIFF_A].scale / d->side[DIFF_B].scale;
}

static void add_lines(const struct diff *d, size_t *path_len, struct buf *path, struct buf *out)
{
	double factor = factor_of_a(d);

	for (uint32_t n = 1; n < d->node_cnt; n++) {
		const struct diff_node *node = &d->nodes[n];
		size_t keep = path_len[node->depth - 1];

		if (path->error)
			return;
		path->len = keep;
		if (keep)
			buf_addch(path, ';');
		add_frame(path, diff_name(d, n));
		path_len[node->depth] = path->len;
		if (!node->side[DIFF_A].self && !node->side[DIFF_B].self)
			continue;
		buf_add(out, path->data, path->len);
		if (!d->single)
			add_weight(d, n, DIFF_A, factor, out);
		add_weight(d, n, DIFF_B, 1.0, out);
		buf_addch(out, '\n');
	}
}

int folded2(const struct diff *d, struct buf *out)
{
	size_t *path_len = calloc((size_t)d->max_depth + 1, sizeof(*path_len));
	struct buf path;
	int r;

	if (!path_len)
		return -ENOMEM;
	buf_init(&path, (size_t)1 << 30);
	add_lines(d, path_len, &path, out);
	r = buf_error(&path) ? buf_error(&path) : buf_error(out);
	buf_release(&path);
	free(path_len);
	return r;
}
