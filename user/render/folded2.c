// SPDX-License-Identifier: Apache-2.0
/*
 * The frames of the path from the root to the current node are kept as one growing text; going up
 * cuts it back. A line is the text, a blank and the numbers.
 */
#include "render/folded2.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "render/whole.h"

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

static void add_lines(const struct diff *d, uint64_t *const selves[2], size_t *path_len,
		      struct buf *path, struct buf *out)
{
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
		for (int side = d->single ? DIFF_B : DIFF_A; side <= DIFF_B; side++) {
			buf_addch(out, ' ');
			buf_addu64(out, selves[side][n]);
		}
		buf_addch(out, '\n');
	}
}

int folded2(const struct diff *d, struct buf *out)
{
	size_t *path_len = calloc((size_t)d->max_depth + 1, sizeof(*path_len));
	uint64_t *selves[2] = {NULL, NULL};
	struct buf path;
	int r;

	buf_init(&path, (size_t)1 << 30);
	r = path_len ? whole_selves(d, DIFF_A, &selves[DIFF_A]) : -ENOMEM;
	if (!r)
		r = whole_selves(d, DIFF_B, &selves[DIFF_B]);
	if (!r) {
		add_lines(d, selves, path_len, &path, out);
		r = buf_error(&path) ? buf_error(&path) : buf_error(out);
	}
	buf_release(&path);
	free(path_len);
	free(selves[DIFF_A]);
	free(selves[DIFF_B]);
	return r;
}
