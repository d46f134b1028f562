/* SPDX-License-Identifier: Apache-2.0 */
/*
 * markdown.h - a diff (or one profile) as Markdown that fits a pull request or a chat message: what
 * changed most, the processes, the functions, and what one has to know. At most
 * MARKDOWN_MAX_LINES lines, whatever the input; no line is longer than some hundred characters.
 *
 * Tables are as GitHub, GitLab and most chats take them. Names stand in backquotes, in which only a
 * backquote and, in tables, | have a meaning: they are replaced and escaped.
 */
#ifndef RENDER_MARKDOWN_H
#define RENDER_MARKDOWN_H

#include "base/buf.h"
#include "diff/diff.h"

#define MARKDOWN_MAX_LINES 40

struct markdown_options {
	struct str title;  /* empty: one that says what changed most */
	const char *group; /* heads the first table; borrowed; NULL: "process" */
	uint32_t max_rows; /* of a table; 0 or too many for a message: as many as fit */
	bool all;	   /* also rows whose change is within the noise */
};

/* Appends. `opt` NULL: defaults. 0, -ENOMEM or the buf's error. */
int must_check markdown_render(const struct diff *d, const struct markdown_options *opt,
			       struct buf *out);

#endif
